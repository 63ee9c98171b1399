"""Reminders and clocks: summer time, people who change their zone, a server whose clock jumps."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import accounts, sql, unit_of_work, zones
from kernel.base.clock import frozen_at, shifted_by
from plugins.scheduling import reminders
from plugins.scheduling.models import InterviewType, Reminder, Schedule

from .conftest import World, day_after, save_hours, stamp
from .test_reminders import planned, told

#: Days on which clocks change: by an hour, by half an hour, in the south, at midnight.
CHANGES = (
    ("Europe/Berlin", date(2027, 3, 28)), ("Europe/Berlin", date(2027, 10, 31)),
    ("America/New_York", date(2027, 3, 14)), ("America/New_York", date(2027, 11, 7)),
    ("Australia/Lord_Howe", date(2027, 4, 4)), ("Australia/Lord_Howe", date(2027, 10, 3)),
    ("Africa/Cairo", date(2027, 4, 30)),
)  # fmt: skip


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_the_time_between_reminder_and_start_is_what_the_rule_says(zone: str, day: date) -> None:
    people = {UUID(int=1): "candidate", UUID(int=2): "interviewer"}
    rules = reminders.rules(["1440", "720", "60", "15"])
    for shift in (-1, 0, 1):
        for hour in range(0, 24, 3):
            for start in zones.instants(day + timedelta(days=shift), time(hour, 30), zone):
                for due in reminders.due(rules, people, {}, start, datetime(2026, 1, 1, tzinfo=UTC)):
                    if due.kind == "before":
                        assert start - due.at == timedelta(minutes=due.minutes)


async def _in_berlin(world: World) -> datetime:
    """A session on the evening after the clocks went forward in Berlin."""
    with world.tenant.scope():
        await InterviewType.filter(id=world.kind.id).update(window_days=200)
    return zones.instants(date(2027, 3, 28), time(18), "Europe/Berlin")[0]


async def test_no_reminder_is_off_by_an_hour_when_clocks_change(world: World, run_jobs: Any) -> None:
    start = await _in_berlin(world)
    with frozen_at(start - timedelta(days=3)):
        site = await world.tenant.sign_in("candidate", zone="America/New_York")
        await world.booked(site, stamp(start))
    assert await planned(world) == [(1440, start - timedelta(hours=24)), (60, start - timedelta(hours=1))]
    for minutes, so_far in ((1440, 0), (60, 2)):
        with frozen_at(start - timedelta(minutes=minutes, seconds=1)):
            await run_jobs(world.tenant)
            assert len(await told(world)) == so_far
        with frozen_at(start - timedelta(minutes=minutes)):
            await run_jobs(world.tenant)
            assert len(await told(world)) == so_far + 2
    from tests.plugins.mailbox import mails

    said = [m.text for m in await mails(world.tenant) if m.type_id == "scheduling.reminder"]
    # 18:00 in Berlin after the change; New York changed two weeks before.
    assert sum("18:00" in text and "Berlin" in text for text in said) == 2
    assert sum("12:00" in text and "New York" in text for text in said) == 2


async def test_changing_ones_zone_or_hours_moves_no_reminder(world: World, run_jobs: Any) -> None:
    start = day_after(5, 10)
    site = await world.tenant.sign_in("candidate", zone="Europe/Berlin")
    assert site.account_id is not None
    await world.booked(site, stamp(start))
    before = await planned(world)
    with world.tenant.scope():
        async with unit_of_work():
            await accounts.update_account(site.account_id, zone="Asia/Kolkata")
            await accounts.update_account(world.interviewer_id, zone="Pacific/Chatham")
    with world.tenant.scope():
        weekly = (await Schedule.get(account_id=world.interviewer_id)).weekly
    await save_hours(world, weekly, zone="America/St_Johns", moving="instant")
    assert await planned(world) == before
    with frozen_at(start - timedelta(hours=24, minutes=1)):
        await run_jobs(world.tenant)
        assert await told(world) == []
    with frozen_at(start - timedelta(hours=24)):
        await run_jobs(world.tenant)
    from tests.plugins.mailbox import mails

    said = [m.text for m in await mails(world.tenant) if m.type_id == "scheduling.reminder"]
    wall = f"{zones.wall(start, 'Asia/Kolkata'):%H:%M}"
    assert len(said) == 2
    assert sum(wall in text and "Kolkata" in text for text in said) == 1


async def test_a_clock_that_jumps_repeats_nothing_and_logs_nobody_out(world: World, run_jobs: Any) -> None:
    """An hour forward, back again, an hour back: each reminder once, and everybody stays signed in."""
    start = day_after(5, 10)
    site = await world.tenant.sign_in("candidate")
    await world.booked(site, stamp(start))
    jumps = [timedelta(), timedelta(hours=1), timedelta(), timedelta(hours=-1), timedelta()]
    with frozen_at(start - timedelta(hours=24)):
        await run_jobs(world.tenant)
    for jump in jumps:
        with frozen_at(start - timedelta(hours=23, minutes=50) + jump):
            await run_jobs(world.tenant)
            assert len(await told(world)) == 2
        with shifted_by(jump):
            assert (await site.get("/bookings")).status == 200
    with world.tenant.scope():
        assert Counter(r.result for r in await Reminder.exclude(done_at=None)) == {"sent": 2}
    with frozen_at(start - timedelta(minutes=60) - timedelta(hours=1)):
        await run_jobs(world.tenant)
        assert len(await told(world)) == 2  # an hour slow: not early
    for jump in (timedelta(), timedelta(minutes=20), timedelta(hours=-1), timedelta(minutes=5)):
        with frozen_at(start - timedelta(minutes=60) + jump):
            await run_jobs(world.tenant)
    assert len(await told(world)) == 4
    with world.tenant.scope():
        twice = await sql(
            "SELECT recipient, key FROM notifications_email WHERE tenant_id = $1 GROUP BY 1, 2 HAVING count(*) > 1",
            world.tenant.ref.id,
        )
    assert twice == []
