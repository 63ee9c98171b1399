"""Cron expressions of five fields: minute hour day-of-month month day-of-week, in a zone's wall time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from ..base import zones

_NAMES = {
    **{n: str(i) for i, n in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
    **{
        n: str(i)
        for i, n in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
        )
    },
}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
#: 29 February returns within four years, around 2100 within eight.
_LOOK_BACK_DAYS = 366 * 8


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression."""

    clocks: tuple[time, ...]  # descending
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either_day: bool  # both day fields are given: one match is enough, as in cron(8)

    def on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


@lru_cache(maxsize=512)
def parse(expression: str) -> Cron:
    """Raises ValueError that names the bad field."""
    fields = expression.lower().split()
    if len(fields) != 5:
        raise ValueError(f"cron {expression!r} has {len(fields)} fields, not 5")
    minutes, hours, days, months, weekdays = (
        frozenset(_values(field, *bounds, expression)) for field, bounds in zip(fields, _BOUNDS, strict=True)
    )
    return Cron(
        clocks=tuple(sorted((time(h, m) for h in hours for m in minutes), reverse=True)),
        days=days,
        months=months,
        weekdays=frozenset(d % 7 for d in weekdays),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def _values(field: str, low: int, high: int, expression: str) -> Iterator[int]:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            begin = low if span == "*" else int(_NAMES.get(first, first))
            end = int(_NAMES.get(last, last)) if dash else high if span == "*" or step else begin
            stride = int(step) if "/" in part else 1
        except ValueError:
            raise ValueError(f"cron {expression!r}: {part!r} is not understood") from None
        if not (low <= begin <= end <= high and stride >= 1):
            raise ValueError(f"cron {expression!r}: {part!r} is not within {low}-{high}")
        yield from range(begin, end + 1, stride)


@lru_cache(maxsize=4096)
def _previous(expression: str, minute: datetime, zone: str) -> datetime | None:
    cron, here = parse(expression), zones.wall(minute, zone)
    for back in range(_LOOK_BACK_DAYS):
        day = here.date() - timedelta(days=back)
        if not cron.on(day):
            continue
        for clock in cron.clocks:
            if back == 0 and clock > here.time():
                continue
            planned = zones.instant(day, clock, zone)
            if planned <= minute:
                return planned
    return None


def previous(expression: str, at: datetime, zone: str) -> datetime | None:
    """The last instant (UTC) not after `at` that the expression names, or None within eight years.

    A time that clocks skip in spring counts at the end of the gap, one that they repeat in autumn counts once.
    """
    return _previous(expression, at.astimezone(UTC).replace(second=0, microsecond=0), zone)
