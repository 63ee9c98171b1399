"""Counters: the first free times of a group, whatever its size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from kernel import current_tenant, now, sql

from ..models import InterviewType
from ..slots import bits
from ..slots.spans import floor_second, to_instant
from .months import LONG_AGO, Whole, in_window, month_after, months_between, months_of, second_of, stamp_of, start_of

#: Seconds for which a board believes who belongs to its group.
_MEMBERS_FOR: Final = 30
_BOARDS: Final = 32


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
    members_at: datetime = LONG_AGO

    def take(self, asked: Collection[UUID], whole: Whole) -> None:
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
    whole = Whole(board.base, board.grain)
    allowed = -1
    for zone in board.zones or ("UTC",):
        allowed &= in_window(kind, zone, span, at, whole)
    found = board.tally.first(allowed, count)
    return [(to_instant(board.base + place * board.grain), free) for place, free in found]


async def _board(
    kind: InterviewType, group: str, members: Callable[[], Awaitable[Collection[UUID]]], at: datetime
) -> _Board:
    key = (current_tenant().id, kind.id, group)
    months, stamp = months_between(at, at + timedelta(days=kind.window_days + 2)), stamp_of(kind)
    board = _boards.get(key)
    if board is None or board.stamp != stamp or board.months != months:
        board = _Board(stamp, second_of(months[0]), bits.grain_of(kind.step_minutes, kind.offset_minutes), months)
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
        board.take(again, await months_of(kind, again, start_of(months[0]), start_of(month_after(months[-1])), at))
    board.seen = rows[0].seen
    _boards[key] = board
    _boards.move_to_end(key)
    while len(_boards) > _BOARDS:
        _boards.popitem(last=False)
    return board
