"""Rooms over real HTTP and real sockets: who gets in, what is said to whom, how it begins and ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import aiohttp
import pytest

from kernel import one_time, published_events
from kernel.base.clock import shifted_by
from kernel.testing.people import Site
from plugins.live import services as rooms
from plugins.live import tickets
from plugins.live.hub import wire
from plugins.live.models import ChatMessage, LiveSession, Presence
from plugins.live.states.session import State

from .conftest import FakeBookings, Pair, Wire, join, ticket


async def refused(site: Site, path: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await site.socket(path)
    return caught.value.status


async def both(pair: Pair) -> tuple[Wire, Wire]:
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    second = await join(pair.interviewer, pair.room)
    await second.get("welcome")
    return first, second


async def state_of(pair: Pair) -> str:
    with pair.tenant.scope():
        return (await LiveSession.get(booking_id=pair.booking.id)).state


# --- getting in --------------------------------------------------------------------------------------------------


async def test_both_are_let_in_and_meet(pair: Pair, bookings: FakeBookings) -> None:
    first = await join(pair.candidate, pair.room)
    hello = await first.get("welcome")
    assert (hello["role"], hello["peers"], hello["state"], hello["epoch"]) == ("candidate", [], "lobby", 1)
    assert hello["media"] == {"engine": "p2p", "ice": [], "policy": "all"}
    second = await join(pair.interviewer, pair.room)
    hello = await second.get("welcome")
    assert (hello["role"], hello["state"], hello["epoch"]) == ("interviewer", "live", 2)
    assert hello["peers"] == [{"id": str(pair.candidate.account_id), "role": "candidate", "epoch": 2}]
    assert {p["name"] for p in hello["people"]} == {"Ada Novak", "Tomás Ferreira"}
    joined = await first.get("joined")
    assert (joined["epoch"], joined["who"]["name"]) == (2, "Tomás Ferreira")
    assert ("start", pair.booking.id, "") in bookings.told
    with pair.tenant.scope():
        assert [e async for e in published_events("live.session_started.v1")]


async def test_a_third_person_is_refused_before_the_upgrade(pair: Pair) -> None:
    await both(pair)
    eve = await pair.tenant.sign_in("candidate")
    assert (await eve.post(f"{pair.room}/ticket")).status == 404
    assert await refused(eve, f"{pair.room}/ws?ticket=whatever") == 404
    stolen = await ticket(pair.candidate, pair.room)
    assert await refused(eve, f"{pair.room}/ws?ticket={stolen}") == 404
    page = await eve.get(pair.room)
    assert page.status == 404
    assert "Tom" not in page.text
    admin = await pair.tenant.sign_in("admin")
    assert await refused(admin, f"{pair.room}/ws?ticket=x") == 404, "an admin does not sit in either"


async def test_tickets_work_once_for_one_person_one_room_one_minute(pair: Pair, bookings: FakeBookings) -> None:
    path = f"{pair.room}/ws?ticket="
    assert await refused(pair.candidate, path) == 403
    assert await refused(pair.candidate, path + "x" * 43) == 403
    assert await refused(pair.candidate, path + "x" * 5000) == 403
    used = await ticket(pair.candidate, pair.room)
    await (await pair.candidate.socket(path + used)).close()
    assert await refused(pair.candidate, path + used) == 403, "replayed"
    assert await refused(pair.interviewer, path + await ticket(pair.candidate, pair.room)) == 403, "another's"
    other = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id)
    theirs = await ticket(pair.candidate, f"/rooms/{other.id}")
    assert await refused(pair.candidate, path + theirs) == 403, "another room's"
    old = await ticket(pair.candidate, pair.room)
    with shifted_by(timedelta(seconds=61)):
        assert await refused(pair.candidate, path + old) == 403, "expired"
    laptop = await pair.tenant.sign_in(account_id=pair.candidate.account_id)
    assert await refused(laptop, path + await ticket(pair.candidate, pair.room)) == 403, "another sign-in's"


async def test_a_redeemed_ticket_is_gone_even_when_it_did_not_fit(pair: Pair) -> None:
    secret = await ticket(pair.candidate, pair.room)
    assert await refused(pair.interviewer, f"{pair.room}/ws?ticket={secret}") == 403
    with pair.tenant.scope():
        assert await one_time.peek("live.join", secret) is None


async def test_pages_of_other_sites_and_strangers_get_nothing(pair: Pair) -> None:
    secret = await ticket(pair.candidate, pair.room)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await pair.candidate.socket(f"{pair.room}/ws?ticket={secret}", headers={"Origin": "http://evil.example"})
    assert caught.value.status == 403
    visitor = pair.tenant.visitor()
    assert (await visitor.get(f"{pair.room}/check", headers={"Accept": "application/json"})).status == 401
    assert (await pair.candidate.post(f"{pair.room}/ticket", csrf=False)).status == 403
    for unknown in (str(uuid4()), "x", "0" * 36):
        assert (await pair.candidate.get(f"/rooms/{unknown}")).status == 404
        assert (await pair.candidate.post(f"/rooms/{unknown}/ticket")).status == 404


@pytest.mark.parametrize(
    ("starts_in", "status", "page", "socket"),
    [
        (timedelta(minutes=14), "accepted", 200, 200),
        (timedelta(minutes=16), "accepted", 200, 403),
        (timedelta(minutes=-89), "accepted", 200, 200),
        (timedelta(minutes=-91), "accepted", 200, 403),
        (timedelta(), "pending", 200, 403),
        (timedelta(), "held", 200, 403),
        (timedelta(), "cancelled", 410, 403),
        (timedelta(), "completed", 200, 403),
    ],
)
async def test_the_room_is_open_around_the_session_only(
    pair: Pair, bookings: FakeBookings, starts_in: timedelta, status: str, page: int, socket: int
) -> None:
    booking = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id, starts_in=starts_in, status=status)
    room = f"/rooms/{booking.id}"
    answer = await pair.candidate.get(room)
    assert answer.status == page
    assert (await pair.candidate.post(f"{room}/ticket")).status == socket
    if socket == 200:
        assert (await (await join(pair.candidate, room)).get("welcome"))["t"] == "welcome"


async def test_only_the_room_page_may_use_camera_and_microphone(pair: Pair) -> None:
    page = await pair.candidate.get(pair.room)
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "microphone=(self)" in page.headers["Permissions-Policy"]
    assert "camera=()" in (await pair.candidate.get("/home")).headers["Permissions-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert " style=" not in page.text
    assert "onclick" not in page.text


# --- coming back -------------------------------------------------------------------------------------------------


async def test_a_lost_socket_resumes_the_epoch_and_a_reload_makes_a_new_one(pair: Pair) -> None:
    first, second = await both(pair)
    await first.ws.close()
    assert (await second.get("left"))["who"] == str(pair.candidate.account_id)
    first = await join(pair.candidate, pair.room, resume=1)
    hello = await first.get("welcome")
    assert (hello["resumed"], hello["epoch"]) == (True, 1)
    assert hello["peers"][0]["epoch"] == 2, "the pair's connection is that of whoever came last"
    assert (await second.get("resumed"))["who"]["role"] == "candidate"
    first = await join(pair.candidate, pair.room)
    hello = await first.get("welcome")
    assert (hello["resumed"], hello["epoch"]) == (False, 3)
    assert (await second.get("joined"))["epoch"] == 3
    third = await join(pair.interviewer, pair.room, resume=2)
    hello = await third.get("welcome")
    assert (hello["resumed"], hello["peers"][0]["epoch"]) == (True, 3), "only the pair with who came anew is anew"
    stale = await join(pair.interviewer, pair.room, resume=1)
    assert (await stale.get("welcome"))["resumed"] is False, "its media belongs to an older epoch"


async def test_a_second_tab_replaces_the_first(pair: Pair) -> None:
    first, second = await both(pair)
    newer = await join(pair.candidate, pair.room)
    await newer.get("welcome")
    assert (await first.get("replaced"))["t"] == "replaced"
    assert await first.closed() == 4001
    await second.get("joined")
    await second.send(t="chat", cid="aaaaaaaa", text="still there?")
    assert (await newer.get("chat"))["text"] == "still there?"
    assert "left" not in [m["t"] for m in second.messages], "the place was never empty"
    with pair.tenant.scope():
        assert await Presence.filter(account_id=pair.candidate.account_id, left_at=None).count() == 1


async def test_signals_reach_the_other_side_only(pair: Pair) -> None:
    first, second = await both(pair)
    cand = {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}
    await first.send(t="signal", to=str(pair.interviewer.account_id), epoch=2, cand=cand)
    got = await second.get("signal")
    assert got["from"] == str(pair.candidate.account_id)
    assert got["cand"]["sdpMid"] == "0"
    await first.send(t="media", audio=True, video=False, screen=False)
    assert (await second.get("media"))["video"] is False
    await first.send(t="ping", at=1.5)
    assert (await first.get("pong"))["at"] == 1.5
    assert not {"signal", "media"} & {m["t"] for m in first.messages}


async def test_a_broken_connection_is_rebuilt_once_for_both(pair: Pair) -> None:
    first, second = await both(pair)
    ada, tom = str(pair.candidate.account_id), str(pair.interviewer.account_id)
    await first.send(t="rebuild", to=tom, epoch=2)
    await second.send(t="rebuild", to=ada, epoch=2)
    assert (await first.get("epoch"))["epoch"] == 3
    assert (await second.get("epoch"))["epoch"] == 3
    await first.send(t="ping", at=1)
    await first.get("pong")
    assert {m["epoch"] for m in first.messages if m["t"] == "epoch"} == {3}


async def test_rude_messages_are_refused_and_the_socket_stays(pair: Pair) -> None:
    first, _second = await both(pair)
    for raw in (
        "nonsense",
        '{"t":"launch"}',
        '{"t":"signal","epoch":2}',
        '{"t":"admit","who":"x"}',
        '{"t":"chat","cid":"x","text":""}',
    ):
        await first.ws.send_str(raw)
        assert (await first.get("error"))["code"] in ("malformed", "unknown", "signal")
    await first.ws.send_bytes(b"\x00\x01")
    for n in range(30):
        await first.send(t="chat", cid=f"burst{n:05}", text="hi")
    assert (await first.get("error"))["code"] == "too_fast"
    with pair.tenant.scope():
        assert await ChatMessage.all().count() < 12
    await first.send(t="ping", at=1)
    await first.get("pong")
    await first.ws.send_str("x" * (wire.MAX_MESSAGE + 1))
    assert await first.closed() == 1009


# --- chat --------------------------------------------------------------------------------------------------------


async def test_chat_is_stored_numbered_once_and_there_for_late_joiners(pair: Pair) -> None:
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    evil = "<img src=x onerror=alert(1)> & \u202eabc"
    await first.send(t="chat", cid="cid00001", text=evil)
    await first.send(t="chat", cid="cid00001", text="sent again")
    await first.send(t="chat", cid="cid00002", text="   ")
    await first.send(t="chat", cid="cid00003", text="two\nlines")
    said = [await first.get("chat") for _ in range(3)]
    assert [m["seq"] for m in said] == [1, 1, 2]
    assert said[0]["text"] == "<img src=x onerror=alert(1)> & abc", "text stays text; pages show it with textContent"
    late = await join(pair.interviewer, pair.room)
    assert [m["text"] for m in (await late.get("welcome"))["chat"]] == [said[0]["text"], "two\nlines"]
    again = await join(pair.candidate, pair.room, seq=1)
    assert [m["seq"] for m in (await again.get("welcome"))["chat"]] == [2]


async def test_messages_sent_at_once_get_their_own_numbers(pair: Pair) -> None:
    first, second = await both(pair)
    for n in range(5):
        await asyncio.gather(
            first.send(t="chat", cid=f"first{n:04}", text="a"), second.send(t="chat", cid=f"second{n:03}", text="b")
        )
    # two senders' messages may overtake each other on the way; pages put them in the order of their numbers
    seqs = [(await first.get("chat"))["seq"] for _ in range(10)]
    assert sorted(seqs) == list(range(1, 11))


# --- timer -------------------------------------------------------------------------------------------------------


async def test_the_interviewer_runs_the_timer_for_both(pair: Pair) -> None:
    first, second = await both(pair)
    hello = second.messages[0]["timer"]
    assert (hello["seconds"], hello["running"], hello["version"]) == (3600, False, 1)
    await first.send(t="timer", do="start", base=1)
    assert (await first.get("error"))["code"] == "refused", "the candidate does not"
    await second.send(t="timer", do="start", base=1)
    started = await first.get("timer")
    assert started["running"]
    assert (await second.get("timer"))["version"] == 2
    await second.send(t="timer", do="pause", base=1)
    assert (await second.get("timer"))["running"], "decided on an old view: the true state comes back"
    late = await join(pair.candidate, pair.room)
    timer = (await late.get("welcome"))["timer"]
    assert timer["running"]
    assert timer["left"] < 3_600_000


# --- notes -------------------------------------------------------------------------------------------------------


async def test_private_notes_never_reach_the_candidate(pair: Pair) -> None:
    secret = "no clue about indexes"
    first, second = await both(pair)
    assert second.messages[0]["note"] == {"body": "", "version": 0}
    await second.send(t="note", base=0, body=secret)
    assert (await second.get("note_saved"))["version"] == 1
    await second.send(t="chat", cid="afternote", text="go on")
    await first.get("chat")
    back = await join(pair.candidate, pair.room)
    await back.get("welcome")
    for raw in (*first.raw, *back.raw):
        assert secret not in raw
        assert '"note' not in raw
    page = await pair.candidate.get(pair.room)
    assert secret not in page.text
    assert "data-note" not in page.text
    assert (await back.ws.send_str('{"t":"note","base":0,"body":"mine"}')) is None
    assert (await back.get("error"))["code"] == "refused"
    again = await join(pair.interviewer, pair.room)
    assert (await again.get("welcome"))["note"] == {"body": secret, "version": 1}


async def test_two_tabs_do_not_overwrite_each_others_notes(pair: Pair) -> None:
    wire_ = await join(pair.interviewer, pair.room)
    await wire_.get("welcome")
    await wire_.send(t="note", base=0, body="one")
    await wire_.get("note_saved")
    await wire_.send(t="note", base=0, body="two")
    conflict = await wire_.get("note_conflict")
    assert (conflict["body"], conflict["version"]) == ("one", 1)
    await wire_.send(t="note", base=0, body="one")
    assert (await wire_.get("note_saved"))["version"] == 1, "the same words are no conflict"


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


# --- TURN --------------------------------------------------------------------------------------------------------


async def test_turn_credentials_expire_and_can_be_checked_by_the_server(pair: Pair) -> None:
    import base64
    import hashlib
    import hmac

    from kernel import set_settings

    name, password = tickets.turn_credentials("north", "ada", pair.booking.ends_at)
    expiry, user = name.split(":")
    assert (int(expiry), user) == (int(pair.booking.ends_at.timestamp()), "ada")
    assert base64.b64decode(password) == hmac.new(b"north", name.encode(), hashlib.sha1).digest()
    with pair.tenant.scope():
        await set_settings({"live.turn_urls": ["turn:turn.example.test:3478"], "live.turn_secret": "north"})
    media = (await (await join(pair.candidate, pair.room)).get("welcome"))["media"]
    (server,) = media["ice"]
    assert server["urls"] == ["turn:turn.example.test:3478"]
    assert "north" not in server["credential"]
    assert media["policy"] == "all"
    with pair.tenant.scope():
        await set_settings({"live.relay_only": True})
    assert (await (await join(pair.candidate, pair.room)).get("welcome"))["media"]["policy"] == "relay"
