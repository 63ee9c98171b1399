"""What pages send, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from kernel import N_, Form, Parsed, Words, _, currency_digits

from .policies import Terms
from .services.booking import MAX_GOAL
from .texts import LEVELS, TOPICS

DAYS = tuple(range(1, 8))
#: Further lengths of a type, besides its usual one.
MOST_LENGTHS = 5


class DirectoryQuery(Form):
    """Filters of the list of interviewers. What cannot be read is left out."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    role: Annotated[str, StringConstraints(max_length=20)] = ""
    level: Annotated[str, StringConstraints(max_length=20)] = ""
    skill: Annotated[str, StringConstraints(max_length=60)] = ""
    language: Annotated[str, StringConstraints(max_length=12)] = ""
    company: Annotated[str, StringConstraints(max_length=80)] = ""
    type: Annotated[str, StringConstraints(max_length=60)] = ""
    price: Annotated[str, StringConstraints(max_length=10)] = ""
    rating: Annotated[str, StringConstraints(max_length=4)] = ""
    day: Annotated[str, StringConstraints(max_length=10)] = ""
    part: Annotated[str, StringConstraints(max_length=10)] = ""
    tz: Annotated[str, StringConstraints(max_length=64)] = ""
    sort: Annotated[str, StringConstraints(max_length=10)] = ""
    after: Annotated[str, StringConstraints(max_length=80)] = ""
    before: Annotated[str, StringConstraints(max_length=80)] = ""


class PickerQuery(Form):
    """How the booking page is looked at."""

    day: str = ""
    month: str = ""
    tz: str = ""
    clock: str = ""
    start: str = ""
    length: Annotated[str, StringConstraints(max_length=4)] = ""
    second: Annotated[str, StringConstraints(max_length=80)] = ""


class HoldForm(Form):
    """The chosen time. `start` is an instant, or wall time in `tz`."""

    start: Annotated[str, StringConstraints(max_length=40), Words(missing=N_("Choose a time"))]
    tz: Annotated[str, StringConstraints(max_length=64)] = ""
    clock: str = ""
    length: Annotated[str, StringConstraints(max_length=4)] = ""
    second: Annotated[str, StringConstraints(max_length=80)] = ""


class ConfirmForm(Form):
    """The form of a held time. A type's own questions come as `q_...` besides, see intake.py."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)

    goal: Annotated[str, StringConstraints(max_length=MAX_GOAL), Words(long=N_("Use at most 2,000 characters."))] = ""
    start: Annotated[str, StringConstraints(max_length=40)] = ""
    for_email: Annotated[str, StringConstraints(max_length=254)] = ""
    alias: Annotated[str, StringConstraints(max_length=60)] = ""
    guests: Annotated[str, StringConstraints(max_length=2000)] = ""
    observers: Annotated[str, StringConstraints(max_length=2000)] = ""
    also: list[str] = []
    use_entitlement: bool = False


#: `seen` is the seal of the result that the page showed.
_Seen = Annotated[str, StringConstraints(max_length=40)]
_Reason = Annotated[str, StringConstraints(max_length=500)]
_Why = N_("Enter a reason: both people read it")


class CancelForm(Form):
    reason: _Reason = ""
    code: Annotated[str, StringConstraints(max_length=12)] = ""
    seen: _Seen = ""


class AdminCancelForm(Form):
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500), Words(missing=_Why, short=_Why)]
    percent: Annotated[int | None, Field(ge=0, le=100)] = None
    seen: _Seen = ""


class MoveForm(HoldForm):
    seen: _Seen = ""


class ProposeForm(Form):
    """Other times, or with `substitute` a colleague."""

    start: list[str] = []
    substitute: UUID | None = None
    note: _Reason = ""


class ProposalAnswerForm(Form):
    """`proposal` is the one that was looked at; `start` one of its times."""

    proposal: UUID
    act: Literal["accept", "decline", "refund"]
    start: Annotated[str, StringConstraints(max_length=40)] = ""


class RequestAnswerForm(Form):
    act: Literal["accept", "decline"]
    reason: _Reason = ""


class LinkForm(Form):
    """Everything that can be done from a mail."""

    act: Literal["cancel", "accept", "decline", "refund", "move"]
    reason: _Reason = ""
    code: Annotated[str, StringConstraints(max_length=12)] = ""
    seen: _Seen = ""
    proposal: UUID | None = None
    start: Annotated[str, StringConstraints(max_length=40)] = ""
    tz: Annotated[str, StringConstraints(max_length=64)] = ""
    clock: str = ""


class WaitForm(Form):
    """Wait for a type, with one interviewer (a slug) or anybody."""

    type: Annotated[str, StringConstraints(max_length=60)]
    interviewer: Annotated[str, StringConstraints(max_length=80)] = ""
    until: Annotated[date | None, Words(bad=N_("Choose a date"))] = None
    tz: Annotated[str, StringConstraints(max_length=64)] = ""


class NowForm(Form):
    type: UUID


class ReasonForm(Form):
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500), Words(missing=_Why, short=_Why)]


class PolicyForm(Form):
    """A policy's terms. Tiers come in pairs of hours and percent; empty rows are left out."""

    title: Annotated[
        str,
        StringConstraints(min_length=2, max_length=80),
        Words(missing=N_("Enter a title"), short=N_("Enter a title")),
    ]
    base: int
    tier_hours: list[str] = []
    tier_percent: list[str] = []
    cancel_hours: Annotated[int, Field(ge=0, le=720)] = 0
    move_hours: Annotated[int, Field(ge=0, le=720)] = 0
    moves: Annotated[int, Field(ge=0, le=50)] = 0
    furthest_days: Annotated[int, Field(ge=1, le=365)] = 60
    strike_hours: Annotated[int, Field(ge=0, le=720)] = 0
    interviewer_strike_hours: Annotated[int, Field(ge=0, le=720)] = 0
    interviewer_move_hours: Annotated[int, Field(ge=0, le=720)] = 0
    late_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    absent_percent: Annotated[int, Field(ge=0, le=100)] = 0
    both_absent_percent: Annotated[int, Field(ge=0, le=100)] = 100
    candidate_no_show_strikes: Annotated[int, Field(ge=0, le=10)] = 1
    interviewer_no_show_strikes: Annotated[int, Field(ge=0, le=10)] = 2
    past_moves: bool = False


def terms_from(form: PolicyForm, raw: Mapping[str, list[str]]) -> tuple[Terms | None, dict[str, str]]:
    """The terms that were typed, and problems of the tiers."""
    hours, percents = raw.get("tier_hours", []), raw.get("tier_percent", [])
    tiers: dict[int, int] = {}
    for hour, percent in zip(hours, percents, strict=False):
        if not hour.strip() and not percent.strip():
            continue
        if not (hour.strip().isdecimal() and percent.strip().isdecimal()) or int(hour) > 2160 or int(percent) > 100:
            return None, {"tiers": _("Enter whole hours and a percentage up to 100 in each row.")}
        if int(hour) in tiers:
            return None, {"tiers": _("Two rows have the same hours.")}
        tiers[int(hour)] = int(percent)
    ordered = sorted(tiers.items(), reverse=True)
    if any(later > earlier for (_h, earlier), (_l, later) in pairwise(ordered)):
        return None, {"tiers": _("Whoever cancels later must not get more back.")}
    values = form.model_dump(exclude={"title", "base", "tier_hours", "tier_percent"})
    return Terms(tiers=tuple(ordered), **values), {}


class SimulateQuery(Form):
    """What to play through with a policy: minutes of notice, and a price in major units."""

    price: Annotated[str, StringConstraints(max_length=12)] = ""
    start: Annotated[str, StringConstraints(max_length=30)] = ""
    at: Annotated[str, StringConstraints(max_length=30)] = ""


class BookingsQuery(Form):
    tab: Annotated[str, StringConstraints(max_length=12)] = "upcoming"
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class PracticeForm(Form):
    """At once, or at `when`: wall time in the zone `tz`."""

    type: UUID
    when: Annotated[str, StringConstraints(max_length=40)] = ""
    tz: Annotated[str, StringConstraints(max_length=64)] = ""


class WeekForm(Form):
    """The weekly editor: for each weekday the starts and the ends of its ranges, in pairs (see `weekly_of`)."""

    zone: Annotated[str, StringConstraints(max_length=64)]
    version: int = 0
    types: list[UUID] = []
    per_day: Annotated[int | None, Field(ge=1, le=24)] = None
    per_week: Annotated[int | None, Field(ge=1, le=100)] = None
    per_month: Annotated[int | None, Field(ge=1, le=400)] = None
    hours_per_day: Annotated[int | None, Field(ge=1, le=24)] = None
    hours_per_week: Annotated[int | None, Field(ge=1, le=168)] = None
    consecutive: Annotated[int | None, Field(ge=1, le=24)] = None
    rest_minutes: Annotated[int, Field(ge=1, le=600)] = 15
    schedule: str = ""
    moving: Literal["", "wall", "instant"] = ""
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
        pairs = pairs_of(parsed.raw_lists, f"d{day}")
        rows = [[a.strip(), b.strip()] for a, b in pairs if a.strip() or b.strip()]
        if any(not a or not b for a, b in rows):
            problems[f"d{day}"] = _("Enter both the start and the end of each range.")
        # The end of the day is typed as 00:00, since time fields know no 24:00.
        weekly[str(day)] = [[a, "24:00" if b == "00:00" else b] for a, b in rows]
    return weekly, problems


def pairs_of(sent: Mapping[str, list[str]], name: str) -> list[tuple[str, str]]:
    """Starts and ends that were sent under a name, side by side; at most twenty."""
    starts, ends = sent.get(f"{name}_from", []), sent.get(f"{name}_to", [])
    length = max(len(starts), len(ends))
    starts, ends = starts + [""] * (length - len(starts)), ends + [""] * (length - len(ends))
    return list(zip(starts, ends, strict=True))[:20]


class TypeForm(Form):
    """An interview type. `price` is typed in major units. The rows of its questions come besides, see intake.py."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)

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
    durations: Annotated[str, StringConstraints(max_length=60)] = ""
    offset_minutes: Annotated[int, Field(ge=0, le=239)] = 0
    window_from: Annotated[date | None, Words(bad=N_("Choose a date"))] = None
    window_to: Annotated[date | None, Words(bad=N_("Choose a date"))] = None
    price_rule: Literal["rate", "fixed"] = "rate"
    price: Annotated[str, StringConstraints(max_length=20)] = ""
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
    version: int = 0

    @field_validator("level")
    @classmethod
    def _level(cls, value: str) -> str:
        return _one_of(value, [key for key, _label in LEVELS])

    @field_validator("topic")
    @classmethod
    def _topic(cls, value: str) -> str:
        return _one_of(value, [key for key, _label in TOPICS])


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
    values["durations"] = _durations(form, problems)
    if form.offset_minutes >= form.step_minutes:
        problems["offset_minutes"] = _("Choose less than the distance between two starts.")
    if form.window_from and form.window_to and form.window_from > form.window_to:
        problems["window_to"] = _("Choose a date that is not before the first one.")
    if form.kind == "ai":
        values["price_rule"] = "fixed"
    return values, problems


def _durations(form: TypeForm, problems: dict[str, str]) -> list[int]:
    """The further lengths, the shortest first."""
    found = [part.strip() for part in form.durations.replace(";", ",").split(",") if part.strip()]
    if any(not (part.isascii() and part.isdecimal()) or not 10 <= int(part) <= 480 for part in found):
        problems["durations"] = _("Enter whole minutes from 10 to 480 with commas between them, such as 30, 90.")
        return []
    minutes = sorted({int(part) for part in found} - {form.duration_minutes})
    if len(minutes) > MOST_LENGTHS:
        problems["durations"] = _("Use at most {n} lengths.").format(n=MOST_LENGTHS)
    elif minutes and form.kind == "ai":
        problems["durations"] = _("Practice has one length. Leave this empty.")
    return minutes


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
