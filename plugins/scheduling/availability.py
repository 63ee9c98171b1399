"""When somebody can be booked: rows into the slot engine. Listing, booking, moving, handing over: all ask here.

Four queries however many interviewers: their hours, what is taken from them here, what elsewhere, and the candidate's
own sessions; the rest is the engine's, in memory. Many people's times of a month are kept worked out in free/.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import current_tenant, now, sql

from . import holidays
from .models import InterviewType
from .services.busy import busy_of as busy_elsewhere
from .slots import Availability, Limits, Override, Refusal, Rule, Travel, free_slots, is_bookable, nearest
from .slots.model import Period, Range
from .states import LIVE, PASSING

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Limits count whole months, so taken times are read this far beyond what is asked for.
AROUND: Final = timedelta(days=34)
#: What "about" a time means: so far before and after it.
NEAR: Final = timedelta(days=31)
#: How far into the future hours are read: a year of booking window and what surrounds it.
_FARTHEST: Final = timedelta(days=500)
LIVE_SQL: Final = ", ".join(f"'{status.value}'" for status in LIVE)
PASSING_SQL: Final = ", ".join(f"'{status.value}'" for status in PASSING)

_HOURS = """
SELECT u.account_id, s.zone, s.weekly::text AS weekly, u.per_day, u.per_week, u.per_month, u.minutes_per_day,
  u.minutes_per_week, u.consecutive, u.rest_minutes, u.holidays::text AS holidays,
  (SELECT json_agg(json_build_array(o.date, o.ranges))::text FROM scheduling_date_override o
    WHERE o.tenant_id = s.tenant_id AND o.schedule_id = s.id AND o.date >= $3::date - 3) AS overrides,
  (SELECT json_agg(json_build_array(
      extract(epoch FROM t.starts_at)::float8, extract(epoch FROM t.ends_at)::float8))::text
    FROM scheduling_time_off t
    WHERE t.tenant_id = s.tenant_id AND t.account_id = s.account_id AND t.ends_at >= $3) AS time_off,
  (SELECT json_agg(json_build_array(v.starts_on, v.ends_on, v.zone) ORDER BY v.id)::text FROM scheduling_travel v
    WHERE v.tenant_id = s.tenant_id AND v.account_id = s.account_id AND v.ends_on >= $3::date - 3) AS travel
FROM scheduling_schedule u
LEFT JOIN scheduling_offer f ON f.tenant_id = u.tenant_id AND f.account_id = u.account_id AND f.type_id = $4
LEFT JOIN scheduling_schedule x ON x.tenant_id = u.tenant_id AND x.account_id = u.account_id AND x.id = f.schedule_id
JOIN scheduling_schedule s ON s.tenant_id = u.tenant_id AND s.id = coalesce(x.id, u.id)
WHERE u.tenant_id = $1 AND u.account_id = ANY($2::uuid[]) AND u.name = ''
"""

_LIVE = f"""b.tenant_id = $1 AND b.status IN ({LIVE_SQL}) AND (b.status NOT IN ({PASSING_SQL}) OR b.hold_until > $5)
  AND b.starts_at >= $3 AND b.starts_at < $4 AND ($6::uuid IS NULL OR b.id <> $6)"""
_TAKEN = f"""
SELECT b.interviewer_id AS account_id, b.guard_from, b.guard_to, b.from_minute, b.to_minute, b.hold_until
  FROM scheduling_booking b WHERE b.interviewer_id = ANY($2::uuid[]) AND {_LIVE}
UNION ALL SELECT b.second_id, b.guard_from, b.guard_to, b.from_minute, b.to_minute, b.hold_until
  FROM scheduling_booking b WHERE b.second_id = ANY($2::uuid[]) AND {_LIVE}
"""  # noqa: S608 - constants

_OWN = f"""
SELECT from_minute, to_minute FROM scheduling_booking b WHERE b.candidate_id = $2 AND {_LIVE}
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Hours:
    """An interviewer's own hours, as the engine wants them."""

    zone: str
    rules: tuple[Rule, ...] = ()
    overrides: tuple[Override, ...] = ()
    time_off: tuple[Period, ...] = ()
    travel: tuple[Travel, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken from an interviewer: `busy` with buffers and other calendars, `sessions` for the limits.

    `until`: when the first hold among them runs out.
    """

    busy: tuple[Period, ...] = ()
    sessions: tuple[Period, ...] = ()
    until: datetime | None = None


NOTHING_TAKEN: Final = Taken()


@dataclass(frozen=True, slots=True)
class Question:
    """Whose time is asked for, for which type. `candidate_id`: their own sessions count too. `ignore`: a booking.

    `duration`: minutes, when not the type's own. `about`: only starts within a month of this one are asked about.
    """

    kind: InterviewType
    interviewer_id: UUID
    candidate_id: UUID | None = None
    ignore: UUID | None = None
    moving: bool = False
    duration: int | None = None
    about: datetime | None = None

    @property
    def minutes(self) -> int:
        return self.duration or self.kind.duration_minutes


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
        kind, minutes = self.question.kind, self.question.minutes
        found = free_slots(
            self.who, start=start, end=end, now=self.at, duration=minutes, step=kind.step_minutes,
            offset=kind.offset_minutes,
        )  # fmt: skip
        return [instant for instant in found if not self._own_time(instant)]

    def refusal(self, start: datetime) -> str:
        """'' when the start can be booked, else a Refusal's value, `own_time`, `too_long` or `no_hours`."""
        if self.who is None:
            return "no_hours"
        kind, minutes = self.question.kind, self.question.minutes
        no = is_bookable(
            self.who, start, now=self.at, duration=minutes, step=kind.step_minutes, offset=kind.offset_minutes
        )
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
        days = kind.window_days + 1 if self.question.about is None else NEAR.days - 2
        found = nearest(
            self.who, max(around, self.at), now=self.at, duration=self.question.minutes, step=kind.step_minutes,
            offset=kind.offset_minutes, n=n + 8 * len(self.own), within_days=days,
        )  # fmt: skip
        return sorted([instant for instant in found if not self._own_time(instant)][:n])

    def _own_time(self, start: datetime) -> bool:
        end = start + timedelta(minutes=self.question.minutes)
        return any(start < b and a < end for a, b in self.own)


async def ask(question: Question, at: datetime | None = None) -> Free:
    """Read what is needed to answer for the whole booking window of the type."""
    found = await ask_many(
        question.kind, [question.interviewer_id], candidate_id=question.candidate_id, duration=question.duration,
        ignore=question.ignore, at=at, about=question.about,
    )  # fmt: skip
    return found[question.interviewer_id]


async def ask_many(
    kind: InterviewType,
    ids: Collection[UUID],
    *,
    candidate_id: UUID | None = None,
    duration: int | None = None,
    ignore: UUID | None = None,
    at: datetime | None = None,
    about: datetime | None = None,
) -> dict[UUID, Free]:
    """The same question about several interviewers, by account; as many queries as for one."""
    at = at or now()
    start, end = at, at + timedelta(days=kind.window_days + 2)
    if about is not None:
        start, end = max(start, about - NEAR), max(min(end, about + NEAR), at)
    hours = await hours_of(ids, at, kind.id)
    taken = await taken_from(ids, start, end, at, ignore)
    own = () if candidate_id is None else await own_times(candidate_id, start, end, at, ignore)
    return {
        account_id: Free(
            Question(kind, account_id, candidate_id, ignore, duration=duration, about=about),
            None
            if account_id not in hours
            else availability(kind, hours[account_id], taken.get(account_id, NOTHING_TAKEN)),
            own,
            at,
        )
        for account_id in ids
    }


def availability(kind: InterviewType, hours: Hours, taken: Taken = NOTHING_TAKEN) -> Availability:
    """The engine's question for one interviewer and one type."""
    return Availability(
        zone=hours.zone,
        rules=hours.rules,
        overrides=hours.overrides,
        time_off=hours.time_off,
        travel=hours.travel,
        busy=taken.busy,
        sessions=taken.sessions,
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        minimum_notice=kind.minimum_notice_minutes,
        limits=hours.limits,
        rolling_days=kind.window_days,
        first_date=kind.window_from,
        last_date=kind.window_to,
    )


async def hours_of(ids: Collection[UUID], at: datetime, type_id: UUID | None = None) -> dict[UUID, Hours]:
    """Hours by interviewer from `at` on: those for the type where they are others, else the usual ones.

    Whoever never saved any is missing.
    """
    rows = await sql(_HOURS, current_tenant().id, list(ids), at, type_id)
    house = holidays.of_tenant()
    return {row.account_id: _hours(row, at, house) for row in rows}


def _hours(row: Any, at: datetime, house: Collection[str]) -> Hours:
    overrides = {date.fromisoformat(day): ranges_of(ranges) for day, ranges in json.loads(row.overrides or "[]")}
    chosen = house if row.holidays is None else json.loads(row.holidays)
    if chosen is None:
        chosen = house
    off = holidays.days_off(chosen, (at - timedelta(days=3)).date(), (at + _FARTHEST).date()) if chosen else ()
    return Hours(
        zone=row.zone,
        rules=weekly_rules(json.loads(row.weekly)),
        overrides=tuple(Override(day, ranges) for day, ranges in {**dict.fromkeys(off, ()), **overrides}.items()),
        time_off=tuple(
            (datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC))
            for a, b in json.loads(row.time_off or "[]")
        ),
        travel=tuple(
            Travel(date.fromisoformat(first), date.fromisoformat(last), zone)
            for first, last, zone in json.loads(row.travel or "[]")
        ),
        limits=Limits(
            per_day=row.per_day, per_week=row.per_week, per_month=row.per_month, minutes_day=row.minutes_per_day,
            minutes_week=row.minutes_per_week, consecutive=row.consecutive, rest=max(row.rest_minutes, 1),
        ),
    )  # fmt: skip


async def taken_from(
    ids: Collection[UUID], start: datetime, end: datetime, at: datetime, ignore: UUID | None = None
) -> dict[UUID, Taken]:
    """Taken times by interviewer, as far as they matter to [start, end). Holds that ran out do not count."""
    low, high = start - AROUND, end + AROUND
    found: dict[UUID, tuple[list[Period], list[Period], list[datetime]]] = {}
    for row in await sql(_TAKEN, current_tenant().id, list(ids), low, high, at, ignore):
        busy, sessions, until = found.setdefault(row.account_id, ([], [], []))
        busy.append((instant(row.guard_from), instant(row.guard_to)))
        sessions.append((instant(row.from_minute), instant(row.to_minute)))
        if row.hold_until is not None:
            until.append(row.hold_until)
    for account_id, periods in (
        await busy_elsewhere(ids, (start - timedelta(days=2), end + timedelta(days=2)))
    ).items():
        found.setdefault(account_id, ([], [], []))[0].extend(periods)
    return {
        account_id: Taken(tuple(busy), tuple(sessions), min(until, default=None))
        for account_id, (busy, sessions, until) in found.items()
    }


async def own_times(
    candidate_id: UUID, start: datetime, end: datetime, at: datetime, ignore: UUID | None = None
) -> tuple[Period, ...]:
    """When a candidate has sessions already."""
    low = start - timedelta(days=2)  # no session is longer
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
