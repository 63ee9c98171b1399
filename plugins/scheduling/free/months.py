"""Months of bookable starts as bits, kept beside what they were worked out from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from typing import Final
from uuid import UUID

from kernel import current_tenant, execute, in_unit_of_work, sql

from .. import holidays
from ..availability import NOTHING_TAKEN, Hours, Taken, availability, hours_of, taken_from
from ..models import InterviewType
from ..slots import Availability, bits, free_seconds
from ..slots.spans import Span, ceil_second, floor_second

#: Raised when the engine's answers change, so that what older code stored is not used.
_REVISION: Final = 1
_ZONES: Final = version("tzdata")
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

_ROWS = """
SELECT o.account_id, m.month, coalesce(p.version, 0) AS pulse, f.bits, f.zone, f.good_until
FROM scheduling_offer o CROSS JOIN unnest($3::date[]) AS m(month)
LEFT JOIN scheduling_pulse p ON p.tenant_id = o.tenant_id AND p.account_id = o.account_id
LEFT JOIN scheduling_free_month f ON f.tenant_id = o.tenant_id AND f.type_id = o.type_id AND f.month = m.month
  AND f.account_id = o.account_id AND f.version = coalesce(p.version, 0) AND f.stamp = $4
  AND (f.good_until IS NULL OR f.good_until > $5)
WHERE o.tenant_id = $1 AND o.type_id = $2
"""

_KEEP = """
INSERT INTO scheduling_free_month AS f
  (id, tenant_id, type_id, grain, stamp, account_id, month, bits, zone, version, good_until)
SELECT gen_random_uuid(), $1, $2, $3, $4, n.* FROM
  unnest($5::uuid[], $6::date[], $7::bytea[], $8::text[], $9::bigint[], $10::timestamptz[]) AS n
ON CONFLICT (tenant_id, type_id, month, account_id) DO UPDATE SET grain = EXCLUDED.grain, stamp = EXCLUDED.stamp,
  bits = EXCLUDED.bits, zone = EXCLUDED.zone, version = EXCLUDED.version, good_until = EXCLUDED.good_until
WHERE f.version <= EXCLUDED.version
"""


@dataclass(slots=True)
class Whole:
    """Rows of whole months, with the zone by which each one's booking window counts."""

    base: int
    grain: int
    rows: dict[UUID, tuple[int, str]] = field(default_factory=dict)
    until: dict[UUID, datetime] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)

    @property
    def zones(self) -> frozenset[str]:
        return frozenset(zone for _row, zone in self.rows.values())

    def add(self, who: UUID, month: date, row: int, zone: str) -> None:
        shift = (second_of(month) - self.base) // self.grain
        self.rows[who] = (self.rows.get(who, (0, ""))[0] | row << shift, zone)


def in_window(kind: InterviewType, zone: str, span: Span, at: datetime, whole: Whole) -> int:
    """The mask of notice and booking window, counted in a zone."""
    who = Availability(
        zone or "UTC", minimum_notice=kind.minimum_notice_minutes, rolling_days=kind.window_days,
        first_date=kind.window_from, last_date=kind.window_to,
    )  # fmt: skip
    return bits.mask(bits.window(who, *span, ceil_second(at)), whole.base, whole.grain)


async def months_of(
    kind: InterviewType, ids: Collection[UUID] | None, low: datetime, high: datetime, at: datetime
) -> Whole:
    months = months_between(low, high)
    grain, stamp = bits.grain_of(kind.step_minutes, kind.offset_minutes), stamp_of(kind)
    whole = Whole(second_of(months[0]), grain)
    query, args = _ROWS, [current_tenant().id, kind.id, months, stamp, at]
    if ids is not None:
        query, args = query + " AND o.account_id = ANY($6::uuid[])", [*args, list(ids)]
    missing: dict[UUID, list[date]] = {}
    for account_id, month, pulse, found, zone, good_until in await sql(query, *args):
        whole.versions[account_id] = pulse
        if found is None:
            missing.setdefault(account_id, []).append(month)
            continue
        whole.add(account_id, month, int.from_bytes(found, "little"), zone)
        if good_until is not None:
            whole.until[account_id] = min(good_until, whole.until.get(account_id, good_until))
    if missing:
        await _work_out(kind, missing, whole, stamp, at)
    return whole


async def _work_out(
    kind: InterviewType, missing: Mapping[UUID, list[date]], whole: Whole, stamp: str, at: datetime
) -> None:
    """Ask the engine for the months that are not known, and keep them. The versions were read before the data."""
    first, last = min(m for found in missing.values() for m in found), max(m for f in missing.values() for m in f)
    low, high = start_of(first), start_of(month_after(last))
    hours = await hours_of(missing, low, kind.id)
    taken = await taken_from(missing, low, high, at)
    fresh: list[tuple[UUID, date, bytes, str, int, datetime | None]] = []
    for account_id, months in sorted(missing.items()):
        theirs, gone = hours.get(account_id), taken.get(account_id, NOTHING_TAKEN)
        starts = [] if theirs is None else _starts(kind, theirs, gone, low, high)
        zone, until = (theirs.zone if theirs is not None else ""), gone.until
        for month in months:
            a, b = second_of(month), second_of(month_after(month))
            row = bits.encode(starts[bisect_left(starts, a) : bisect_left(starts, b)], a, whole.grain)
            whole.add(account_id, month, row, zone)
            packed = row.to_bytes(size_of(month, whole.grain), "little")
            fresh.append((account_id, month, packed, zone, whole.versions[account_id], until))
        if until is not None:
            whole.until[account_id] = until
    if not in_unit_of_work():  # a reader's by-product: what was written meanwhile may not be undone with it
        columns = [list(column) for column in zip(*fresh, strict=True)]
        await execute(_KEEP, current_tenant().id, kind.id, whole.grain // 60, stamp, *columns)
        past = "DELETE FROM scheduling_free_month WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND month < $3"
        await execute(past, current_tenant().id, list(missing), at.date().replace(day=1))


def _starts(kind: InterviewType, hours: Hours, taken: Taken, low: datetime, high: datetime) -> list[int]:
    """The engine's answer for whole months, without notice and booking window, which depend on when one asks."""
    who = availability(kind, hours, taken)
    bare = Availability(
        who.zone, who.rules, who.overrides, who.time_off, who.travel, who.busy, who.buffer_before, who.buffer_after,
        limits=who.limits, sessions=who.sessions,
    )  # fmt: skip
    return free_seconds(
        bare, start=low, end=high + timedelta(minutes=kind.duration_minutes), now=LONG_AGO,
        duration=kind.duration_minutes, step=kind.step_minutes, offset=kind.offset_minutes,
    )  # fmt: skip


def size_of(month: date, grain: int) -> int:
    """Bytes of a month's row: the same for everybody, so that rows can be joined as they come."""
    return -(-(second_of(month_after(month)) - second_of(month)) // grain // 8)


def stamp_of(kind: InterviewType) -> str:
    """Changes with whatever a stored month depends on besides the interviewer's own rows."""
    parts = (
        _REVISION, kind.duration_minutes, kind.step_minutes, kind.offset_minutes, kind.buffer_before,
        kind.buffer_after, holidays.of_tenant(), _ZONES,
    )  # fmt: skip
    return sha256(repr(parts).encode()).hexdigest()[:32]


def start_of(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def second_of(month: date) -> int:
    return floor_second(start_of(month))


def month_after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def months_between(low: datetime, high: datetime) -> list[date]:
    """The UTC months that [low, high) touches; at least one."""
    month = low.astimezone(UTC).date().replace(day=1)
    found = [month]
    while start_of(month_after(month)) < high:
        month = month_after(month)
        found.append(month)
    return found
