"""The kernel's price: CPU of one hello through it ÷ through bare aiohttp + Jinja2 (`python bench/kernel.py`).

Both are served by uvloop without an access log, in processes of their own, alternated within one run; the figure is
the best round's CPU per request. Goals: G1 <= 1.35x (moonshot 1.2x); 50 plugins <= 1.05x of 12; G19 10,000 tenants
<= 1.1x of one (1.03x).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._common import alternate, cpu, drive

HOST = b"t0.localhost"
REQUESTS = 8000


async def _render(request: Any) -> Any:
    from aiohttp import web

    return web.Response(text=TEMPLATE.render(name="world"), content_type="text/html")


def _template() -> Any:
    import jinja2

    return jinja2.Environment(autoescape=True).from_string("<!doctype html><title>x</title><p>Hello {{ name }}</p>")


TEMPLATE = _template()


async def _bare() -> tuple[Any, Any]:
    from aiohttp import web

    app = web.Application()
    app.router.add_get("/hello", _render)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    return runner, None


async def _kernel(plugins: int, tenants: int, folder: Path) -> tuple[Any, Any]:
    """Every plugin of the manifest and stand-ins up to `plugins`, for so many tenants, without a database."""
    from kernel.base.contract import MenuItem, Route
    from kernel.base.runtime import Runtime, set_runtime
    from kernel.engines.bus import MemoryBus
    from kernel.engines.cache import MemoryCache
    from kernel.plugging.manifest import Entry, load_manifest
    from kernel.plugging.registry import build_registry
    from kernel.tenancy.resolve import SettingValues
    from kernel.web.application import build_web
    from kernel.web.deadlines import GreenroomRunner
    from tests.kernel.web.site import FakeSnapshots
    from tests.processes import config_of

    config = config_of(8080, folder)
    manifest = load_manifest(config.manifest)
    modules: dict[str, Any] = {}
    entries = list(manifest.plugins)
    for number in range(len(entries), plugins):
        pid = f"bench{number}"
        entries.append(Entry(id=pid, module=pid, title=pid, version="1.0.0", default=True))
        modules[pid] = _stand_in(pid, Route, MenuItem)
    entries.append(Entry(id="hello", module="hello", title="Hello", version="1.0.0", default=True))
    modules["hello"] = _stand_in("hello", Route, MenuItem, path="/hello")
    registry = build_registry(manifest.__class__(plugins=tuple(entries), rejected=()), modules=modules, strict=True)
    snapshots: Any = FakeSnapshots(registry)
    # A gate asks the database, which this bench has not; the noisy-neighbour limit would stop it.
    gated = {pid for pid, gates in registry.gates.items() if gates}
    effective = (frozenset(registry.plugins) | frozenset(registry.features_by_id)) - gated
    generous = {key: 10**6 for key in registry.settings_by_key if key.startswith("kernel.request")}
    values = SettingValues({}, generous, registry.settings_by_key)
    for number in range(tenants):
        snapshots.add(f"t{number}", effective, settings=values)
    runtime = Runtime(config, registry=registry, snapshots=snapshots, bus=MemoryBus(), cache=MemoryCache())
    set_runtime(runtime)
    runtime.app = build_web(runtime)
    runner = GreenroomRunner(runtime.app)
    await runner.setup()
    return runner, runtime


def _stand_in(pid: str, route: Any, item: Any, path: str = "") -> Any:
    from types import ModuleType

    from kernel.base.contract import PrivacyProvider
    from kernel.plugging.hookspecs import hookimpl

    module = ModuleType(pid)
    declared = {
        "register_routes": [
            route(method="GET", path=path or f"/{pid}", handler=_render, name=f"{pid}.home", public=True)
        ],
        "register_menu": [item(section="workspace", label=pid, route=f"{pid}.home", icon="home")],
        "register_privacy_providers": [PrivacyProvider(title=pid, nothing_because="it stores nothing")],
    }
    for name, found in declared.items():
        setattr(module, name, hookimpl(specname=name)(_giving(found)))
    return module


def _giving(found: Any) -> Any:
    def hook() -> Any:
        return found

    return hook


def _serve(kind: tuple[Any, ...], pipe: Any) -> None:
    """A process: serve one variant and tell its port."""
    import tempfile

    import uvloop
    from aiohttp import web

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            runner, _kept = await (_bare() if kind[0] == "bare" else _kernel(kind[1], kind[2], Path(folder)))
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            pipe.send(runner.addresses[0][1])
            await asyncio.Event().wait()

    uvloop.run(run())


VARIANTS: dict[str, tuple[Any, ...]] = {
    "bare aiohttp + Jinja2": ("bare",),
    "kernel, 12 plugins, 1 tenant": ("kernel", 12, 1),
    "kernel, 50 plugins, 1 tenant": ("kernel", 50, 1),
    "kernel, 12 plugins, 10,000 tenants": ("kernel", 12, 10_000),
}


async def main() -> None:
    context = multiprocessing.get_context("spawn")
    running: dict[str, tuple[Any, int]] = {}
    for name, kind in VARIANTS.items():
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(kind, theirs), daemon=True)
        process.start()
        running[name] = process, ours.recv()
    request = b"GET /hello HTTP/1.1\r\nHost: " + HOST + b"\r\n\r\n"

    def measure(name: str) -> Any:
        process, port = running[name]

        async def once() -> float:
            before = cpu(process.pid)
            await drive(port, request, REQUESTS)
            return (cpu(process.pid) - before) / REQUESTS * 1e6

        return once

    try:
        for name in running:
            await measure(name)()
        found = await alternate({name: measure(name) for name in running})
    finally:
        for process, _port in running.values():
            process.terminate()
    bare, twelve, fifty, many = found.values()
    for name, value in found.items():
        print(f"{name:36} {value:7.1f} µs CPU/request   {value / bare:5.2f}x bare")
    print(f"G1  kernel ÷ bare        {twelve / bare:.2f}   (goal 1.35, moonshot 1.2)")
    print(f"    50 ÷ 12 plugins      {fifty / twelve:.2f}   (goal 1.05)")
    print(f"G19 10,000 ÷ 1 tenant    {many / twelve:.2f}   (goal 1.1, moonshot 1.03)")


if __name__ == "__main__":
    asyncio.run(main())
