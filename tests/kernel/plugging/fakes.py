"""Plugins made in memory: a namespace of hook implementations instead of a module on disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import ModuleType
from typing import Any

from aiohttp import web

from kernel.base import contract as c
from kernel.base.context import TenantRef
from kernel.plugging.hookspecs import hookimpl
from kernel.plugging.manifest import Entry, manifest_of
from kernel.plugging.registry import KERNEL_ENTRY, Registry, build_registry


async def page(request: web.Request) -> web.StreamResponse:
    return web.Response()


async def work() -> None: ...


async def hears(happened: c.Happened) -> None: ...


def route(name: str, path: str, **over: Any) -> c.Route:
    return c.Route(**{"method": "GET", "path": path, "handler": page, "name": name, "public": True, **over})


def fake(hooks: dict[str, Any]) -> ModuleType:
    """A module whose `register_<hook>` returns what is given; callables under other names are taken as they are."""
    module = ModuleType("fake")
    for name, given in hooks.items():
        if callable(given):
            setattr(module, name, hookimpl(given))
        else:
            setattr(module, f"register_{name}", hookimpl(_returning(given)))
    return module


def _returning(given: Sequence[object]) -> Callable[[], Sequence[object]]:
    def implementation() -> Sequence[object]:
        return given

    return implementation


def registry_of(
    *plugins: tuple[Entry | str, dict[str, Any]],
    kernel: dict[str, Any] | None = None,
    strict: bool = True,
    safe_mode: bool = False,
) -> Registry:
    """A registry of fake plugins in the given order, with a fake kernel declaration."""
    entries = [e if isinstance(e, Entry) else entry(e) for e, _hooks in plugins]
    modules: dict[str, ModuleType | object] = {KERNEL_ENTRY.module: fake(kernel or {})}
    modules.update({e.module: fake(hooks) for e, (_e, hooks) in zip(entries, plugins, strict=True)})
    return build_registry(manifest_of(*entries), strict=strict, safe_mode=safe_mode, modules=modules)


def entry(pid: str, *requires: str, **over: Any) -> Entry:
    values = {"id": pid, "module": f"fakes.{pid}.plugin", "title": pid.title(), "requires": requires, "default": True}
    return Entry(**{**values, **over})


def recorder(log: list[str], word: str) -> Callable[[TenantRef], Awaitable[None]]:
    """A lifecycle hook that notes that it was called."""

    async def call(tenant: TenantRef) -> None:
        log.append(f"{word}:{tenant.slug}")

    return call
