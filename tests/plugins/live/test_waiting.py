"""How long somebody waits alone before the other one counts as absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kernel.base.clock import shifted_by
from plugins.live import services as rooms
from plugins.live.models import LiveSession, Presence

from .conftest import FakeBookings, Pair, join


async def test_people_wait_as_long_as_the_booking_s_policy_says(pair: Pair, bookings: FakeBookings) -> None:
    bookings.rows[pair.booking.id] = replace(bookings.rows[pair.booking.id], wait_minutes=20)
    waiting = await join(pair.interviewer, pair.room)
    await waiting.get("welcome")
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        await Presence.filter(session_id=session.id).update(seen_at=session.starts_at + timedelta(minutes=22))
        with shifted_by(timedelta(minutes=19)):
            await rooms.sweep()
            assert bookings.told == []
        with shifted_by(timedelta(minutes=21)):
            await rooms.sweep()
    assert bookings.told == [("finish", pair.booking.id, "no_show_candidate")]
