"""The candidate's review of the interviewer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import now
from kernel.base.clock import frozen_at as frozen_time
from plugins.feedback.models import Edition

from .kit import Duo, review_form


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clarity": None}, "Choose one to five stars for “Clarity”"),
        ({"clarity": "0"}, "Choose one to five stars"),
        ({"clarity": "9"}, "Choose one to five stars"),
        ({"clarity": "1", "text": ""}, "one or two stars need words"),
        ({"text": "x" * 2001}, "Use at most 2000 characters"),
        ({"surprise": "1"}, "not part of it"),
    ],
)
async def test_incomplete_is_refused(duo: Duo, changes: dict[str, str | None], words: str) -> None:
    answer = await duo.send_review(**changes)
    assert answer.status == 422
    assert words in answer.text
    assert await duo.review() is None


async def test_draft_is_nobody_elses_business(duo: Duo) -> None:
    await duo.candidate.post(f"{duo.path}/review/draft", review_form(clarity=None, text="not yet sure"))
    assert "not yet sure" in (await duo.candidate.get(f"{duo.path}/review")).text
    await duo.send_card()
    assert "not yet sure" not in (await duo.interviewer.get(duo.path)).text
    assert (await duo.exchange()).released_at is None


async def test_private_note_never_reaches_the_interviewer(duo: Duo) -> None:
    note = "He was eight minutes late, please keep this between us."
    await duo.send_review(private_note=note)
    await duo.send_card()
    for path in (duo.path, "/feedback", f"/api/v1/feedback/{duo.booking_id}", f"/bookings/{duo.booking_id}", "/home"):
        assert "eight minutes late" not in (await duo.interviewer.get(path)).text
    assert note in (await duo.candidate.get(duo.path)).text
    admin = await duo.tenant.sign_in("admin")
    review = await duo.review()
    assert review is not None
    assert note in (await admin.get(f"/admin/feedback/{review.id}")).text


async def test_correction_before_release_keeps_the_old_one(duo: Duo) -> None:
    await duo.send_review()
    review = await duo.review()
    assert review is not None
    answer = await duo.send_review(version=review.version, realism=3, text="On second thought it was rather easy.")
    assert answer.status == 303
    changed = await duo.review()
    assert changed is not None
    assert (changed.edition, changed.realism) == (2, 3)
    with duo.tenant.scope():
        kept = await Edition.get(target_id=review.id)
        assert (kept.number, kept.content["realism"]) == (1, 5)


async def test_no_answer_to_a_scorecard_by_changing_stars(duo: Duo) -> None:
    await duo.both()
    review = await duo.review()
    assert review is not None
    late = await duo.send_review(version=review.version, realism=1, text="Now that I have read the scorecard...")
    assert late.status == 409
    assert (await duo.review()).realism == 5  # type: ignore[union-attr]


async def test_locked_after_a_day(duo: Duo) -> None:
    await duo.send_review()
    review = await duo.review()
    assert review is not None
    with frozen_time(now() + timedelta(hours=25)):
        assert (await duo.send_review(version=review.version, realism=1)).status in (409, 422)
        assert (await duo.send_review(version=review.version, realism=4)).status == 409
        assert (await duo.candidate.get(f"{duo.path}/review")).status == 303


async def test_two_windows(duo: Duo) -> None:
    await duo.candidate.post(f"{duo.path}/review/draft", review_form())
    stale = await duo.send_review(text="Typed in the other window.")
    assert stale.status == 409
    assert "Typed in the other window." in stale.text
