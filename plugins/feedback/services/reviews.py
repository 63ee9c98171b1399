"""The candidate's review of the interviewer: drafted, handed in, corrected until it is released, reported."""

from __future__ import annotations

from typing import Any

from kernel import compare_and_set, errors, now, publish, setting, unit_of_work
from kernel import gettext as _

from .. import events
from ..access import Seat, may_read_review
from ..content import ASPECTS, ReviewContent, review_faults
from ..models import Edition, Exchange, Review
from ..settings import EDIT_HOURS
from ..states import DRAFT, SUBMITTED, check_move, editable_until
from . import exchanges
from .scorecards import Locked, Moved


async def save_draft(seat: Seat, content: ReviewContent, version: int) -> Review:
    """Keep the draft as typed. Raises Moved and Locked as for scorecards."""
    _must_be_candidate(seat)
    async with unit_of_work():
        exchange = await exchanges.locked(seat)
        review = await _review(exchange, seat, version)
        if review.state == SUBMITTED:
            raise Locked
        check_move(review.state, DRAFT)
        await compare_and_set(review, **_values(content))
    return review


async def submit(seat: Seat, content: ReviewContent, version: int) -> Review:
    """Hand the review in, or correct it as long as the other side has not read it."""
    _must_be_candidate(seat)
    if faults := review_faults(content):
        raise errors.Invalid(faults)
    async with unit_of_work():
        exchange = await exchanges.locked(seat)
        review = await _review(exchange, seat, version)
        check_move(review.state, SUBMITTED)
        if review.state == SUBMITTED:
            await _correct(exchange, review, content)
        else:
            await compare_and_set(review, **_values(content), state=SUBMITTED, submitted_at=now())
            await _announce(exchange, review)
    return review


async def _announce(exchange: Exchange, review: Review) -> None:
    await publish(
        events.ReviewSubmitted(
            booking_id=review.booking_id,
            review_id=review.id,
            author_id=review.author_id,
            subject_id=review.subject_id,
            rating=exchanges.mean_stars(review),
        )
    )
    if exchange.released_at is not None:
        # The waiting time was over already: nothing is left to keep apart.
        await compare_and_set(review, released_at=now())
    else:
        await exchanges.release_if_ready(exchange)


async def _correct(exchange: Exchange, review: Review, content: ReviewContent) -> None:
    # Once the scorecard can be read, a correction would be an answer to it.
    if exchange.released_at is not None or editable_until(review.submitted_at, setting(EDIT_HOURS)) is None:
        raise Locked
    values = _values(content)
    if all(getattr(review, name) == value for name, value in values.items()):
        return
    kept = {name: getattr(review, name) for name in values}
    written = review.edited_at or review.submitted_at or now()
    await Edition.create(of="review", target_id=review.id, number=review.edition, content=kept, written_at=written)
    await compare_and_set(review, **values, edition=review.edition + 1, edited_at=now())


def _values(content: ReviewContent) -> dict[str, Any]:
    stars = {name: content.stars.get(name) for name in ASPECTS}
    return {**stars, "text": content.text, "private_note": content.private_note}


async def _review(exchange: Exchange, seat: Seat, version: int) -> Review:
    review = await Review.filter(booking_id=exchange.booking_id).first()
    if review is None:
        if version != 0:
            raise Moved(0)
        assert exchange.interviewer_id is not None  # noqa: S101 - the seat is of a session with an interviewer
        review = Review(
            exchange=exchange,
            booking_id=exchange.booking_id,
            author_id=seat.actor.id,
            subject_id=exchange.interviewer_id,
            state=DRAFT,
        )
        await review.save(force_create=True)
    elif review.version != version:
        raise Moved(review.version)
    return review


def _must_be_candidate(seat: Seat) -> None:
    """Only the candidate reviews, and only a person: the scripted interviewer is not rated."""
    if not seat.is_candidate or seat.practice:
        raise errors.NotFound


async def report(seat: Seat, reason: str) -> Review:
    """The interviewer asks moderators to look at the review they got. Again: nothing."""
    async with unit_of_work():
        exchange = await exchanges.locked(seat)
        review = await Review.filter(booking_id=exchange.booking_id).first()
        if review is None or seat.is_candidate or not may_read_review(exchange, review, seat.actor.id):
            raise errors.NotFound
        if len(reason) < 10:
            raise errors.Invalid({"reason": _("Say in a few words what is wrong with it")})
        if not review.report_state:
            await compare_and_set(review, report_state="open", reported_at=now(), report_reason=reason[:500])
            await publish(
                events.ReviewReported(booking_id=review.booking_id, review_id=review.id, reporter_id=seat.actor.id)
            )
    return review
