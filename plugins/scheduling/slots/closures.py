"""What is taken away from an interviewer's hours: times a slot may not touch, and starts that are closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from plugins.scheduling.slots.clock import Clock, clock_for
from plugins.scheduling.slots.model import Availability, Limits, Period, Refusal
from plugins.scheduling.slots.spans import DAY, EPOCH, EPOCH_ORDINAL, Span, ceil_second, floor_second, merge

_ALWAYS = 1 << 60
#: A unit that meets a window of dates begins or ends up to a month away from it; two more days for the offsets.
_AROUND: Final = 33

Unit = Callable[[int], Span]
"""The first date of the unit in which a date (days since 1970) lies, and the first after it."""


def _day(day: int) -> Span:
    return day, day + 1


def _week(day: int) -> Span:
    monday = (day + 3) // 7 * 7 - 3  # day -3 was a Monday
    return monday, monday + 7


def _month(day: int) -> Span:
    first = date.fromordinal(day + EPOCH_ORDINAL).replace(day=1).toordinal() - EPOCH_ORDINAL
    return first, date.fromordinal(first + EPOCH_ORDINAL + 31).replace(day=1).toordinal() - EPOCH_ORDINAL


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
    limits, sessions = who.limits, who.busy if who.sessions is None else who.sessions
    caps = (
        (Refusal.LIMIT_DAY, _day, limits.per_day, limits.minutes_day),
        (Refusal.LIMIT_WEEK, _week, limits.per_week, limits.minutes_week),
        (Refusal.LIMIT_MONTH, _month, limits.per_month, limits.minutes_month),
    )
    if any(count is not None or minutes is not None for _, _, count, minutes in caps):
        first, last = low // DAY - _AROUND, high // DAY + _AROUND
        clock = clock_for(who.zone, first, last)
        held: list[Span] = []  # (date, seconds)
        for start, end in sessions:
            second = floor_second(start)
            if first * DAY <= second < (last + 1) * DAY:
                held.append((clock.day(second), ceil_second(end) - second))
        for reason, unit, count, minutes in caps:
            if count is not None or minutes is not None:
                closed.append((reason, _full(clock, held, unit, count, minutes, duration)))
    if limits.consecutive is not None:
        closed.append((Refusal.CONSECUTIVE, _in_a_row(sessions, limits, limits.consecutive, duration)))
    return closed


def _full(
    clock: Clock, held: list[Span], unit: Unit, count: int | None, minutes: int | None, duration: int
) -> list[Span]:
    """The units, as instants, whose number of sessions or of minutes leaves no room for one more."""
    room = _ALWAYS if minutes is None else minutes * 60 - duration
    if (count is not None and count <= 0) or room < 0:
        return [(-_ALWAYS, _ALWAYS)]
    counts: Counter[Span] = Counter()
    lengths: Counter[Span] = Counter()
    for day, length in held:
        span = unit(day)
        counts[span] += 1
        lengths[span] += length
    full: list[Span] = []
    for span, number in counts.items():
        if (count is not None and number >= count) or lengths[span] > room:
            full += clock.instants([(span[0] * DAY, span[1] * DAY)])
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
