"""The waiting room, and a second device of the same person."""

from __future__ import annotations

from datetime import timedelta

from kernel import set_settings
from kernel.base.clock import shifted_by
from plugins.live import services as rooms
from plugins.live.models import LiveSession, Presence

from .conftest import FakeBookings, Pair, join, sit_in, ticket


async def early(pair: Pair, bookings: FakeBookings, how: str) -> str:
    """A session that begins in ten minutes, in a house with a waiting room."""
    with pair.tenant.scope():
        await set_settings({"live.lobby": how})
    booking = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id, starts_in=timedelta(minutes=10))
    pair.booking = booking
    return f"/rooms/{booking.id}"


async def test_early_ones_wait_and_are_let_in(pair: Pair, bookings: FakeBookings) -> None:
    room = await early(pair, bookings, "start")
    ada = await join(pair.candidate, room)
    hello = await ada.get("welcome")
    assert hello["lobby"] == "start"
    assert not {"chat", "peers", "people", "media", "timer"} & hello.keys(), "nothing of the room is told"
    await ada.send(t="chat", cid="fromdoor", text="hello?")
    assert (await ada.get("error"))["code"] == "lobby"
    tom = await join(pair.interviewer, room)
    hello = await tom.get("welcome")
    assert (hello["peers"], hello["knocking"], hello["state"]) == ([], [str(pair.candidate.account_id)], "lobby")
    await tom.send(t="chat", cid="interview", text="not for the door")
    await tom.get("chat")
    await ada.send(t="admit", who=str(pair.candidate.account_id))
    assert (await ada.get("error"))["code"] == "lobby", "nobody lets themselves in"
    await tom.send(t="admit", who=str(pair.candidate.account_id))
    await ada.get("admitted")
    assert "not for the door" not in "".join(ada.raw)
    assert (await tom.get("unknock"))["who"] == str(pair.candidate.account_id)
    ada = await join(pair.candidate, room)
    hello = await ada.get("welcome")
    assert (hello["lobby"], [m["text"] for m in hello["chat"]]) == ("", ["not for the door"])
    assert hello["state"] == "live", "let in early, they may begin early"
    again = await join(pair.candidate, room)
    assert (await again.get("welcome"))["lobby"] == "", "who was let in once comes back freely"


async def test_the_start_lets_everybody_in_who_waits_for_it(pair: Pair, bookings: FakeBookings) -> None:
    room = await early(pair, bookings, "start")
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    guest = await sit_in(pair.tenant.visitor(), link, pair.booking)
    assert (await guest.get("welcome"))["lobby"] == "start"
    tom = await join(pair.interviewer, room)
    await tom.get("welcome")
    with pair.tenant.scope(), shifted_by(timedelta(minutes=10, seconds=1)):
        await Presence.all().update(seen_at=pair.booking.starts_at)
        session = await LiveSession.get(booking_id=pair.booking.id)
        await rooms.admit_due(session.id)
        await rooms.admit_due(session.id)
    await guest.get("admitted")
    await tom.get("unknock")
    assert [m["t"] for m in guest.messages].count("admitted") == 1


async def test_whoever_waits_at_the_door_is_not_absent(pair: Pair, bookings: FakeBookings) -> None:
    room = await early(pair, bookings, "host")
    wires = [await join(site, room) for site in (pair.candidate, pair.interviewer)]
    for wire in wires:
        await wire.get("welcome")
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        assert session.state == "lobby", "before the start only people in the room make a session"
        with shifted_by(timedelta(minutes=25)):
            await Presence.all().update(seen_at=pair.booking.starts_at + timedelta(minutes=15))
            assert (await rooms.settle(session.id)).state == "live"


async def test_a_second_device_is_asked_before_it_takes_over(pair: Pair) -> None:
    room, json = pair.room, {"Accept": "application/json"}
    first = await pair.candidate.socket(f"{room}/ws?ticket={await ticket(pair.candidate, room, tab='laptop')}")
    await first.receive(5)
    phone = await pair.tenant.sign_in(account_id=pair.candidate.account_id)
    assert (await phone.get(f"{room}/check?tab=phone")).json()["elsewhere"] is True
    assert (await phone.get(f"{room}/check?tab=laptop")).json()["elsewhere"] is False
    answer = await phone.post(f"{room}/ticket", {"tab": "phone"}, headers=json)
    assert (answer.status, answer.json()["code"]) == (409, "elsewhere")
    assert (await pair.candidate.post(f"{room}/ticket", {"tab": "laptop"})).status == 200, "a reload is not asked"
    moved = await phone.socket(f"{room}/ws?ticket={await ticket(phone, room, tab='phone', move='true')}")
    while (await first.receive(5)).data != 4001:
        pass
    await moved.close()


async def test_moving_the_booking_empties_the_room(pair: Pair, bookings: FakeBookings) -> None:
    ada = await join(pair.candidate, pair.room)
    await ada.get("welcome")
    day = timedelta(days=1)
    times = {"starts_at": pair.booking.starts_at + day, "ends_at": pair.booking.ends_at + day}
    booking = bookings.change(pair.booking.id, **times, ical_sequence=1)
    with pair.tenant.scope():
        session = await rooms.opened(booking)
        assert (session.state, session.starts_at) == ("scheduled", booking.starts_at)
    assert await ada.closed() == 4004
    assert (await pair.candidate.post(f"{pair.room}/ticket")).status == 403
