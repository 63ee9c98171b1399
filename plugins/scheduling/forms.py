"""What pages send, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from kernel import N_, Form, Parsed, Words, _, currency_digits

from .policies import POLICIES
from .services.booking import MAX_GOAL
from .texts import LEVELS, TOPICS

DAYS = tuple(range(1, 8))


class DirectoryQuery(Form):
    """Filters of the list of interviewers. What cannot be read is left out."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    skill: Annotated[str, StringConstraints(max_length=60)] = ""
    language: Annotated[str, StringConstraints(max_length=12)] = ""
    type: Annotated[str, StringConstraints(max_length=60)] = ""
    price: Annotated[str, StringConstraints(max_length=10)] = ""
    sort: Annotated[str, StringConstraints(max_length=10)] = ""
    page: int = 1


class PickerQuery(Form):
    """How the booking page is looked at."""

    day: str = ""
    month: str = ""
    tz: str = ""
    clock: str = ""
    start: str = ""


class HoldForm(Form):
    """The chosen time. `start` is an instant, or wall time in `tz`."""

    start: Annotated[str, StringConstraints(max_length=40), Words(missing=N_("Choose a time"))]
    tz: Annotated[str, StringConstraints(max_length=64)] = ""
    clock: str = ""


class ConfirmForm(Form):
    goal: Annotated[str, StringConstraints(max_length=MAX_GOAL), Words(long=N_("Use at most 2,000 characters."))] = ""
    start: Annotated[str, StringConstraints(max_length=40)] = ""


class CancelForm(Form):
    """`percent` is the refund that the page showed."""

    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


class AdminCancelForm(Form):
    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=500),
        Words(missing=N_("Enter a reason: both people read it"), short=N_("Enter a reason: both people read it")),
    ]
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


class BookingsQuery(Form):
    tab: Annotated[str, StringConstraints(max_length=12)] = "upcoming"
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class AdminQuery(Form):
    q: Annotated[str, StringConstraints(max_length=80)] = ""
    status: Annotated[str, StringConstraints(max_length=20)] = ""
    kind: Annotated[str, StringConstraints(max_length=10)] = ""
    first: date | None = None
    last: date | None = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class PracticeForm(Form):
    type: UUID


class WeekForm(Form):
    """The weekly editor: for each weekday the starts and the ends of its ranges, in pairs (see `weekly_of`)."""

    zone: Annotated[str, StringConstraints(max_length=64)]
    version: int = 0
    types: list[UUID] = []
    per_day: Annotated[int | None, Field(ge=1, le=24)] = None
    per_week: Annotated[int | None, Field(ge=1, le=100)] = None
    d1_from: list[str] = []
    d1_to: list[str] = []
    d2_from: list[str] = []
    d2_to: list[str] = []
    d3_from: list[str] = []
    d3_to: list[str] = []
    d4_from: list[str] = []
    d4_to: list[str] = []
    d5_from: list[str] = []
    d5_to: list[str] = []
    d6_from: list[str] = []
    d6_to: list[str] = []
    d7_from: list[str] = []
    d7_to: list[str] = []
    add: str = ""
    copy_day: Annotated[str, Field(alias="copy")] = ""
    clear: str = ""


def weekly_of(parsed: Parsed[Any]) -> tuple[dict[str, list[list[str]]], dict[str, str]]:
    """Ranges by weekday as typed, and problems of rows with one half only. Empty rows are left out."""
    weekly: dict[str, list[list[str]]] = {}
    problems: dict[str, str] = {}
    for day in DAYS:
        pairs = _pairs(parsed.raw_lists, f"d{day}")
        rows = [[a.strip(), b.strip()] for a, b in pairs if a.strip() or b.strip()]
        if any(not a or not b for a, b in rows):
            problems[f"d{day}"] = _("Enter both the start and the end of each range.")
        # The end of the day is typed as 00:00, since time fields know no 24:00.
        weekly[str(day)] = [[a, "24:00" if b == "00:00" else b] for a, b in rows]
    return weekly, problems


def _pairs(sent: Mapping[str, list[str]], name: str) -> list[tuple[str, str]]:
    starts, ends = sent.get(f"{name}_from", []), sent.get(f"{name}_to", [])
    length = max(len(starts), len(ends))
    starts, ends = starts + [""] * (length - len(starts)), ends + [""] * (length - len(ends))
    return list(zip(starts, ends, strict=True))[:20]


class OverrideForm(Form):
    """One date with other hours, or none."""

    date: Annotated[date, Words(missing=N_("Choose a date"), bad=N_("Choose a date"))]
    closed: bool = False
    r_from: list[str] = []
    r_to: list[str] = []


def override_ranges(parsed: Parsed[Any]) -> list[list[str]]:
    """The typed ranges of a special date."""
    pairs = _pairs(parsed.raw_lists, "r")
    return [[a.strip(), "24:00" if b.strip() == "00:00" else b.strip()] for a, b in pairs if a.strip() or b.strip()]


class TimeOffForm(Form):
    """Whole days away, both included, in the schedule's zone."""

    first: Annotated[date, Words(missing=N_("Choose the first day"), bad=N_("Choose the first day"))]
    last: Annotated[date, Words(missing=N_("Choose the last day"), bad=N_("Choose the last day"))]
    note: Annotated[str, StringConstraints(max_length=120)] = ""


class TypeForm(Form):
    """An interview type. `price` is typed in major units."""

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
    price_rule: Literal["rate", "fixed"] = "rate"
    price: Annotated[str, StringConstraints(max_length=20)] = ""
    policy: str = "moderate"
    active: bool = False
    version: int = 0

    @field_validator("level")
    @classmethod
    def _level(cls, value: str) -> str:
        return _one_of(value, [key for key, _label in LEVELS])

    @field_validator("topic")
    @classmethod
    def _topic(cls, value: str) -> str:
        return _one_of(value, [key for key, _label in TOPICS])

    @field_validator("policy")
    @classmethod
    def _policy(cls, value: str) -> str:
        return _one_of(value, list(POLICIES))


def _one_of(value: str, known: list[str]) -> str:
    if value not in known:
        raise ValueError(_("Choose one of the options."))
    return value


def type_values(form: TypeForm, currency: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What is stored of a type, and problems that need more than one field."""
    problems: dict[str, str] = {}
    minor = 0
    if form.price_rule == "fixed" and form.price:
        found = minor_of(form.price, currency)
        if found is None or found > 100_000_000:
            problems["price"] = _("Enter an amount such as 65 or 65.50")
        else:
            minor = found
    if form.kind == "ai" and minor:
        problems["price"] = _("Practice with the scripted interviewer is free of charge. Leave the price empty.")
    values = form.model_dump(exclude={"price", "version"})
    values["price_minor"] = minor
    if form.kind == "ai":
        values["price_rule"] = "fixed"
    return values, problems


def minor_of(text: str, currency: str) -> int | None:
    """Minor units of a typed amount; comma or point for the decimals. None for what is no amount."""
    try:
        amount = Decimal(text.replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or amount > 10**9:
        return None
    scaled = amount.scaleb(currency_digits(currency))
    return int(scaled) if scaled == scaled.to_integral_value() else None
