"""Slot starts: where on the wall clock they may lie, and which of them have their whole length within given hours."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from plugins.scheduling.slots.clock import Clock
from plugins.scheduling.slots.hours import Hours
from plugins.scheduling.slots.spans import DAY, Span, intersect, merge


class Grid(NamedTuple):
    """A slot's length, and its starts: `offset` plus multiples of `step` after local midnight; all in seconds."""

    length: int
    step: int
    offset: int


def starts_within(parts: Sequence[Hours], low: int, high: int, grid: Grid) -> list[int]:
    """Sorted starts in [low, high) on a clock whose hours cover them, with the whole length in the hours together."""
    if not parts:
        return []
    spans = parts[0][1] if len(parts) == 1 else merge(span for _, part in parts for span in part)
    windows = [
        (a if a > low else low, min(high, b - grid.length + 1))
        for a, b in spans
        if b - a >= grid.length and a < high and b - grid.length >= low
    ]
    return on_grid(parts, windows, grid)


def on_grid(parts: Sequence[Hours], windows: Sequence[Span], grid: Grid) -> list[int]:
    """The instants of `windows` (sorted, disjoint) that lie on the grid of a clock whose hours cover them."""
    if len(parts) == 1:
        return _ticks(parts[0][0], windows, grid)
    found: set[int] = set()
    for clock, spans in parts:
        found.update(_ticks(clock, intersect(windows, spans), grid))
    return sorted(found)


def _ticks(clock: Clock, windows: Sequence[Span], grid: Grid) -> list[int]:
    """The instants at which a clock's reading is on the grid."""
    found: list[int] = []
    for a, b in windows:
        i = bisect_right(clock.edges, a) - 1
        while a < b:
            offset, stop = clock.offsets[i], min(b, clock.edges[i + 1])
            found += [tick - offset for tick in wall_ticks([(a + offset, stop + offset)], grid)]
            a = stop
            i += 1
    return found


def wall_ticks(windows: Sequence[Span], grid: Grid) -> list[int]:
    """The readings (local seconds, or seconds after a midnight) in `windows` that lie on the grid."""
    step, offset = grid.step, grid.offset
    if DAY % step == 0:
        return [tick for a, b in windows for tick in range(a + (offset - a) % step, b, step)]
    found: list[int] = []
    for a, b in windows:  # the count begins anew at each midnight
        while a < b:
            midnight = a // DAY * DAY
            stop = min(b, midnight + DAY)
            found += range(a + (midnight + offset - a) % step, stop, step)
            a = stop
    return found
