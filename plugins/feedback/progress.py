"""A candidate's competencies over time, from released scorecards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from markupsafe import Markup

from kernel import charts, format_date, format_number, ngettext
from kernel import gettext as _

from .api import Gap
from .content import unpack_card
from .models import Scorecard
from .rubrics import RubricCopy, unpack
from .states import SUBMITTED

#: So many scorecards at most are drawn; more would not be told apart.
MOST: Final = 24
#: A gap is a latest score of at most this, in one of so many scorecards.
_LOW: Final = 3
_LATELY: Final = 6


@dataclass(frozen=True, slots=True)
class Competency:
    """One criterion over time. `delta` is the latest score against the mean of those before."""

    label: str
    scores: tuple[int, ...]
    latest: int
    delta: float | None
    spark: Markup


@dataclass(frozen=True, slots=True)
class Progress:
    """What the page draws: the chart of the overall score, each competency, and the figures behind them."""

    count: int
    latest: float
    delta: float | None
    chart: Markup | None
    competencies: tuple[Competency, ...]
    head: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]
    rubric: str


async def progress(account_id: UUID) -> Progress | None:
    """None before the first released scorecard. Compares only what was scored by the same rubric, the commonest."""
    cards = await (
        Scorecard.filter(subject_id=account_id, state=SUBMITTED, exchange__released_at__isnull=False)
        .order_by("-exchange__ended_at")
        .limit(MOST)
        .prefetch_related("exchange")
    )
    cards = [c for c in cards if c.score is not None][::-1]
    if not cards:
        return None
    slug = Counter(c.rubric["slug"] for c in cards).most_common(1)[0][0]
    chosen = [c for c in cards if c.rubric["slug"] == slug]
    rubric = unpack(chosen[-1].rubric).localized()
    days = [c.exchange.ended_at for c in chosen]
    overall = [(c.score or 0) / 100 for c in chosen]
    competencies = _competencies(rubric, chosen)
    return Progress(
        count=len(chosen),
        latest=overall[-1],
        delta=_delta(overall),
        chart=_chart(days, overall) if len(chosen) > 1 else None,
        competencies=competencies,
        head=(_("Session"), _("Overall"), *(c.label for c in competencies)),
        table=tuple(
            (format_date(day, "medium"), _one(score), *(str(c.scores[i]) for c in competencies))
            for i, (day, score) in enumerate(zip(days, overall, strict=True))
        ),
        rubric=rubric.title,
    )


class GapsOfScorecards:
    """Provides `feedback.Gaps`."""

    async def of(self, candidate_id: UUID, limit: int = 3) -> list[Gap]:
        """The latest mark of each competency counts, whatever rubric it was in."""
        cards = await (
            Scorecard.filter(subject_id=candidate_id, state=SUBMITTED, exchange__released_at__isnull=False)
            .order_by("-exchange__ended_at")
            .limit(_LATELY)
            .prefetch_related("exchange")
        )
        latest: dict[str, Gap] = {}
        for card in cards:
            marks = unpack_card(card.content).scores
            for c in unpack(card.rubric).localized().criteria:
                if c.id in marks and c.id not in latest:
                    latest[c.id] = Gap(c.label, marks[c.id], card.exchange.title)
        return sorted((g for g in latest.values() if g.score <= _LOW), key=lambda g: (g.score, g.competency))[:limit]


def _competencies(rubric: RubricCopy, cards: list[Scorecard]) -> tuple[Competency, ...]:
    """Criteria that every one of the cards has; one that came with a revision is left out until then."""
    marks = [unpack_card(c.content).scores for c in cards]
    found = []
    for number, c in enumerate((c for c in rubric.criteria if all(c.id in m for m in marks)), 1):
        scores = tuple(m[c.id] for m in marks)
        spark = charts.spark(scores, min(number, charts.MAX_SERIES)) if len(scores) > 1 else Markup()
        found.append(Competency(c.label, scores, scores[-1], _delta(scores), spark))
    return tuple(found)


def _delta(values: tuple[int, ...] | list[float]) -> float | None:
    if len(values) < 2:
        return None
    before = values[:-1]
    return round(values[-1] - sum(before) / len(before), 1)


def _chart(days: list[datetime], overall: list[float]) -> Markup:
    labels = [format_date(day, "short") for day in days]
    count = len(overall)
    finding = ngettext(
        "Overall score in %(count)s session: from %(first)s to %(last)s of 5.",
        "Overall score in %(count)s sessions: from %(first)s to %(last)s of 5.",
        count,
    ) % {"count": count, "first": _one(overall[0]), "last": _one(overall[-1])}
    series = [charts.Series(_("Overall"), overall)]
    return charts.area("fb-progress", _("Your progress"), finding, labels, series, fmt=_exact)


def _one(value: float) -> str:
    return format_number(round(value, 1))


def _exact(value: float) -> str:
    return format_number(round(value, 2))
