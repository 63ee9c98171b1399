"""Counting events: days of the tenant, once each, in any order, and a recount that gives the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kernel import Happened, now, sql_one, to_data
from kernel.base.events import event_name
from kernel.base.ids import new_id
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from plugins.analytics import services
from plugins.analytics.counting import EVENTS, increments

from .conftest import (
    MakeTenant,
    cancelled,
    completed,
    confirmed,
    ended,
    happen,
    paid,
    refunded,
    reviewed,
    rollup,
    signed_up,
    some_events,
)

RunJobs = Callable[..., Awaitable[int]]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def happened(ev: object, at: datetime = NOON) -> Happened:
    return Happened(id=new_id(), name=event_name(ev), occurred_at=at, actor_id=None, data=to_data(ev))


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 29)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 29)),  # clocks went forward
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 30)),
        (datetime(2026, 3, 10, 18, 14, tzinfo=UTC), "Asia/Kathmandu", date(2026, 3, 10)),
        (datetime(2026, 3, 10, 18, 15, tzinfo=UTC), "Asia/Kathmandu", date(2026, 3, 11)),
        (datetime(2026, 3, 10, 9, 59, tzinfo=UTC), "Pacific/Kiritimati", date(2026, 3, 10)),
        (datetime(2026, 3, 10, 10, 0, tzinfo=UTC), "Pacific/Kiritimati", date(2026, 3, 11)),
    ],
)
def test_an_event_counts_on_the_day_of_the_tenants_zone(instant: datetime, zone: str, day: date) -> None:
    assert [found.day for found in increments(happened(signed_up(), instant), zone)] == [day]


def test_a_session_counts_on_the_day_on_which_it_began() -> None:
    began = datetime(2026, 3, 9, 22, 30, tzinfo=UTC)
    found = increments(happened(completed(began), NOON), "Europe/Berlin")
    assert [(i.day, i.metric, i.dimension, i.value) for i in found] == [(date(2026, 3, 9), "sessions", "human", 1)]


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("data", [{}, {"starts_at": "yesterday"}, {"amount_minor": "much", "currency": None}])
def test_an_event_that_cannot_be_read_adds_nothing_odd(name: str, data: dict[str, Any]) -> None:
    event = Happened(id=new_id(), name=name, occurred_at=NOON, actor_id=None, data=data)
    plain = {"scheduling.booking_confirmed.v1", "scheduling.booking_cancelled.v1", "users.signed_up.v1"}
    assert len(increments(event, "UTC")) == (1 if name in plain else 0)


def test_an_unknown_event_adds_nothing() -> None:
    event = Happened(id=new_id(), name="scheduling.booking_dreamt.v1", occurred_at=NOON, actor_id=None, data={})
    assert increments(event, "UTC") == []


async def test_published_events_arrive_in_the_rollup(kit: TenantKit, run_jobs: RunJobs) -> None:
    who = new_id()
    await happen(
        kit, NOON, confirmed(NOON), confirmed(NOON, "ai"), cancelled(NOON), completed(NOON, interviewer=who),
        completed(NOON, "no_show_interviewer", interviewer=who), paid(9000, "EUR", who), refunded(2500, "EUR", who),
        reviewed(4.5, who), ended(3600), signed_up(),
    )  # fmt: skip
    await run_jobs(kit)
    found = {(metric, dimension, currency): value for _d, metric, dimension, currency, _o, value in await rollup(kit)}
    assert found == {
        ("bookings", "human", ""): 1,
        ("bookings", "ai", ""): 1,
        ("cancellations", "candidate", ""): 1,
        ("sessions", "human", ""): 1,
        ("no_shows", "interviewer", ""): 1,
        ("paid", "", "EUR"): 9000,
        ("refunded", "", "EUR"): 2500,
        ("ratings", "", ""): 1,
        ("rating_sum", "", ""): 450,
        ("session_seconds", "human", ""): 3600,
        ("sign_ups", "", ""): 1,
        ("interviewer_sessions", str(who), ""): 1,
        ("interviewer_no_shows", str(who), ""): 1,
        ("interviewer_paid", str(who), "EUR"): 9000,
        ("interviewer_refunded", str(who), "EUR"): 2500,
        ("interviewer_ratings", str(who), ""): 1,
        ("interviewer_rating_sum", str(who), ""): 450,
    }


async def test_an_event_delivered_twice_counts_once(kit: TenantKit) -> None:
    event = happened(paid(9000))
    with kit.scope():
        assert [await services.count(event) for _n in range(3)] == [True, False, False]
        assert sum(await asyncio.gather(*(services.count(happened(signed_up())) for _n in range(5)))) == 5
    found = {row[1]: row[5] for row in await rollup(kit)}
    assert found["paid"] == 9000
    assert found["sign_ups"] == 5


async def test_a_failing_count_leaves_no_trace(kit: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    event = happened(paid(9000))

    async def fail(*_args: object) -> None:
        raise RuntimeError("the disk is gone")

    with kit.scope():
        with monkeypatch.context() as patch:
            patch.setattr(services, "_add", fail)
            with pytest.raises(RuntimeError):
                await services.count(event)
        assert await services.count(event) is True  # not marked as counted
    assert [row[5] for row in await rollup(kit)] == [9000]


@pytest.mark.parametrize("seed", range(4))
async def test_order_repetition_and_haste_change_nothing(make_tenant: MakeTenant, seed: int) -> None:
    events = [happened(ev, at) for at, ev in some_events(seed, 60, NOON)]
    orderly, wild = [await make_tenant(plugins={"notifications": False}) for _n in range(2)]
    with orderly.scope():
        for event in sorted(events, key=lambda e: e.occurred_at):
            await services.count(event)
    mixed = [*events, *random.Random(seed).sample(events, 30)]
    random.Random(seed + 100).shuffle(mixed)
    with wild.scope():
        for start in range(0, len(mixed), 8):
            await asyncio.gather(*(services.count(event) for event in mixed[start : start + 8]))
    assert await rollup(wild) == await rollup(orderly)
    assert await rollup(wild) != []


@pytest.mark.parametrize("seed", [7, 8])
async def test_a_recount_equals_counting_live(kit: TenantKit, run_jobs: RunJobs, seed: int) -> None:
    for at, ev in some_events(seed, 40, NOON):
        await happen(kit, at, ev)
    await run_jobs(kit)
    live = await rollup(kit)
    assert live != []
    with kit.scope():
        assert await services.rebuild() == 40
        assert await rollup(kit) == live
        assert await services.rebuild() == 40
    assert await rollup(kit) == live


async def test_a_recount_and_events_that_still_wait_do_not_count_twice(kit: TenantKit, run_jobs: RunJobs) -> None:
    await happen(kit, NOON, paid(100), paid(200), signed_up())
    with kit.scope():
        await services.rebuild()  # sees what the waiting jobs have not counted yet
    recounted = await rollup(kit)
    await run_jobs(kit)
    assert await rollup(kit) == recounted
    assert [row[5] for row in recounted] == [300, 1]


async def test_live_counting_during_a_recount_waits_and_is_not_lost(kit: TenantKit) -> None:
    await happen(kit, NOON, *(paid(10) for _n in range(20)))
    late = [happened(signed_up()) for _n in range(5)]  # in nobody's event table: only live counting can know them
    with kit.scope():
        await asyncio.gather(services.rebuild(), *(services.count(event) for event in late))
        first = {row[1]: row[5] for row in await rollup(kit)}
        await asyncio.gather(*(services.count(event) for event in late))
    assert first["paid"] == 200
    assert {row[1]: row[5] for row in await rollup(kit)}["sign_ups"] == 5


async def test_imported_figures_stay_through_a_recount(kit: TenantKit, run_jobs: RunJobs) -> None:
    await happen(kit, NOON, paid(500))
    await run_jobs(kit)
    with kit.scope():
        await services.import_figures(increments(happened(paid(9000)), "UTC"))
        await services.rebuild()
    assert [(row[4], row[5]) for row in await rollup(kit)] == [("event", 500), ("import", 9000)]


async def test_days_stay_in_one_zone_until_a_recount(kit: TenantKit, run_jobs: RunJobs) -> None:
    at = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # already the 11th in Berlin
    await happen(kit, at, signed_up())
    await run_jobs(kit)
    assert [row[0] for row in await rollup(kit)] == [date(2026, 3, 11)]
    with kit.scope():
        assert await services.rollup_zone() == "Europe/Berlin"


async def test_what_happened_while_it_was_off_is_counted_when_it_is_on_again(kit: TenantKit, run_jobs: RunJobs) -> None:
    with kit.scope():
        await switch(kit.ref, "analytics", False, reason="test")
    await happen(kit, NOON, paid(700), signed_up())
    await run_jobs(kit)
    assert await rollup(kit) == []
    with kit.scope():
        await switch(kit.ref, "analytics", True, reason="test")
    await run_jobs(kit)
    assert [row[5] for row in await rollup(kit)] == [700, 1]


async def test_tenants_are_counted_apart(make_tenant: MakeTenant, kit: TenantKit, run_jobs: RunJobs) -> None:
    other = await make_tenant(plugins={"scheduling": False, "live": False, "feedback": False, "payments": False})
    await happen(kit, now() - timedelta(days=1), paid(700))
    await run_jobs(kit)
    await run_jobs(other)
    with other.scope():
        await services.rebuild()
        row = await sql_one("SELECT count(*) AS n FROM analytics_applied WHERE tenant_id = $1", other.ref.id)
    assert row is not None
    assert row.n == 0
    assert await rollup(other) == []


async def test_demo_figures_agree_with_themselves(kit: TenantKit) -> None:
    from kernel.testing.contract.walk import seed

    await seed(kit)
    sums: dict[tuple[str, str], int] = {}
    for _day, metric, dimension, _currency, origin, value in await rollup(kit):
        assert origin == "import"
        key = (metric, "" if metric.startswith("interviewer_") else dimension)
        sums[key] = sums.get(key, 0) + value
    assert sums["interviewer_sessions", ""] == sums["sessions", "human"] > 500
    assert sums["interviewer_paid", ""] == sums["paid", ""] > sums["refunded", ""] > 0
    assert sums["interviewer_ratings", ""] == sums["ratings", ""]
    assert sums["bookings", "human"] >= sums["sessions", "human"] + sums["no_shows", "candidate"]
    assert len({row[0] for row in await rollup(kit)}) > 180
    with kit.scope():
        await services.rebuild()
    assert sum(row[5] for row in await rollup(kit) if row[1] == "paid") == sums["paid", ""]
