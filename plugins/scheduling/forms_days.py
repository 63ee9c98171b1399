"""What the pages about single days, time off, travel and matching send, checked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from kernel import N_, Form, Parsed, Words

from .forms import pairs_of

Day = date
Note = Annotated[str, StringConstraints(max_length=120)]


class OverrideForm(Form):
    """One date with other hours, or none; or the same on several weekdays until `last`."""

    date: Annotated[date, Words(missing=N_("Choose a date"), bad=N_("Choose a date"))]
    last: Annotated[Day | None, Words(bad=N_("Choose a date"))] = None
    weekdays: list[int] = []
    schedule: str = ""
    closed: bool = False
    r_from: list[str] = []
    r_to: list[str] = []


def override_ranges(parsed: Parsed[Any], name: str = "r") -> list[list[str]]:
    """The typed ranges of a special date; the end of the day is typed as 00:00."""
    pairs = pairs_of(parsed.raw_lists, name)
    return [[a.strip(), "24:00" if b.strip() == "00:00" else b.strip()] for a, b in pairs if a.strip() or b.strip()]


class ImportForm(Form):
    days: Annotated[
        str, StringConstraints(min_length=1, max_length=60_000), Words(missing=N_("Enter at least one line."))
    ]
    schedule: str = ""


class TimeOffForm(Form):
    """Whole days away, both included, in the schedule's zone. `redirect` is a colleague's address."""

    first: Annotated[date, Words(missing=N_("Choose the first day"), bad=N_("Choose the first day"))]
    last: Annotated[date, Words(missing=N_("Choose the last day"), bad=N_("Choose the last day"))]
    note: Note = ""
    redirect: Annotated[str, StringConstraints(max_length=80)] = ""


class TravelForm(Form):
    first: Annotated[date, Words(missing=N_("Choose the first day"), bad=N_("Choose the first day"))]
    last: Annotated[date, Words(missing=N_("Choose the last day"), bad=N_("Choose the last day"))]
    zone: Annotated[str, StringConstraints(max_length=64), Words(missing=N_("Choose a time zone from the list."))]
    note: Note = ""


class HolidaysForm(Form):
    """`mode`: as the tenant says, other countries, or none."""

    mode: Literal["tenant", "own", "none"] = "tenant"
    countries: list[str] = []


class ScheduleForm(Form):
    name: Annotated[str, StringConstraints(max_length=60), Words(missing=N_("Enter a name"))]


class WindowsForm(Form):
    """A candidate's days: rows of date, start and end."""

    type: Annotated[str, StringConstraints(max_length=80)] = ""
    zone: Annotated[str, StringConstraints(max_length=64)] = ""
    w_date: list[str] = []
    w_from: list[str] = []
    w_to: list[str] = []


class MatchQuery(Form):
    type: Annotated[str, StringConstraints(max_length=80)] = ""
    tz: Annotated[str, StringConstraints(max_length=64)] = ""
    rows: Annotated[int, Field(ge=0, le=30)] = 0
