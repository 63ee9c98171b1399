"""Forms: what may be typed, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, StringConstraints, create_model

from kernel import N_, Form, Words

from .content import ASPECTS, MAX_EVIDENCE, MAX_SUMMARY, CardContent, Mark, ReviewContent
from .rubrics import SCORES, Criterion, RubricCopy, said

_Summary = Annotated[str, StringConstraints(max_length=MAX_SUMMARY)]
_Evidence = Annotated[str, StringConstraints(max_length=MAX_EVIDENCE)]


def _always(message: str) -> Words:
    """The same words whatever is wrong with the value."""
    return Words(missing=message, bad=message, low=message, high=message)


_Score = Annotated[int | None, Field(ge=1, le=5), _always(N_("Choose a score from 1 to 5"))]
_Stars = Annotated[int | None, Field(ge=1, le=5), _always(N_("Choose one to five stars"))]


class RubricChoice(Form):
    """Which rubric a form was drawn from; read before the rest, which depends on it."""

    rubric: Annotated[str, StringConstraints(max_length=80)] = ""


class CardForm(RubricChoice):
    """The part of the scorecard form that is the same for every rubric."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    strengths: _Summary = ""
    improvements: _Summary = ""
    next_step: _Summary = ""
    signal: Literal["", "not_yet", "nearly", "ready", "strong"] = ""


def card_form(rubric: RubricCopy) -> type[CardForm]:
    """The form of a rubric: `score_<criterion>` and `evidence_<criterion>` for each."""
    return _card_form(tuple(c.id for c in rubric.criteria))


@lru_cache(maxsize=256)
def _card_form(ids: tuple[str, ...]) -> type[CardForm]:
    fields: dict[str, Any] = {}
    for id in ids:
        fields[f"score_{id}"] = (_Score, None)
        fields[f"evidence_{id}"] = (_Evidence, "")
    return cast("type[CardForm]", create_model("CardFormOfRubric", __base__=CardForm, **fields))


def card_content(form: CardForm, rubric: RubricCopy) -> CardContent:
    marks = {c.id: Mark(getattr(form, f"score_{c.id}"), getattr(form, f"evidence_{c.id}")) for c in rubric.criteria}
    return CardContent(marks, form.strengths, form.improvements, form.next_step, form.signal)


class ReviewForm(Form):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    realism: _Stars = None
    clarity: _Stars = None
    usefulness: _Stars = None
    text: Annotated[str, StringConstraints(max_length=2000)] = ""
    private_note: Annotated[str, StringConstraints(max_length=2000)] = ""


def review_content(form: ReviewForm) -> ReviewContent:
    return ReviewContent({name: getattr(form, name) for name in ASPECTS}, form.text, form.private_note)


class PracticeForm(Form):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    again: Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=40)] = []
    note: Annotated[str, StringConstraints(max_length=MAX_SUMMARY)] = ""


class ReportForm(Form):
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class DecisionForm(Form):
    """A moderator's decision about a review."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class SwitchForm(Form):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    on: Literal["on", "off"]


class MineFilter(Form):
    """Filters of one's own list."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    show: Literal["", "due", "waiting", "released"] = ""
    side: Literal["", "candidate", "interviewer"] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class AdminFilter(Form):
    """Filters of the moderators' list."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    state: Literal["", "shown", "waiting", "hidden", "reported", "note"] = ""
    stars: Literal["", "low", "high"] = ""
    sort: Literal["when", "rating"] = "when"
    desc: Literal["0", "1"] = "1"
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


# --- rubrics ---------------------------------------------------------------------------------------------------


def _words(value: Any) -> Any:
    """Words separated by commas, from one field or several."""
    texts = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(w for t in texts for w in (p.strip() for p in str(t).split(",")) if w))


class RubricForm(Form):
    """The head of the rubric form."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    title: Annotated[
        str, StringConstraints(min_length=3, max_length=120), Words(missing=N_("Enter a name for the rubric"))
    ]
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    matches: Annotated[
        list[Annotated[str, StringConstraints(max_length=40)]], BeforeValidator(_words), Field(max_length=20)
    ] = []


_Label = Annotated[str, StringConstraints(max_length=80)]
_Anchor = Annotated[str, StringConstraints(max_length=300)]
_Weight = Annotated[int, Field(ge=1, le=10), _always(N_("Enter a weight from 1 to 10"))]


@lru_cache(maxsize=16)
def rubric_form(rows: int) -> type[RubricForm]:
    """The rubric form with so many criteria: `id_n`, `label_n`, `about_n`, `weight_n`, `anchor_n_1` to `anchor_n_5`."""
    fields: dict[str, Any] = {}
    for n in range(1, rows + 1):
        fields[f"id_{n}"] = (Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_]*$")], "")
        fields[f"label_{n}"] = (_Label, "")
        fields[f"about_{n}"] = (_Anchor, "")
        fields[f"weight_{n}"] = (_Weight, 1)
        fields[f"drop_{n}"] = (bool, False)
        for score in SCORES:
            fields[f"anchor_{n}_{score}"] = (_Anchor, "")
    return cast("type[RubricForm]", create_model("RubricFormOfRows", __base__=RubricForm, **fields))


def rubric_raw(title: str, description: str, matches: Sequence[str], criteria: Sequence[Criterion]) -> dict[str, str]:
    """The form's fields of a stored rubric, in the reader's language."""
    raw = {"title": said(title), "description": said(description), "matches": ", ".join(matches)}
    for n, c in enumerate((c.localized() for c in criteria), 1):
        raw |= {f"id_{n}": c.id, f"label_{n}": c.label, f"about_{n}": c.description, f"weight_{n}": str(c.weight)}
        raw |= {f"anchor_{n}_{score}": c.anchors[score - 1] for score in SCORES}
    return raw


def unsaid(typed: str, stored: str) -> str:
    """What to store: a text that was only translated for the reader stays the source text it was."""
    return stored if stored and typed == said(stored) else typed


def rows_wanted(raw: Mapping[str, str], least: int, most: int) -> int:
    """How many criteria a sent form has."""
    ends = [name[6:] for name in raw if name.startswith("label_") and len(name) < 9]
    numbers = [int(end) for end in ends if end.isascii() and end.isdecimal()]
    return max(least, min(most, max(numbers, default=least)))
