"""The practice room: over plain forms and over the socket, its report, and its bank."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import published_events, services
from kernel.base.clock import shifted_by
from kernel.testing.people import Site, TenantKit
from plugins.live import services as rooms
from plugins.live.ai import practice
from plugins.live.ai.bank import bundled
from plugins.live.api import Practices, Sessions
from plugins.live.models import LiveSession, PracticeRun, Question

from .conftest import FakeBookings, join

LONG = (
    "I would use a hash map, since a lookup in it is constant in time, and then I would go once over the list."
    " The first obvious way is a nested loop over all pairs, but that is quadratic. I would test it with duplicates"
    " and with an empty list."
)


@pytest.fixture
async def candidate(tenant: TenantKit) -> Site:
    return await tenant.sign_in("candidate", name="Ada Novak")


@pytest.fixture
def room(candidate: Site, bookings: FakeBookings) -> str:
    assert candidate.account_id
    return f"/practice-room/{bookings.add(candidate.account_id, None, title='AI mock: coding', minutes=30).id}"


async def test_it_works_with_plain_forms_from_begin_to_report(
    tenant: TenantKit, candidate: Site, room: str, bookings: FakeBookings
) -> None:
    start = await candidate.get(room)
    assert start.status == 200
    assert "not a person" in start.text
    assert "cannot tell whether an answer is right" in start.text
    assert (await candidate.post(f"{room}/begin")).status == 303
    assert (await candidate.post(f"{room}/begin")).status == 303, "begun once"
    page = await candidate.get(room)
    assert "Question 1 of" in page.text
    assert page.text.count("live-msg theirs is-question") == 1
    turn = await candidate.post(f"{room}/turn", {"do": "answer", "text": LONG, "cid": "abcdefgh"})
    assert turn.status == 303
    await candidate.post(f"{room}/turn", {"do": "answer", "text": LONG, "cid": "abcdefgh"})
    await candidate.post(f"{room}/turn", {"do": "answer", "text": "   "})
    page = await candidate.get(room)
    assert page.text.count("live-msg mine") == 1, "the same form twice is one answer, blanks are none"
    assert "is-follow_up" in page.text
    await candidate.post(f"{room}/turn", {"do": "hint"})
    await candidate.post(f"{room}/turn", {"do": "next"})
    page = await candidate.get(room)
    assert "live-msg theirs is-hint" in page.text
    assert "Question 2 of" in page.text
    ended = await candidate.post(room.replace("practice-room", "rooms") + "/end", follow=True)
    assert ended.status == 200
    assert "Not a grade" in ended.text
    assert "score" not in ended.text.lower()
    (booking_id,) = bookings.rows
    assert bookings.told == [("start", booking_id, ""), ("finish", booking_id, "completed")]
    with tenant.scope():
        report = await services.need(Practices).report(booking_id)
        assert report is not None
        assert report.questions[0].hints_used == 1
        assert report.questions[0].answer == LONG
        assert not report.questions[-1].reached or report.questions[-1].not_assessable
        info = await services.need(Sessions).get(booking_id)
        assert info is not None
        assert (info.state, info.kind) == ("ended", "ai")
        assert [e async for e in published_events("live.session_ended.v1")]
    assert (await candidate.post(f"{room}/turn", {"do": "answer", "text": "more"})).status == 409


async def test_it_works_over_the_socket(tenant: TenantKit, candidate: Site, room: str) -> None:
    await candidate.post(f"{room}/begin")
    ws = await join(candidate, room.replace("practice-room", "rooms"))
    hello = await ws.get("welcome")
    assert hello["state"] == "live"
    assert [m["kind"] for m in hello["chat"]] == ["notice", "question"]
    assert hello["timer"]["running"]
    assert hello["practice"]["number"] == 1
    assert "media" not in hello
    assert "note" not in hello
    await ws.send(t="chat", cid="answer01", text=LONG)
    await ws.send(t="chat", cid="answer01", text=LONG)
    said = [await ws.get("chat") for _ in range(2)]
    assert [(m["role"], m["kind"]) for m in said] == [("candidate", "answer"), ("interviewer", "follow_up")]
    await ws.send(t="practice", do="hint")
    assert (await ws.get("chat"))["kind"] == "hint"
    assert (await ws.get("practice"))["hints"] >= 0
    await ws.send(t="chat", cid="answer02", text="skip")
    await ws.send(t="timer", do="pause", base=2)
    assert not (await ws.get("timer"))["running"], "alone, the candidate runs the timer"
    await ws.send(t="signal", to="0" * 32, epoch=1, cand={"candidate": ""})
    assert (await ws.get("error"))["code"] == "signal"
    back = await join(candidate, room.replace("practice-room", "rooms"))
    kinds = [m["kind"] for m in (await back.get("welcome"))["chat"]]
    assert kinds == ["notice", "question", "answer", "follow_up", "hint", "answer", "notice", "question"]
    await back.send(t="end")
    assert await back.closed() == 4004


async def test_it_is_the_candidates_alone(tenant: TenantKit, candidate: Site, room: str) -> None:
    other = await tenant.sign_in("candidate")
    for method, path in (("get", room), ("post", f"{room}/begin"), ("post", f"{room}/turn")):
        assert (await getattr(other, method)(path)).status == 404
    assert (await candidate.get(room.replace("practice-room", "rooms"))).location == room
    assert (await candidate.post(f"{room}/turn", {"do": "answer", "text": "before it began"})).status == 409
    assert (await candidate.post(f"{room}/turn", {"do": "explode"})).status == 422
    assert (await candidate.post(f"{room}/turn", {"do": "answer", "text": "x" * 4001})).status == 422


async def test_a_practice_that_was_left_ends_by_itself(tenant: TenantKit, candidate: Site, room: str) -> None:
    await candidate.post(f"{room}/begin")
    with tenant.scope(), shifted_by(timedelta(minutes=65)):
        await rooms.sweep()
        session = await LiveSession.first()
        assert session is not None
        assert (session.state, session.end_cause) == ("ended", "emptied")
        assert 0 < session.seconds <= 30 * 60


async def test_questions_are_not_asked_twice_in_a_row(
    tenant: TenantKit, candidate: Site, bookings: FakeBookings
) -> None:
    asked: list[str] = []
    for _n in range(2):
        booking = bookings.add(candidate.account_id, None, title="AI mock: SQL", minutes=10)  # type: ignore[arg-type]
        await candidate.post(f"/practice-room/{booking.id}/begin")
        with tenant.scope():
            session = await LiveSession.get(booking_id=booking.id)
            run = await PracticeRun.get(session_id=session.id)
            asked += [str(i["slug"]) for i in run.items]
    assert len(set(asked)) == len(asked)


async def test_every_tenant_gets_the_bank_once(tenant: TenantKit) -> None:
    with tenant.scope():
        assert await Question.all().count() == len(bundled())
        await Question.filter(slug="two-sum").update(active=False, title="Ours")
        assert await practice.seed_bank() == 0
        question = await Question.get(slug="two-sum")
        assert (question.active, question.title) == (False, "Ours")


async def test_an_admin_switches_questions(tenant: TenantKit, candidate: Site) -> None:
    assert (await candidate.get("/admin/questions")).status == 403
    admin = await tenant.sign_in("admin")
    page = await admin.get("/admin/questions?topic=sql&q=index")
    assert page.status == 200
    assert "Why does the index not help?" in page.text
    assert "Two numbers with a given sum" not in page.text
    assert "No question fits" in (await admin.get("/admin/questions?q=zzz")).text
    with tenant.scope():
        question = await Question.get(slug="sql-index")
    path = f"/admin/questions/{question.id}/active"
    assert (await admin.post(path, {"on": "off"})).status == 303
    assert (await candidate.post(path, {"on": "on"})).status == 403
    with tenant.scope():
        await question.refresh_from_db()
        assert not question.active


async def test_the_switch_of_practice_leaves_rooms_alone(
    tenant: TenantKit, candidate: Site, room: str, bookings: FakeBookings
) -> None:
    from kernel.tenancy.toggles import switch

    with tenant.scope():
        await switch(tenant.ref, "live.practice", False, reason="test")
    assert (await candidate.get(room)).status == 404
    human = bookings.add(candidate.account_id, candidate.account_id)  # type: ignore[arg-type]
    assert (await candidate.get(f"/rooms/{human.id}")).status == 200
