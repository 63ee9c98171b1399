"""DESIGN §5, row by row: what "off" means for everything that a plugin declares."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from kernel import services
from kernel.app import Greenroom
from kernel.auth.permissions import can
from kernel.auth.sessions import actor_of
from kernel.base.contract import Happened, NoticeSink, Subscriber
from kernel.base.errors import Unavailable
from kernel.base.events import event_name
from kernel.engines.connection import sql, unit_of_work
from kernel.plugging.privacy import privacy_providers
from kernel.tenancy.shapes import Shapes
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from kernel.work import table
from kernel.work.catalogue import catalogue, why_off
from kernel.work.events import publish
from kernel.work.jobs import unpark_effective

from .test_connections import OFF, close_code, needs, room_socket

RunJobs = Callable[..., Awaitable[int]]
PLUGIN = "helpdesk"


async def off(kit: TenantKit, key: str = PLUGIN, on: bool = False) -> None:
    await switch(kit.ref, key, on, reason="tried in a test", cascade=True)


async def test_routes_answer_like_paths_that_never_were(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, PLUGIN)
    member = await tenant.sign_in()
    await off(tenant)
    gone, never = await member.get("/help"), await member.get("/never-was")
    assert gone.status == never.status == 404
    assert "Allow" not in gone.headers
    assert (await member.post("/help/new", {})).status == 404
    asked = await member.get("/api/v1/tickets", headers={"Accept": "application/json"})
    assert (asked.status, asked.headers["Content-Type"].partition(";")[0]) == (404, "application/problem+json")


async def test_always_routes_stay(tenant: TenantKit, greenroom: Greenroom) -> None:
    """Links in mails that were sent already must go on to work."""
    needs(greenroom, "notifications")
    registry = greenroom.runtime.registry
    stays = [r for r in registry.routes["notifications"] if r.always and r.method == "GET"]
    assert stays, "nothing to look at"
    await off(tenant, "notifications")
    snapshot = greenroom.runtime.snapshots.of(tenant.ref.id)
    assert snapshot is not None
    endpoints = greenroom.app[_endpoints()]
    assert all(endpoints[route.name].visible(snapshot.effective) for route in stays)
    others = [r for r in registry.routes["notifications"] if not r.always]
    assert not any(endpoints[route.name].visible(snapshot.effective) for route in others)


def _endpoints() -> Any:
    from kernel.web.routing import ENDPOINTS

    return ENDPOINTS


async def test_menu_widgets_search_settings_notices_and_openapi_are_gone(
    tenant: TenantKit, greenroom: Greenroom
) -> None:
    needs(greenroom, PLUGIN)
    registry = greenroom.runtime.registry
    owner = await tenant.sign_in("owner")

    async def seen() -> dict[str, bool]:
        snapshot = greenroom.runtime.snapshots.of(tenant.ref.id)
        assert snapshot is not None
        shape = snapshot.shape
        paths = (await owner.get("/api/v1/openapi.json")).json()["paths"]
        own = {route.path.partition("{")[0] for route in registry.routes[PLUGIN] if route.path.startswith("/api/")}
        return {
            "menu": 'href="/help"' in (await owner.get("/home")).text,
            "widgets": any(pid == PLUGIN for pairs in shape.widgets.values() for pid, _w in pairs),
            "search": any(pid == PLUGIN for pid, _s in shape.search),
            "settings": f'action="/admin/settings/{PLUGIN}"' in (await owner.get("/admin/settings")).text,
            "notices": any(pid == PLUGIN for pid, _n in shape.notification_types.values()),
            "openapi": any(path.startswith(tuple(own)) for path in paths) if own else False,
        }

    declared = {
        "menu": bool(registry.menu[PLUGIN]), "widgets": bool(registry.widgets[PLUGIN]),
        "search": bool(registry.search[PLUGIN]), "settings": bool(registry.settings[PLUGIN]),
        "notices": bool(registry.notification_types[PLUGIN]),
        "openapi": any(route.path.startswith("/api/") for route in registry.routes[PLUGIN]),
    }  # fmt: skip
    assert await seen() == declared
    assert sum(declared.values()) >= 3
    await off(tenant)
    assert not any((await seen()).values())
    assert (await owner.post(f"/admin/settings/{PLUGIN}", {})).status == 404
    await off(tenant, on=True)
    assert await seen() == declared


@pytest.fixture
def listener(greenroom: Greenroom) -> Iterator[list[Happened]]:
    """A subscriber of the plugin that remembers; put into the registry, where the catalogue finds it."""
    needs(greenroom, PLUGIN)
    heard: list[Happened] = []

    async def remember(happened: Happened) -> None:
        heard.append(happened)

    from kernel.tenancy.events import SettingChanged

    registry, snapshots = greenroom.runtime.registry, greenroom.runtime.snapshots
    before = registry.subscribers
    ours = (*before[PLUGIN], Subscriber(event=event_name(SettingChanged), handler=remember))
    object.__setattr__(registry, "subscribers", {**before, PLUGIN: ours})
    _anew(greenroom)
    yield heard
    object.__setattr__(registry, "subscribers", before)
    _anew(greenroom)
    assert snapshots is greenroom.runtime.snapshots


def _anew(greenroom: Greenroom) -> None:
    """Forget what was computed from the declarations."""
    from kernel.work import catalogue as module

    module._built = None
    greenroom.runtime.snapshots.shapes = Shapes(greenroom.runtime.registry)


async def test_subscribers_are_skipped_and_may_reconcile_when_it_is_on(
    tenant: TenantKit, greenroom: Greenroom, listener: list[Happened], run_jobs: RunJobs
) -> None:
    from kernel.tenancy.events import SettingChanged

    await greenroom.runtime.snapshots.refresh(force=True)

    async def happen() -> None:
        with tenant.scope():
            async with unit_of_work():
                await publish(SettingChanged(key="x", before="1", after="2"))
        await run_jobs(tenant, raising=False)

    await happen()
    assert len(listener) == 1
    await off(tenant)
    await happen()
    assert len(listener) == 1, "an event of a time when it was off is not delivered later either"
    enabled: list[str] = []

    async def on_enable(ref: Any) -> None:
        enabled.append(ref.slug)

    registry = greenroom.runtime.registry
    calls = registry.calls
    object.__setattr__(registry, "calls", {**calls, "on_enable": {**calls["on_enable"], PLUGIN: on_enable}})
    try:
        await off(tenant, on=True)
    finally:
        object.__setattr__(registry, "calls", calls)
    assert enabled == [tenant.ref.slug]
    await happen()
    assert len(listener) == 2


async def test_queued_jobs_park_resume_and_drain(tenant: TenantKit, greenroom: Greenroom, run_jobs: RunJobs) -> None:
    needs(greenroom, "compliance", PLUGIN)
    snapshot = greenroom.runtime.snapshots.of(tenant.ref.id)
    assert snapshot is not None
    drains = next(work for work in catalogue().values() if work.name == "compliance.purge_expired")
    assert drains.drain
    waits = next(work for work in catalogue().values() if work.name == "helpdesk.close_solved")

    async def queue(name: str, plugin: str) -> None:
        with tenant.scope():
            job = table.NewJob(
                tenant_id=tenant.ref.id, plugin=plugin, name=name, args="{}", run_at=_now(), max_attempts=2
            )
            await table.insert([job])

    async def states() -> dict[str, str]:
        with tenant.scope():
            rows = await sql(
                "SELECT name, state FROM kernel_job WHERE tenant_id = $1 AND name = ANY($2)",
                tenant.ref.id, [drains.name, waits.name],
            )  # fmt: skip
        return {row.name: row.state for row in rows}

    await off(tenant, "compliance")
    await off(tenant)
    after = greenroom.runtime.snapshots.of(tenant.ref.id)
    assert after is not None
    assert waits.name not in after.shape.jobs, "it is not scheduled any more"
    assert why_off(drains, after) is None
    await queue(drains.name, "compliance")
    await queue(waits.name, PLUGIN)
    await run_jobs(tenant, raising=False)
    assert await states() == {drains.name: "done", waits.name: "parked"}
    await off(tenant, on=True)
    await unpark_effective()
    await run_jobs(tenant, raising=False)
    assert await states() == {drains.name: "done", waits.name: "done"}


def _now() -> Any:
    from kernel.base.clock import now

    return now()


async def test_open_sockets_close_with_4404(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "live", "scheduling")
    socket = await room_socket(tenant)
    await off(tenant, "live")
    assert await close_code(socket) == OFF


async def test_services_are_none_and_needing_one_is_503(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "notifications")
    with tenant.scope():
        assert services.get(NoticeSink) is not None
    await off(tenant, "notifications")
    with tenant.scope():
        assert services.get(NoticeSink) is None
        with pytest.raises(Unavailable) as caught:
            services.need(NoticeSink)
    assert caught.value.status == 503
    await off(tenant, "notifications", on=True)
    with tenant.scope():
        assert services.need(NoticeSink) is not None


async def test_permissions_stay_in_roles_and_count_for_nothing(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, PLUGIN)
    right = next(p.id for p in greenroom.runtime.registry.permissions[PLUGIN] if "admin" in p.roles)
    account = await tenant.account("admin")
    with tenant.scope():
        actor = await actor_of(account)
        assert can(right, actor)
        await off(tenant)
        assert not can(right, actor)
        assert not can(right, await actor_of(account))
    owner = await tenant.sign_in("owner")
    assert right not in (await owner.get("/admin/roles/admin")).text
    await off(tenant, on=True)
    with tenant.scope():
        assert can(right, await actor_of(account)), "the role had it all the time"


async def test_data_is_untouched_and_export_and_erasure_still_cover_it(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, PLUGIN, "users")
    member = await tenant.sign_in()
    assert member.account_id is not None
    sent = await member.post(
        "/help/new",
        {"subject": "A broken lamp", "body": "It does not shine.", "category": "other", "_key": "lamp-0001"},
    )
    provider = dict(privacy_providers())[PLUGIN]
    assert provider.export is not None
    with tenant.scope():
        before = json.dumps(await provider.export(member.account_id), default=str)
        await off(tenant)
        assert PLUGIN in dict(privacy_providers()), "providers are those of every installed plugin"
        assert json.dumps(await provider.export(member.account_id), default=str) == before
    assert sent.status != 303 or "broken lamp" in before


async def test_every_switch_is_recorded(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, PLUGIN)
    owner = await tenant.sign_in("owner")
    await owner.post(f"/admin/plugins/{PLUGIN}", {"on": "0", "reason": "too loud"})
    with tenant.scope():
        rows = await sql(
            "SELECT data, actor_id FROM kernel_event WHERE tenant_id = $1 AND name = 'kernel.plugin_switched.v1'",
            tenant.ref.id,
        )
    assert [row.actor_id for row in rows] == [owner.account_id]
    data = json.loads(rows[0].data) if isinstance(rows[0].data, str) else rows[0].data
    assert (data["key"], data["before"], data["after"], data["reason"]) == (PLUGIN, True, False, "too loud")
    assert data["actor_id"] == str(owner.account_id)


async def test_twenty_switches_at_once_leave_one_truth(tenant: TenantKit, greenroom: Greenroom) -> None:
    """A second click, or a second admin: the last one counts, and nothing is half done."""
    needs(greenroom, PLUGIN)
    await asyncio.gather(*(off(tenant, on=bool(n % 2)) for n in range(20)))
    with tenant.scope():
        row = await sql("SELECT is_on FROM kernel_toggle WHERE tenant_id = $1 AND key = $2", tenant.ref.id, PLUGIN)
    snapshot = greenroom.runtime.snapshots.of(tenant.ref.id)
    assert snapshot is not None
    assert len(row) == 1
    assert (PLUGIN in snapshot.effective) is row[0].is_on


async def test_the_last_known_switches_serve_while_the_store_is_down(
    tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was off stays off, what was on stays on: a store that cannot be asked decides nothing."""
    from kernel.engines.client import DatabaseUnavailable
    from kernel.tenancy import snapshots as module

    needs(greenroom, PLUGIN)
    await off(tenant)
    snapshots = greenroom.runtime.snapshots
    before = snapshots.of(tenant.ref.id), snapshots.of(other_tenant.ref.id)

    async def away() -> tuple[int, int]:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(module, "read_epoch", away)
    await greenroom.sync._catch_up()
    assert snapshots.deaf_since is not None
    assert (snapshots.of(tenant.ref.id), snapshots.of(other_tenant.ref.id)) == before
    assert (await tenant.visitor().get("/help")).status == 404
    assert (await other_tenant.visitor().get("/help")).status != 404
    monkeypatch.undo()
    await greenroom.sync._catch_up()
    assert snapshots.deaf_since is None
