"""Who is free when, of many: each one's starts, or those at which anybody is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from kernel import current_tenant, now, sql

from ..models import InterviewType
from ..slots import bits
from ..slots.model import Period
from ..slots.spans import ceil_second, floor_second, to_instant
from .months import Whole, in_window, months_between, months_of, second_of, size_of, stamp_of

_JOINED = """
SELECT f.month, f.zone, count(*) AS people, string_agg(f.bits, ''::bytea) AS packed,
  (SELECT count(*) FROM scheduling_offer o WHERE o.tenant_id = $1 AND o.type_id = $2 AND {o}) AS wanted
FROM scheduling_free_month f
JOIN scheduling_pulse p ON p.tenant_id = f.tenant_id AND p.account_id = f.account_id AND p.version = f.version
WHERE f.tenant_id = $1 AND f.type_id = $2 AND f.month = ANY($3::date[]) AND f.stamp = $4
  AND (f.good_until IS NULL OR f.good_until > $5) AND {f}
GROUP BY f.month, f.zone
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
    whole = await months_of(kind, ids, max(low, at), high, at)
    span = (ceil_second(low), ceil_second(high))
    length = kind.duration_minutes * 60
    blocked = bits.mask(
        [(floor_second(a) - length + 1, ceil_second(b)) for a, b in own if a < b], whole.base, whole.grain
    )
    masks = {zone: in_window(kind, zone, span, at, whole) & ~blocked for zone in whole.zones}
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
    months, grain = months_between(max(low, at), high), bits.grain_of(kind.step_minutes, kind.offset_minutes)
    args = [current_tenant().id, kind.id, months, stamp_of(kind), at]
    mine = "true" if ids is None else "{}.account_id = ANY($6::uuid[])"
    query = _JOINED.format(o=mine.format("o"), f=mine.format("f"))
    rows = await sql(query, *args, *(() if ids is None else (list(ids),)))
    if not rows or sum(row.people for row in rows) != rows[0].wanted * len(months):
        whole = await table(kind, ids, low, high, at=at)  # somebody's month has to be worked out
        return Anybody(whole.base, whole.grain, whole.any_free())
    whole_months = Whole(second_of(months[0]), grain)
    span, found = (ceil_second(low), ceil_second(high)), 0
    for zone in {row.zone for row in rows}:
        theirs = 0
        for row in rows:
            if row.zone == zone:
                shift = (second_of(row.month) - whole_months.base) // grain
                theirs |= bits.union(row.packed, size_of(row.month, grain)) << shift
        found |= theirs & in_window(kind, zone, span, at, whole_months)
    return Anybody(whole_months.base, grain, found)


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
