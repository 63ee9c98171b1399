"""The one availability function, and the questions asked of it.

Inside, everything is whole seconds since 1970 UTC; `duration`, `step` and `offset` of the public functions are
minutes. Starts lie on the wall clock at `offset` plus multiples of `step` from local midnight, by the reading.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from plugins.scheduling.slots.closures import closed_starts, taken, widened
from plugins.scheduling.slots.days import starts_in_hours
from plugins.scheduling.slots.grid import Grid, on_grid
from plugins.scheduling.slots.hours import hours_of, special_days, week_of
from plugins.scheduling.slots.model import Availability, Refusal
from plugins.scheduling.slots.spans import Span, ceil_second, floor_second, merge, subtract, to_instant


def free_slots(
    who: Availability, *, start: datetime, end: datetime, now: datetime, duration: int, step: int, offset: int = 0
) -> list[datetime]:
    """Starts (aware UTC, sorted) of the slots that lie wholly in [start, end) and can be booked at `now`."""
    grid = _grid(duration, step, offset)
    low, high = ceil_second(start), floor_second(end)
    return [to_instant(second) for second in _starts(who, low, high, ceil_second(now), grid)]


def free_seconds(
    who: Availability, *, start: datetime, end: datetime, now: datetime, duration: int, step: int, offset: int = 0
) -> list[int]:
    """The same as `free_slots`, as seconds since 1970: for whoever works out very many."""
    return _starts(who, ceil_second(start), floor_second(end), ceil_second(now), _grid(duration, step, offset))


def free_by_start(
    people: Iterable[tuple[str, Availability]],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    duration: int,
    step: int,
    offset: int = 0,
) -> dict[datetime, list[str]]:
    """For each start (aware UTC, in order) the ids free then, sorted; one id names one interviewer."""
    grid = _grid(duration, step, offset)
    low, high, current = ceil_second(start), floor_second(end), ceil_second(now)
    by_second: defaultdict[int, list[str]] = defaultdict(list)
    for name, who in sorted(people, key=lambda pair: pair[0]):
        for second in _starts(who, low, high, current, grid):
            by_second[second].append(name)
    return {to_instant(second): by_second[second] for second in sorted(by_second)}


def is_bookable(
    who: Availability, start: datetime, *, now: datetime, duration: int, step: int, offset: int = 0
) -> Refusal | None:
    """None if `start` (aware, any zone) can be booked at `now`, else why not; agrees with `free_slots` by design.

    A start given in a zone whose clock skipped that reading is refused as GAP.
    """
    grid = _grid(duration, step, offset)
    if start.astimezone(UTC).astimezone(start.tzinfo).replace(tzinfo=None) != start.replace(tzinfo=None):
        return Refusal.GAP
    second = floor_second(start)
    if not start.microsecond and second in _starts(who, second, second + grid.length, ceil_second(now), grid):
        return None
    return _why_not(who, start, now, grid)


def nearest(
    who: Availability,
    around: datetime,
    *,
    now: datetime,
    duration: int,
    step: int,
    offset: int = 0,
    n: int = 3,
    within_days: int = 60,
) -> list[datetime]:
    """Up to `n` bookable starts (aware UTC) closest to `around`, closest first, the earlier of two as close."""
    reach = timedelta(days=1)
    found: list[datetime] = []
    while True:
        reach = min(reach, timedelta(days=within_days))
        window = {"start": around - reach, "end": around + reach + timedelta(minutes=duration)}
        found = free_slots(who, **window, now=now, duration=duration, step=step, offset=offset)
        if len(found) >= n or reach >= timedelta(days=within_days):
            return sorted(found, key=lambda instant: (abs(instant - around), instant))[:n]
        reach *= 4


def _grid(duration: int, step: int, offset: int) -> Grid:
    if duration < 1 or step < 1:
        raise ValueError("duration and step are at least one minute")
    return Grid(duration * 60, step * 60, offset * 60)


def _starts(who: Availability, low: int, high: int, now: int, grid: Grid) -> list[int]:
    """The engine: sorted starts of bookable slots wholly in [low, high)."""
    low, high = max(low, now + who.minimum_notice * 60), high - grid.length + 1  # from here on: of starts
    if low >= high:
        return []
    starts = starts_in_hours(who, low, high, grid)
    reach = grid.length - 1
    for a, b in taken(who):
        _close(starts, a - reach, b)
    for _, spans in closed_starts(who, low, high, now, grid.length):
        for a, b in spans:
            _close(starts, a, b)
    return sorted({*starts, *_joined(who, low, high, now, grid)}) if who.joinable else starts


def _joined(who: Availability, low: int, high: int, now: int, grid: Grid) -> list[int]:
    """Starts in [low, high) of sessions of this length with a free seat; the booking window holds for them, too."""
    closed = dict(closed_starts(who, low, high, now, grid.length)).get(Refusal.TOO_LATE, [])
    spans = ((floor_second(start), floor_second(end)) for start, end in who.joinable)
    return [a for a, b in spans if b - a == grid.length and low <= a < high and not _hit(closed, a, a + 1)]


def _close(starts: list[int], low: int, high: int) -> None:
    first = bisect_left(starts, low)
    if first < len(starts) and starts[first] < high:
        del starts[first : bisect_left(starts, high, first)]


def _why_not(who: Availability, start: datetime, now: datetime, grid: Grid) -> Refusal:
    """The reason that `_starts` left this start out, layer by layer, in the order of Refusal."""
    if start < now:
        return Refusal.PAST
    second, current = floor_second(start), ceil_second(now)
    if second < current + who.minimum_notice * 60:
        return Refusal.TOO_SOON
    end = second + grid.length
    closed = dict(closed_starts(who, second, end, current, grid.length))
    if _hit(closed.get(Refusal.TOO_LATE, ()), second, second + 1):
        return Refusal.TOO_LATE
    parts = hours_of(who.zone, week_of(who.rules), special_days(who, second, end), second, end)
    if subtract([(second, end)], merge(span for _, part in parts for span in part)):
        return Refusal.OUTSIDE
    if start.microsecond or second not in on_grid(parts, [(second, second + 1)], grid):
        return Refusal.OFF_GRID
    if _hit(widened(who.time_off, who.buffer_before, who.buffer_after), second, end):
        return Refusal.TIME_OFF
    if _hit(widened(who.busy, 0, 0), second, end):
        return Refusal.BUSY
    if _hit(widened(who.busy, who.buffer_before, who.buffer_after), second, end):
        return Refusal.BUFFER
    for reason, spans in closed.items():
        if _hit(spans, second, second + 1):
            return reason
    raise AssertionError(f"no reason for refusing {start}")  # the layers above are all that _starts applies


def _hit(spans: Iterable[Span], low: int, high: int) -> bool:
    return any(start < high and low < end for start, end in spans)
