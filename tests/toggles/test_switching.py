"""Switching through the real application: what goes, what stays, and that only one tenant notices."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from kernel import services
from kernel.app import Greenroom
from kernel.base.clock import now
from kernel.base.config import find_manifest
from kernel.engines.connection import sql, sql_one
from kernel.plugging.manifest import load_manifest
from kernel.tenancy.snapshots import Snapshot, current_snapshot
from kernel.tenancy.toggles import offer
from kernel.testing.contract.walk import all_roles, holes, owned_tables, seed
from kernel.testing.people import Answer, Site, TenantKit
from kernel.work import table
from kernel.work.catalogue import catalogue
from kernel.work.jobs import unpark_effective

MakeTenant = Callable[..., Awaitable[TenantKit]]

PLUGINS = [entry.id for entry in load_manifest(find_manifest(os.environ)).plugins]
each_plugin = pytest.mark.parametrize("pid", PLUGINS)


async def switch(owner: Site, key: str, on: bool, *, follow: bool = True) -> Answer:
    """As an owner does it on the page."""
    form = {"on": "1" if on else "0", "reason": "tried in a test"} | ({"follow": "1"} if follow else {})
    return await owner.post(f"/admin/plugins/{key}", form)


async def everybody(kit: TenantKit, greenroom: Greenroom) -> Site:
    """One person with every role."""
    roles = all_roles(role.id for found in greenroom.runtime.registry.roles.values() for role in found)
    return await kit.sign_in("owner", *roles)


def pages(greenroom: Greenroom, pid: str) -> list[str]:
    """Pages of a plugin that need no id and are the plugin's own."""
    return [
        route.path
        for route in greenroom.runtime.registry.routes.get(pid, ())
        if route.method == "GET" and not holes(route) and not route.always
        and route.path != "/" and not route.name.endswith((".stream", ".ws", ".socket"))
    ]  # fmt: skip


async def statuses(site: Site, paths: list[str]) -> dict[str, int]:
    return {path: (await site.get(path)).status for path in paths}


def snapshot_of(greenroom: Greenroom, kit: TenantKit) -> Snapshot:
    found = greenroom.runtime.snapshots.of(kit.ref.id)
    assert found is not None
    return found


def owners_in_shape(snapshot: Snapshot) -> set[str]:
    """Plugins of which anything at all is in effect."""
    shape = snapshot.shape
    lists = (shape.menu, shape.search, shape.gates, shape.branding, shape.error_pages, shape.assets)
    tables = (shape.widgets, shape.subscribers, shape.filters, shape.services)
    found = {pid for pairs in lists for pid, _element in pairs}
    found |= {pid for by_key in tables for pairs in by_key.values() for pid, _element in pairs}
    return found | {pid for pid, _job in shape.jobs.values()}


def hrefs(greenroom: Greenroom, pid: str) -> set[str]:
    registry = greenroom.runtime.registry
    paths = {route.name: route.path for route in registry.routes.get(pid, ())}
    return {f'href="{paths[item.route]}"' for item in registry.menu.get(pid, ()) if item.route in paths}


async def rows_of(kit: TenantKit, pid: str) -> dict[str, tuple[int, str]]:
    """How many rows the plugin holds for the tenant in each table, and a digest of them."""
    found = {}
    with kit.scope():
        for name in owned_tables(pid):
            digest = "md5(coalesce(string_agg(t::text, '' ORDER BY id), ''))"
            row = await sql_one(f'SELECT count(*) AS many, {digest} AS digest FROM "{name}" t')
            assert row is not None
            found[name] = (row.many, row.digest)
    return found


@each_plugin
async def test_off_and_on_for_one_tenant_leaves_the_other_untouched(
    tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom, pid: str
) -> None:
    registry = greenroom.runtime.registry
    here, there = await everybody(tenant, greenroom), await everybody(other_tenant, greenroom)
    was_on = snapshot_of(greenroom, tenant).effective
    if pid not in was_on:
        assert (await switch(here, pid, True)).status == 303
        assert (await switch(there, pid, True)).status == 303
        was_on = snapshot_of(greenroom, tenant).effective
    untouched = snapshot_of(greenroom, other_tenant)
    own, links = pages(greenroom, pid), hrefs(greenroom, pid)
    before_here, before_there = await statuses(here, own), await statuses(there, own)
    # A page may be missing for lack of data; those that are there are what has to go.
    assert not own or set(before_here.values()) != {404}
    menu_there = {link for link in links if link in (await there.get("/home")).text}

    assert (await switch(here, pid, False)).status == 303
    gone = {pid, *registry.dependants(pid)}
    off = snapshot_of(greenroom, tenant)
    assert not off.effective & gone
    assert not owners_in_shape(off) & gone
    assert set((await statuses(here, own)).values()) <= {404}
    home = (await here.get("/home")).text
    assert not [link for link in links if link in home]
    for service in registry.services.get(pid, ()):
        with tenant.scope():
            others = [p for p, _s in current_snapshot().shape.services.get(service.protocol, ())]
            assert pid not in others
            if not others:
                assert services.get(service.protocol) is None
        with other_tenant.scope():
            assert services.get(service.protocol) is not None

    assert snapshot_of(greenroom, other_tenant) is untouched
    assert await statuses(there, own) == before_there
    home = (await there.get("/home")).text
    assert menu_there == {link for link in links if link in home}

    assert (await switch(here, pid, True)).status == 303
    assert snapshot_of(greenroom, tenant).effective == was_on  # what requires it is back by itself
    assert await statuses(here, own) == before_here


@each_plugin
async def test_what_others_require_is_not_switched_off_by_accident(
    tenant: TenantKit, greenroom: Greenroom, pid: str
) -> None:
    owner = await tenant.sign_in("owner")
    before = snapshot_of(greenroom, tenant).effective
    needing = [one for one in greenroom.runtime.registry.dependants(pid) if one in before]
    answer = await switch(owner, pid, False, follow=False)
    after = snapshot_of(greenroom, tenant).effective
    if not needing:
        assert answer.status == 303
        assert pid not in after
        return
    assert answer.status == 409
    assert "Other plugins need it" in answer.text
    assert after == before
    assert (await switch(owner, pid, False)).status == 303
    # And in the other direction: none of them comes on while what it requires is off.
    for one in needing:
        refused = await switch(owner, one, True, follow=False)
        assert refused.status == 409
        assert "Switch on what it needs first" in refused.text
    assert not snapshot_of(greenroom, tenant).effective & {pid, *needing}
    assert (await switch(owner, needing[-1], True)).status == 303
    assert {pid, needing[-1]} <= snapshot_of(greenroom, tenant).effective


@each_plugin
async def test_the_operator_may_withhold_a_plugin(
    tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom, pid: str
) -> None:
    owner = await tenant.sign_in("owner")
    untouched = snapshot_of(greenroom, other_tenant)
    await offer(pid, False, tenant=tenant.ref, reason="not in your plan")
    assert pid not in snapshot_of(greenroom, tenant).effective
    assert (await switch(owner, pid, True)).status == 409
    assert "not in your plan" in (await owner.get("/admin/plugins")).text
    assert snapshot_of(greenroom, other_tenant) is untouched


@each_plugin
async def test_a_queued_job_waits_while_its_plugin_is_off(
    tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom, pid: str,
    run_jobs: Callable[..., Awaitable[int]],
) -> None:  # fmt: skip
    works = [work for work in catalogue().values() if work.plugin == pid and not work.drain]
    if not works:
        pytest.skip(f"{pid} has no job that waits")
    # A periodic job needs no arguments, so it can also run to its end.
    periodic = {job.name for job in greenroom.runtime.registry.jobs.get(pid, ()) if job.every or job.cron}
    work = next((work for work in works if work.name in periodic), works[0])
    owner = await tenant.sign_in("owner")
    for one in (pid, work.feature):
        if one is not None and one not in snapshot_of(greenroom, tenant).effective:
            assert (await switch(owner, one, True)).status == 303
    await run_jobs(tenant, raising=False)
    assert (await switch(owner, pid, False)).status == 303

    async def queue(kit: TenantKit) -> None:
        job = table.NewJob(tenant_id=kit.ref.id, plugin=pid, name=work.name, args="{}", run_at=now(), max_attempts=1)
        with kit.scope():
            assert await table.insert([job])

    async def states(kit: TenantKit) -> list[str]:
        with kit.scope():
            found = await sql("SELECT state FROM kernel_job WHERE name = $1 ORDER BY id DESC LIMIT 1", work.name)
        return [row.state for row in found]

    await queue(tenant)
    await run_jobs(tenant)
    assert await states(tenant) == ["parked"]
    await unpark_effective()
    assert await states(tenant) == ["parked"]  # nobody wakes it before its time
    if work.name in periodic:
        await queue(other_tenant)
        await run_jobs(other_tenant)
        assert await states(other_tenant) == ["done"]

    assert (await switch(owner, pid, True)).status == 303
    await unpark_effective()  # the worker's own upkeep
    assert await states(tenant) == ["ready"]
    if work.name in periodic:
        await run_jobs(tenant)
        assert await states(tenant) == ["done"]


# --- over a tenant with data --------------------------------------------------------------------------------------

_filled: dict[str, TenantKit] = {}


@pytest.fixture
async def filled(make_tenant: MakeTenant) -> AsyncIterator[TenantKit]:
    """A tenant with demo data. Filling takes a moment: made once."""
    if "kit" not in _filled:
        _filled["kit"] = await make_tenant()
        await seed(_filled["kit"])
    yield _filled["kit"]
    await _filled["kit"].close()


@each_plugin
async def test_with_one_plugin_off_the_rest_works_and_its_data_stays(
    filled: TenantKit, greenroom: Greenroom, pid: str
) -> None:
    registry = greenroom.runtime.registry
    site = await everybody(filled, greenroom)
    if pid not in snapshot_of(greenroom, filled).effective:
        assert (await switch(site, pid, True)).status == 303
    held = await rows_of(filled, pid)
    before = snapshot_of(greenroom, filled).effective
    gone = {pid, *registry.dependants(pid)}
    rest = [path for other in registry.ready if other not in gone for path in pages(greenroom, other)]
    assert (await switch(site, pid, False)).status == 303
    try:
        answers = await statuses(site, ["/home", *rest])
        assert not {path: status for path, status in answers.items() if status >= 500}
        assert answers["/home"] == 200
        assert (await filled.visitor().get("/")).status == 200
        assert await rows_of(filled, pid) == held
    finally:
        assert (await switch(site, pid, True)).status == 303
    assert snapshot_of(greenroom, filled).effective == before
    after = await rows_of(filled, pid)
    # A plugin that keeps a log writes its return into it; nothing has become less.
    assert not {name: held[name] for name, (many, _digest) in after.items() if many < held[name][0]}
