"""What pages send, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kernel import N_, Form, Parsed, Words, _, currency_digits

from .policies import Terms
from .services.booking import MAX_GOAL

DAYS = tuple(range(1, 8))


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


class TermsFields(BaseModel):
    """The terms of a policy as the page and JSON say them alike; tiers come besides."""

    title: Annotated[
        str,
        StringConstraints(min_length=2, max_length=80),
        Words(missing=N_("Enter a title"), short=N_("Enter a title")),
    ]
    base: int
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
    move_charges: bool = False
    move_refunds: bool = False


class PolicyForm(TermsFields, Form):
    """Tiers come in pairs of hours and percent; empty rows are left out."""

    tier_hours: list[str] = []
    tier_percent: list[str] = []


def typed_tiers(raw: Mapping[str, list[str]]) -> list[tuple[int, int]] | None:
    """The rows of the page's form; None when one of them is no pair of whole numbers."""
    found: list[tuple[int, int]] = []
    for hour, percent in zip(raw.get("tier_hours", []), raw.get("tier_percent", []), strict=False):
        if not hour.strip() and not percent.strip():
            continue
        if not (hour.strip().isdecimal() and percent.strip().isdecimal()) or len(hour) > 9 or len(percent) > 9:
            return None
        found.append((int(hour), int(percent)))
    return found


def terms_from(form: TermsFields, tiers: list[tuple[int, int]] | None) -> tuple[Terms | None, dict[str, str]]:
    """The terms that were said, and problems of the tiers: pairs of hours and percent."""
    if tiers is None or any(not 0 <= hours <= 2160 or not 0 <= percent <= 100 for hours, percent in tiers):
        return None, {"tiers": _("Enter whole hours and a percentage up to 100 in each row.")}
    ordered = sorted(tiers, reverse=True)
    if len({hours for hours, _percent in ordered}) < len(ordered):
        return None, {"tiers": _("Two rows have the same hours.")}
    if any(later > earlier for (_h, earlier), (_l, later) in pairwise(ordered)):
        return None, {"tiers": _("Whoever cancels later must not get more back.")}
    values = {name: getattr(form, name) for name in TermsFields.model_fields if name not in ("title", "base")}
    return Terms(tiers=tuple(ordered), **values), {}


class SimulateQuery(Form):
    """What to play through with a policy: minutes of notice, and a price in major units."""

    price: Annotated[str, StringConstraints(max_length=12)] = ""
    start: Annotated[str, StringConstraints(max_length=30)] = ""
    at: Annotated[str, StringConstraints(max_length=30)] = ""


class WeeklyQuery(Form):
    weeks: Annotated[int, Field(ge=2, le=12)] = 4


class WeeklyForm(Form):
    """The weeks to book, as starts; for a week that is taken another time comes as `instead_...`."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)

    weeks: Annotated[int, Field(ge=2, le=12)] = 4
    goal: Annotated[str, StringConstraints(max_length=MAX_GOAL), Words(long=N_("Use at most 2,000 characters."))] = ""


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
