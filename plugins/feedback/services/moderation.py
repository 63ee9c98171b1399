"""What moderators do to reviews. Ratings are counted from what is visible, so hiding one changes them at once."""

from __future__ import annotations

from typing import Any

from kernel import audit, compare_and_set, current_actor, errors, now, publish, unit_of_work
from kernel import gettext as _

from .. import events
from ..models import Review
from ..states import HIDDEN, SHOWN, SUBMITTED, check_move
from .exchanges import mean_stars

MIN_REASON = 5


def standing(review: Review) -> str:
    return HIDDEN if review.hidden_at is not None else SHOWN


async def hide(review: Review, reason: str, version: int) -> None:
    """Take a review out of sight and out of the rating; its author is told the reason.

    Raises Invalid without a reason, Conflict when somebody else decided meanwhile, Forbidden for one's own session.
    """
    _check(review, version)
    if len(reason) < MIN_REASON:
        raise errors.Invalid({"reason": _("Give a reason: the author reads it")})
    check_move(standing(review), HIDDEN)
    actor = current_actor()
    changes = {"hidden_at": now(), "hidden_by": actor.id if actor else None, "hidden_reason": reason[:500]}
    async with unit_of_work():
        await compare_and_set(review, **changes, report_state="kept" if review.report_state else "")
        await _record("feedback.review_hidden", review, SHOWN, HIDDEN, reason)
        await publish(events.ReviewHidden(**_about(review)))


async def restore(review: Review, reason: str, version: int) -> None:
    """Let a hidden review count again."""
    _check(review, version)
    check_move(standing(review), SHOWN)
    async with unit_of_work():
        await compare_and_set(review, hidden_at=None, hidden_by=None, hidden_reason="")
        await _record("feedback.review_restored", review, HIDDEN, SHOWN, reason)
        await publish(events.ReviewRestored(**_about(review)))


async def keep(review: Review, version: int) -> None:
    """Close a report: the review stays as it is."""
    _check(review, version)
    if review.report_state != "open":
        raise errors.Conflict(_("Somebody did this already. Look at the page again."))
    async with unit_of_work():
        await compare_and_set(review, report_state="kept")
        await _record("feedback.report_closed", review, "open", "kept", "")


def _check(review: Review, version: int) -> None:
    actor = current_actor()
    if review.state != SUBMITTED:
        raise errors.NotFound
    if actor is not None and actor.id in (review.author_id, review.subject_id):
        raise errors.Forbidden(_("You took part in this session. Somebody else has to decide."))
    if review.version != version:
        raise errors.Conflict(_("Somebody decided in the meantime. Look at the page again."))


def _about(review: Review) -> dict[str, Any]:
    return {
        "booking_id": review.booking_id,
        "review_id": review.id,
        "author_id": review.author_id,
        "subject_id": review.subject_id,
        "rating": mean_stars(review),
    }


async def _record(action: str, review: Review, before: str, after: str, reason: str) -> None:
    await audit.record(
        action,
        subject="review",
        subject_id=str(review.id),
        before={"standing": before},
        after={"standing": after},
        reason=reason,
    )
