"""What feedback holds about a person: scorecards about and by them, reviews, their own notes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from kernel import N_, PrivacyProvider, unit_of_work

from .models import Edition, Exchange, Review, RubricRevision, Scorecard, SelfReview
from .states import SUBMITTED


def _iso(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


async def export(account_id: UUID) -> dict[str, Any]:
    """What is about or by this person. Scorecards that are not released yet come with the release, days later."""
    sessions = await Exchange.filter(Q(candidate_id=account_id) | Q(interviewer_id=account_id)).order_by("ended_at")
    about = await Scorecard.filter(
        subject_id=account_id, state=SUBMITTED, exchange__released_at__isnull=False
    ).order_by("created_at")
    written = await Scorecard.filter(author_id=account_id).order_by("created_at")
    mine = await Review.filter(author_id=account_id).order_by("created_at")
    got = await Review.filter(subject_id=account_id, released_at__isnull=False).order_by("created_at")
    notes = await SelfReview.filter(account_id=account_id).order_by("created_at")
    targets = [row.id for row in (*about, *written, *mine)]
    former = await Edition.filter(target_id__in=targets).order_by("written_at") if targets else []
    return {
        "sessions": [
            {"booking": str(e.booking_id), "title": e.title, "ended_at": _iso(e.ended_at),
             "released_at": _iso(e.released_at)}
            for e in sessions
        ],
        "scorecards_about_me": [_card(c) for c in about],
        "scorecards_by_me": [_card(c) for c in written],
        "reviews_by_me": [{**_review(r), "private_note": r.private_note} for r in mine],
        "reviews_about_me": [_review(r) for r in got],
        "earlier_versions": [{"of": e.of, "written_at": _iso(e.written_at), "content": e.content} for e in former],
        "practice_notes": [{"booking": str(n.booking_id), "again": n.again, "note": n.note} for n in notes],
    }  # fmt: skip


def _card(card: Scorecard) -> dict[str, Any]:
    return {"booking": str(card.booking_id), "state": card.state, "submitted_at": _iso(card.submitted_at),
            "rubric": card.rubric.get("title"), "content": card.content, "score": card.score}  # fmt: skip


def _review(review: Review) -> dict[str, Any]:
    return {"booking": str(review.booking_id), "state": review.state, "submitted_at": _iso(review.submitted_at),
            "realism": review.realism, "clarity": review.clarity, "usefulness": review.usefulness,
            "text": review.text, "hidden": review.hidden_at is not None,
            "hidden_reason": review.hidden_reason}  # fmt: skip


async def erase(account_id: UUID) -> list[str]:
    """A candidate's assessments go with them. Stars stay in averages, without words and without a name."""
    async with unit_of_work():
        cards = list(await Scorecard.filter(subject_id=account_id).values_list("id", flat=True))
        reviews = list(
            await Review.filter(Q(author_id=account_id) | Q(subject_id=account_id)).values_list("id", flat=True)
        )
        if cards or reviews:
            await Edition.filter(target_id__in=[*cards, *reviews]).delete()
        await Scorecard.filter(subject_id=account_id).delete()
        await Scorecard.filter(author_id=account_id, state="draft").delete()
        await SelfReview.filter(account_id=account_id).delete()
        await Review.filter(author_id=account_id, state="draft").delete()
        await Review.filter(Q(author_id=account_id) | Q(subject_id=account_id)).update(
            text="", private_note="", report_reason="", hidden_reason=""
        )
        await Review.filter(hidden_by=account_id).update(hidden_by=None)
        await RubricRevision.filter(replaced_by=account_id).update(replaced_by=None)
    kept = []
    if await Review.filter(author_id=account_id).exists():
        kept.append(N_("Stars given to interviewers, without words: ratings that others rely on."))
    if await Scorecard.filter(author_id=account_id).exists():
        kept.append(N_("Scorecards written about others, without the author's name: they belong to those candidates."))
    return kept


PRIVACY = PrivacyProvider(
    title=N_("Feedback"),
    models=("Exchange", "Scorecard", "Review", "Edition", "SelfReview", "Rubric", "RubricRevision"),
    export=export,
    erase=erase,
)
