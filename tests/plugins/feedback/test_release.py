"""Feedback becomes due when a session ends, and is read by both sides at once: both are in, or time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from kernel import now, setting, tenant_scope
from kernel.base.clock import frozen_at as frozen_time
from kernel.testing.people import TenantKit
from plugins.feedback.models import Exchange
from plugins.feedback.services import exchanges

from .kit import Duo, booked, end_session, in_days

SECRET = "Leave ten minutes for what can go wrong."
WORDS = "Hard follow-up questions in the right places."


async def test_session_end_makes_feedback_due_for_both(duo: Duo) -> None:
    exchange = await duo.exchange()
    assert exchange.seconds == 3300
    assert timedelta(days=6, hours=22) < exchange.release_at - now() < timedelta(days=7)
    assert f"{duo.path}/review" in (await duo.candidate.get("/feedback")).text
    assert f"{duo.path}/scorecard" in (await duo.interviewer.get("/feedback")).text
    home = await duo.interviewer.get("/home")
    assert f"{duo.path}/scorecard" in home.text
    assert "To write" in home.text
    assert await duo.events("feedback.requested.v1") == 1


async def test_the_same_end_heard_twice_is_one_exchange(duo: Duo) -> None:
    assert duo.candidate.account_id is not None
    await end_session(duo.tenant, duo.booking_id, duo.candidate.account_id, duo.interviewer.account_id)
    await duo.jobs()
    assert await duo.events("feedback.requested.v1") == 1
    with duo.tenant.scope():
        assert await Exchange.filter(booking_id=duo.booking_id).count() == 1


async def test_no_show_leaves_nothing_to_write(tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]) -> None:
    one, two = await tenant.account("candidate"), await tenant.account("interviewer")
    booking_id = await booked(tenant, one, two, outcome="no_show_candidate")
    await end_session(tenant, booking_id, one, two)
    await run_jobs(tenant)
    with tenant.scope():
        assert not await Exchange.filter(booking_id=booking_id).exists()


async def test_candidate_sees_nothing_before_their_own_review(duo: Duo) -> None:
    await duo.send_card()
    page = await duo.candidate.get(duo.path)
    assert "Your scorecard is in" in page.text
    assert SECRET not in page.text
    assert SECRET not in (await duo.candidate.get("/feedback")).text
    assert SECRET not in (await duo.candidate.get(f"{duo.path}?version=1")).text
    json = (await duo.candidate.get(f"/api/v1/feedback/{duo.booking_id}")).json()
    assert json["scorecard"] is None
    assert json["scorecard_in"] is True
    assert (await duo.candidate.get("/api/v1/feedback")).json()["items"][0]["score"] is None


async def test_interviewer_sees_nothing_before_their_own_scorecard(duo: Duo) -> None:
    await duo.send_review(realism=1, text="It was a monologue from start to end.")
    page = await duo.interviewer.get(duo.path)
    assert "The review is in" in page.text
    assert "monologue" not in page.text
    assert (await duo.interviewer.get(f"/api/v1/feedback/{duo.booking_id}")).json()["review"] is None


async def test_both_in_releases_both_at_once(duo: Duo) -> None:
    await duo.both()
    exchange = await duo.exchange()
    assert exchange.released_because == "both"
    page = await duo.candidate.get(duo.path)
    assert SECRET in page.text
    assert "Compared two approaches" in page.text
    assert "4 of 5" in page.text
    assert WORDS in (await duo.interviewer.get(duo.path)).text
    assert await duo.events("feedback.released.v1") == 1
    home = await duo.candidate.get("/home")
    assert "Your latest scorecard: System design" in home.text


async def test_time_over_releases_what_is_in(duo: Duo) -> None:
    await duo.send_card()
    await duo.jobs(until=in_days(6.5))
    assert (await duo.exchange()).released_at is None
    with frozen_time(in_days(8)):
        await duo.jobs()
        assert (await duo.exchange()).released_because == "time"
        assert SECRET in (await duo.candidate.get(duo.path)).text
        # a late review is possible, and nothing is left to keep apart
        assert (await duo.send_review()).status == 303
        assert WORDS in (await duo.interviewer.get(duo.path)).text
    assert await duo.events("feedback.released.v1") == 1


async def test_nothing_in_is_not_released_until_something_is(duo: Duo) -> None:
    with frozen_time(in_days(8)):
        await duo.jobs()
        assert (await duo.exchange()).released_at is None
        await duo.send_card()
        assert (await duo.exchange()).released_because == "time"


async def test_a_release_planned_for_another_time_does_nothing(duo: Duo) -> None:
    await duo.send_card()
    exchange = await duo.exchange()
    with tenant_scope(duo.tenant.ref), frozen_time(in_days(8)):
        await exchanges.time_is_over(duo.booking_id, exchange.release_at - timedelta(days=1))
        assert (await duo.exchange()).released_at is None


async def test_waiting_time_is_a_setting(tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]) -> None:
    from kernel import set_setting

    with tenant.scope():
        await set_setting("feedback.release_days", 3)
        assert setting("feedback.release_days") == 3
    duo = await make_duo(tenant)
    assert (await duo.exchange()).release_at < in_days(3)


async def test_reminders_reach_only_who_is_missing_and_stop_at_release(duo: Duo) -> None:
    await duo.send_card()
    with frozen_time(in_days(1.1)):
        await duo.jobs()
    assert await duo.events("feedback.reminder_due.v1") == 1  # the candidate alone
    await duo.send_review()
    with frozen_time(in_days(7)):
        await duo.jobs()
    assert await duo.events("feedback.reminder_due.v1") == 1


async def test_written_before_the_room_was_heard_of(tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]) -> None:
    """The session ended a second ago and its event is still on the way: the form works all the same."""
    candidate, interviewer = await tenant.sign_in("candidate"), await tenant.sign_in("interviewer")
    assert candidate.account_id is not None
    booking_id = await booked(tenant, candidate.account_id, interviewer.account_id)
    early = Duo(tenant, candidate, interviewer, booking_id, run_jobs)
    assert (await candidate.get(f"{early.path}/review")).status == 200
    with tenant.scope():
        assert not await Exchange.filter(booking_id=booking_id).exists()  # reading writes nothing
    assert (await early.send_review()).status == 303
    assert await early.events("feedback.requested.v1") == 1


async def test_both_hand_in_at_the_same_moment(duo: Duo) -> None:
    answers = await asyncio.gather(duo.send_card(), duo.send_review())
    assert [a.status for a in answers] == [303, 303]
    assert (await duo.exchange()).released_because == "both"
    assert await duo.events("feedback.released.v1") == 1
    review = await duo.review()
    assert review is not None
    assert review.released_at is not None
