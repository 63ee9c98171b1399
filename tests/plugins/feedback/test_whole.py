"""Switching off and on, catching up, data of a person, messages, JSON, progress, a real browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import new_id, now
from kernel.base.contract import Happened
from kernel.base.events import event_name, from_data, to_data
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from kernel.work.jobs import unpark_effective
from plugins.feedback import events, notifications, privacy
from plugins.feedback.models import Edition, Exchange, Review, Scorecard, SelfReview

from .kit import CRITERIA, Duo, booked


async def test_off_and_on_again(duo: Duo) -> None:
    await duo.both()
    assert "Feedback" in (await duo.candidate.get("/home")).text
    await switch(duo.tenant.ref, "feedback", False)
    for path in ("/feedback", duo.path, f"{duo.path}/review", f"/api/v1/feedback/{duo.booking_id}"):
        assert (await duo.candidate.get(path)).status == 404
    home = await duo.candidate.get("/home")
    assert home.status == 200
    assert 'href="/feedback"' not in home.text
    assert "Your latest scorecard" not in home.text
    await switch(duo.tenant.ref, "feedback", True)
    assert "Leave ten minutes" in (await duo.candidate.get(duo.path)).text


async def test_sessions_that_ended_meanwhile_are_caught_up(
    tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]
) -> None:
    await switch(tenant.ref, "feedback", False)
    candidate, interviewer = await tenant.sign_in("candidate"), await tenant.sign_in("interviewer")
    assert candidate.account_id is not None
    recent = await booked(tenant, candidate.account_id, interviewer.account_id)
    old = await booked(tenant, candidate.account_id, interviewer.account_id, ago=timedelta(days=40))
    await switch(tenant.ref, "feedback", True)
    with tenant.scope():
        assert list(await Exchange.all().values_list("booking_id", flat=True)) == [recent]
    assert str(recent) in (await candidate.get("/feedback")).text
    assert str(old) not in (await candidate.get("/feedback")).text


async def test_due_job_waits_while_off(duo: Duo) -> None:
    from kernel.base.clock import frozen_at as frozen_time

    await duo.send_card()
    await switch(duo.tenant.ref, "feedback", False)
    with frozen_time(now() + timedelta(days=8)):
        await duo.jobs()
        assert (await duo.exchange()).released_at is None
        await switch(duo.tenant.ref, "feedback", True)
        await unpark_effective()  # what a worker does when it hears of the switch
        await duo.jobs()
        assert (await duo.exchange()).released_because == "time"


async def test_export_and_erasure(duo: Duo) -> None:
    await duo.send_review(private_note="Only for admins, really.")
    assert duo.candidate.account_id is not None
    assert duo.interviewer.account_id is not None
    await duo.send_card()
    with duo.tenant.scope():
        mine = await privacy.export(duo.candidate.account_id)
        assert mine["reviews_by_me"][0]["private_note"] == "Only for admins, really."
        assert mine["scorecards_about_me"][0]["content"]["signal"] == "ready"
        theirs = await privacy.export(duo.interviewer.account_id)
        assert "private_note" not in theirs["reviews_about_me"][0]
        await SelfReview.create(booking_id=new_id(), account_id=duo.candidate.account_id, note="x")
        kept = await privacy.erase(duo.candidate.account_id)
        assert len(kept) == 1
        assert not await Scorecard.all().exists()
        assert not await SelfReview.all().exists()
        assert not await Edition.all().exists()
        review = await Review.get(booking_id=duo.booking_id)
        assert (review.text, review.private_note, review.realism) == ("", "", 5)
        assert await privacy.erase(duo.candidate.account_id) == kept  # again: the same


async def test_unreleased_scorecards_do_not_leave_by_the_export(duo: Duo) -> None:
    await duo.send_card()
    assert duo.candidate.account_id is not None
    with duo.tenant.scope():
        assert (await privacy.export(duo.candidate.account_id))["scorecards_about_me"] == []


async def test_messages_go_to_the_right_people_without_contents(tenant: TenantKit) -> None:
    ids: dict[str, Any] = {"booking_id": str(new_id()), "candidate_id": str(new_id()), "interviewer_id": str(new_id())}
    at = now().isoformat()

    def heard(name: str, **data: Any) -> Happened:
        return Happened(id=new_id(), name=name, occurred_at=now(), actor_id=None, data={**ids, "title": "T", **data})

    due = await notifications.due(heard("feedback.requested.v1", due_at=at, kind="human"))
    assert {n.account_id for n in due} == {UUID(ids["candidate_id"]), UUID(ids["interviewer_id"])}
    ai = await notifications.due(heard("feedback.requested.v1", due_at=at, kind="ai", interviewer_id=None))
    assert [n.account_id for n in ai] == [UUID(ids["candidate_id"])]
    both = await notifications.released(heard("feedback.released.v1", has_scorecard=True, has_review=True))
    assert {n.account_id for n in both} == {UUID(ids["candidate_id"]), UUID(ids["interviewer_id"])}
    one = await notifications.released(heard("feedback.released.v1", has_scorecard=True, has_review=False))
    assert [n.account_id for n in one] == [UUID(ids["candidate_id"])]
    for role, stage in (("candidate", "due"), ("interviewer", "due"), ("candidate", "last"), ("interviewer", "last")):
        told = await notifications.reminder(
            heard("feedback.reminder_due.v1", role=role, stage=stage, account_id=str(new_id()), release_at=at)
        )
        assert len(told) == 1
        assert told[0].action_url.startswith("/feedback/")


@pytest.mark.parametrize("kind", events.ALL, ids=event_name)
def test_events_survive_json(kind: type) -> None:
    import dataclasses
    import typing

    samples = {UUID: new_id(), str: "x", float: 4.5, int: 2, bool: True}
    values = {}
    for field in dataclasses.fields(kind):
        hint = typing.get_type_hints(kind)[field.name]
        args = [a for a in typing.get_args(hint) if a is not type(None)]
        values[field.name] = samples.get(args[0] if args else hint, now())
    made = kind(**values)
    assert from_data(kind, to_data(made)) == made


async def test_json_twins(duo: Duo) -> None:
    path = f"/api/v1/feedback/{duo.booking_id}"
    marks = {id: {"score": 3} for id in CRITERIA}
    body: dict[str, Any] = {"marks": marks, "submit": True}
    refused = await duo.interviewer.post(f"{path}/scorecard", json=body, method="PUT")
    assert refused.status == 422
    assert {e["field"] for e in refused.json()["errors"]} == {"strengths", "improvements", "next_step"}
    unknown = await duo.interviewer.post(f"{path}/scorecard", json={"marks": {"nope": {}}}, method="PUT")
    assert unknown.status == 422
    body |= {
        "strengths": "Thinks aloud and checks understanding.", "improvements": "Name the limits of the design.",
        "next_step": "Book another session.",
    }  # fmt: skip
    saved = await duo.interviewer.post(f"{path}/scorecard", json=body, method="PUT")
    assert saved.json()["state"] == "submitted"
    stars = {"realism": 5, "clarity": 5, "usefulness": 4, "submit": True}
    review = await duo.candidate.post(f"{path}/review", json=stars, method="PUT")
    assert review.json()["released"] is True
    seen = (await duo.candidate.get(path)).json()
    assert seen["scorecard"]["score"] == 3.0
    assert seen["review"]["usefulness"] == 4
    listing = (await duo.candidate.get("/api/v1/feedback?show=released")).json()
    assert (len(listing["items"]), listing["items"][0]["state"]) == (1, "released")
    moderator = await duo.tenant.sign_in("moderator")
    rows = (await moderator.get("/api/v1/feedback-reviews")).json()["items"]
    hide = {"version": (await duo.review()).version, "reason": "Not about this session."}  # type: ignore[union-attr]
    hidden = await moderator.post(f"/api/v1/feedback-reviews/{rows[0]['id']}/hide", json=hide)
    assert hidden.json()["standing"] == "hidden"


async def test_progress_over_time(tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]) -> None:
    candidate = await tenant.sign_in("candidate", name="Ada Novak")
    for number, score in enumerate((2, 3, 5)):
        duo = await make_duo(tenant, candidate=candidate, ago=timedelta(days=9 - 3 * number))
        assert (await duo.send_card(**{f"score_{id}": score for id in CRITERIA})).status == 303
        assert (await duo.send_review()).status == 303
    page = await candidate.get("/feedback")
    assert "Overall score in 3 sessions: from 2 to 5 of 5." in page.text
    assert "3 scorecards" in page.text
    assert "+2.5" in page.text  # against the mean of those before
    other = await tenant.sign_in("candidate")
    assert "Your progress" not in (await other.get("/feedback")).text


async def test_own_list_filters_and_pages(tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]) -> None:
    candidate = await tenant.sign_in("candidate")
    first = await make_duo(tenant, candidate=candidate, title="Graphs", ago=timedelta(days=2))
    await make_duo(tenant, candidate=candidate, title="Databases")
    await first.both()

    def table(text: str) -> str:
        return text[text.index('id="all"') :]

    assert "Graphs" not in table((await candidate.get("/feedback?show=due")).text)
    assert "Databases" not in table((await candidate.get("/feedback?show=released")).text)
    assert "Databases" not in table((await candidate.get("/feedback?q=graph")).text)
    assert "Databases" in table((await candidate.get("/feedback?q=Ferreira")).text)
    nothing = await candidate.get("/feedback?q=100%25")
    assert "Nothing matches these filters" in nothing.text
    assert (await candidate.get("/feedback?page=5000")).status == 200


async def test_a_first_visit_says_what_will_be_here(tenant: TenantKit) -> None:
    page = await (await tenant.sign_in("candidate")).get("/feedback")
    assert "No feedback yet" in page.text


async def test_panel_on_the_booking(duo: Duo) -> None:
    before = await duo.candidate.get(f"/bookings/{duo.booking_id}")
    assert f"{duo.path}/review" in before.text
    await duo.both()
    after = await duo.candidate.get(f"/bookings/{duo.booking_id}")
    assert f'href="{duo.path}"' in after.text
    assert "4 of 5" in after.text


@pytest.mark.browser
async def test_draft_is_kept_while_typing(duo: Duo, new_page: Callable[..., Awaitable[Any]]) -> None:
    page = await new_page(site=duo.interviewer)
    await page.goto(f"{duo.tenant.origin}{duo.path}/scorecard")
    await page.get_by_text("Reached a sound answer alone").click()
    await page.fill("#f-strengths", "Asked for the scale first.")
    await page.get_by_text("Draft saved at").wait_for()
    card = await duo.card()
    assert card is not None
    assert card.content["marks"]["problem_solving"]["score"] == 4
    assert card.content["strengths"] == "Asked for the scale first."
    # and the button still works after that, with the version that the script learnt
    await page.fill("#f-strengths", "Asked for the scale first, twice.")
    await page.get_by_role("button", name="Save draft").click()
    await page.wait_for_load_state()
    assert (await duo.card()).content["strengths"] == "Asked for the scale first, twice."  # type: ignore[union-attr]


@pytest.mark.browser
async def test_forms_work_without_script(duo: Duo, new_page: Callable[..., Awaitable[Any]]) -> None:
    page = await new_page(site=duo.candidate, script=False, width=390)
    await page.goto(f"{duo.tenant.origin}{duo.path}/review")
    for name in ("realism", "clarity", "usefulness"):
        await page.locator(f"label[for='f-{name}-4']").click()
    await page.get_by_role("button", name="Submit review").click()
    await page.wait_for_url(f"**{duo.path}")
    assert (await duo.review()).state == "submitted"  # type: ignore[union-attr]
