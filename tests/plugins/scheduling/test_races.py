"""Races over HTTP. `GREENROOM_RACES=100` runs each of them so many times in a row."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from kernel import sql_one
from plugins.scheduling.models import Booking

from .conftest import World, day_after, instant, stamp

ROUNDS = int(os.environ.get("GREENROOM_RACES", "2"))
OVERLAPS = (
    "SELECT count(*) AS n FROM scheduling_booking a JOIN scheduling_booking b ON a.id < b.id"
    " AND a.interviewer_id = b.interviewer_id AND a.guard_from < b.guard_to AND b.guard_from < a.guard_to"
    " WHERE a.tenant_id = $1 AND b.tenant_id = $1 AND a.status IN ('held','pending','accepted','in_progress')"
    " AND b.status IN ('held','pending','accepted','in_progress')"
)


async def _people(world: World, count: int) -> list[Any]:
    sites = [await world.tenant.sign_in("candidate") for _n in range(count)]
    await asyncio.gather(*(site.token() for site in sites))
    return sites


async def _hold(world: World, site: Any, start: str) -> Any:
    """Through the JSON twin: the page's form is limited to 60 a minute for one person."""
    body = {"interviewer": world.slug, "type": world.kind.slug, "start": start}
    return await site.post("/api/v1/scheduling/bookings", json=body)


async def _overlaps(world: World) -> int:
    with world.tenant.scope():
        row = await sql_one(OVERLAPS, world.tenant.ref.id)
    assert row is not None
    return int(row.n)


@pytest.mark.slow
@pytest.mark.timeout(60 + 6 * ROUNDS)
async def test_fifty_attempts_one_success_and_49_clear_answers(world: World) -> None:
    sites = await _people(world, 50)
    for n in range(ROUNDS):
        start = stamp(day_after(3 + n % 40, 8 + n // 40))
        answers = await asyncio.gather(*(_hold(world, site, start) for site in sites))
        won = [a for a in answers if a.status == 201]
        lost = [a for a in answers if a.status == 409]
        assert (len(won), len(lost)) == (1, 49), [a.status for a in answers]
        for answer in lost:
            assert "This time was just taken." in answer.text
            assert answer.json()["code"] == "busy"
            nearest = answer.json()["nearest"]
            assert len(set(nearest)) == 3
            assert all(abs((instant(s) - instant(start)).total_seconds()) <= 6 * 3600 for s in nearest)
            assert start not in nearest
        assert await _overlaps(world) == 0
        with world.tenant.scope():
            await Booking.all().update(status="expired", hold_until=None)


@pytest.mark.slow
@pytest.mark.timeout(60 + 6 * ROUNDS)
async def test_overlapping_lengths_from_both_sides(world: World) -> None:
    """Starts half an hour apart overlap: of each neighbouring pair at most one is had."""
    sites = await _people(world, 12)
    for n in range(ROUNDS):
        base = day_after(3 + n % 40, 8)
        starts = [stamp(base.replace(minute=m, hour=base.hour + h)) for h in range(2) for m in (0, 30)]
        answers = await asyncio.gather(*(_hold(world, site, starts[i % 4]) for i, site in enumerate(sites)))
        assert {a.status for a in answers} <= {201, 409, 422}
        assert 1 <= sum(a.status == 201 for a in answers) <= 2
        assert await _overlaps(world) == 0
        with world.tenant.scope():
            await Booking.all().update(status="expired", hold_until=None)


@pytest.mark.slow
@pytest.mark.timeout(60 + 6 * ROUNDS)
async def test_cancel_move_and_start_at_the_same_instant(world: World) -> None:
    from plugins.scheduling.queries import BOOKINGS

    site = await world.tenant.sign_in("candidate")
    for n in range(ROUNDS):
        old, new = stamp(day_after(3 + n % 30, 10)), stamp(day_after(3 + n % 30, 14))
        booking_id = (await _hold(world, site, old)).json()["id"]
        await site.post(f"/api/v1/scheduling/bookings/{booking_id}/confirm", json={})
        path = f"/api/v1/scheduling/bookings/{booking_id}"

        async def began(booking_id: Any = booking_id) -> Any:
            with world.tenant.scope():
                try:
                    await BOOKINGS.start(booking_id)
                except Exception as exc:
                    return getattr(exc, "status", 500)
            return 200

        cancelled, moved, started = await asyncio.gather(
            site.post(f"{path}/cancel", json={"code": "ill"}), site.post(f"{path}/reschedule", json={"start": new}),
            began(),
        )  # fmt: skip
        assert {cancelled.status, moved.status, started} <= {200, 409}
        row = await world.row(booking_id)
        # Exactly one of the two ends; who lost was told so.
        assert row.status in ("cancelled", "in_progress")
        assert (cancelled.status == 200) == (row.status == "cancelled")
        assert (started == 200) == (row.status == "in_progress")
        assert stamp(row.starts_at) == (new if moved.status == 200 else old)
        free = await world.starts()
        assert (stamp(row.starts_at) in free) == (row.status == "cancelled")
        with world.tenant.scope():
            await Booking.all().update(status="completed")
