"""Many people's free times at once: months worked out ahead by the slot engine, kept as bits, never taken for right
when they are not.

A row is right while the interviewer's pulse has the version it was made at (triggers raise it in the transaction of
every change of hours, bookings, holds or other calendars), the type and the house rules have the stamp it was made by,
and no hold in it has run out since. Whatever is not right is worked out anew, in the same question. The engine's exact
answer is what is stored, so lists made from here agree with the booking page.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from typing import Final
from uuid import UUID

from kernel import current_tenant, execute, in_unit_of_work, now, sql

from . import holidays
from .availability import NOTHING_TAKEN, Hours, Taken, availability, hours_of, taken_from
from .models import InterviewType
from .slots import Availability, bits, free_seconds
from .slots.model import Period
from .slots.spans import Span, ceil_second, floor_second, to_instant

#: Raised when the engine's answers change, so that what older code stored is not used.
_REVISION: Final = 1
_ZONES: Final = version("tzdata")
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Seconds for which a board believes who belongs to its group.
_MEMBERS_FOR: Final = 30
_BOARDS: Final = 32

_ROWS = """
SELECT o.account_id, m.month, coalesce(p.version, 0) AS pulse, f.bits, f.zone, f.good_until
FROM scheduling_offer o CROSS JOIN unnest($3::date[]) AS m(month)
LEFT JOIN scheduling_pulse p ON p.tenant_id = o.tenant_id AND p.account_id = o.account_id
LEFT JOIN scheduling_free_month f ON f.tenant_id = o.tenant_id AND f.type_id = o.type_id AND f.month = m.month
  AND f.account_id = o.account_id AND f.version = coalesce(p.version, 0) AND f.stamp = $4
  AND (f.good_until IS NULL OR f.good_until > $5)
WHERE o.tenant_id = $1 AND o.type_id = $2
"""

_JOINED = """
SELECT f.month, f.zone, count(*) AS people, string_agg(f.bits, ''::bytea) AS packed,
  (SELECT count(*) FROM scheduling_offer o WHERE o.tenant_id = $1 AND o.type_id = $2 AND {o}) AS wanted
FROM scheduling_free_month f
JOIN scheduling_pulse p ON p.tenant_id = f.tenant_id AND p.account_id = f.account_id AND p.version = f.version
WHERE f.tenant_id = $1 AND f.type_id = $2 AND f.month = ANY($3::date[]) AND f.stamp = $4
  AND (f.good_until IS NULL OR f.good_until > $5) AND {f}
GROUP BY f.month, f.zone
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


@dataclass(frozen=True, slots=True)
class Table:
    """Bookable starts of several interviewers: `rows` are bits from `base` (second) on, `grain` seconds apart."""

    base: int
    grain: int
    rows: Mapping[UUID, int]
    zones: frozenset[str] = frozenset()
    until: Mapping[UUID, datetime] = field(default_factory=dict)
    versions: Mapping[UUID, int] = field(default_factory=dict)

    def starts(self, account_id: UUID, count: int | None = None) -> list[datetime]:
        """One interviewer's starts, or the first few."""
        return self.times(self.rows.get(account_id, 0), count)

    def times(self, row: int, count: int | None = None) -> list[datetime]:
        """The instants of a row."""
        few = count is not None
        found = bits.first(row, self.base, self.grain, count or 0) if few else bits.decode(row, self.base, self.grain)
        return [to_instant(second) for second in found]

    def any_free(self) -> int:
        """The row of all together."""
        found = 0
        for row in self.rows.values():
            found |= row
        return found

    def between(self, low: datetime, high: datetime) -> int:
        """The mask of starts in [low, high)."""
        return bits.mask([(ceil_second(low), ceil_second(high))], self.base, self.grain)


async def table(
    kind: InterviewType,
    ids: Collection[UUID] | None,
    low: datetime,
    high: datetime,
    *,
    own: Sequence[Period] = (),
    at: datetime | None = None,
) -> Table:
    """What can be booked at `at` in [low, high) (of starts) by interviewer; `ids` None: everybody who offers it.

    `own` are the candidate's sessions. Who has no free time has the row 0; who does not offer the type is missing.
    """
    at = at or now()
    whole = await _months(kind, ids, max(low, at), high, at)
    span = (ceil_second(low), ceil_second(high))
    length = kind.duration_minutes * 60
    blocked = bits.mask(
        [(floor_second(a) - length + 1, ceil_second(b)) for a, b in own if a < b], whole.base, whole.grain
    )
    masks = {zone: _allowed(kind, zone, span, at, whole) & ~blocked for zone in whole.zones}
    return Table(
        whole.base, whole.grain, {who: row & masks[zone] if row else 0 for who, (row, zone) in whole.rows.items()},
        whole.zones, whole.until, whole.versions,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Anybody:
    """Starts at which at least one of many is free: bits from `base` on, `grain` seconds apart."""

    base: int
    grain: int
    row: int

    def texts(self) -> list[str]:
        """The starts as `2026-11-24T09:30Z`, in order."""
        return bits.texts(self.row, self.base, self.grain)


async def anybody(
    kind: InterviewType, ids: Collection[UUID] | None, low: datetime, high: datetime, *, at: datetime | None = None
) -> Anybody:
    """When any of these can be booked (None: of all who offer it), joined as the rows come from the database."""
    at = at or now()
    months, grain = _between(max(low, at), high), bits.grain_of(kind.step_minutes, kind.offset_minutes)
    args = [current_tenant().id, kind.id, months, stamp_of(kind), at]
    mine = "true" if ids is None else "{}.account_id = ANY($6::uuid[])"
    query = _JOINED.format(o=mine.format("o"), f=mine.format("f"))
    rows = await sql(query, *args, *(() if ids is None else (list(ids),)))
    if not rows or sum(row.people for row in rows) != rows[0].wanted * len(months):
        whole = await table(kind, ids, low, high, at=at)  # somebody's month has to be worked out
        return Anybody(whole.base, whole.grain, whole.any_free())
    whole_months = _Whole(_second(months[0]), grain)
    span, found = (ceil_second(low), ceil_second(high)), 0
    for zone in {row.zone for row in rows}:
        theirs = 0
        for row in rows:
            if row.zone == zone:
                shift = (_second(row.month) - whole_months.base) // grain
                theirs |= bits.union(row.packed, _size(row.month, grain)) << shift
        found |= theirs & _allowed(kind, zone, span, at, whole_months)
    return Anybody(whole_months.base, grain, found)


@dataclass(slots=True)
class _Whole:
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
        shift = (_second(month) - self.base) // self.grain
        self.rows[who] = (self.rows.get(who, (0, ""))[0] | row << shift, zone)


def _allowed(kind: InterviewType, zone: str, span: Span, at: datetime, whole: _Whole) -> int:
    """The mask of notice and booking window, counted in a zone."""
    who = Availability(
        zone or "UTC", minimum_notice=kind.minimum_notice_minutes, rolling_days=kind.window_days,
        first_date=kind.window_from, last_date=kind.window_to,
    )  # fmt: skip
    return bits.mask(bits.window(who, *span, ceil_second(at)), whole.base, whole.grain)


async def _months(
    kind: InterviewType, ids: Collection[UUID] | None, low: datetime, high: datetime, at: datetime
) -> _Whole:
    months = _between(low, high)
    grain, stamp = bits.grain_of(kind.step_minutes, kind.offset_minutes), stamp_of(kind)
    whole = _Whole(_second(months[0]), grain)
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
    kind: InterviewType, missing: Mapping[UUID, list[date]], whole: _Whole, stamp: str, at: datetime
) -> None:
    """Ask the engine for the months that are not known, and keep them. The versions were read before the data."""
    first, last = min(m for found in missing.values() for m in found), max(m for f in missing.values() for m in f)
    low, high = _start(first), _start(_next(last))
    hours = await hours_of(missing, low, kind.id)
    taken = await taken_from(missing, low, high, at)
    fresh: list[tuple[UUID, date, bytes, str, int, datetime | None]] = []
    for account_id, months in sorted(missing.items()):
        theirs, gone = hours.get(account_id), taken.get(account_id, NOTHING_TAKEN)
        starts = [] if theirs is None else _starts(kind, theirs, gone, low, high)
        zone, until = (theirs.zone if theirs is not None else ""), gone.until
        for month in months:
            a, b = _second(month), _second(_next(month))
            row = bits.encode(starts[bisect_left(starts, a) : bisect_left(starts, b)], a, whole.grain)
            whole.add(account_id, month, row, zone)
            packed = row.to_bytes(_size(month, whole.grain), "little")
            fresh.append((account_id, month, packed, zone, whole.versions[account_id], until))
        if until is not None:
            whole.until[account_id] = until
    if not in_unit_of_work():  # a reader's by-product: what was written meanwhile may not be undone with it
        columns = [list(column) for column in zip(*fresh, strict=True)]
        await execute(_KEEP, current_tenant().id, kind.id, whole.grain // 60, stamp, *columns)
        gone = "DELETE FROM scheduling_free_month WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND month < $3"
        await execute(gone, current_tenant().id, list(missing), at.date().replace(day=1))


def _starts(kind: InterviewType, hours: Hours, taken: Taken, low: datetime, high: datetime) -> list[int]:
    """The engine's answer for whole months, without notice and booking window, which depend on when one asks."""
    who = availability(kind, hours, taken)
    bare = Availability(
        who.zone, who.rules, who.overrides, who.time_off, who.travel, who.busy, who.buffer_before, who.buffer_after,
        limits=who.limits, sessions=who.sessions,
    )  # fmt: skip
    return free_seconds(
        bare, start=low, end=high + timedelta(minutes=kind.duration_minutes), now=_LONG_AGO,
        duration=kind.duration_minutes, step=kind.step_minutes, offset=kind.offset_minutes,
    )  # fmt: skip


def _size(month: date, grain: int) -> int:
    """Bytes of a month's row: the same for everybody, so that rows can be joined as they come."""
    return -(-(_second(_next(month)) - _second(month)) // grain // 8)


def stamp_of(kind: InterviewType) -> str:
    """Changes with whatever a stored month depends on besides the interviewer's own rows."""
    parts = (
        _REVISION, kind.duration_minutes, kind.step_minutes, kind.offset_minutes, kind.buffer_before,
        kind.buffer_after, holidays.of_tenant(), _ZONES,
    )  # fmt: skip
    return sha256(repr(parts).encode()).hexdigest()[:32]


def _start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _second(month: date) -> int:
    return floor_second(_start(month))


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _between(low: datetime, high: datetime) -> list[date]:
    """The UTC months that [low, high) touches; at least one."""
    month = low.astimezone(UTC).date().replace(day=1)
    found = [month]
    while _start(_next(month)) < high:
        month = _next(month)
        found.append(month)
    return found


async def next_free(kinds: Mapping[UUID, InterviewType], *, own: Sequence[Period] = ()) -> dict[UUID, datetime]:
    """The next bookable start per interviewer, each for their own type; whoever has none is missing."""
    at = now()
    groups: dict[UUID, tuple[InterviewType, list[UUID]]] = {}
    for account_id, kind in kinds.items():
        groups.setdefault(kind.id, (kind, []))[1].append(account_id)
    found: dict[UUID, datetime] = {}
    for kind, ids in groups.values():
        # Most have a time soon: the months after the next are asked for the others only.
        for reach in (21, kind.window_days + 2):
            asked = await table(kind, ids, at, at + timedelta(days=min(reach, kind.window_days + 2)), own=own, at=at)
            found |= {who: starts[0] for who in ids if (starts := asked.starts(who, 1))}
            ids = [who for who in ids if who not in found]
            if not ids:
                break
    return found


# --- counters: the first free times of a group, whatever its size ---------------------------------------------------


@dataclass(slots=True)
class _Board:
    """The tally of one group and type in this process, with what it has seen of the database."""

    stamp: str
    base: int
    grain: int
    months: list[date]
    zones: frozenset[str] = frozenset()
    tally: bits.Tally[UUID] = field(default_factory=bits.Tally)
    versions: dict[UUID, int] = field(default_factory=dict)
    until: dict[UUID, datetime] = field(default_factory=dict)
    seen: int = 0
    members_at: datetime = _LONG_AGO

    def take(self, asked: Collection[UUID], whole: _Whole) -> None:
        for who in asked:
            self.until.pop(who, None)
            if who in whole.rows:
                self.tally.put(who, whole.rows[who][0])
            elif who in self.versions:  # offers the type no more
                self.tally.drop(who)
                del self.versions[who]
        self.zones |= whole.zones
        self.versions |= whole.versions
        self.until |= whole.until


_boards: OrderedDict[tuple[UUID, UUID, str], _Board] = OrderedDict()


async def first_times(
    kind: InterviewType, group: str, members: Callable[[], Awaitable[Collection[UUID]]], count: int = 5
) -> list[tuple[datetime, int]]:
    """The first bookable starts among a group, and how many are free then.

    `group` names it within the tenant, `members` is asked for its people at most twice a minute. One short query
    otherwise, however large the group. In the last hours of the booking window, where zones differ about the date,
    only what is open in all of them counts.
    """
    at = now()
    board = await _board(kind, group, members, at)
    end = at + timedelta(days=kind.window_days + 2)
    span = (floor_second(at), floor_second(end))
    whole = _Whole(board.base, board.grain)
    allowed = -1
    for zone in board.zones or ("UTC",):
        allowed &= _allowed(kind, zone, span, at, whole)
    found = board.tally.first(allowed, count)
    return [(to_instant(board.base + place * board.grain), free) for place, free in found]


async def _board(
    kind: InterviewType, group: str, members: Callable[[], Awaitable[Collection[UUID]]], at: datetime
) -> _Board:
    key = (current_tenant().id, kind.id, group)
    months, stamp = _between(at, at + timedelta(days=kind.window_days + 2)), stamp_of(kind)
    board = _boards.get(key)
    if board is None or board.stamp != stamp or board.months != months:
        board = _Board(stamp, _second(months[0]), bits.grain_of(kind.step_minutes, kind.offset_minutes), months)
    rows = await sql(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS seen, p.account_id, p.version"
        " FROM (SELECT 1) AS one LEFT JOIN scheduling_pulse p ON p.tenant_id = $1 AND p.changed >= $2",
        key[0],
        board.seen,
    )
    changed = {row.account_id for row in rows if board.versions.get(row.account_id, row.version) != row.version}
    stale = {who for who, until in board.until.items() if until <= at}
    if (at - board.members_at).total_seconds() >= _MEMBERS_FOR:
        wanted, known = set(await members()), board.tally.members()
        for gone in known - wanted:
            board.tally.drop(gone)
        stale |= wanted - known
        board.members_at = at
    if changed:
        changed &= board.tally.members()
    if again := changed | stale:
        board.take(again, await _months(kind, again, _start(months[0]), _start(_next(months[-1])), at))
    board.seen = rows[0].seen
    _boards[key] = board
    _boards.move_to_end(key)
    while len(_boards) > _BOARDS:
        _boards.popitem(last=False)
    return board
