"""How much interviewers have to do in a week, by day and against their hours; and what is looked for in vain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from kernel import current_tenant, now, services, sql, zones
from plugins.users.api import InterviewerCard, Interviewers

from . import availability, queries
from .availability import LIVE_SQL, PASSING_SQL, Hours
from .services import demand
from .services.demand import Hint
from .slots import Availability
from .slots.hours import hours_of, special_days, week_of
from .slots.spans import Span, merge, subtract

#: Interviewers of one page of the overview.
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Day:
    """Minutes of one day: `capacity` within their hours, `booked` in sessions, `free` what is left of the hours."""

    capacity: int
    booked: int
    free: int

    @property
    def over(self) -> bool:
        return self.booked > self.capacity

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.booked / self.capacity)) if self.capacity else 100 if self.booked else 0


@dataclass(frozen=True, slots=True)
class Load:
    """One interviewer's week."""

    card: InterviewerCard
    days: tuple[Day, ...]
    sessions: int

    @property
    def week(self) -> Day:
        return Day(*(sum(getattr(d, name) for d in self.days) for name in ("capacity", "booked", "free")))

    @property
    def over(self) -> bool:
        """Booked beyond their hours on some day."""
        return any(day.over for day in self.days)


@dataclass(frozen=True, slots=True)
class Week:
    """The overview. `wanted`: hours that are looked for more often than there are free ones."""

    first: date
    loads: list[Load]
    wanted: list[Hint]
    more: bool

    @property
    def total(self) -> Day:
        weeks = [load.week for load in self.loads]
        return Day(*(sum(getattr(w, name) for w in weeks) for name in ("capacity", "booked", "free")))


async def week(first: date, zone: str) -> Week:
    """The week that begins on `first`, in days of `zone`; who has most to do stands first."""
    ids = await queries.all_hosts(MOST + 1)
    cards = await services.need(Interviewers).cards(ids[:MOST])
    marks = [zones.instant(first + timedelta(days=n), time(), zone) for n in range(8)]
    # Hours are read from before today on, so a week of the past is measured by the hours as they are now.
    hours = await availability.hours_of(list(cards), min(marks[0], now()) - timedelta(days=1))
    booked = await _booked(list(cards), marks[0], marks[-1])
    loads, free = [], []
    for account_id, card in cards.items():
        opened = _open(hours.get(account_id), _second(marks[0]), _second(marks[-1]))
        taken = merge(booked.get(account_id, []))
        left = subtract(opened, taken)
        free += left
        days = tuple(
            Day(*(_minutes(spans, _second(a), _second(b)) for spans in (opened, taken, left)))
            for a, b in pairwise(marks)
        )
        loads.append(Load(card, days, len(booked.get(account_id, []))))
    loads.sort(key=lambda load: (not load.over, -load.week.percent, load.card.name))
    hints = await demand.hints(_whole_hours(free), zone)
    return Week(first, loads, [hint for hint in hints if hint.searches > hint.free][:12], len(ids) > MOST)


async def _booked(ids: Sequence[UUID], low: datetime, high: datetime) -> dict[UUID, list[Span]]:
    """Sessions by interviewer, either place of a panel, as seconds."""
    found: dict[UUID, list[Span]] = {}
    for row in await sql(
        f"""
        SELECT who.id, b.from_minute, b.to_minute FROM scheduling_booking b
        CROSS JOIN LATERAL unnest(ARRAY[b.interviewer_id, b.second_id]) AS who(id)
        WHERE b.tenant_id = $1 AND b.starts_at < $4 AND b.ends_at > $3 AND who.id = ANY($2::uuid[])
          AND (b.status = 'completed' OR (b.status IN ({LIVE_SQL})
               AND (b.status NOT IN ({PASSING_SQL}) OR b.hold_until > $5)))
        """,  # noqa: S608 - constants
        current_tenant().id, list(ids), low, high, now(),
    ):  # fmt: skip
        found.setdefault(row.id, []).append((row.from_minute * 60, row.to_minute * 60))
    return found


def _open(hours: Hours | None, low: int, high: int) -> list[Span]:
    """When somebody's hours are open in [low, high): rules, special days and travel, less time off."""
    if hours is None:
        return []
    who = Availability(
        zone=hours.zone, rules=hours.rules, overrides=hours.overrides, time_off=hours.time_off, travel=hours.travel
    )
    parts = hours_of(hours.zone, week_of(hours.rules), special_days(who, low, high), low, high)
    spans = merge([span for _clock, found in parts for span in found])
    return subtract(spans, merge([(_second(a), _second(b)) for a, b in hours.time_off]))


def _minutes(spans: Iterable[Span], low: int, high: int) -> int:
    return sum(max(0, min(b, high) - max(a, low)) for a, b in spans) // 60


def _whole_hours(spans: Iterable[Span]) -> list[datetime]:
    return [
        datetime.fromtimestamp(second, UTC) for a, b in spans for second in range(-(-a // 3600) * 3600, b - 3599, 3600)
    ]


def _second(when: datetime) -> int:
    return int(when.timestamp())
