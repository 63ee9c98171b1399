"""One test named for every hook: what a plugin hands over has its effect. tests/architecture/test_hooks.py counts them.

The first half serves a fake plugin without a database; the second asks the whole application about our own plugins,
whichever are installed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import pytest
from aiohttp import web
from markupsafe import Markup

from kernel.app import Greenroom
from kernel.auth import permissions
from kernel.base import contract as c
from kernel.base.context import TenantRef, current_tenant, tenant_scope
from kernel.base.errors import Unavailable
from kernel.cli import main
from kernel.engines.connection import sql
from kernel.operations.bundles import exporting
from kernel.plugging.privacy import privacy_providers
from kernel.plugging.registry import Lifecycle
from kernel.tenancy.settings import setting
from kernel.tenancy.toggles import run_lifecycle
from kernel.testing.people import TenantKit
from kernel.web import templating
from kernel.work import filters, services
from kernel.work.catalogue import catalogue

from ..web.site import get, served

OFF = "alpha"


@dataclass(frozen=True)
class Priced(filters.Filter):
    name: ClassVar[str] = "alpha.priced.v1"
    minor: int


async def _shell(tmp: Path, hooks: dict[str, Any]) -> tuple[str, str]:
    """A page in the shell while the plugin is on, and while it is off."""
    pages = [get("/alpha/page", name="alpha.page")]
    async with served(tmp, pages, hooks=hooks) as site, site.client() as acme:
        acme.cookies.update(site.sign_in())
        on = (await acme.get("/nowhere")).text
        site.snapshots.switch("acme", OFF)
        return on, (await acme.get("/nowhere")).text


async def test_register_routes(tmp_path: Path) -> None:
    async with served(tmp_path, [get("/alpha/page")]) as site, site.client() as acme:
        assert (await acme.get("/alpha/page")).text == "hello"
        site.snapshots.switch("acme", OFF)
        assert (await acme.get("/alpha/page")).status == 404
        async with site.client("fern.localhost") as fern:
            assert (await fern.get("/alpha/page")).status == 200


async def test_register_menu(tmp_path: Path) -> None:
    menu = [c.MenuItem(section="workspace", label="Ours", route="alpha.page", icon="file")]
    on, off = await _shell(tmp_path, {"menu": menu})
    assert 'href="/alpha/page"' in on
    assert 'href="/alpha/page"' not in off


async def test_register_permissions(tmp_path: Path) -> None:
    page = get("/alpha/edit", permission="alpha.things.edit")  # the fake plugin declares this right
    async with served(tmp_path, [page]) as site, site.client() as acme:
        acme.cookies.update(site.sign_in())
        assert (await acme.get("/alpha/edit")).status == 403
        acme.cookies.update(site.sign_in("alpha.things.edit"))
        assert (await acme.get("/alpha/edit")).status == 200


async def test_register_features(tmp_path: Path) -> None:
    page = get("/alpha/new", feature="alpha.new")
    features = [c.Feature(id="alpha.new", label="New")]
    async with served(tmp_path, [page], hooks={"features": features}) as site, site.client() as acme:
        assert (await acme.get("/alpha/new")).status == 200
        site.snapshots.switch("acme", "alpha.new")
        assert (await acme.get("/alpha/new")).status == 404


async def test_register_widgets(tmp_path: Path) -> None:
    async def render(subject: object) -> Markup | None:
        return Markup("<i>a banner of ours</i>")

    widgets = [c.Widget(slot="shell.banner", name="alpha.banner", render=render)]
    on, off = await _shell(tmp_path, {"widgets": widgets})
    assert "<i>a banner of ours</i>" in on
    assert "a banner of ours" not in off


async def test_register_gates(tmp_path: Path) -> None:
    async def closed(request: web.Request) -> web.StreamResponse | None:
        raise Unavailable("Back at ten", retry_after=60)

    hooks = {"gates": [c.Gate(name="alpha.closed", check=closed)]}
    async with served(tmp_path, [], hooks=hooks) as site, site.client() as acme:
        answer = await acme.get("/nowhere")
        assert (answer.status, "Back at ten" in answer.text) == (503, True)
        site.snapshots.switch("acme", OFF)
        assert (await acme.get("/nowhere")).status == 404


async def test_register_branding(tmp_path: Path) -> None:
    branding = [c.Branding(brand=lambda: c.Brand(name="Fancy House"))]
    on, off = await _shell(tmp_path, {"branding": branding})
    assert "Fancy House" in on
    assert "Fancy House" not in off


async def test_register_error_pages(tmp_path: Path) -> None:
    pages = [c.ErrorPages(lookup=lambda status, locale: c.ErrorText("Lost?", "Ask **us**") if status == 404 else None)]
    on, off = await _shell(tmp_path, {"error_pages": pages})
    assert "<strong>us</strong>" in on
    assert "Lost?" not in off


async def test_register_services(tmp_path: Path) -> None:
    @runtime_checkable
    class Greeter(Protocol):
        def greet(self) -> str: ...

    class German:
        def greet(self) -> str:
            return "Hallo"

    hooks = {"services": [c.Service(protocol=Greeter, provider=German())]}
    async with served(tmp_path, [], hooks=hooks) as site:
        with tenant_scope(site.snapshots.by_host["acme.localhost"].tenant):
            found = services.get("alpha.Greeter")
            assert found is not None
            assert found.greet() == "Hallo"
            site.snapshots.switch("acme", OFF)
            assert services.get("alpha.Greeter") is None


async def test_register_filters(tmp_path: Path) -> None:
    async def double(value: Priced) -> Priced:
        return Priced(value.minor * 2)

    steps = [c.FilterStep(filter=Priced.name, step=double)]
    async with served(tmp_path, [], more=(("beta", {"filters": steps}),)) as site:
        with tenant_scope(site.snapshots.by_host["acme.localhost"].tenant):
            assert (await filters.apply(Priced(21))).minor == 42
            site.snapshots.switch("acme", "beta")
            assert (await filters.apply(Priced(21))).minor == 21


async def test_register_template_globals(tmp_path: Path) -> None:
    hooks = {"template_globals": [c.TemplateGlobal(name="alpha_word", value="ours")]}
    async with served(tmp_path, [], hooks=hooks) as site:
        environment = site.app[templating.ENVIRONMENT]
        assert environment.from_string("{{ alpha_word }}").globals["alpha_word"] == "ours"


async def test_register_health(greenroom: Greenroom, tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unwell() -> str | None:
        return "The kettle is cold."

    before = greenroom.runtime.registry
    checks = {**before.health, "kernel": (c.HealthCheck(name="kettle", check=unwell),)}
    monkeypatch.setattr(greenroom.runtime, "registry", replace(before, health=checks))
    answer = (await tenant.visitor().get("/health/ready")).json()
    assert answer["status"] == "degraded"
    assert answer["troubles"]["kernel.kettle"] == "The kettle is cold."


# --- the whole application -----------------------------------------------------------------------------------------


def declared(greenroom: Greenroom, hook: str, *, kernel: bool = True) -> list[tuple[str, Any]]:
    """What the installed plugins hand over by one hook; skips when none does."""
    found = getattr(greenroom.runtime.registry, hook).items()
    pairs = [(pid, element) for pid, elements in found for element in elements if kernel or pid != "kernel"]
    if not pairs:
        pytest.skip(f"no installed plugin implements register_{hook}")
    return pairs


@pytest.fixture
async def all_on(make_tenant: Callable[..., Awaitable[TenantKit]], greenroom: Greenroom) -> TenantKit:
    plugins = greenroom.runtime.registry.plugins.values()
    return await make_tenant(plugins={p.id: True for p in plugins if p.ready and not p.locked and p.id != "kernel"})


async def test_register_models(tenant: TenantKit, greenroom: Greenroom) -> None:
    with tenant.scope():
        rows = await sql("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    tables = {row.name for row in rows}
    for plugin, _module in declared(greenroom, "models", kernel=False):
        assert any(name.startswith(f"{plugin}_") for name in tables), plugin


def test_register_jobs(greenroom: Greenroom) -> None:
    for plugin, job in declared(greenroom, "jobs"):
        assert catalogue()[job.name].plugin == plugin


def test_register_subscribers(greenroom: Greenroom) -> None:
    for plugin, subscriber in declared(greenroom, "subscribers"):
        start = f"{plugin}.on:{subscriber.event}:"
        assert any(name.startswith(start) for name in catalogue()), start


def test_register_notification_types(greenroom: Greenroom) -> None:
    for _plugin, kind in declared(greenroom, "notification_types"):
        made = any(name.endswith(f".notice:{kind.id}") for name in catalogue())
        assert made is bool(kind.event and kind.compose), kind.id


async def test_register_events(all_on: TenantKit, greenroom: Greenroom) -> None:
    page = (await (await all_on.sign_in("owner")).get("/admin/events")).text
    for _plugin, kind in declared(greenroom, "events"):
        assert kind.event_name in page


async def test_register_roles(all_on: TenantKit, greenroom: Greenroom) -> None:
    with all_on.scope():
        known = {role.id for role in await permissions.all_roles()}
    assert known >= {role.id for _plugin, role in declared(greenroom, "roles")}


async def test_register_settings(all_on: TenantKit, greenroom: Greenroom) -> None:
    with all_on.scope():
        for _plugin, one in declared(greenroom, "settings"):
            if one.scope == "tenant" and not one.secret:
                value = setting(one.key)
                assert value == one.default or list(value) == list(one.default), one.key


async def test_register_privacy_providers(greenroom: Greenroom) -> None:
    found = dict(privacy_providers())
    for plugin, provider in declared(greenroom, "privacy_providers"):
        assert found[plugin] == provider


async def test_register_search(all_on: TenantKit, greenroom: Greenroom) -> None:
    sources = declared(greenroom, "search")
    asked: list[str] = []

    async def find(words: str) -> list[c.SearchHit]:
        asked.append(words)
        return [c.SearchHit(label="A hit of ours", hint="", url="/home")]

    plugin, source = sources[0]
    before = source.find
    object.__setattr__(source, "find", find)
    try:
        hits = (await (await all_on.sign_in("owner")).get("/search?q=zebra")).json()["hits"]
    finally:
        object.__setattr__(source, "find", before)
    assert asked == ["zebra"]
    assert "A hit of ours" in [hit["label"] for hit in hits], plugin


async def test_register_assets(all_on: TenantKit, greenroom: Greenroom) -> None:
    site = await all_on.sign_in("owner")
    routes = greenroom.runtime.registry.routes
    for plugin, asset in declared(greenroom, "assets", kernel=False):
        if asset.kind != "style" or asset.routes:
            continue
        guarded = [r.path for r in routes[plugin] if r.method == "GET" and r.permission and not set("{.") & set(r.path)]
        answers = [await site.get(path) for path in guarded if not path.startswith("/api/")]
        pages = [a.text for a in answers if a.status == 200 and "html" in a.headers["Content-Type"]]
        if pages:
            assert any(asset.path.rpartition("/")[2] in page for page in pages), plugin
            return
    pytest.skip("no plugin has a style sheet for its own pages")


async def test_register_quotas(all_on: TenantKit, greenroom: Greenroom) -> None:
    owner = await all_on.sign_in("owner")
    items = (await owner.get("/api/v1/quotas?limit=100")).json()["items"]
    page = (await owner.get("/admin/limits")).text
    for _plugin, quota in declared(greenroom, "quotas"):
        assert quota.id in {item["id"] for item in items}
        assert str(quota.label) in page


async def test_register_bundle_parts(all_on: TenantKit, greenroom: Greenroom) -> None:
    with all_on.scope():
        bundle = await exporting.export()
    for _plugin, part in declared(greenroom, "bundle_parts"):
        assert bundle.parts is not None
        assert part.name in bundle.parts


def test_register_commands(greenroom: Greenroom, capsys: pytest.CaptureFixture[str]) -> None:
    plugin, command = declared(greenroom, "commands")[0]
    assert main([plugin, "no-such-command"]) == 2
    assert f"greenroom {plugin} {command.name} " in capsys.readouterr().err


async def test_register_demo_data(greenroom: Greenroom) -> None:
    from kernel.operations.demo import demo_order

    order = demo_order(greenroom.runtime.registry)
    for plugin, data in declared(greenroom, "demo_data"):
        assert all(order.index(other) < order.index(plugin) for other in data.after if other in order)


# --- lifecycle -----------------------------------------------------------------------------------------------------


class Noted:
    """A plugin that notes which lifecycle hooks are called, and for whom."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def hooks(self) -> dict[str, Any]:
        return {name: self._noting(name) for name in ("on_enable", "on_disable", "on_tenant_created")}

    def _noting(self, name: str) -> Callable[[TenantRef], Awaitable[None]]:
        async def call(tenant: TenantRef) -> None:
            assert current_tenant() == tenant
            self.told.append(name)

        return call


async def _called(tmp: Path, name: Lifecycle) -> list[str]:
    noted = Noted()
    async with served(tmp, [], hooks=noted.hooks()) as site:
        tenant = site.snapshots.by_host["acme.localhost"].tenant
        assert await run_lifecycle(name, tenant, ["alpha", "beta"]) == []
    return noted.told


async def test_on_enable(tmp_path: Path) -> None:
    assert await _called(tmp_path, "on_enable") == ["on_enable"]


async def test_on_disable(tmp_path: Path) -> None:
    assert await _called(tmp_path, "on_disable") == ["on_disable"]


async def test_on_tenant_created(tmp_path: Path) -> None:
    assert await _called(tmp_path, "on_tenant_created") == ["on_tenant_created"]
