"""What the caller tells the engine, and why it says no.

Units: wall times are minutes since the date's midnight (0-1440), lengths are minutes, instants are aware datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

Range = tuple[int, int]
"""Wall minutes (start 0-1439, end 0-1440) of a date; end <= start runs into the next date; 1440 is the day's end."""

Period = tuple[datetime, datetime]
"""Aware instants, start included, end not."""


class Refusal(StrEnum):
    """Why a start cannot be booked; the first that holds, in this order."""

    GAP = "gap"  # the wall time given does not exist: clocks went forward over it
    PAST = "past"
    TOO_SOON = "too_soon"  # inside the minimum notice
    TOO_LATE = "too_late"  # outside the booking window
    OUTSIDE = "outside"  # not wholly within the interviewer's hours
    OFF_GRID = "off_grid"  # within them, but not on a step
    TIME_OFF = "time_off"  # the slot or its buffers touch time off
    BUSY = "busy"
    BUFFER = "buffer"  # only the buffers touch a busy time
    LIMIT_DAY = "limit_day"
    LIMIT_WEEK = "limit_week"
    LIMIT_MONTH = "limit_month"
    CONSECUTIVE = "consecutive"  # too many sessions in a row


def _check_range(start: int, end: int) -> None:
    if not (0 <= start < 1440 and 0 <= end <= 1440):
        raise ValueError(f"range ({start}, {end}): start 0-1439 and end 0-1440 minutes expected")


@dataclass(frozen=True, slots=True)
class Rule:
    """One weekly range: on these ISO weekdays (1 Monday), from `start` to `end` in wall minutes (see Range)."""

    days: tuple[int, ...]
    start: int
    end: int

    def __post_init__(self) -> None:
        _check_range(self.start, self.end)
        if not all(1 <= day <= 7 for day in self.days):
            raise ValueError(f"days {self.days}: ISO weekdays 1-7 expected")


@dataclass(frozen=True, slots=True)
class Override:
    """The ranges that replace the rules of one date; none = closed. What began the day before still runs on."""

    date: date
    ranges: tuple[Range, ...] = ()

    def __post_init__(self) -> None:
        for start, end in self.ranges:
            _check_range(start, end)


@dataclass(frozen=True, slots=True)
class Travel:
    """Dates `first` to `last`, both included, whose wall times are read in `zone` (IANA name) instead of home."""

    first: date
    last: date
    zone: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on sessions, counted over the sessions; None = no cap.

    `per_*` cap their number, `minutes_*` their length together with the new one. A session belongs to the date, the
    ISO week and the month, in the home zone, in which it starts. `consecutive` caps the sessions in a row, the new
    one included; sessions with less than `rest` minutes between them are in a row.
    """

    per_day: int | None = None
    per_week: int | None = None
    per_month: int | None = None
    minutes_day: int | None = None
    minutes_week: int | None = None
    minutes_month: int | None = None
    consecutive: int | None = None
    rest: int = 1


@dataclass(frozen=True, slots=True)
class Availability:
    """One interviewer's hours and what takes away from them.

    `zone` is an IANA name. Buffers and `minimum_notice` are minutes. `rolling_days` n opens today and the n
    dates after it; `first_date` and `last_date` bound the dates, both included; all three by the home zone.
    `sessions` are what the limits count; None: the busy times. `joinable` are sessions with a free seat: a slot of
    exactly that time is bookable although it is busy.
    """

    zone: str
    rules: tuple[Rule, ...] = ()
    overrides: tuple[Override, ...] = ()
    time_off: tuple[Period, ...] = ()
    travel: tuple[Travel, ...] = ()
    busy: tuple[Period, ...] = ()
    buffer_before: int = 0
    buffer_after: int = 0
    minimum_notice: int = 0
    limits: Limits = field(default_factory=Limits)
    rolling_days: int | None = None
    first_date: date | None = None
    last_date: date | None = None
    sessions: tuple[Period, ...] | None = None
    joinable: tuple[Period, ...] = ()
    _taken: list[list[tuple[int, int]]] = field(default_factory=list, init=False, repr=False, compare=False)
    """Filled by closures.taken: it follows from the other fields."""

    def __post_init__(self) -> None:
        if min(self.buffer_before, self.buffer_after, self.minimum_notice) < 0:
            raise ValueError("buffers and minimum notice cannot be negative")
