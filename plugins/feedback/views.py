"""Values that the pages draw, made from rows for one reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import gettext as _
from kernel import setting

from .content import ASPECTS, SIGNALS, CardContent, unpack_card
from .models import Edition, Review, Scorecard
from .rubrics import RubricCopy, unpack
from .services.exchanges import mean_stars
from .settings import EDIT_HOURS
from .states import SUBMITTED, editable_until


@dataclass(frozen=True, slots=True)
class Person:
    """A participant as drawn; `name` of an erased one is a stand-in."""

    id: UUID | None
    name: str
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One criterion of a scorecard: `anchor` is what the chosen score means, `share` a percentage."""

    id: str
    label: str
    description: str
    share: int
    score: int | None
    anchor: str
    evidence: str


@dataclass(frozen=True, slots=True)
class CardView:
    """A scorecard for reading."""

    rubric: RubricCopy
    rows: tuple[CriterionView, ...]
    content: CardContent
    score: float | None
    signal: tuple[str, str] | None
    edition: int
    submitted_at: datetime | None
    edited_at: datetime | None
    editable_until: datetime | None
    former: tuple[int, ...] = ()
    is_former: bool = False


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review for reading; `private_note` only for its author and for moderators."""

    id: UUID
    version: int
    rating: float
    aspects: tuple[tuple[str, int], ...]
    text: str
    private_note: str
    submitted_at: datetime | None
    edited_at: datetime | None
    editable_until: datetime | None
    hidden_at: datetime | None
    hidden_reason: str
    report_state: str
    report_reason: str


def card_view(card: Scorecard, former: tuple[int, ...] = ()) -> CardView:
    data = {"rubric": card.rubric, "content": card.content, "score": card.score}
    return _card(data, card, former, card.edition)


def former_card_view(card: Scorecard, edition: Edition, former: tuple[int, ...]) -> CardView:
    """The card as an earlier edition had it."""
    return _card(edition.content, card, former, edition.number)


def _card(data: dict[str, Any], card: Scorecard, former: tuple[int, ...], number: int) -> CardView:
    source = unpack(data["rubric"])
    rubric, content = source.localized(), unpack_card(data["content"])
    rows = []
    for c in rubric.criteria:
        mark = content.mark(c.id)
        anchor = c.anchors[mark.score - 1] if mark.score else ""
        share = round(100 * rubric.share(c))
        rows.append(CriterionView(c.id, c.label, c.description, share, mark.score, anchor, mark.evidence))
    score = data.get("score")
    return CardView(
        rubric=rubric,
        rows=tuple(rows),
        content=content,
        score=score / 100 if score is not None else None,
        signal=signal(content.signal),
        edition=number,
        submitted_at=card.submitted_at,
        edited_at=card.edited_at,
        editable_until=editable_until(card.submitted_at, setting(EDIT_HOURS)) if card.state == SUBMITTED else None,
        former=former,
        is_former=number != card.edition,
    )


def signal(key: str) -> tuple[str, str] | None:
    found = SIGNALS.get(key)
    return (_(found[0]), found[1]) if found else None


def review_view(review: Review, *, private: bool, released: bool) -> ReviewView:
    until = None if released else editable_until(review.submitted_at, setting(EDIT_HOURS))
    return ReviewView(
        id=review.id,
        version=review.version,
        rating=mean_stars(review),
        aspects=tuple((_(label), int(getattr(review, name) or 0)) for name, (label, _question) in ASPECTS.items()),
        text=review.text,
        private_note=review.private_note if private else "",
        submitted_at=review.submitted_at,
        edited_at=review.edited_at,
        editable_until=until,
        hidden_at=review.hidden_at,
        hidden_reason=review.hidden_reason if private else "",
        report_state=review.report_state,
        report_reason=review.report_reason,
    )
