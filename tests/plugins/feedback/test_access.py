"""Who may not: strangers, the wrong side, other tenants, sessions that did not happen, practice sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from kernel import new_id
from kernel.testing.people import TenantKit
from plugins.feedback.models import Review, Scorecard

from .kit import Duo, booked, card_form, end_session, review_form

PAGES = ("", "/scorecard", "/review")
POSTS = ("/scorecard", "/scorecard/draft", "/review", "/review/draft", "/report", "/practice")


async def test_strangers_learn_nothing(duo: Duo) -> None:
    await duo.both()
    stranger = await duo.tenant.sign_in("candidate", "interviewer")
    for path in PAGES:
        assert (await stranger.get(duo.path + path)).status == 404
    for path in POSTS:
        assert (await stranger.post(duo.path + path, {"version": "0"})).status == 404
    assert (await stranger.get(f"/api/v1/feedback/{duo.booking_id}")).status == 404
    put = await stranger.post(f"/api/v1/feedback/{duo.booking_id}/review", json={"realism": 5}, method="PUT")
    assert put.status == 404
    assert "System design" not in (await stranger.get("/feedback")).text


async def test_visitors_are_asked_to_sign_in(duo: Duo) -> None:
    visitor = duo.tenant.visitor()
    answer = await visitor.get(duo.path)
    assert answer.status == 303
    assert answer.location.startswith("/sign-in")


async def test_another_tenants_ids_are_unknown(duo: Duo, other_tenant: TenantKit) -> None:
    await duo.both()
    review = await duo.review()
    assert review is not None
    there = await other_tenant.sign_in("admin", "candidate", "interviewer")
    for path in PAGES:
        assert (await there.get(duo.path + path)).status == 404
    assert (await there.get(f"/admin/feedback/{review.id}")).status == 404
    hide = await there.post(f"/admin/feedback/{review.id}/hide", {"version": "3", "reason": "because I can"})
    assert hide.status == 404
    assert (await duo.review()).hidden_at is None  # type: ignore[union-attr]


async def test_nobody_writes_the_other_sides(duo: Duo) -> None:
    assert (await duo.candidate.get(f"{duo.path}/scorecard")).status == 404
    assert (await duo.candidate.post(f"{duo.path}/scorecard", card_form())).status == 404
    assert (await duo.candidate.post(f"{duo.path}/scorecard/draft", card_form())).status == 404
    assert (await duo.interviewer.get(f"{duo.path}/review")).status == 404
    assert (await duo.interviewer.post(f"{duo.path}/review", review_form())).status == 404
    body = {"submit": True, "realism": 5, "clarity": 5, "usefulness": 5}
    put = await duo.interviewer.post(f"/api/v1/feedback/{duo.booking_id}/review", json=body, method="PUT")
    assert put.status == 404
    with duo.tenant.scope():
        assert not await Scorecard.all().exists()
        assert not await Review.all().exists()


async def test_interviewer_of_another_session_cannot_write_this_one(
    duo: Duo, make_duo: Callable[..., Awaitable[Duo]]
) -> None:
    other = await make_duo(duo.tenant)
    assert (await other.interviewer.post(f"{duo.path}/scorecard", card_form())).status == 404


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        ("accepted", None, "Come back when it is over"),
        ("in_progress", None, "Come back when it is over"),
        ("cancelled", None, "did not take place"),
        ("completed", "no_show_candidate", "did not come"),
    ],
)
async def test_nothing_without_a_finished_session(
    tenant: TenantKit, status: str, outcome: str | None, words: str
) -> None:
    candidate, interviewer = await tenant.sign_in("candidate"), await tenant.sign_in("interviewer")
    assert candidate.account_id is not None
    booking_id = await booked(tenant, candidate.account_id, interviewer.account_id, status=status, outcome=outcome)
    page = await candidate.get(f"/feedback/{booking_id}")
    assert page.status == 200
    assert words in page.text
    assert (await candidate.post(f"/feedback/{booking_id}/review", review_form())).status == 409
    assert (await interviewer.post(f"/feedback/{booking_id}/scorecard", card_form())).status == 409
    with tenant.scope():
        assert not await Review.all().exists()


async def test_unknown_and_malformed_ids(tenant: TenantKit) -> None:
    somebody = await tenant.sign_in("candidate", "admin")
    for id in (new_id(), "nonsense", "..", "%00", "1" * 5000):
        assert (await somebody.get(f"/feedback/{id}/review")).status in (400, 404, 414)
        assert (await somebody.get(f"/admin/feedback/{id}")).status in (400, 404, 414)


async def test_practice_has_no_review_and_no_grade(tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]) -> None:
    candidate = await tenant.sign_in("candidate")
    assert candidate.account_id is not None
    booking_id = await booked(tenant, candidate.account_id, None, title="AI mock: SQL")
    await end_session(tenant, booking_id, candidate.account_id, None)
    await run_jobs(tenant)
    page = await candidate.get(f"/feedback/{booking_id}")
    assert page.status == 200
    assert "Self-review" in page.text
    assert "of 5 overall" not in page.text
    assert (await candidate.get(f"/feedback/{booking_id}/review")).status == 404
    assert (await candidate.post(f"/feedback/{booking_id}/review", review_form())).status == 404
    assert (await candidate.get("/feedback")).text.count("Write review") == 0
    notes = {"version": "0", "note": "Window functions again.", "again": "Joins"}
    assert (await candidate.post(f"/feedback/{booking_id}/practice", notes)).status == 303
    assert "Window functions again." in (await candidate.get(f"/feedback/{booking_id}")).text
    stale = await candidate.post(f"/feedback/{booking_id}/practice", notes | {"note": "other window"})
    assert stale.status == 409
    assert "other window" in stale.text


async def test_admin_pages_need_the_right(duo: Duo) -> None:
    await duo.both()
    review = await duo.review()
    assert review is not None
    for path in ("/admin/feedback", f"/admin/feedback/{review.id}", "/admin/rubrics", "/api/v1/feedback-reviews"):
        assert (await duo.candidate.get(path)).status == 403
    moderator = await duo.tenant.sign_in("moderator")
    assert (await moderator.get(f"/admin/feedback/{review.id}")).status == 200
    assert (await moderator.get("/admin/rubrics")).status == 403
