"""Arithmetic on spans: half-open intervals (start, end) of whole seconds since 1970 UTC, in lists sorted by start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

Span = tuple[int, int]

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def floor_second(instant: datetime) -> int:
    """The whole second at or before an aware instant."""
    since = instant - EPOCH
    return since.days * DAY + since.seconds


def ceil_second(instant: datetime) -> int:
    """The whole second at or after an aware instant."""
    since = instant - EPOCH
    return since.days * DAY + since.seconds + (since.microseconds > 0)


def to_instant(second: int) -> datetime:
    """The aware UTC datetime of a second."""
    return datetime.fromtimestamp(second, UTC)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Sorted, disjoint, with what touched or overlapped made one, and empty spans dropped."""
    merged: list[Span] = []
    reached = -(1 << 62)  # before anything
    for span in sorted(spans):
        start, end = span
        if start > reached:
            if start < end:
                merged.append(span)
                reached = end
        elif end > reached:
            merged[-1] = (merged[-1][0], end)
            reached = end
    return merged


def subtract(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """What is left of disjoint `spans` without `holes`; holes are sorted by start and may overlap."""
    left: list[Span] = []
    first, count = 0, len(holes)
    for a, b in spans:
        while first < count and holes[first][1] <= a:
            first += 1
        i = first
        while i < count:
            start, end = holes[i]
            if start >= b:
                break
            if start > a:
                left.append((a, start))
            if end > a:
                a = end
                if a >= b:
                    break
            i += 1
        if a < b:
            left.append((a, b))
    return left


def intersect(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """What two disjoint lists have in common."""
    both: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            both.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return both
