"""What others get from rooms: messages, personal data, the end of a socket when the plugin goes off, the demo."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kernel import Happened, new_id, now, published_events
from kernel.base.clock import shifted_by
from kernel.tenancy.toggles import switch
from plugins.live import demo, handlers, notifications, privacy
from plugins.live import services as rooms
from plugins.live.api import SessionInfo
from plugins.live.models import ChatMessage, Guest, LiveSession, Note, PracticeRun, Presence
from plugins.live.queries import PracticesOfRooms, SessionsOfRooms

from .conftest import FakeBookings, Pair, join, sit_in


def happened(name: str, **data: object) -> Happened:
    return Happened(id=new_id(), name=name, occurred_at=now(), actor_id=None, data=data)


async def talk(pair: Pair) -> None:
    first, second = await join(pair.candidate, pair.room), await join(pair.interviewer, pair.room)
    await first.get("welcome")
    await second.get("welcome")
    await first.send(t="chat", cid="aaaaaaaa", text="my own words")
    await first.get("chat")
    await second.send(t="note", base=0, body="nervous, but clear")
    await second.get("note_saved")
    await first.ws.close()
    await second.ws.close()


async def test_whoever_is_missing_is_told_once(pair: Pair) -> None:
    await (await join(pair.candidate, pair.room)).get("welcome")
    await (await join(pair.candidate, pair.room)).get("welcome")
    with pair.tenant.scope():
        (event,) = [e async for e in published_events("live.participant_waiting.v1")]
        (notice,) = await notifications.waiting(happened(event.name, **event.data))
    assert notice.account_id == pair.interviewer.account_id
    assert notice.params["name"] == "Ada Novak"
    assert notice.action_url == pair.room


async def test_who_came_early_is_announced_when_the_start_is_near(pair: Pair, bookings: FakeBookings) -> None:
    booking = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id, starts_in=timedelta(minutes=12))
    early = await join(pair.interviewer, f"/rooms/{booking.id}")
    await early.get("welcome")
    with pair.tenant.scope():
        await rooms.sweep()
        assert not [e async for e in published_events("live.participant_waiting.v1")]
        with shifted_by(timedelta(minutes=8)):
            await Presence.all().update(seen_at=now())
            await rooms.sweep()
            await rooms.sweep()
        (event,) = [e async for e in published_events("live.participant_waiting.v1")]
        assert event.data["missing_id"] == str(pair.candidate.account_id)
        assert event.data["waiting_name"] == "Tomás Ferreira"


async def test_a_no_show_is_told_to_both(pair: Pair) -> None:
    people = {"candidate_id": str(pair.candidate.account_id), "interviewer_id": str(pair.interviewer.account_id)}
    with pair.tenant.scope():
        notices = await notifications.no_show(
            happened("live.no_show.v1", booking_id=str(pair.booking.id), missing="candidate", **people)
        )
    assert {n.account_id for n in notices} == {pair.candidate.account_id, pair.interviewer.account_id}
    assert len({n.key for n in notices}) == 2


async def test_events_of_bookings_reach_the_room(pair: Pair, bookings: FakeBookings) -> None:
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    data = {"booking_id": str(pair.booking.id)}
    with pair.tenant.scope():
        bookings.change(pair.booking.id, starts_at=pair.booking.starts_at + timedelta(minutes=5))
        await handlers.booking_rescheduled(happened("scheduling.booking_rescheduled.v1", **data))
        session = await LiveSession.get(booking_id=pair.booking.id)
        assert session.starts_at == pair.booking.starts_at + timedelta(minutes=5)
        await handlers.booking_cancelled(happened("scheduling.booking_cancelled.v1", **data))
        assert await first.closed() == 4004
        unknown = happened("scheduling.booking_cancelled.v1", booking_id=str(new_id()))
        await handlers.booking_cancelled(unknown)
        await handlers.booking_rescheduled(unknown)


async def test_a_person_gets_and_loses_what_rooms_hold(pair: Pair, bookings: FakeBookings) -> None:
    await talk(pair)
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    await (await sit_in(pair.tenant.visitor(), link, pair.booking, "Eve")).get("welcome")
    me = pair.candidate.account_id
    assert isinstance(me, UUID)
    with pair.tenant.scope():
        data = await privacy.export(me)
        assert data["chat"][0]["text"] == "my own words"
        assert data["notes"] == [
            {"text": "nervous, but clear", "by_me": False, "saved_at": data["notes"][0]["saved_at"]}
        ]
        assert data["presence"]
        kept = await privacy.erase(me)
        assert len(kept) == 1
        assert await Note.all().count() == 0
        assert await Guest.all().count() == 0, "nor does the address of somebody whom they invited stay"
        assert (await ChatMessage.get()).body == "—"
        assert await Presence.filter(account_id=me).exists(), "evidence stays"
        assert await privacy.erase(new_id()) == []


async def test_switching_the_plugin_off_ends_its_sockets(pair: Pair) -> None:
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    with pair.tenant.scope():
        await switch(pair.tenant.ref, "live", False, reason="test", cascade=True)
    assert await first.closed() == 4404
    assert (await pair.candidate.get(pair.room)).status == 404
    with pair.tenant.scope():
        await switch(pair.tenant.ref, "live", True, reason="test")
    assert (await (await join(pair.candidate, pair.room)).get("welcome"))["state"] == "lobby", "the data is there"


async def test_the_demo_has_a_past(pair: Pair, bookings: FakeBookings) -> None:
    candidate, interviewer = pair.booking.candidate_id, pair.booking.interviewer_id
    old = {"starts_in": timedelta(days=-3), "status": "completed"}
    human = bookings.add(candidate, interviewer, **old)  # type: ignore[arg-type]
    gone = bookings.add(candidate, interviewer, **old)  # type: ignore[arg-type]
    bookings.change(gone.id, outcome="no_show_candidate")
    practised = bookings.add(candidate, None, title="AI mock: SQL", **old)  # type: ignore[arg-type]
    with pair.tenant.scope():
        await demo.seed("acme")
        await demo.seed("acme")
        infos = {b.id: await SessionsOfRooms().get(b.id) for b in (human, gone, practised)}
        assert await SessionsOfRooms().get(pair.booking.id) is None
        assert isinstance(infos[human.id], SessionInfo)
        assert [i.state for i in infos.values() if i] == ["ended", "no_show_candidate", "ended"]
        report = await PracticesOfRooms().report(practised.id)
        assert report is not None
        assert report.touched >= 3
        assert await PracticeRun.all().count() == 1
    page = await pair.candidate.get(f"/practice-room/{practised.id}")
    assert "expression index" in page.text
