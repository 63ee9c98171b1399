"""The registry: attribution, containment of a broken plugin, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol
from uuid import uuid4

import pluggy
import pytest

from kernel.base import contract as c
from kernel.base.context import TenantRef
from kernel.plugging.hookspecs import PROJECT, HookSpecs, hookimpl
from kernel.plugging.manifest import manifest_of
from kernel.plugging.registry import (
    ELEMENTS,
    KERNEL_ENTRY,
    Registry,
    RegistryError,
    build_registry,
)  # fmt: skip

from .fakes import entry, fake, recorder, registry_of, route


def states(registry: Registry) -> dict[str, str]:
    return {pid: info.state for pid, info in registry.plugins.items()}


def test_every_hook_is_collected() -> None:
    """The table, the hook specifications and the Registry's attributes say the same."""
    hooks = {name.removeprefix("register_") for name in vars(HookSpecs) if name.startswith("register_")}
    assert hooks == set(ELEMENTS)
    registry = registry_of(("a", {}))
    for hook in ELEMENTS:
        assert getattr(registry, hook) == {"kernel": (), "a": ()}


def test_elements_are_kept_per_plugin_in_order() -> None:
    first, second = route("a.one", "/a/one"), route("b.two", "/b/two")
    registry = registry_of((entry("b", "a"), {"routes": [second]}), ("a", {"routes": [first]}))
    assert registry.ready == ("kernel", "a", "b")
    assert registry.routes == {"kernel": (), "a": (first,), "b": (second,)}


def test_the_registry_is_frozen() -> None:
    registry = registry_of(("a", {}))
    with pytest.raises(AttributeError):
        registry.ready = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        registry.routes["a"] = ()  # type: ignore[index]


def test_a_broken_plugin_costs_itself_and_what_requires_it() -> None:
    def boom() -> list[c.Job]:
        raise ValueError("no luck")

    registry = registry_of(
        ("a", {"register_jobs": boom}), (entry("b", "a"), {}), (entry("c", "b"), {}), ("d", {}), strict=False
    )
    assert states(registry) == {"kernel": "ready", "a": "broken", "b": "blocked", "c": "blocked", "d": "ready"}
    assert registry.plugins["a"].reason == "a: register_jobs failed (ValueError: no luck)."
    assert registry.plugins["b"].reason == "B requires a, which is broken."
    assert registry.ready == ("kernel", "d")
    assert "a" not in registry.jobs


def test_strict_raises_with_every_reason() -> None:
    with pytest.raises(RegistryError, match=r"a: register_jobs must return a list, not int\.\nB requires a"):
        registry_of(("a", {"register_jobs": lambda: 3}), (entry("b", "a"), {}))


def test_an_import_error_is_contained() -> None:
    registry = build_registry(
        manifest_of(entry("a", module="no_such_package.plugin")), modules={KERNEL_ENTRY.module: fake({})}
    )
    assert registry.plugins["a"].state == "broken"
    assert "no_such_package.plugin cannot be imported (ModuleNotFoundError" in registry.plugins["a"].reason


def test_models_that_cannot_be_imported_cost_their_plugin_only() -> None:
    hooks = {"models": [c.ModelModule(models="no_such.models", migrations="no_such.migrations")],
             "privacy_providers": [c.PrivacyProvider(title="A", nothing_because="it is a test")]}  # fmt: skip
    registry = registry_of(("a", hooks), ("b", {}), strict=False)
    assert states(registry) == {"kernel": "ready", "a": "broken", "b": "ready"}


def test_a_broken_kernel_never_boots() -> None:
    with pytest.raises(RegistryError, match="kernel: register_jobs must return a list"):
        registry_of(kernel={"register_jobs": lambda: None}, strict=False)


def test_rejected_by_the_manifest_shows_among_the_plugins() -> None:
    registry = registry_of((entry("a", "gone"), {}), (entry("b", "a"), {}), strict=False)
    assert states(registry) == {"kernel": "ready", "a": "broken", "b": "blocked"}
    assert "gone" in registry.plugins["a"].reason


def test_safe_mode_imports_locked_plugins_only() -> None:
    def never() -> list[c.Job]:
        raise AssertionError("called in safe mode")

    registry = registry_of(
        ("a", {"register_jobs": never}), (entry("b", locked=True), {}), (entry("c", "a", locked=True), {}),
        strict=False, safe_mode=True,
    )  # fmt: skip
    assert states(registry) == {"kernel": "ready", "a": "skipped", "b": "ready", "c": "blocked"}
    assert registry.plugins["c"].reason == "C requires a, which is not loaded in safe mode."


async def _async_hook() -> list[c.Job]:
    return []


def _with_argument(surprise: int) -> list[c.Job]:
    return []


@pytest.mark.parametrize(
    ("name", "implementation", "words"),
    [
        ("register_jobs", _async_hook, "register_jobs must not be async"),
        ("register_jobs", lambda: ["x"], "element 0 of register_jobs is not a Job but 'x'"),
        ("register_events", lambda: [3], "element 0 of register_events is not a class but 3"),
        ("register_joobs", lambda: [], "there is no hook register_joobs; is it register_jobs?"),
        ("register_jobs", _with_argument, "surprise"),
        ("on_enable", lambda tenant: None, "on_enable must be an async function"),
    ],
)
def test_misused_hooks_are_named(name: str, implementation: Callable[..., Any], words: str) -> None:
    registry = registry_of(("a", {name: implementation}), strict=False)
    assert registry.plugins["a"].state == "broken"
    assert words in registry.plugins["a"].reason


def test_hook_wrappers_are_refused() -> None:
    module = ModuleType("fake")

    def around() -> Any:
        yield

    module.register_jobs = pluggy.HookimplMarker(PROJECT)(around, wrapper=True)  # type: ignore[attr-defined]
    registry = build_registry(
        manifest_of(entry("a")), modules={KERNEL_ENTRY.module: fake({}), "fakes.a.plugin": module}
    )
    assert "may not be a hook wrapper" in registry.plugins["a"].reason


def test_an_object_with_hooks_will_do_for_a_module() -> None:
    class Plugin:
        @hookimpl
        def register_features(self) -> list[c.Feature]:
            return [c.Feature(id="a.x", label="X")]

    registry = build_registry(
        manifest_of(entry("a")), strict=True, modules={KERNEL_ENTRY.module: fake({}), "fakes.a.plugin": Plugin()}
    )
    assert registry.features_by_id["a.x"][0] == "a"


async def test_lifecycle_hooks_get_the_arguments_that_they_name() -> None:
    log: list[str] = []

    async def bare() -> None:
        log.append("bare")

    registry = registry_of(("a", {"on_enable": recorder(log, "a")}), ("b", {"on_enable": bare}))
    tenant = TenantRef(uuid4(), "acme", "Acme")
    for call in registry.lifecycle("on_enable").values():
        await call(tenant)
    assert log == ["a:acme", "bare"]
    assert registry.lifecycle("on_disable") == {}


def test_needs_and_dependants_are_transitive() -> None:
    registry = registry_of(("a", {}), (entry("b", "a"), {}), (entry("c", "b"), {}))
    assert registry.needs("c") == ("a", "b")
    assert registry.dependants("a") == ("b", "c")
    assert registry.dependants("c") == ()


def test_owner_knows_plugins_and_features() -> None:
    registry = registry_of(("a", {"features": [c.Feature(id="a.x", label="X")]}))
    assert registry.owner("a") == registry.owner("a.x") == "a"
    assert registry.owner("b") is None


class Greeter(Protocol):
    def greet(self) -> str: ...


class Polite:
    def greet(self) -> str:
        return "Good morning"


def test_services_are_named_after_the_owner_of_their_protocol() -> None:
    owner = entry("a", module=f"{__package__}.plugin")  # this very package holds the Protocol
    registry = registry_of((owner, {}), ("b", {"services": [c.Service(protocol=Greeter, provider=Polite())]}))
    assert registry.service_name("b", Greeter) == "a.Greeter"
    assert registry_of(("b", {})).service_name("b", Greeter) == "b.Greeter"


def test_where_a_plugins_files_are() -> None:
    registry = registry_of(("a", {}))
    assert registry.plugins["a"].package == "fakes.a"
    assert registry.plugins["kernel"].package == "kernel"
