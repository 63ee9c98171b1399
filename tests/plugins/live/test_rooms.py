"""Rooms over real HTTP and real sockets: who gets in, who comes back, what is passed on."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import aiohttp
import pytest

from kernel import one_time, published_events
from kernel.base.clock import shifted_by
from plugins.live import tickets
from plugins.live.hub import wire
from plugins.live.models import ChatMessage, Presence

from .conftest import FakeBookings, Pair, both, join, refused, ticket

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
        (timedelta(), "requested", 200, 403),
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
