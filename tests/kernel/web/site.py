"""A whole site without a database: fake plugins, two tenants held in memory, real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web

from kernel.base import runtime as runtime_module
from kernel.base.config import Config
from kernel.base.context import Actor, TenantRef
from kernel.base.contract import SIGNED_IN, Permission, Route
from kernel.base.ids import new_id
from kernel.base.runtime import Runtime, set_runtime
from kernel.engines.bus import MemoryBus
from kernel.engines.cache import MemoryCache
from kernel.plugging.registry import Registry
from kernel.tenancy.hosts import normalise_host
from kernel.tenancy.resolve import SILENT, SettingValues
from kernel.tenancy.shapes import Shapes
from kernel.tenancy.snapshots import Snapshot
from kernel.web import application, idempotency, middleware
from kernel.web.deadlines import DEFAULT, Deadlines, GreenroomRunner
from kernel.web.endpoints import Endpoint
from kernel.web.idempotency import Answer, Claim, Known

from ..plugging.fakes import registry_of

SESSION = "s" * 43


async def hello(request: web.Request) -> web.StreamResponse:
    """Say hello."""
    return web.Response(text="hello")


def get(path: str, handler: Any = hello, name: str = "", **over: Any) -> Route:
    return _route("GET", path, handler, name, over)


def post(path: str, handler: Any = hello, name: str = "", **over: Any) -> Route:
    return _route("POST", path, handler, name, over)


def _route(method: Any, path: str, handler: Any, name: str, over: dict[str, Any]) -> Route:
    plain = "".join(c if c.isalnum() else "_" for c in path.strip("/")) or "root"
    name = name or f"{path.strip('/').partition('/')[0] or 'alpha'}.{method.lower()}_{plain}"
    over.setdefault("public", "permission" not in over)
    return Route(method=method, path=path, handler=handler, name=name, **over)


#: Names that the shell links to.
KERNEL_ROUTES = [
    get("/", name="kernel.landing"),
    get("/home", name="kernel.home", permission=SIGNED_IN),
    get("/sign-in", name="kernel.sign_in"),
    post("/sign-out", name="kernel.sign_out"),
    get("/account/security", name="kernel.security", permission=SIGNED_IN),
    get("/search", name="kernel.search", permission=SIGNED_IN),
    post("/preferences/{kind}", name="kernel.preference"),
    get("/health/live", name="kernel.health_live", always="probe"),
]


class FakeSnapshots:
    """Snapshots as routing and sockets see them, switched by hand."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.shapes = Shapes(registry)
        self.by_host: dict[str, Snapshot] = {}
        self.callbacks: list[Callable[[Snapshot, Snapshot], Any]] = []

    def for_host(self, host: str) -> Snapshot | None:
        return self.by_host.get(host) or self.by_host.get(normalise_host(host) or "")

    def of(self, tenant_id: UUID) -> Snapshot | None:
        return next((s for s in self.by_host.values() if s.tenant.id == tenant_id), None)

    def all(self) -> tuple[Snapshot, ...]:
        return tuple(self.by_host.values())

    def on_change(self, callback: Callable[[Snapshot, Snapshot], Any]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def add(self, slug: str, effective: frozenset[str], **over: Any) -> None:
        host = f"{slug}.localhost"
        values: dict[str, Any] = {
            "tenant": TenantRef(new_id(), slug, slug.title()),
            "hosts": (host,),
            "origin": f"https://{host}",
            "state": "active",
            "locale": "en",
            "locales": ("en", "de", "ar"),
            "zone": "UTC",
            "currency": "EUR",
            "epoch": 1,
            "effective": effective,
            "why": {},
            "choices": {},
            "words": SILENT,
            "settings": SettingValues({}, {}, self.registry.settings_by_key),
            "shape": self.shapes.of(effective),
        }
        self.by_host[host] = Snapshot(**{**values, **over})

    def switch(self, slug: str, *off: str, on: tuple[str, ...] = (), **over: Any) -> None:
        """Take ids out of a tenant's set, or put some in."""
        host = f"{slug}.localhost"
        old = self.by_host[host]
        effective = (old.effective - set(off)) | set(on)
        new = replace(old, effective=effective, shape=self.shapes.of(effective), epoch=old.epoch + 1, **over)
        self.by_host[host] = new
        for callback in tuple(self.callbacks):
            callback(old, new)


class MemoryKeys:
    """Idempotency keys without a table; the claim yields like a query, so that races are real."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Known] = {}

    async def claim(self, claim: Claim) -> bool:
        await asyncio.sleep(0)
        if (claim.owner, claim.key) in self.kept:
            return False
        self.kept[claim.owner, claim.key] = Known(claim.route, claim.body_hash, "running", None)
        await asyncio.sleep(0)
        return True

    async def look(self, claim: Claim) -> Known | None:
        return self.kept.get((claim.owner, claim.key))

    async def finish(self, claim: Claim, answer: Answer) -> None:
        self.kept[claim.owner, claim.key] = Known(claim.route, claim.body_hash, "done", answer)

    async def fail(self, claim: Claim) -> None:
        self.kept[claim.owner, claim.key] = Known(claim.route, claim.body_hash, "failed", None)

    async def release(self, claim: Claim) -> None:
        self.kept.pop((claim.owner, claim.key), None)


@dataclass
class Site:
    """A served site. `people` maps session tokens to actors."""

    runtime: Runtime
    registry: Registry
    snapshots: FakeSnapshots
    app: web.Application
    port: int
    runner: GreenroomRunner
    people: dict[str, Actor] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)

    def sign_in(self, *permissions: str) -> dict[str, str]:
        """Cookies of a person with these rights."""
        actor = Actor(
            new_id(), "ada@example.org", "Ada", "en", "UTC", frozenset(), frozenset({SIGNED_IN, *permissions}), new_id()
        )
        token = f"{len(self.people):043d}"
        self.people[token] = actor
        return {"session": token}

    @asynccontextmanager
    async def client(self, host: str = "acme.localhost", **cookies: str) -> AsyncIterator[Client]:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            client = Client(self, session, host, dict(cookies))
            yield client


@dataclass
class Client:
    """A browser that remembers cookies by hand, as all tenants live on 127.0.0.1 here."""

    site: Site
    session: aiohttp.ClientSession
    host: str
    cookies: dict[str, str]

    async def ask(self, method: str, path: str, **options: Any) -> Answered:
        headers = {"Host": self.host, **options.pop("headers", {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        address = f"http://127.0.0.1:{self.site.port}{path}"
        async with self.session.request(
            method, address, headers=headers, allow_redirects=False, skip_auto_headers=["User-Agent"], **options
        ) as response:
            body = await response.read()
            for name, morsel in response.cookies.items():
                self.cookies[name] = morsel.value
            return Answered(response.status, response.headers, body)

    async def get(self, path: str, **options: Any) -> Answered:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Answered:
        """A form with the token of a page drawn before."""
        token = (await self.get("/alpha/token")).text
        return await self.ask("POST", path, data={"_csrf": token, **(data or {})}, **options)


@dataclass
class Answered:
    status: int
    headers: Any
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def config(tmp: Path, **over: Any) -> Config:
    values: dict[str, Any] = {
        "mode": "test",
        "data_dir": tmp,
        "secret": b"x" * 40,
        "manifest": tmp / "plugin_manifest.toml",
        "scheme": "http",
    }
    return Config(**{**values, **over})


async def token_page(request: web.Request) -> web.StreamResponse:
    from kernel.web.templating import csrf_token

    return web.Response(text=csrf_token())


@asynccontextmanager
async def served(
    tmp: Path,
    routes: list[Route],
    *,
    hooks: dict[str, Any] | None = None,
    more: tuple[tuple[str, dict[str, Any]], ...] = (),
    deadlines: Deadlines = DEFAULT,
    tenants: tuple[str, ...] = ("acme", "fern"),
    **over: Any,
) -> AsyncIterator[Site]:
    """Serve the plugin `alpha` with these routes, and `more` plugins, for the tenants acme and fern."""
    alpha = {
        "routes": [get("/alpha/token", token_page), *routes],
        "permissions": [Permission(id="alpha.things.edit", label="Edit things")],
        **(hooks or {}),
    }
    registry = registry_of(("alpha", alpha), *more, kernel={"routes": KERNEL_ROUTES})
    runtime = Runtime(config(tmp, **over), registry=registry)
    snapshots = FakeSnapshots(registry)
    everything = frozenset(registry.ready) | frozenset(registry.features_by_id)
    for slug in tenants:
        snapshots.add(slug, everything)
    runtime.snapshots = snapshots  # type: ignore[assignment]
    runtime.bus, runtime.cache = MemoryBus(), MemoryCache()
    outside = runtime_module._runtime  # the whole application's, when tests with it run in the same process
    set_runtime(runtime)
    app = runtime.app = application.build_web(runtime)
    runner = GreenroomRunner(app, deadlines=deadlines)
    site = Site(runtime, registry, snapshots, app, 0, runner)

    async def load_actor(token: str, *, touch: bool = True) -> Actor | None:
        return site.people.get(token)

    before = middleware.load_actor, idempotency.store
    middleware.load_actor, idempotency.store = load_actor, MemoryKeys()
    await runner.setup()
    await (where := web.TCPSite(runner, "127.0.0.1", 0)).start()
    assert where._server is not None
    site.port = where._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield site
    finally:
        await runner.cleanup()
        middleware.load_actor, idempotency.store = before
        set_runtime(outside)


__all__ = ["Client", "Endpoint", "MemoryKeys", "Site", "config", "get", "hello", "post", "served"]
