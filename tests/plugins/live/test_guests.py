"""More than two in a room: a panel, guests and observers by their links, seats, and taking invitations back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from kernel import set_settings
from kernel.testing.people import Site
from plugins.live import services as rooms
from plugins.live.hub.connection import Connection
from plugins.live.models import LiveSession, Presence
from plugins.live.services import life

from .conftest import FakeBookings, Pair, Wire, join, sit_in, ticket

WATCHING = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=recvonly\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n"
)


async def seated(site: Site, room: str) -> Wire:
    wire = await join(site, room)
    await wire.get("welcome")
    return wire


@pytest.fixture
async def panel(pair: Pair, bookings: FakeBookings) -> tuple[Pair, Site]:
    """The pair's session with a second interviewer."""
    second = await pair.tenant.sign_in("interviewer", name="Wen Li")
    pair.booking = bookings.change(pair.booking.id, second_id=second.account_id, second_name="Wen Li")
    return pair, second


async def test_a_panel_of_two_and_a_guest_meet(panel: tuple[Pair, Site], bookings: FakeBookings) -> None:
    pair, wen = panel
    assert "Waiting for the others" in (await pair.candidate.get(pair.room)).text  # two names are not one person
    assert "Waiting for {name}" in (await pair.interviewer.get(pair.room)).text
    ada, tom, second = await seated(pair.candidate, pair.room), await seated(pair.interviewer, pair.room), None
    second = await join(wen, pair.room)
    hello = await second.get("welcome")
    assert hello["role"] == "interviewer"
    assert [(p["role"], p["epoch"]) for p in hello["peers"]] == [("candidate", 3), ("interviewer", 3)]
    assert hello["note"] == {"body": "", "version": 0}, "each interviewer has notes of their own"
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    guest = await sit_in(pair.tenant.visitor(), link, pair.booking, "Eve\u202e\nSmith")
    hello = await guest.get("welcome")
    assert (hello["role"], len(hello["peers"]), "note" in hello) == ("guest", 3, False)
    for wire in (ada, tom, second):
        who = None
        while who is None or who["role"] != "guest":
            who = (await wire.get("joined"))["who"]
        assert who["name"] == "Eve Smith"
    await guest.send(t="chat", cid="guest001", text="hello from outside")
    said = await tom.get("chat")
    assert (said["text"], said["who"]) == ("hello from outside", who["id"])
    await guest.send(t="note", base=0, body="mine?")
    assert (await guest.get("error"))["code"] == "refused"
    for forbidden in ({"t": "end"}, {"t": "timer", "do": "start", "base": 1}, {"t": "admit", "who": who["id"]}):
        await guest.send(**forbidden)
        assert (await guest.get("error"))["code"] == "refused"
    await tom.send(t="note", base=0, body="weak on indexes")
    await tom.get("note_saved")
    await tom.send(t="chat", cid="afternot", text="go on")
    await guest.get("chat")
    assert "weak on indexes" not in "".join([*guest.raw, *second.raw, *ada.raw])


async def test_signals_reach_only_whom_they_are_for_and_repairs_only_their_pair(
    panel: tuple[Pair, Site],
) -> None:
    pair, wen = panel
    ada, tom, second = [await seated(site, pair.room) for site in (pair.candidate, pair.interviewer, wen)]
    cand = {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}
    await ada.send(t="signal", to=str(wen.account_id), epoch=3, cand=cand)
    assert (await second.get("signal"))["from"] == str(pair.candidate.account_id)
    await ada.send(t="rebuild", to=str(wen.account_id), epoch=3)
    assert (await ada.get("epoch"))["who"] == str(wen.account_id)
    assert (await second.get("epoch"))["epoch"] == 4
    await tom.send(t="ping", at=1)
    await tom.get("pong")
    assert not {"signal", "epoch"} & {m["t"] for m in tom.messages}
    await second.ws.close()
    back = await join(wen, pair.room, resume=3)
    peers = {p["id"]: p["epoch"] for p in (await back.get("welcome"))["peers"]}
    assert peers == {str(pair.candidate.account_id): 4, str(pair.interviewer.account_id): 3}


async def test_an_observer_sees_and_hears_and_stays_silent(pair: Pair, bookings: FakeBookings) -> None:
    tom = await seated(pair.interviewer, pair.room)
    link = bookings.invitations.invite(pair.booking, "eve@example.test", "observer")
    eve = pair.tenant.visitor()
    page = await eve.get(link)
    assert page.status == 200
    assert "data-chat-form" not in page.text
    assert "data-mic-toggle" not in page.text
    assert "data-note" not in page.text
    wire = await sit_in(eve, link, pair.booking)
    assert [p["role"] for p in (await wire.get("welcome"))["peers"]] == ["interviewer"]
    to = str(pair.interviewer.account_id)
    await wire.send(t="media", audio=True, video=False, screen=False)
    assert (await wire.get("error"))["code"] == "watching"
    await wire.send(t="signal", to=to, epoch=2, desc={"type": "offer", "sdp": WATCHING.replace("recvonly", "sendrecv")})
    assert (await wire.get("error"))["code"] == "sdp_sends"
    await wire.send(
        t="signal", to=to, epoch=2, desc={"type": "offer", "sdp": WATCHING.replace("a=recvonly\r\n", "", 1)}
    )
    assert (await wire.get("error"))["code"] == "sdp_sends", "a line that says nothing goes both ways"
    await wire.send(t="signal", to=to, epoch=2, desc={"type": "offer", "sdp": WATCHING})
    assert (await tom.get("signal"))["desc"]["type"] == "offer"
    await wire.send(t="chat", cid="observer", text="psst")
    assert (await wire.get("error"))["code"] == "refused"
    with pair.tenant.scope():
        await set_settings({"live.observers_write": True})
    await wire.send(t="chat", cid="observer", text="psst")
    assert (await tom.get("chat"))["text"] == "psst"


async def test_seats_are_for_the_parties_first_and_the_answer_is_clear_when_full(
    pair: Pair, bookings: FakeBookings
) -> None:
    with pair.tenant.scope():
        await set_settings({"live.seats": 3})
    first, second = (bookings.invitations.invite(pair.booking, f"{n}@example.test") for n in ("one", "two"))
    guest, late = pair.tenant.visitor(), pair.tenant.visitor()
    early = await ticket(late, second)
    inside = await sit_in(guest, first, pair.booking)
    await inside.get("welcome")
    answer = await late.post(f"{second}/ticket", headers={"Accept": "application/json"})
    assert answer.status == 409
    assert answer.json()["code"] == "full"
    assert "seats" in answer.json()["detail"]
    raced = Wire(await late.socket(f"/guest-rooms/{pair.booking.id}/ws?ticket={early}"))
    assert await raced.closed() == 4009, "a ticket from before is no seat"
    await (await join(pair.candidate, pair.room)).get("welcome")
    await (await join(pair.interviewer, pair.room)).get("welcome")
    await inside.ws.close()
    while (await late.post(f"{second}/ticket")).status == 409:
        pass
    await (await sit_in(late, second, pair.booking)).get("welcome")


async def test_a_guest_s_link_is_bound_revocable_and_ends_with_the_time(pair: Pair, bookings: FakeBookings) -> None:
    tom = await seated(pair.interviewer, pair.room)
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    eve = pair.tenant.visitor()
    assert (await eve.get(link[:-3] + "abc")).status == 404
    assert (await eve.post(f"{link}/ticket", csrf=False)).status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await eve.socket(f"/guest-rooms/{pair.booking.id}/ws?ticket={await ticket(pair.candidate, pair.room)}")
    assert caught.value.status == 403, "an account's ticket is not a guest's"
    guest = await sit_in(eve, link, pair.booking, "Eve")
    await guest.get("welcome")
    spare = await ticket(eve, link)
    who = (await tom.get("joined"))["who"]["id"]
    await tom.send(t="remove", who=who)
    assert await guest.closed() == 4003
    assert (await tom.get("left"))["who"] == who
    assert (await eve.get(link)).status == 404
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await eve.socket(f"/guest-rooms/{pair.booking.id}/ws?ticket={spare}")

    link = bookings.invitations.invite(pair.booking, "bob@example.test")
    spare = await ticket(eve, link)
    bookings.change(pair.booking.id, starts_at=pair.booking.starts_at + timedelta(minutes=5), ical_sequence=1)
    page = await eve.get(link)
    assert page.status == 410
    assert "another time or interviewer" in page.text
    assert (await eve.post(f"{link}/ticket")).status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await eve.socket(f"/guest-rooms/{pair.booking.id}/ws?ticket={spare}")
    assert caught.value.status == 403, "nor does a ticket of the old time"


async def test_who_is_sent_out_while_coming_in_does_not_stay(
    panel: tuple[Pair, Site], bookings: FakeBookings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, wen = panel
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    entering = rooms.hub.enter

    async def uninvited() -> None:
        await bookings.invitations.withdraw(pair.booking.id, "eve@example.test")

    async def replaced() -> None:
        bookings.change(pair.booking.id, second_id=None)

    def after(losing: Callable[[], Awaitable[None]]) -> Any:
        async def enter(*args: Any) -> None:
            """They lose their part after the last look at it, and before they could hear that."""
            await losing()
            await entering(*args)
            await rooms.hub.post(args[0], {"t": "chat", "text": "among us"})

        return enter

    guest_room = f"/guest-rooms/{pair.booking.id}"
    for site, place, room, losing in (
        (pair.tenant.visitor(), link, guest_room, uninvited),
        (wen, pair.room, pair.room, replaced),
    ):
        secret = await ticket(site, place)
        with monkeypatch.context() as patch:
            patch.setattr(rooms.hub, "enter", after(losing))
            wire = Wire(await site.socket(f"{room}/ws?ticket={secret}"))
            assert await wire.closed() == 4004
        assert [m["t"] for m in wire.messages] == ["error"], "nothing of the room"
    with pair.tenant.scope():
        async with asyncio.timeout(5):
            while await Presence.filter(left_at=None).exists():
                await asyncio.sleep(0.02)


async def test_who_is_sent_out_says_no_more_though_they_read_slowly(
    pair: Pair, bookings: FakeBookings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tom = await seated(pair.interviewer, pair.room)
    stuck = asyncio.Event()

    async def never(_connection: Connection) -> None:
        await stuck.wait()

    monkeypatch.setattr(Connection, "write", never)
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    guest = await sit_in(pair.tenant.visitor(), link, pair.booking, "Eve")
    who = (await tom.get("joined"))["who"]["id"]
    await tom.send(t="remove", who=who)
    assert (await tom.get("left"))["who"] == who
    await guest.send(t="chat", cid="lastword", text="one more thing")
    stuck.set()
    await guest.closed()
    await tom.send(t="chat", cid="afterall", text="alone")
    assert (await tom.get("chat"))["text"] == "alone"


async def test_only_the_parties_take_invitations_back(pair: Pair, bookings: FakeBookings) -> None:
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    eve = await pair.tenant.sign_in("candidate")
    assert (await eve.post(f"{pair.room}/uninvite", {"email": "eve@example.test"})).status == 404
    assert (await eve.get(link)).status == 200
    assert (await pair.candidate.post(f"{pair.room}/uninvite", {"email": " Eve@Example.test"})).status == 303
    assert (await eve.get(link)).status == 404


async def test_guests_do_not_count_as_present_parties(pair: Pair, bookings: FakeBookings) -> None:
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    guest = await sit_in(pair.tenant.visitor(), link, pair.booking)
    hello = await guest.get("welcome")
    assert hello["state"] == "scheduled", "a guest alone opens nothing"
    ada = await join(pair.candidate, pair.room)
    assert (await ada.get("welcome"))["state"] == "lobby", "a candidate and a guest are not a session"
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        assert await Presence.filter(session_id=session.id, role="guest").count() == 1
        assert [stay.role for stay in await life.stays_of(session)] == ["candidate"], "nor do they weigh on what is due"
        later = await LiveSession.get(id=session.id)
        await LiveSession.filter(id=later.id).update(starts_at=later.starts_at - timedelta(minutes=30))
        await Presence.filter(session_id=session.id).update(joined_at=later.starts_at - timedelta(minutes=30))
        settled = await rooms.settle(session.id)
    assert settled.state == "no_show_interviewer"


async def test_who_lost_their_part_is_sent_out_though_nobody_told_the_room(
    panel: tuple[Pair, Site], bookings: FakeBookings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, wen = panel
    monkeypatch.setattr(rooms, "BEAT", 0.02)
    tom, second = await seated(pair.interviewer, pair.room), await seated(wen, pair.room)
    guest = await sit_in(
        pair.tenant.visitor(), bookings.invitations.invite(pair.booking, "eve@example.test"), pair.booking
    )
    await guest.get("welcome")
    bookings.change(pair.booking.id, second_id=None, ical_sequence=1, ends_at=pair.booking.ends_at + timedelta(hours=1))
    await bookings.invitations.withdraw(pair.booking.id, "eve@example.test")
    assert [await second.closed(), await guest.closed()] == [4003, 4003]
    await tom.send(t="ping", at=1)
    await tom.get("pong")


async def test_whoever_lost_the_session_is_sent_out(panel: tuple[Pair, Site], bookings: FakeBookings) -> None:
    pair, wen = panel
    second = await seated(wen, pair.room)
    bookings.change(pair.booking.id, second_id=None)
    with pair.tenant.scope():
        session = await LiveSession.get(booking_id=pair.booking.id)
        await rooms.send_away(session.id, wen.account_id, "reassigned")
    assert await second.closed() == 4003
    assert (await wen.post(f"{pair.room}/ticket")).status == 404
