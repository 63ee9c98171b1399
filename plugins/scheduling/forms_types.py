"""What is said about an interview type, on its page or as JSON, checked; and its own rules of reminders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from kernel import N_, Form, Words, _

from .forms import minor_of
from .texts import LEVELS, TOPICS

#: Further lengths of a type, besides its usual one.
MOST_LENGTHS = 5
#: The highest fixed price, in minor units.
MOST_MINOR = 100_000_000


class TypeFields(BaseModel):
    """What the page and JSON say alike."""

    title: Annotated[
        str,
        StringConstraints(min_length=2, max_length=120),
        Words(missing=N_("Enter a title"), short=N_("Enter a title")),
    ]
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    kind: Literal["human", "ai"] = "human"
    level: str = "any"
    topic: str = ""
    duration_minutes: Annotated[int, Field(ge=10, le=480)] = 60
    step_minutes: Annotated[int, Field(ge=5, le=240)] = 30
    buffer_before: Annotated[int, Field(ge=0, le=240)] = 0
    buffer_after: Annotated[int, Field(ge=0, le=240)] = 0
    minimum_notice_minutes: Annotated[int, Field(ge=0, le=43_200)] = 120
    window_days: Annotated[int, Field(ge=1, le=365)] = 60
    offset_minutes: Annotated[int, Field(ge=0, le=239)] = 0
    window_from: Annotated[date | None, Words(bad=N_("Choose a date"))] = None
    window_to: Annotated[date | None, Words(bad=N_("Choose a date"))] = None
    price_rule: Literal["rate", "fixed"] = "rate"
    policy: Annotated[str, StringConstraints(max_length=20)] = "moderate"
    mode: Literal["instant", "request"] = "instant"
    answer_hours: Annotated[int, Field(ge=1, le=168)] = 24
    request_blocks: bool = False
    fan_out: Annotated[int, Field(ge=1, le=5)] = 1
    now_allowed: bool = False
    panel: Annotated[int, Field(ge=1, le=2)] = 1
    observers: Annotated[int, Field(ge=0, le=5)] = 0
    guests: Annotated[int, Field(ge=0, le=10)] = 0
    active: bool = False

    @field_validator("level")
    @classmethod
    def _level(cls, value: str) -> str:
        return _one_of(value, [key for key, _label in LEVELS])

    @field_validator("topic")
    @classmethod
    def _topic(cls, value: str) -> str:
        return _one_of(value, [key for key, _label in TOPICS])


class TypeForm(TypeFields, Form):
    """The page: `price` in major units, lengths with commas. The rows of questions come besides, see intake.py."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)

    price: Annotated[str, StringConstraints(max_length=20)] = ""
    durations: Annotated[str, StringConstraints(max_length=60)] = ""
    version: int = 0


def _one_of(value: str, known: list[str]) -> str:
    if value not in known:
        raise ValueError(_("Choose one of the options."))
    return value


def typed_values(form: TypeForm, currency: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What is stored of the page's form, and problems by field."""
    wrong: dict[str, str] = {}
    minor = minor_of(form.price, currency) if form.price_rule == "fixed" and form.price else 0
    if minor is None or minor > MOST_MINOR:
        wrong["price"] = _("Enter an amount such as 65 or 65.50")
    found = [part.strip() for part in form.durations.replace(";", ",").split(",") if part.strip()]
    lengths = [int(part) for part in found if part.isascii() and part.isdecimal() and len(part) < 6]
    values, problems = type_values(form, minor or 0, lengths if len(lengths) == len(found) else [0])
    return values, {**problems, **wrong}


def type_values(form: TypeFields, minor: int, durations: list[int]) -> tuple[dict[str, Any], dict[str, str]]:
    """What is stored of a type, and problems that need more than one field."""
    problems: dict[str, str] = {}
    if form.kind == "ai" and minor:
        problems["price"] = _("Practice with the scripted interviewer is free of charge. Leave the price empty.")
    values = {name: getattr(form, name) for name in TypeFields.model_fields}
    values["price_minor"] = minor if form.price_rule == "fixed" else 0
    values["durations"] = _durations(form, durations, problems)
    if form.offset_minutes >= form.step_minutes:
        problems["offset_minutes"] = _("Choose less than the distance between two starts.")
    if form.window_from and form.window_to and form.window_from > form.window_to:
        problems["window_to"] = _("Choose a date that is not before the first one.")
    if form.kind == "ai":
        values["price_rule"] = "fixed"
    return values, problems


def _durations(form: TypeFields, wanted: list[int], problems: dict[str, str]) -> list[int]:
    """The further lengths, the shortest first."""
    if any(not 10 <= minutes <= 480 for minutes in wanted):
        problems["durations"] = _("Enter whole minutes from 10 to 480 with commas between them, such as 30, 90.")
        return []
    minutes = sorted(set(wanted) - {form.duration_minutes})
    if len(minutes) > MOST_LENGTHS:
        problems["durations"] = _("Use at most {n} lengths.").format(n=MOST_LENGTHS)
    elif minutes and form.kind == "ai":
        problems["durations"] = _("Practice has one length. Leave this empty.")
    return minutes


class RemindersForm(Form):
    """A type's own reminders, or (`own` off) those of the site. The rows come besides, see `typed_rules`."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)

    own: bool = False
    version: int = 0


def typed_rules(sent: Mapping[str, list[str]]) -> list[str]:
    """Rows (`when`, `role`, `channel` side by side) as lines of reminders.py; those without a moment are left out."""
    found = []
    for n, when in enumerate(sent.get("when", [])[:20]):
        parts = [when, *(column[n] for name in ("role", "channel") if n < len(column := sent.get(name, [])))]
        if when.strip():
            found.append(" ".join(part.strip() for part in parts if part.strip())[:60])
    return found
