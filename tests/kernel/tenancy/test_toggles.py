"""Switching: refusals, cascades, events, lifecycle, and how other processes follow."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import uuid4

import pytest

from kernel.base.context import Actor, NoTenant, TenantRef, acting_as, every_tenant, tenant_scope
from kernel.base.errors import Conflict, NotFound
from kernel.engines.connection import close_database, execute, open_database, rolled_back, sql_one, unit_of_work
from kernel.tenancy import events, loading
from kernel.tenancy import snapshots as snapshots_module
from kernel.tenancy.events import PluginSwitched
from kernel.tenancy.planning import rehearse
from kernel.tenancy.snapshots import Snapshot, Snapshots, current_snapshot, is_on
from kernel.tenancy.sync import Sync
from kernel.tenancy.tenants import create_tenant
from kernel.tenancy.toggles import bump_epoch, bump_platform, offer, switch

from .conftest import MODULES, World


def known(world: World, tenant: TenantRef) -> Snapshot:
    found = world.snapshots.of(tenant.id)
    assert found is not None
    return found


async def test_switching_off_and_on(world: World, acme: TenantRef) -> None:
    old = known(world, acme)
    assert {"upper", "upper.extra"} <= old.effective
    actor = Actor(uuid4(), "a@a.test", "Ada", "en", "UTC", frozenset(), frozenset())
    with acting_as(actor):
        new = await switch(acme, "upper", False, reason="too loud")
    assert new is known(world, acme)
    assert new is not old
    assert new.epoch > old.epoch
    assert not {"upper", "upper.extra"} & new.effective
    assert new.why["upper"].actor_id == actor.id
    assert "too loud" in str(new.why["upper"])
    assert world.bell.rung
    assert world.log == ["upper.on_disable:acme"]
    switched = cast(PluginSwitched, world.announced[0])
    assert (switched.key, switched.before, switched.after) == ("upper", True, False)
    assert (switched.actor_id, switched.reason) == (actor.id, "too loud")
    again = await switch(acme, "upper", True)
    assert again.shape is world.snapshots.shapes.of(old.effective)
    assert world.log[1:] == ["upper.on_enable:acme"]


async def test_switching_to_what_is_announces_nothing(world: World, acme: TenantRef) -> None:
    await switch(acme, "upper", True)
    before = len(world.announced)
    await switch(acme, "upper", True)
    assert len(world.announced) == before
    assert world.log == []


async def test_features_switch_like_plugins(world: World, acme: TenantRef) -> None:
    snapshot = await switch(acme, "upper.extra", False)
    assert "upper" in snapshot.effective
    assert "upper.extra" not in snapshot.effective
    assert world.log == []  # the plugin itself stays as it is
    assert "upper.rare" in (await switch(acme, "upper.rare", True)).effective


@pytest.mark.parametrize(
    ("key", "on", "words", "plugins"),
    [
        ("base", False, "Other plugins need it: Upper", ["upper"]),
        ("firm", False, "Firm cannot be switched off", []),
        ("kernel", False, "cannot be switched off", []),
        ("ill", True, "Ill does not work: ill: register_jobs", []),
    ],
)
async def test_refusals(world: World, acme: TenantRef, key: str, on: bool, words: str, plugins: list[str]) -> None:
    epoch = known(world, acme).epoch
    with pytest.raises(Conflict, match=words) as caught:
        await switch(acme, key, on)
    assert caught.value.extra["plugins"] == plugins
    assert world.announced == []
    assert known(world, acme).epoch == epoch


async def test_unknown_ids_are_not_found(world: World, acme: TenantRef) -> None:
    with pytest.raises(NotFound):
        await switch(acme, "nope", True)


async def test_unmet_requirements_are_listed_and_offered(world: World, acme: TenantRef) -> None:
    await switch(acme, "base", False, cascade=True)
    world.log.clear()
    with pytest.raises(Conflict, match="Switch on what it needs first: Base") as caught:
        await switch(acme, "spare", True)
    assert caught.value.extra["plugins"] == ["base", "upper"]
    snapshot = await switch(acme, "spare", True, cascade=True)
    assert {"base", "upper", "spare"} <= snapshot.effective
    assert world.log == ["base.on_enable:acme", "upper.on_enable:acme", "spare.on_enable:acme"]


async def test_dependants_go_off_from_the_outside_and_come_back(world: World, acme: TenantRef) -> None:
    await switch(acme, "spare", True)
    world.log.clear()
    world.announced.clear()
    off = await switch(acme, "base", False, cascade=True)
    assert str(off.why["upper"]) == "Requires Base, which is off"
    assert world.log == ["spare.on_disable:acme", "upper.on_disable:acme", "base.on_disable:acme"]
    assert {cast(PluginSwitched, e).key for e in world.announced} == {"base", "upper", "upper.extra", "spare"}
    back = await switch(acme, "base", True)
    assert {"base", "upper", "spare"} <= back.effective


async def test_one_plugins_failing_hook_is_its_own(world: World, acme: TenantRef, caplog: Any) -> None:
    async def fail(tenant: TenantRef) -> None:
        raise RuntimeError("no")

    calls = dict(world.runtime.registry.calls["on_enable"])
    object.__setattr__(
        world.runtime.registry, "calls", {**world.runtime.registry.calls, "on_enable": {**calls, "base": fail}}
    )
    await switch(acme, "base", False, cascade=True)
    await switch(acme, "base", True)
    assert world.log[-1] == "upper.on_enable:acme"
    assert "on_enable of plugin base failed" in caplog.text


async def test_a_failing_listener_undoes_the_switch(world: World, acme: TenantRef) -> None:
    async def fail(happened: object) -> None:
        raise RuntimeError("outbox is gone")

    events.listeners.append(fail)
    try:
        with pytest.raises(RuntimeError, match="outbox"):
            await switch(acme, "upper", False)
    finally:
        events.listeners.remove(fail)
    await world.snapshots.refresh()
    assert "upper" in known(world, acme).effective
    assert world.log == []


async def test_tenants_are_apart(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    untouched = known(world, other)
    assert untouched.shape is known(world, acme).shape
    await switch(acme, "upper", False)
    assert known(world, other) is untouched
    with tenant_scope(other):
        assert is_on("upper")
    with tenant_scope(acme):
        assert not is_on("upper")


async def test_what_the_operator_withholds(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    world.log.clear()
    await offer("upper", False, reason="not in your plan")
    assert world.log == ["upper.on_disable:acme", "upper.on_disable:other"]
    assert str(known(world, acme).why["upper"]) == "Not offered by the operator: not in your plan"
    with pytest.raises(Conflict, match="does not offer Upper"):
        await switch(acme, "upper", True)
    await offer("upper", True, tenant=other)
    assert "upper" in known(world, other).effective
    assert "upper" not in known(world, acme).effective
    with pytest.raises(NotFound):
        await offer("nope", False)


async def test_rehearsal(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        plan = rehearse("base", False)
        assert (plan.refusal, plan.also, plan.plugins) == ("", ("upper",), ("base", "upper"))
        assert plan.features == ("upper.extra",)
        assert plan.routes == ("upper.home", "upper.extra")  # the always-on one stays
        assert (plan.menu, plan.jobs) == (("Upper",), ("upper.tidy",))
        assert rehearse("upper.extra", False).routes == ("upper.extra",)
        assert "cannot be switched off" in rehearse("firm", False).refusal
        assert is_on("base")
    await switch(acme, "base", False, cascade=True)
    with tenant_scope(acme):
        plan = rehearse("spare", True)
        assert plan.also == ("base", "upper")
        assert plan.plugins == ("base", "upper", "spare")
        assert "upper.home" in plan.routes


# --- snapshots and how they follow ------------------------------------------------------------------------


async def test_hosts_lead_to_snapshots(world: World, acme: TenantRef) -> None:
    snapshot = known(world, acme)
    for host in ("acme.localhost", "acme.localhost:8080", "ACME.localhost.", "www.acme.test:9"):
        assert world.snapshots.for_host(host) is snapshot
    assert world.snapshots.for_host("evil.test") is None
    assert world.snapshots.for_host("acme.localhost@evil.test") is None
    assert snapshot.origin == "http://acme.localhost:8080"


async def test_loading_costs_the_same_for_many_tenants(
    world: World, acme: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    real = loading.sql

    async def counting(query: str, *args: Any) -> Any:
        counted.append(query)
        return await real(query, *args)

    monkeypatch.setattr(loading, "sql", counting)
    await world.snapshots.refresh(force=True)
    few = len(counted)
    for i in range(5):
        await create_tenant(f"t{i}", f"T{i}", hosts=[f"t{i}.localhost"])
    counted.clear()
    await world.snapshots.refresh(force=True)
    assert len(counted) == few <= 9


async def test_only_changed_tenants_are_loaded(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    second = Snapshots(world.runtime.registry, world.runtime.config)
    await second.refresh()
    before = second.of(acme.id), second.of(other.id)
    assert await second.refresh() is False
    await switch(other, "upper", False)
    assert await second.refresh() is True
    assert second.of(acme.id) is before[0]
    assert second.of(other.id) is not before[1]


async def test_a_second_process_follows_the_bell_and_the_poll(world: World, acme: TenantRef) -> None:
    second = Snapshots(world.runtime.registry, world.runtime.config)
    sync = Sync(second, world.bell, poll=60)  # type: ignore[arg-type]
    await sync.start()
    await asyncio.sleep(0)
    await _until(lambda: bool(world.bell._ears))
    await switch(acme, "upper", False)
    await _until(lambda: "upper" not in _effective(second, acme))
    await sync.stop()
    world.bell.broken = True
    polling = Sync(second, world.bell, poll=0.02)  # type: ignore[arg-type]
    await polling.start()
    await switch(acme, "upper", True)
    await _until(lambda: "upper" in _effective(second, acme))
    await polling.stop()


async def test_subscribing_again_refreshes_at_once(world: World, acme: TenantRef) -> None:
    second = Snapshots(world.runtime.registry, world.runtime.config)
    world.bell.broken = True
    sync = Sync(second, world.bell, poll=60)  # type: ignore[arg-type]
    await sync.start()
    await asyncio.sleep(0.02)  # its first try to listen has failed
    await switch(acme, "upper", False)
    assert "upper" in _effective(second, acme)
    world.bell.broken = False
    await _until(lambda: "upper" not in _effective(second, acme))
    await sync.stop()


async def test_the_last_known_stays_while_the_database_is_away(
    world: World, acme: TenantRef, db: str, caplog: Any
) -> None:
    sync = Sync(world.snapshots, world.bell, poll=0.02)  # type: ignore[arg-type]
    await sync.start()
    await close_database()
    await _until(lambda: world.snapshots.deaf_since is not None)
    assert world.snapshots.for_host("acme.localhost") is known(world, acme)
    assert caplog.text.count("snapshots cannot be refreshed") == 1
    await open_database(db, MODULES)
    await _until(lambda: world.snapshots.deaf_since is None)
    await sync.stop()


async def test_changes_are_told_and_a_bad_listener_is_not_in_the_way(world: World, acme: TenantRef) -> None:
    told: list[tuple[Snapshot, Snapshot]] = []

    def fail(old: Snapshot, new: Snapshot) -> None:
        raise RuntimeError("no")

    world.snapshots.on_change(fail)
    stop = world.snapshots.on_change(lambda old, new: told.append((old, new)))
    old = known(world, acme)
    await switch(acme, "upper", False)
    assert told == [(old, known(world, acme))]
    stop()
    await switch(acme, "upper", True)
    assert len(told) == 1


async def test_an_older_epoch_is_refused(world: World, acme: TenantRef, monkeypatch: pytest.MonkeyPatch) -> None:
    await switch(acme, "upper", False)

    async def stale() -> tuple[int, int]:
        return (1, 0)

    monkeypatch.setattr(snapshots_module, "read_epoch", stale)
    before = known(world, acme)
    assert await world.snapshots.refresh() is False
    assert known(world, acme) is before


async def test_within_a_unit_of_work_nothing_unsure_is_taken(world: World, acme: TenantRef) -> None:
    before = known(world, acme)
    with tenant_scope(acme):
        async with unit_of_work():
            await bump_epoch()
            assert await world.snapshots.refresh() is False
            assert known(world, acme) is before
    assert known(world, acme) is not before


async def test_force_goes_back_after_a_rollback(world: World, acme: TenantRef) -> None:
    async with rolled_back():
        await switch(acme, "upper", False)
        assert "upper" not in known(world, acme).effective
    await world.snapshots.refresh(force=True)
    assert "upper" in known(world, acme).effective


async def test_an_erased_tenant_is_told_and_forgotten(world: World, acme: TenantRef) -> None:

    told: list[Snapshot] = []
    world.snapshots.on_change(lambda old, new: told.append(new))
    with every_tenant():
        async with unit_of_work():
            await execute("DELETE FROM kernel_tenant WHERE id = $1", acme.id)
            await bump_platform()
    assert world.snapshots.for_host("acme.localhost") is None
    assert [(s.state, s.effective) for s in told] == [("erased", frozenset())]


async def test_concurrent_switches_all_count(world: World, acme: TenantRef) -> None:
    others = [await create_tenant(f"t{i}", f"T{i}", hosts=[f"t{i}.localhost"]) for i in range(4)]
    start = await sql_one("SELECT value FROM kernel_epoch")
    await asyncio.gather(*(switch(t, "upper", False) for t in (acme, *others) for _ in range(2)))
    end = await sql_one("SELECT value FROM kernel_epoch")
    assert start is not None
    assert end is not None
    assert end.value - start.value == 10
    assert all("upper" not in s.effective for s in world.snapshots.all())


def _effective(snapshots: Snapshots, tenant: TenantRef) -> frozenset[str]:
    found = snapshots.of(tenant.id)
    assert found is not None
    return found.effective


async def _until(condition: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_no_snapshot_is_told_plainly(world: World) -> None:

    with (
        tenant_scope(TenantRef(uuid4(), "ghost", "Ghost")),
        pytest.raises(NoTenant, match="no snapshot of tenant ghost"),
    ):
        current_snapshot()
