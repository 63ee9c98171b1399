"""Forms made from declarations: every type asked for, read back, refused in people's words, and never leaked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kernel.app import Greenroom
from kernel.base import errors
from kernel.base.context import TenantRef, speaking, tenant_scope
from kernel.base.contract import Setting
from kernel.base.runtime import Runtime, use_runtime
from kernel.console.settings_form import Asked, cards, read
from kernel.engines.bus import MemoryBus
from kernel.engines.cache import MemoryCache
from kernel.plugging.hookspecs import hookimpl
from kernel.plugging.manifest import Entry, Manifest
from kernel.plugging.registry import build_registry
from kernel.tenancy.settings import reset_setting, set_settings, setting
from kernel.tenancy.snapshots import Snapshots
from kernel.tenancy.tenants import create_tenant
from kernel.tenancy.toggles import switch
from kernel.web.body import FormData

SECRET = "zz-canary-zz"
TOOLS = (("rake", "Rake"), ("hoe", "Hoe"))


class Garden:
    @hookimpl
    def register_settings(self) -> list[Setting]:
        return [
            Setting(key="garden.open", type=bool, default=True, label="Open to visitors"),
            Setting(key="garden.beds", type=int, default=3, minimum=1, maximum=9, label="Number of beds"),
            Setting(key="garden.kind", type=str, default="rake", choices=TOOLS, label="Kind"),
            Setting(key="garden.tools", type=list, default=["rake"], choices=TOOLS, label="Tools"),
            Setting(key="garden.notes", type=list, default=[], label="Notes"),
            Setting(key="garden.map", type=dict, default={}, label="Map"),
            Setting(key="garden.key", type=str, default="", secret=True, label="Gate key"),
            Setting(key="garden.motto", type=str, default="", label="Motto", multiline=True),
            Setting(key="garden.own", type=str, default="", label="Own", scope="account"),
            Setting(key="garden.ours", type=str, default="", label="Ours", scope="platform"),
        ]


_count = 0


@pytest.fixture
async def garden(greenroom: Greenroom) -> AsyncIterator[TenantRef]:
    """A tenant in scope, of a platform with the garden alone."""
    global _count
    _count += 1
    entry = Entry(id="garden", module="garden", title="Garden", default=True)
    registry = build_registry(Manifest((entry,)), strict=True, modules={"garden": Garden()})
    config = greenroom.runtime.config
    snapshots = Snapshots(registry, config)
    with use_runtime(Runtime(config, registry=registry, snapshots=snapshots, bus=MemoryBus(), cache=MemoryCache())):
        await snapshots.refresh(force=True)
        slug = f"form{_count}"
        tenant = await create_tenant(slug, "Form", hosts=[f"{slug}.test"])
        with tenant_scope(tenant), speaking("en", "UTC"):
            yield tenant


def form(**values: Any) -> FormData:
    """A sent card on which exactly these settings were shown."""
    fields: list[tuple[str, str]] = []
    for name, value in values.items():
        fields.append(("shown", f"garden.{name}"))
        fields += [(f"garden.{name}", v) for v in ([value] if isinstance(value, str) else value)]
    return FormData(fields)


def asked(key: str, **options: Any) -> Asked:
    return next(f for card in cards(**options) for f in card.fields if f.key == f"garden.{key}")


async def test_every_type_has_its_control(garden: TenantRef) -> None:
    card = next(card for card in cards() if card.plugin == "garden")
    assert {f.key.partition(".")[2]: f.kind for f in card.fields} == {
        "open": "check", "beds": "number", "kind": "select", "tools": "checkboxes", "notes": "textarea",
        "map": "textarea", "key": "password", "motto": "textarea",
    }  # fmt: skip


async def test_values_go_round(garden: TenantRef) -> None:
    sent = form(
        open=[], beds=" 5 ", kind="hoe", tools=["rake", "hoe"], notes="one\r\n\r\n two ", map='{"a": [1]}',
        key=SECRET, motto="a\r\nb",
    )  # fmt: skip
    changed, problems = read("garden", sent)
    assert problems == {}
    await set_settings(changed)
    stored = {k: setting(f"garden.{k}") for k in ("open", "beds", "kind", "tools", "notes", "map", "key")}
    assert stored == {
        "open": False, "beds": 5, "kind": "hoe", "tools": ["rake", "hoe"], "notes": ["one", "two"],
        "map": {"a": [1]}, "key": SECRET,
    }  # fmt: skip
    assert asked("notes").value == "one\ntwo"
    assert asked("open").value is False
    assert asked("beds").changed
    await reset_setting("garden.beds")
    assert asked("beds").value == "3"
    assert not asked("beds").changed


async def test_a_secret_is_written_and_never_read(garden: TenantRef) -> None:
    await set_settings({"garden.key": SECRET})
    field = asked("key")
    assert field.value == ""
    assert field.changed
    assert SECRET not in repr(cards())
    assert read("garden", form(key="")) == ({}, {})  # left empty: as it was
    typed = form(key="another", beds="99")
    assert asked("key", typed={"garden": typed}).value == ""
    assert asked("beds", typed={"garden": typed}).value == "99"


@pytest.mark.parametrize(
    ("name", "value"),
    [("beds", "0"), ("beds", "10"), ("beds", "x"), ("beds", ""), ("beds", "9" * 400), ("kind", "axe"),
     ("tools", ["axe"]), ("map", "[1]"), ("map", "{"), ("map", "[" * 5000), ("motto", "x\0y")],
)  # fmt: skip
async def test_bad_values_are_refused_in_words(garden: TenantRef, name: str, value: Any) -> None:
    changed, problems = read("garden", form(**{name: value}))
    assert changed == {}
    assert set(problems) == {f"garden.{name}"}
    assert "invalid" not in problems[f"garden.{name}"].lower()


async def test_what_was_not_shown_is_not_touched(garden: TenantRef) -> None:
    assert read("garden", FormData([("garden.beds", "5")])) == ({}, {})
    hidden = FormData([("shown", "garden.beds"), ("garden.beds", "5")])
    assert read("garden", hidden) == ({"garden.beds": 5}, {})  # and the switch above it stays on


async def test_only_the_tenants_settings_of_plugins_that_are_on(garden: TenantRef) -> None:
    forged = FormData([("shown", "garden.ours"), ("garden.ours", "x"), ("shown", "garden.own"), ("garden.own", "x")])
    assert read("garden", forged) == ({}, {})
    with pytest.raises(errors.Forbidden):
        await set_settings({"garden.ours": "x"})
    await switch(garden, "garden", False, reason="winter")
    assert [card.plugin for card in cards()] == ["kernel"]


async def test_search_looks_at_labels_keys_and_titles(garden: TenantRef) -> None:
    assert [f.key for card in cards("GATE") for f in card.fields] == ["garden.key"]
    assert {card.plugin for card in cards("garden")} == {"garden"}
    assert cards("no such thing") == []
