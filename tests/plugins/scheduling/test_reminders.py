"""One reminder per offset, only for a session that still stands at the time it was planned for."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import happened, now, published_events, sql
from kernel.base.clock import frozen_at
from plugins.scheduling import notifications
from plugins.scheduling.services import changes

from .conftest import World, day_after, stamp


async def _planned(world: World) -> list[tuple[int, Any]]:
    with world.tenant.scope():
        rows = await sql(
            "SELECT args::text AS args, run_at FROM kernel_job WHERE tenant_id = $1 AND name = 'scheduling.remind'"
            " AND state = 'ready' ORDER BY run_at",
            world.tenant.ref.id,
        )
    return [(json.loads(row.args)["offset"], row.run_at) for row in rows]


async def _due(world: World) -> list[dict[str, Any]]:
    with world.tenant.scope():
        return [dict(e.data) async for e in published_events("scheduling.reminder_due.v1")]


async def test_each_offset_once(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    assert await _planned(world) == [(1440, start - timedelta(days=1)), (60, start - timedelta(hours=1))]
    with frozen_at(start - timedelta(hours=24)):
        await run_jobs(world.tenant)
        await run_jobs(world.tenant)
    assert [e["offset_minutes"] for e in await _due(world)] == [1440]
    with frozen_at(start - timedelta(minutes=60)):
        await run_jobs(world.tenant)
    assert [e["offset_minutes"] for e in await _due(world)] == [1440, 60]


async def test_an_offset_that_has_passed_is_left_out(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(2, 10)
    with frozen_at(start - timedelta(hours=20)):
        await world.booked(site, stamp(start))
        await run_jobs(world.tenant)
        assert [offset for offset, _at in await _planned(world)] == [60]
    assert await _due(world) == []


async def test_none_for_a_cancelled_session(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
    assert await _planned(world) == []
    with world.tenant.scope(), frozen_at(start - timedelta(hours=1)):
        # Even one that slipped through is checked when its time comes.
        assert await changes.remind(booking_id, 0, 60) is False
    assert await _due(world) == []


async def test_a_moved_session_is_reminded_of_at_its_new_time_only(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start, new = day_after(5, 10), day_after(7, 12)
    booking_id = await world.booked(site, stamp(start))
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(new)})
    assert [at for _o, at in await _planned(world)] == [new - timedelta(days=1), new - timedelta(hours=1)]
    with world.tenant.scope(), frozen_at(start - timedelta(hours=1)):
        assert await changes.remind(booking_id, 0, 60) is False  # planned for the old time
    with world.tenant.scope(), frozen_at(new - timedelta(minutes=60)):
        assert await changes.remind(booking_id, 1, 60) is True


async def test_no_flood_after_a_long_stop(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    with world.tenant.scope(), frozen_at(start + timedelta(minutes=5)):
        assert await changes.remind(booking_id, 0, 1440) is False
        assert await changes.remind(booking_id, 0, 60) is False


async def _notices(world: World, event: str, compose: Any) -> list[Any]:
    with world.tenant.scope():
        found = [e async for e in published_events(event)]
        again = await happened(found[-1].id)
        assert again is not None
        return list(await compose(again))


async def test_mails_carry_the_calendar_file(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    notices = await _notices(world, "scheduling.booking_confirmed.v1", notifications.confirmed)
    assert {n.account_id for n in notices} == {site.account_id, world.interviewer_id}
    assert [n.params["partner"] for n in notices] == ["Maya Lind", "Ada Novak"]
    for notice in notices:
        ((name, kind, data),) = notice.attachments
        assert name == "session.ics"
        assert "method=REQUEST" in kind
        assert f"UID:{booking_id}@greenroom".encode() in data
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(day_after(6, 10))})
    moved = await _notices(world, "scheduling.booking_rescheduled.v1", notifications.moved)
    assert all(b"SEQUENCE:1" in n.attachments[0][2] for n in moved)
    await site.post(f"/bookings/{booking_id}/cancel", {"reason": "Ill"})
    called = await _notices(world, "scheduling.booking_cancelled.v1", notifications.cancelled)
    assert all("method=CANCEL" in n.attachments[0][1] and b"SEQUENCE:2" in n.attachments[0][2] for n in called)
    assert all(n.params["reason"] == "Ill" for n in called)
    # The news of the move is stale by now: nobody is told the time of a cancelled session.
    assert await _notices(world, "scheduling.booking_rescheduled.v1", notifications.moved) == []


async def test_a_reminder_composed_too_late_says_nothing(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    with world.tenant.scope(), frozen_at(start - timedelta(minutes=60)):
        await changes.remind(booking_id, 0, 60)
        first = await _notices(world, "scheduling.reminder_due.v1", notifications.reminder)
        assert len({n.key for n in first}) == 2
        await changes.cancel(booking_id, "candidate", "")
        assert await _notices(world, "scheduling.reminder_due.v1", notifications.reminder) == []
    assert UUID(str(booking_id)) == booking_id
    assert now() < start
