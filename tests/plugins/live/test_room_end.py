"""How a session ends: by somebody, by absence, by a dead process, by its booking."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from kernel import published_events
from kernel.base.clock import shifted_by
from plugins.live import services as rooms
from plugins.live.models import LiveSession, Presence
from plugins.live.states.session import State

from .conftest import FakeBookings, Pair, both, join, state_of, ticket

# --- the end -----------------------------------------------------------------------------------------------------


async def test_ending_closes_the_room_for_both_and_tells_others(pair: Pair, bookings: FakeBookings) -> None:
    first, second = await both(pair)
    await second.send(t="end")
    for wire_ in (first, second):
        assert await wire_.closed() == 4004
        assert wire_.messages[-1] == {"t": "state", "state": "ended", "cause": "ended"}
    assert await state_of(pair) == "ended"
    assert ("finish", pair.booking.id, "completed") in bookings.told
    assert (await pair.candidate.post(f"{pair.room}/ticket")).status == 403
    page = await pair.candidate.get(pair.room)
    assert page.status == 200
    assert "Session ended" in page.text
    with pair.tenant.scope():
        (ended,) = [e async for e in published_events("live.session_ended.v1")]
        assert ended.data["ended_by"] == str(pair.interviewer.account_id)
        assert await Presence.filter(left_at=None).count() == 0
    again = await pair.interviewer.post(f"{pair.room}/end")
    assert again.status == 303, "ending twice is no error"


async def test_nothing_is_ended_that_has_not_begun(pair: Pair) -> None:
    assert (await pair.interviewer.post(f"{pair.room}/end", follow=True)).status == 200
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    assert (await pair.candidate.post(f"{pair.room}/end")).status == 303
    assert await state_of(pair) == "lobby"


async def test_somebody_gone_interrupts_and_coming_back_goes_on(pair: Pair) -> None:
    first, second = await both(pair)
    await first.ws.close()
    await second.get("left")
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        with shifted_by(timedelta(seconds=21)):
            await rooms.settle(session.id)
            assert await state_of(pair) == "interrupted"
    while (await second.get("state"))["state"] != "interrupted":
        pass
    await (await join(pair.candidate, pair.room, resume=2)).get("welcome")
    assert await state_of(pair) == "live"


async def test_who_waits_alone_for_the_grace_time_was_stood_up(pair: Pair, bookings: FakeBookings) -> None:
    waiting = await join(pair.interviewer, pair.room)
    await waiting.get("welcome")
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        assert session.waiting_told
        with shifted_by(timedelta(minutes=11)):
            await Presence.filter(session_id=session.id).update(seen_at=session.starts_at + timedelta(minutes=12))
            await rooms.sweep()
            await rooms.sweep()
        (no_show,) = [e async for e in published_events("live.no_show.v1")]
        assert no_show.data["missing"] == "candidate"
        assert len([e async for e in published_events("live.participant_waiting.v1")]) == 1
    assert await waiting.closed() == 4004
    assert bookings.told == [("finish", pair.booking.id, "no_show_candidate")]


async def test_the_sweep_finds_sessions_that_nobody_entered(pair: Pair, bookings: FakeBookings) -> None:
    with pair.tenant.scope():
        with shifted_by(timedelta(minutes=30)):
            await rooms.sweep()
        assert bookings.told == []
        with shifted_by(timedelta(minutes=91)):
            await rooms.sweep()
        assert bookings.told == [("finish", pair.booking.id, "no_show_both")]


async def test_a_dead_process_leaves_no_ghost(pair: Pair) -> None:
    first, second = await both(pair)
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        await first.ws.close()
        await second.ws.close()
        await asyncio.sleep(0.1)
        # as a killed process leaves them
        await Presence.filter(session_id=session.id).update(left_at=None)
        with shifted_by(timedelta(minutes=2)):
            await rooms.settle(session.id)
            assert await state_of(pair) == "interrupted"
            assert await Presence.filter(session_id=session.id, left_at=None).count() == 0


async def test_a_cancelled_booking_closes_its_room(pair: Pair) -> None:
    first, _second = await both(pair)
    with pair.tenant.scope():
        await rooms.cancelled(pair.booking.id)
        await rooms.cancelled(pair.booking.id)
    assert await first.closed() == 4004
    assert await state_of(pair) == State.CANCELLED


async def test_a_moved_booking_moves_its_room(pair: Pair, bookings: FakeBookings) -> None:
    await ticket(pair.candidate, pair.room)
    booking = bookings.change(pair.booking.id, starts_at=pair.booking.starts_at + timedelta(days=1),
                              ends_at=pair.booking.ends_at + timedelta(days=1))  # fmt: skip
    with pair.tenant.scope():
        session = await rooms.opened(booking)
        assert session.starts_at == booking.starts_at
    assert (await pair.candidate.post(f"{pair.room}/ticket")).status == 403
