"""Moderators find, hide and restore reviews; interviewers report; ratings follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from kernel import sql_one
from kernel.testing.people import Site, TenantKit
from plugins.feedback.models import Review

from .kit import Duo

REASON = "Insults a person instead of describing the session."


@pytest.fixture
async def released(duo: Duo) -> Review:
    await duo.both()
    review = await duo.review()
    assert review is not None
    return review


@pytest.fixture
async def moderator(tenant: TenantKit) -> Site:
    return await tenant.sign_in("moderator", name="Mo Derator")


async def test_hide_needs_a_reason(duo: Duo, released: Review, moderator: Site) -> None:
    answer = await moderator.post(
        f"/admin/feedback/{released.id}/hide", {"version": str(released.version), "reason": " "}
    )
    assert answer.status == 422
    assert "Give a reason" in answer.text


async def test_hidden_is_gone_for_the_interviewer_and_explained_to_its_author(
    duo: Duo, released: Review, moderator: Site
) -> None:
    path = f"/admin/feedback/{released.id}"
    done = await moderator.post(f"{path}/hide", {"version": str(released.version), "reason": REASON})
    assert done.status == 303
    assert "Hard follow-up" not in (await duo.interviewer.get(duo.path)).text
    assert "The review was removed" in (await duo.interviewer.get(duo.path)).text
    own = await duo.candidate.get(duo.path)
    assert REASON in own.text
    with duo.tenant.scope():
        row = await sql_one(
            "SELECT data FROM kernel_event WHERE tenant_id = $1 AND name = 'kernel.audited.v1'"
            " AND data->>'action' = 'feedback.review_hidden'", duo.tenant.ref.id,
        )  # fmt: skip
    assert row is not None
    assert REASON in row.data
    assert "Hard follow-up" not in row.data  # the log says what was done, not what was written
    page = await moderator.get(path)
    back = await moderator.post(f"{path}/restore", {"version": page.fields()["version"], "reason": ""})
    assert back.status == 303
    assert "Hard follow-up" in (await duo.interviewer.get(duo.path)).text


async def test_two_moderators(duo: Duo, released: Review, moderator: Site) -> None:
    path, form = f"/admin/feedback/{released.id}", {"version": str(released.version), "reason": REASON}
    other = await duo.tenant.sign_in("moderator")
    assert (await moderator.post(f"{path}/hide", form)).status == 303
    second = await other.post(f"{path}/hide", form)
    assert second.status == 409
    assert (await other.post(f"{path}/restore", form)).status == 409


async def test_nobody_judges_their_own_case(duo: Duo, make_duo: Callable[..., Awaitable[Duo]]) -> None:
    judge = await duo.tenant.sign_in("moderator", "interviewer")
    own = await make_duo(duo.tenant, interviewer=judge)
    await own.both()
    review = await own.review()
    assert review is not None
    form = {"version": str(review.version), "reason": REASON}
    assert (await judge.post(f"/admin/feedback/{review.id}/hide", form)).status == 403
    assert (await own.review()).hidden_at is None  # type: ignore[union-attr]


async def test_interviewer_reports_and_moderator_keeps(duo: Duo, released: Review, moderator: Site) -> None:
    short = await duo.interviewer.post(f"{duo.path}/report", {"reason": "bad"})
    assert short.status == 422
    assert (await duo.candidate.post(f"{duo.path}/report", {"reason": "I wrote this myself."})).status == 404
    sent = await duo.interviewer.post(f"{duo.path}/report", {"reason": "This is about another session."})
    assert sent.status == 303
    again = await duo.interviewer.post(f"{duo.path}/report", {"reason": "This is about another session, really."})
    assert again.status == 303
    assert await duo.events("feedback.review_reported.v1") == 1
    listed = await moderator.get("/admin/feedback?state=reported")
    assert "Tomás Ferreira" in listed.text
    page = await moderator.get(f"/admin/feedback/{released.id}")
    assert "This is about another session." in page.text
    form = {"version": page.fields()["version"]}
    assert (await moderator.post(f"/admin/feedback/{released.id}/keep", form)).status == 303
    assert "kept the review" in (await duo.interviewer.get(duo.path)).text


async def test_unreleased_review_cannot_be_reported(duo: Duo) -> None:
    await duo.send_review()
    assert (await duo.interviewer.post(f"{duo.path}/report", {"reason": "I guess it is bad."})).status == 404


async def test_list_searches_filters_and_sorts(
    duo: Duo, released: Review, make_duo: Callable[..., Awaitable[Duo]], moderator: Site
) -> None:
    other = await make_duo(duo.tenant, interviewer=await duo.tenant.sign_in("interviewer", name="Mei Tanaka"))
    await other.send_review(realism=1, clarity=2, usefulness=1, text="We talked about the weather mostly.")
    one = await moderator.get("/admin/feedback?q=weather")
    assert "Mei Tanaka" in one.text
    assert "Tomás Ferreira" not in one.text
    assert "Tomás Ferreira" not in (await moderator.get("/admin/feedback?q=Tanaka")).text
    assert "Mei Tanaka" not in (await moderator.get("/admin/feedback?state=shown")).text
    assert "Mei Tanaka" in (await moderator.get("/admin/feedback?stars=low")).text
    ascending = (await moderator.get("/admin/feedback?sort=rating&desc=0")).text
    assert ascending.index("Mei Tanaka") < ascending.index("Tomás Ferreira")
    none = await moderator.get("/admin/feedback?q=%25%5C_nothing")
    assert none.status == 200
    assert "Nothing matches these filters" in none.text
    assert (await moderator.get("/admin/feedback?page=999999999&sort=x&desc=7")).status == 200
    assert (await moderator.get("/admin/feedback?page=40")).status == 200


async def test_drafts_are_not_listed(duo: Duo, moderator: Site) -> None:
    await duo.candidate.post(f"{duo.path}/review/draft", {"version": "0", "text": "only a thought"})
    assert "only a thought" not in (await moderator.get("/admin/feedback")).text
    review = await duo.review()
    assert review is not None
    assert (await moderator.get(f"/admin/feedback/{review.id}")).status == 404
