"""What is taken away from an interviewer's hours: times a slot may not touch, and starts that are closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from plugins.scheduling.slots.clock import Clock, clock_for
from plugins.scheduling.slots.model import Availability, Limits, Period, Refusal
from plugins.scheduling.slots.spans import DAY, EPOCH, EPOCH_ORDINAL, Span, ceil_second, floor_second, merge

_ALWAYS = 1 << 60


def taken(who: Availability) -> list[Span]:
    """What a slot itself may not touch: busy and time off, widened by the buffers; worked out once per Availability.

    In no order; they may overlap.
    """
    if not who._taken:
        who._taken.append(widened(who.busy + who.time_off, who.buffer_before, who.buffer_after))
    return who._taken[0]


def widened(periods: Iterable[Period], before: int, after: int) -> list[Span]:
    """Periods as spans that a slot with these buffers (minutes) may not touch; empty periods block nothing.

    A slot's buffer *after* runs into a period's start, so that side grows by it, and the other way round.
    """
    lead, trail = after * 60, before * 60
    spans: list[Span] = []
    for start, end in periods:
        a, b = start - EPOCH, end - EPOCH  # floor_second and ceil_second, written out: this is most of a cold question
        if a < b:
            second = b.days * DAY + b.seconds + (b.microseconds > 0)
            spans.append((a.days * DAY + a.seconds - lead, second + trail))
    return spans


def closed_starts(who: Availability, low: int, high: int, now: int, duration: int) -> list[tuple[Refusal, list[Span]]]:
    """Starts in [low, high) that limits and the booking window close, by reason; `duration` in seconds."""
    closed: list[tuple[Refusal, list[Span]]] = []
    if who.rolling_days is not None or who.first_date is not None or who.last_date is not None:
        closed.append((Refusal.TOO_LATE, _outside_window(who, low, high, now)))
    limits = who.limits
    if limits.per_day is not None or limits.per_week is not None:
        # A week that meets the window began up to 6 days before it and ends up to 6 after; one more for the offset.
        first, last = low // DAY - 8, high // DAY + 8
        clock = clock_for(who.zone, first, last)
        seconds = (floor_second(start) for start, _ in who.busy)
        days = [clock.day(second) for second in seconds if first * DAY <= second < (last + 1) * DAY]
        if limits.per_day is not None:
            closed.append((Refusal.LIMIT_DAY, _full(clock, days, limits.per_day, 1, first, last)))
        if limits.per_week is not None:
            closed.append((Refusal.LIMIT_WEEK, _full(clock, days, limits.per_week, 7, first, last)))
    if limits.consecutive is not None:
        closed.append((Refusal.CONSECUTIVE, _in_a_row(who.busy, limits, limits.consecutive, duration)))
    return closed


def _full(clock: Clock, days: list[int], limit: int, length: int, first: int, last: int) -> list[Span]:
    """The dates (length 1) or ISO weeks (7) from `first` to `last` that have reached their limit, as instants."""
    if limit <= 0:
        return [(-_ALWAYS, _ALWAYS)]
    shift = 3 if length == 7 else 0  # day -3 was a Monday
    counts = Counter((day + shift) // length for day in days)
    full: list[Span] = []
    for unit, count in counts.items():
        midnight = (unit * length - shift) * DAY
        if count >= limit and first * DAY <= midnight + length * DAY and midnight <= (last + 1) * DAY:
            full += clock.instants([(midnight, midnight + length * DAY)])
    return merge(full)


def _outside_window(who: Availability, low: int, high: int, now: int) -> list[Span]:
    lasts = [] if who.last_date is None else [who.last_date.toordinal() - EPOCH_ORDINAL]
    if who.rolling_days is not None:
        lasts.append(clock_for(who.zone, now // DAY, now // DAY).day(now) + who.rolling_days)
    clock = clock_for(who.zone, low // DAY - 1, high // DAY + 1)
    outside: list[Span] = []
    if who.first_date is not None:
        outside += clock.instants([(-_ALWAYS, (who.first_date.toordinal() - EPOCH_ORDINAL) * DAY)])
    if lasts:
        outside += clock.instants([((min(lasts) + 1) * DAY, _ALWAYS)])
    return merge(outside)


def _in_a_row(busy: Iterable[Period], limits: Limits, most: int, duration: int) -> list[Span]:
    """Starts that would make more than `most` sessions with less than the rest between them."""
    if most <= 0:
        return [(-_ALWAYS, _ALWAYS)]
    rest = limits.rest * 60
    runs: list[tuple[int, int, int]] = []  # start, end, sessions
    for start, end in sorted((floor_second(start), ceil_second(end)) for start, end in busy):
        if runs and start - runs[-1][1] < rest:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end), runs[-1][2] + 1)
        else:
            runs.append((start, end, 1))
    closed: list[Span] = []
    for i, (start, end, count) in enumerate(runs):
        if count >= most:
            closed.append((start - rest - duration + 1, end + rest))
        if i + 1 < len(runs) and count + runs[i + 1][2] >= most:
            closed.append((max(end, runs[i + 1][0] - rest - duration + 1), min(end + rest, runs[i + 1][0])))
    return merge(closed)
