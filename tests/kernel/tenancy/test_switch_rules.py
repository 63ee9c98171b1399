"""For whom and when a switch is on: the rules themselves, and through the snapshots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from kernel.base.clock import frozen_at, now
from kernel.base.context import TenantRef, tenant_scope
from kernel.base.errors import Conflict, Invalid, NotFound
from kernel.engines.connection import sql
from kernel.tenancy.events import PluginSwitched
from kernel.tenancy.planning import rehearse
from kernel.tenancy.snapshots import current_snapshot, is_on, reading_as, whole_snapshot
from kernel.tenancy.switch_rules import Reader, SwitchRule, domains_in, next_turn, rule_of, share_of
from kernel.tenancy.tenants import create_tenant
from kernel.tenancy.toggles import offer, stop_everywhere, switch, take_back

from .conftest import World
from .test_toggles import known

T = UUID(int=1)


def people(count: int) -> list[Reader]:
    return [Reader(UUID(int=n * 7919 + 1), f"p{n}@acme.test", frozenset({"member"})) for n in range(count)]


def test_a_share_is_stable_sticky_and_about_as_large_as_said() -> None:
    crowd = people(2000)
    ten = {r.account_id for r in crowd if SwitchRule(percent=10).admits(T, "a.x", r)}
    again = {r.account_id for r in crowd if SwitchRule(percent=10).admits(T, "a.x", r)}
    thirty = {r.account_id for r in crowd if SwitchRule(percent=30).admits(T, "a.x", r)}
    assert ten == again
    assert ten < thirty, "who was in stays in"
    assert 140 < len(ten) < 260
    other = {r.account_id for r in crowd if SwitchRule(percent=10).admits(T, "a.y", r)}
    assert ten != other, "another switch finds other people"
    elsewhere = {r.account_id for r in crowd if SwitchRule(percent=10).admits(UUID(int=2), "a.x", r)}
    assert ten != elsewhere
    assert share_of(T, "a.x", UUID(int=5)) == 45.75, "the place must never move: people would lose what they had"
    assert not any(SwitchRule(percent=0).admits(T, "a.x", r) for r in crowd)


def test_roles_and_lists() -> None:
    ada = Reader(uuid4(), "ada@Example.test", frozenset({"member", "beta"}))
    bob = Reader(uuid4(), "bob@other.test", frozenset({"member"}))
    nobody = Reader()
    for rule, expected in [
        (SwitchRule(), (True, True, True)),
        (SwitchRule(roles=frozenset({"beta"})), (True, False, False)),
        (SwitchRule(domains=frozenset({"example.test"})), (True, False, False)),
        (SwitchRule(accounts=frozenset({bob.account_id})), (False, True, False)),  # type: ignore[arg-type]
        (SwitchRule(roles=frozenset({"beta"}), percent=0), (False, False, False)),
        (SwitchRule(domains=frozenset({"other.test"}), roles=frozenset({"beta"})), (True, True, False)),
        (SwitchRule(percent=0, accounts=frozenset({bob.account_id})), (False, True, False)),  # type: ignore[arg-type]
    ]:
        assert tuple(rule.admits(T, "a.x", who) for who in (ada, bob, nobody)) == expected, rule


def test_stored_and_read_again() -> None:
    rule = SwitchRule(
        percent=5, roles=frozenset({"b", "a"}), accounts=frozenset({uuid4()}), domains=frozenset({"x.test"}),
        since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC),
    )  # fmt: skip
    assert rule_of(rule.stored()) == rule
    assert rule_of(None) is rule_of({}) is None
    assert SwitchRule(percent=100).picks is False
    assert next_turn([rule, None], datetime(2026, 3, 5, tzinfo=UTC)) == rule.until
    assert domains_in("@A.test, b.test\nnot_one c") == (frozenset({"a.test", "b.test"}), ["not_one", "c"])


# --- through snapshots ----------------------------------------------------------------------------------------


async def test_a_rule_is_answered_per_reader(world: World, acme: TenantRef) -> None:
    ada = Reader(uuid4(), "ada@example.test", frozenset({"beta"}))
    snapshot = await switch(acme, "upper.extra", True, rule=SwitchRule(roles=frozenset({"beta"})), reason="try it")
    assert "upper.extra" in snapshot.effective, "jobs and subscribers are there for the tenant"
    with tenant_scope(acme):
        assert is_on("upper.extra")
        with reading_as(ada):
            assert is_on("upper.extra")
            assert current_snapshot() is whole_snapshot()
        with reading_as(Reader(uuid4(), "bob@example.test")):
            assert not is_on("upper.extra")
            assert is_on("upper")
            mine = current_snapshot()
            assert mine.why["upper.extra"].kind == "rule"
            assert mine.whole is whole_snapshot()
        with reading_as(Reader()):
            assert not is_on("upper.extra")
            assert current_snapshot() is mine, "those who lack the same share one snapshot"


async def test_a_rule_on_a_plugin_takes_what_requires_it(world: World, acme: TenantRef) -> None:
    await switch(acme, "base", True, rule=SwitchRule(percent=0))
    with tenant_scope(acme), reading_as(Reader(uuid4())):
        assert not {"base", "upper", "upper.extra"} & current_snapshot().effective
        assert is_on("firm")
        assert current_snapshot().shape.menu == ()


async def test_without_rules_nothing_is_computed_per_reader(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme), reading_as(Reader(uuid4())):
        assert current_snapshot() is whole_snapshot()
        assert whole_snapshot().narrow == {}


async def test_dates_turn_by_themselves_even_without_a_database(world: World, acme: TenantRef) -> None:
    start = now()
    rule = SwitchRule(since=start + timedelta(hours=1), until=start + timedelta(hours=2))
    await switch(acme, "upper.extra", True, rule=rule)
    told: list[bool] = []
    world.snapshots.on_change(lambda old, new: told.append("upper.extra" in new.effective))
    assert "upper.extra" not in known(world, acme).effective
    with frozen_at(start + timedelta(hours=1, seconds=1)):
        await world.snapshots.refresh()
        assert "upper.extra" in known(world, acme).effective
    with frozen_at(start + timedelta(hours=2, seconds=1)):
        world.snapshots.unreachable()
        assert "upper.extra" not in known(world, acme).effective
        assert known(world, acme).why["upper.extra"].kind == "after"
    assert told == [True, False]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (SwitchRule(percent=101), "percent"),
        (SwitchRule(since=datetime(2026, 2, 1, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC)), "until"),
        (SwitchRule(accounts=frozenset(uuid4() for _ in range(501))), "people"),
    ],
)
async def test_senseless_rules_are_refused(world: World, acme: TenantRef, rule: SwitchRule, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        await switch(acme, "upper", True, rule=rule)
    assert list(caught.value.errors) == [field]
    assert world.announced == []


async def test_what_cannot_be_for_some_only(world: World, acme: TenantRef) -> None:
    for key, on in (("firm", True), ("upper", False)):
        with pytest.raises(Conflict, match="for some people only"):
            await switch(acme, key, on, rule=SwitchRule(percent=5))


async def test_a_changed_rule_is_announced_with_before_and_after(world: World, acme: TenantRef) -> None:
    await switch(acme, "upper.extra", True, rule=SwitchRule(percent=5), reason="a few")
    await switch(acme, "upper.extra", True, rule=SwitchRule(percent=50), reason="more")
    last = world.announced[-1]
    assert isinstance(last, PluginSwitched)
    assert (last.rule_before, last.rule_after, last.reason) == ('{"percent": 5}', '{"percent": 50}', "more")
    await switch(acme, "upper.extra", True)
    assert known(world, acme).rules == {}


# --- history ----------------------------------------------------------------------------------------------------


async def batches(tenant: TenantRef) -> list[UUID]:
    with tenant_scope(tenant):
        rows = await sql("SELECT batch_id FROM kernel_switch_change WHERE tenant_id = $1 ORDER BY id", tenant.id)
    return list(dict.fromkeys(row.batch_id for row in rows))


async def test_the_last_change_is_taken_back_with_all_that_moved(world: World, acme: TenantRef) -> None:
    await switch(acme, "base", False, cascade=True, reason="pause")
    await switch(acme, "spare", True, cascade=True, reason="all of it")
    assert {"base", "upper", "spare"} <= known(world, acme).effective
    first, second = await batches(acme)
    with pytest.raises(Conflict, match="Base was changed again since"):
        await take_back(acme, first)
    after = await take_back(acme, second, reason="too much")
    assert not {"base", "upper", "spare"} & after.effective
    assert "spare" not in after.choices, "what nobody had chosen is again what the declaration says"
    with pytest.raises(Conflict):
        await take_back(acme, second)
    with pytest.raises(NotFound):
        await take_back(acme, uuid4())
    third = (await batches(acme))[-1]
    assert "spare" in (await take_back(acme, third)).effective, "taking back can be taken back"


async def test_taking_back_restores_a_rule(world: World, acme: TenantRef) -> None:
    await switch(acme, "upper.extra", True, rule=SwitchRule(percent=5))
    await switch(acme, "upper.extra", False, reason="bad day")
    snapshot = await take_back(acme, (await batches(acme))[-1])
    assert snapshot.rules["upper.extra"] == SwitchRule(percent=5)


async def test_nobody_takes_back_another_tenants_change(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    await switch(acme, "upper", False)
    with pytest.raises(NotFound):
        await take_back(other, (await batches(acme))[0])
    assert "upper" not in known(world, acme).effective


# --- the operator ----------------------------------------------------------------------------------------------


async def test_the_kill_switch_reaches_every_tenant_and_is_recorded(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    await offer("upper", True, tenant=other)
    world.announced.clear()
    world.log.clear()
    await stop_everywhere("upper", True, reason="it leaks")
    for tenant in (acme, other):
        assert str(known(world, tenant).why["upper"]) == "Stopped by the operator: it leaks"
    assert world.log == ["upper.on_disable:acme", "upper.on_disable:other"]
    told = [e for e in world.announced if isinstance(e, PluginSwitched) and e.key == "upper"]
    assert [(e.before, e.after, e.reason) for e in told] == [(True, False, "it leaks")] * 2
    with pytest.raises(Conflict, match="stopped Upper everywhere"):
        await switch(acme, "upper", True)
    await stop_everywhere("upper", False, reason="mended")
    assert "upper" in known(world, acme).effective


async def test_a_rehearsal_names_rivals_and_listeners(world: World, acme: TenantRef) -> None:
    object.__setattr__(world.runtime.registry, "rivals", {"spare": ("firm",), "upper.rare": ("upper.extra",)})
    with tenant_scope(acme):
        assert rehearse("upper.rare", True).yields == ("upper.extra",)
        assert "cannot be on beside Firm" in rehearse("spare", True).refusal
    with pytest.raises(Conflict, match="cannot be on beside Extra, which would go off") as caught:
        await switch(acme, "upper.rare", True)
    assert caught.value.extra["plugins"] == ["upper.extra"]
    snapshot = await switch(acme, "upper.rare", True, cascade=True)
    assert "upper.extra" not in snapshot.effective
