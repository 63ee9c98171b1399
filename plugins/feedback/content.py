"""What a scorecard and a review say, as values; and what must be there before one can be handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kernel import N_
from kernel import gettext as _

from .rubrics import MIDDLE, RubricCopy, weighted

MAX_EVIDENCE: Final = 2000
MAX_SUMMARY: Final = 4000
MIN_EVIDENCE: Final = 15
MIN_SUMMARY: Final = 20
MIN_STEP: Final = 10

#: How near the candidate is to the real thing; optional.
SIGNALS: Final[dict[str, tuple[str, str]]] = {
    "not_yet": (N_("Not ready yet"), "warn"),
    "nearly": (N_("Nearly ready"), "info"),
    "ready": (N_("Ready"), "ok"),
    "strong": (N_("Ready, and strong"), "ok"),
}
#: Names of the stars and their questions.
ASPECTS: Final[dict[str, tuple[str, str]]] = {
    "realism": (N_("Realism"), N_("How close did it feel to a real interview?")),
    "clarity": (N_("Clarity"), N_("How clear were questions and answers?")),
    "usefulness": (N_("Usefulness"), N_("How much will it help you next time?")),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion of a scorecard: a score from 1 to 5, or None in a draft, and what it rests on."""

    score: int | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class CardContent:
    """A scorecard's words and scores. The summary texts are markdown; `signal` is a key of SIGNALS or empty."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    strengths: str = ""
    improvements: str = ""
    next_step: str = ""
    signal: str = ""

    @property
    def scores(self) -> dict[str, int]:
        return {id: mark.score for id, mark in self.marks.items() if mark.score is not None}

    def mark(self, id: str) -> Mark:
        return self.marks.get(id, Mark())


@dataclass(frozen=True, slots=True)
class ReviewContent:
    """A review's stars and words."""

    stars: Mapping[str, int | None] = field(default_factory=dict)
    text: str = ""
    private_note: str = ""


def pack_card(content: CardContent) -> dict[str, Any]:
    return {
        "marks": {id: {"score": m.score, "evidence": m.evidence} for id, m in content.marks.items()},
        "strengths": content.strengths,
        "improvements": content.improvements,
        "next_step": content.next_step,
        "signal": content.signal,
    }


def unpack_card(data: Mapping[str, Any]) -> CardContent:
    return CardContent(
        {str(id): Mark(m.get("score"), str(m.get("evidence", ""))) for id, m in data.get("marks", {}).items()},
        str(data.get("strengths", "")),
        str(data.get("improvements", "")),
        str(data.get("next_step", "")),
        str(data.get("signal", "")),
    )


def overall(rubric: RubricCopy, content: CardContent) -> int | None:
    return weighted(rubric, content.scores)


def card_faults(rubric: RubricCopy, content: CardContent) -> dict[str, str]:
    """What is still missing before a scorecard can be handed in, by name of its form field."""
    faults: dict[str, str] = {}
    for c in rubric.localized().criteria:
        mark = content.mark(c.id)
        if mark.score is None:
            faults[f"score_{c.id}"] = _("Choose a score for “{criterion}”").format(criterion=c.label)
        elif mark.score != MIDDLE and len(mark.evidence) < MIN_EVIDENCE:
            faults[f"evidence_{c.id}"] = _(
                "Say what you saw or heard for “{criterion}”: a score other than 3 needs evidence"
            ).format(criterion=c.label)
    if len(content.strengths) < MIN_SUMMARY:
        faults["strengths"] = _("Name at least one strength in a sentence")
    if len(content.improvements) < MIN_SUMMARY:
        faults["improvements"] = _("Name at least one thing to improve in a sentence")
    if len(content.next_step) < MIN_STEP:
        faults["next_step"] = _("Suggest one concrete next step")
    return faults


def review_faults(content: ReviewContent) -> dict[str, str]:
    """What is still missing before a review can be handed in, by name of its form field."""
    faults = {
        name: _("Choose one to five stars for “{aspect}”").format(aspect=_(label))
        for name, (label, _question) in ASPECTS.items()
        if content.stars.get(name) is None
    }
    stars = [n for n in content.stars.values() if n is not None]
    if stars and min(stars) <= 2 and len(content.text) < MIN_SUMMARY:
        faults["text"] = _("Say in a sentence what went wrong: one or two stars need words")
    return faults
