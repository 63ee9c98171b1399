"""When somebody can be booked: rows into the slot engine. Listing, booking, moving and "nearest" all ask here.

Two queries however many interviewers: their hours, and what is taken from them; the rest is the engine's, in memory.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import current_tenant, now, sql

from .models import InterviewType
from .slots import Availability, Limits, Override, Refusal, Rule, free_slots, is_bookable, nearest
from .slots.model import Period, Range
from .states import LIVE, PASSING

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Limits count whole weeks, so taken times are read this far beyond what is asked for.
_WEEKS_AROUND: Final = timedelta(days=9)
LIVE_SQL: Final = ", ".join(f"'{status.value}'" for status in LIVE)
PASSING_SQL: Final = ", ".join(f"'{status.value}'" for status in PASSING)

_HOURS = """
SELECT s.account_id, s.zone, s.weekly::text AS weekly, s.per_day, s.per_week,
  (SELECT json_agg(json_build_array(o.date, o.ranges))::text FROM scheduling_date_override o
    WHERE o.tenant_id = s.tenant_id AND o.schedule_id = s.id AND o.date >= $3::date - 3) AS overrides,
  (SELECT json_agg(json_build_array(
      extract(epoch FROM t.starts_at)::float8, extract(epoch FROM t.ends_at)::float8))::text
    FROM scheduling_time_off t
    WHERE t.tenant_id = s.tenant_id AND t.account_id = s.account_id AND t.ends_at >= $3) AS time_off
FROM scheduling_schedule s WHERE s.tenant_id = $1 AND s.account_id = ANY($2::uuid[]) AND s.name = ''
"""

_BUSY = f"""
SELECT interviewer_id, guard_from, guard_to FROM scheduling_booking
WHERE tenant_id = $1 AND interviewer_id = ANY($2::uuid[]) AND status IN ({LIVE_SQL})
  AND (status NOT IN ({PASSING_SQL}) OR hold_until > $5)
  AND starts_at >= $3 AND starts_at < $4 AND ($6::uuid IS NULL OR id <> $6)
"""  # noqa: S608 - constants

_OWN = f"""
SELECT from_minute, to_minute FROM scheduling_booking
WHERE tenant_id = $1 AND candidate_id = $2 AND status IN ({LIVE_SQL})
  AND (status NOT IN ({PASSING_SQL}) OR hold_until > $5)
  AND starts_at >= $3 AND starts_at < $4 AND ($6::uuid IS NULL OR id <> $6)
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Hours:
    """An interviewer's own hours, as the engine wants them."""

    zone: str
    rules: tuple[Rule, ...] = ()
    overrides: tuple[Override, ...] = ()
    time_off: tuple[Period, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Question:
    """Whose time is asked for, for which type. `candidate_id`: their own sessions count too. `ignore`: a booking."""

    kind: InterviewType
    interviewer_id: UUID
    candidate_id: UUID | None = None
    ignore: UUID | None = None
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Free:
    """The engine's view of one question; ask it as often as needed."""

    question: Question
    who: Availability | None
    own: tuple[Period, ...]
    at: datetime

    def starts(self, start: datetime, end: datetime) -> list[datetime]:
        """Bookable starts (aware UTC, in order) of sessions that lie wholly in [start, end)."""
        if self.who is None:
            return []
        kind = self.question.kind
        found = free_slots(
            self.who, start=start, end=end, now=self.at, duration=kind.duration_minutes, step=kind.step_minutes
        )
        return [instant for instant in found if not self._own_time(instant)]

    def refusal(self, start: datetime) -> str:
        """'' when the start can be booked, else a Refusal's value, `own_time`, `too_long` or `no_hours`."""
        if self.who is None:
            return "no_hours"
        kind = self.question.kind
        no = is_bookable(self.who, start, now=self.at, duration=kind.duration_minutes, step=kind.step_minutes)
        if no is None:
            return "own_time" if self._own_time(start) else ""
        if no is Refusal.BUSY and not any(a <= start < b for a, b in self.who.busy):
            return "too_long"
        return no.value

    def nearest(self, around: datetime, n: int = 3) -> list[datetime]:
        """The bookable starts closest to `around`, in order of time."""
        if self.who is None:
            return []
        kind = self.question.kind
        found = nearest(
            self.who, max(around, self.at), now=self.at, duration=kind.duration_minutes, step=kind.step_minutes,
            n=n + 8 * len(self.own), within_days=kind.window_days + 1,
        )  # fmt: skip
        return sorted([instant for instant in found if not self._own_time(instant)][:n])

    def _own_time(self, start: datetime) -> bool:
        end = start + timedelta(minutes=self.question.kind.duration_minutes)
        return any(start < b and a < end for a, b in self.own)


async def ask(question: Question, at: datetime | None = None) -> Free:
    """Read what is needed to answer for the whole booking window of the type."""
    at = at or now()
    end = at + timedelta(days=question.kind.window_days + 2)
    ids = [question.interviewer_id]
    hours = (await hours_of(ids, at)).get(question.interviewer_id)
    busy = (await busy_of(ids, at, end, at, question.ignore)).get(question.interviewer_id, ())
    own = () if question.candidate_id is None else await own_times(question.candidate_id, at, end, at, question.ignore)
    who = None if hours is None else availability(question.kind, hours, busy)
    return Free(question, who, own, at)


async def next_free(kinds: Mapping[UUID, InterviewType]) -> dict[UUID, datetime]:
    """The next bookable start per interviewer, each for their own type; whoever has none is missing."""
    if not kinds:
        return {}
    at = now()
    reach = max(kind.window_days for kind in kinds.values()) + 2
    hours = await hours_of(list(kinds), at)
    busy = await busy_of(list(kinds), at, at + timedelta(days=reach), at)
    found: dict[UUID, datetime] = {}
    for account_id, kind in kinds.items():
        if account_id in hours:
            first = _first(availability(kind, hours[account_id], busy.get(account_id, ())), kind, at)
            if first is not None:
                found[account_id] = first
    return found


def _first(who: Availability, kind: InterviewType, at: datetime) -> datetime | None:
    """Look a few days ahead first: most people have a time soon."""
    done = at
    for days in (3, 14, kind.window_days + 1):
        end = at + timedelta(days=days)
        starts = free_slots(who, start=done, end=end, now=at, duration=kind.duration_minutes, step=kind.step_minutes)
        if starts:
            return starts[0]
        done = end - timedelta(minutes=kind.duration_minutes)
    return None


def availability(kind: InterviewType, hours: Hours, busy: Sequence[Period]) -> Availability:
    """The engine's question for one interviewer and one type."""
    return Availability(
        zone=hours.zone,
        rules=hours.rules,
        overrides=hours.overrides,
        time_off=hours.time_off,
        busy=tuple(busy),
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        minimum_notice=kind.minimum_notice_minutes,
        limits=hours.limits,
        rolling_days=kind.window_days,
    )


async def hours_of(ids: Collection[UUID], at: datetime) -> dict[UUID, Hours]:
    """Hours by interviewer; whoever never saved any is missing."""
    rows = await sql(_HOURS, current_tenant().id, list(ids), at)
    return {
        row.account_id: Hours(
            zone=row.zone,
            rules=weekly_rules(json.loads(row.weekly)),
            overrides=tuple(
                Override(date.fromisoformat(day), ranges_of(ranges))
                for day, ranges in json.loads(row.overrides or "[]")
            ),
            time_off=tuple(
                (datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC))
                for a, b in json.loads(row.time_off or "[]")
            ),
            limits=Limits(per_day=row.per_day, per_week=row.per_week),
        )
        for row in rows
    }


async def busy_of(
    ids: Collection[UUID], start: datetime, end: datetime, at: datetime, ignore: UUID | None = None
) -> dict[UUID, tuple[Period, ...]]:
    """Taken times with their buffers, by interviewer, in one query. Holds that ran out do not count."""
    low, high = start - _WEEKS_AROUND, end + _WEEKS_AROUND
    rows = await sql(_BUSY, current_tenant().id, list(ids), low, high, at, ignore)
    found: dict[UUID, list[Period]] = {}
    for row in rows:
        found.setdefault(row.interviewer_id, []).append((instant(row.guard_from), instant(row.guard_to)))
    return {account_id: tuple(periods) for account_id, periods in found.items()}


async def own_times(
    candidate_id: UUID, start: datetime, end: datetime, at: datetime, ignore: UUID | None = None
) -> tuple[Period, ...]:
    """When a candidate has sessions already."""
    low = start - timedelta(days=2)
    rows = await sql(_OWN, current_tenant().id, candidate_id, low, end, at, ignore)
    return tuple((instant(row.from_minute), instant(row.to_minute)) for row in rows)


# --- stored forms of hours ----------------------------------------------------------------------------------------


def minute(when: datetime) -> int:
    """Whole minutes since 1970 UTC, as the guards are stored."""
    return int((when - _EPOCH).total_seconds() // 60)


def instant(minutes: int) -> datetime:
    return _EPOCH + timedelta(minutes=minutes)


def wall_minutes(text: str) -> int:
    """Minutes of "HH:MM"; "24:00" is the day's end."""
    hours, _sep, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def ranges_of(ranges: Iterable[Sequence[Any]]) -> tuple[Range, ...]:
    return tuple((wall_minutes(a), wall_minutes(b)) for a, b in ranges)


def weekly_rules(weekly: Mapping[str, Sequence[Sequence[str]]]) -> tuple[Rule, ...]:
    """The engine's rules of stored weekly hours."""
    return tuple(
        Rule((int(day),), start, end) for day, ranges in sorted(weekly.items()) for start, end in ranges_of(ranges)
    )
