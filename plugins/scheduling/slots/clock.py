"""The UTC offsets of one zone over a stretch of time: from wall readings to instants and back.

Readings are "local seconds": the seconds since 1970-01-01T00:00 that the wall clock shows, as if it were UTC.
zoneinfo does not tell its transitions, so they are looked for: the offset is asked every four days and, where two
looks differ, by bisection to the second. In the time-zone database no two changes of an offset lie less than
6.9 days apart (America/Boa_Vista 2000, Asia/Gaza 2040; tzdata 2026), so none is missed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from plugins.scheduling.slots.spans import DAY, EPOCH, Span, ceil_second, floor_second, to_instant

_BLOCK = 32  # days looked at together, so that neighbouring questions share the work
_LOOK = 4  # days between two looks
_FOREVER = 1 << 60
# Conversions near the ends of what datetime can say would overflow; the offset does not change there.
_EARLIEST, _LATEST = -62_135_596_800 + 2 * DAY, 253_402_300_799 - 2 * DAY


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Offsets east of UTC in seconds: `offsets[i]` holds from instant `edges[i]` until before `edges[i + 1]`."""

    edges: tuple[int, ...]
    offsets: tuple[int, ...]
    calm: tuple[tuple[int, int, int], ...]
    """(offset, first, stop): dates, days since 1970, on which a slot of up to a day meets no change of the offset."""

    def local(self, second: int) -> int:
        """The reading at an instant."""
        return second + self.offsets[bisect_right(self.edges, second) - 1]

    def day(self, second: int) -> int:
        """The date read at an instant, as days since 1970-01-01."""
        return self.local(second) // DAY

    def instants(self, readings: Sequence[Span], low: int = -_FOREVER, high: int = _FOREVER) -> list[Span]:
        """The instants in [low, high) whose reading lies in sorted disjoint spans of readings; sorted, disjoint.

        None where clocks skip the readings, twice where they repeat them.
        """
        if len(self.offsets) == 1:
            offset = self.offsets[0]
            return [(a - offset, b - offset) for a, b in readings]
        found: list[Span] = []
        for i, offset in enumerate(self.offsets):
            begin, end = max(low, self.edges[i]), min(high, self.edges[i + 1])
            for start, stop in readings:
                a, b = max(begin, start - offset), min(end, stop - offset)
                if a >= b:
                    continue
                if found and found[-1][1] == a:  # goes on across a change of the offset
                    found[-1] = (found[-1][0], b)
                else:
                    found.append((a, b))
        return found


@lru_cache(maxsize=4096)
def clock_for(zone: str, first: int, last: int) -> Clock:
    """The clock of an IANA zone, right for the instants of UTC days `first` to `last` (days since 1970, both in)."""
    edges: list[int] = [-_FOREVER]
    offsets: list[int] = []
    for block in range(first // _BLOCK, last // _BLOCK + 1):
        for edge, offset in _changes_in_block(zone, block):
            if not offsets:
                offsets.append(offset)
            elif offset != offsets[-1]:
                edges.append(edge)
                offsets.append(offset)
    firsts: list[int] = [-_FOREVER]
    stops: list[int] = []
    for edge, before, after in zip(edges[1:], offsets, offsets[1:], strict=False):
        stops.append((edge + min(before, after)) // DAY - 1)
        firsts.append((edge + max(before, after)) // DAY + 1)
    calm = zip(offsets, firsts, [*stops, _FOREVER], strict=True)
    return Clock((*edges, _FOREVER), tuple(offsets), tuple(calm))


@lru_cache(maxsize=16384)
def _changes_in_block(zone: str, block: int) -> tuple[tuple[int, int], ...]:
    """(instant, offset from it on) at the block's start and at every change within the block."""
    info = ZoneInfo(zone)
    low = block * _BLOCK * DAY
    offset = _offset_at(info, low)
    found = [(low, offset)]
    for high in range(low + _LOOK * DAY, low + (_BLOCK + 1) * DAY, _LOOK * DAY):
        after = _offset_at(info, high)
        if after != offset:
            a, b = high - _LOOK * DAY, high
            while b - a > 1:
                middle = (a + b) // 2
                a, b = (middle, b) if _offset_at(info, middle) == offset else (a, middle)
            found.append((b, after))
            offset = after
    return tuple(found)


def _offset_at(info: ZoneInfo, second: int) -> int:
    clamped = min(max(second, _EARLIEST), _LATEST)
    offset = (EPOCH + timedelta(seconds=clamped)).astimezone(info).utcoffset()
    if offset is None:  # pragma: no cover - a ZoneInfo always answers an aware datetime
        raise ValueError(f"{info} has no offset")
    return offset.days * DAY + offset.seconds


def clock_changes(zone: str, start: datetime, end: datetime) -> list[tuple[datetime, int, int]]:
    """Changes of a zone's clock in [start, end): (UTC instant, offset before, offset after), offsets in seconds."""
    low, high = floor_second(start), ceil_second(end)
    clock = clock_for(zone, low // DAY, high // DAY)
    return [
        (to_instant(edge), clock.offsets[i], clock.offsets[i + 1])
        for i, edge in enumerate(clock.edges[1:-1])
        if low <= edge < high
    ]
