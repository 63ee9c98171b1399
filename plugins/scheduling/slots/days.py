"""Slot starts within an interviewer's hours, day by day: short where nothing happens, exact where something does.

On a *calm* date the offset does not change, nor while a slot that starts on it lasts; its starts are its midnight plus
wall times that are worked out once for each weekday. What lies between calm dates, and what travel touches, is
resolved by its readings (`exact_starts`). Both ways give the same; calm dates are merely quicker.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

from plugins.scheduling.slots.clock import clock_for
from plugins.scheduling.slots.grid import Grid, starts_within, wall_ticks
from plugins.scheduling.slots.hours import NOTHING_SPECIAL, Ranges, Special, Week, hours_of, special_days, week_of
from plugins.scheduling.slots.model import Availability
from plugins.scheduling.slots.spans import DAY, Span, merge

Ticks = tuple[int, ...]
"""Starts on a date, in seconds after its midnight."""


def starts_in_hours(who: Availability, low: int, high: int, grid: Grid) -> list[int]:
    """Sorted starts in [low, high) of slots wholly within the hours."""
    week = week_of(who.rules)
    special = special_days(who, low, high + grid.length)
    if grid.length > DAY:
        return exact_starts(who.zone, week, special, low, high, grid)
    clock = clock_for(who.zone, low // DAY, (high + grid.length) // DAY)
    starts: list[int] = []
    done, calm_until = low, None
    for offset, first, stop in clock.calm:
        first, stop = max(first, (low + offset) // DAY), min(stop, (high - 1 + offset) // DAY + 1)
        if first >= stop:
            continue
        begin, end = first * DAY - offset, stop * DAY - offset
        if done < begin and (calm_until is None or _open_on(week, special, calm_until, first)):
            starts += _between(who.zone, week, special, done, begin, grid)
        plan = _plan(week, special, first, stop, grid)
        starts += [midnight + tick for midnight, ticks in zip(range(begin, end, DAY), plan) for tick in ticks]  # noqa: B905
        done, calm_until = end, stop
    if done < high:
        starts += _between(who.zone, week, special, done, high, grid)
    del starts[bisect_left(starts, high) :], starts[: bisect_left(starts, low)]
    for a, b in _travelled(who.zone, week, special, low, high, grid):
        starts[bisect_left(starts, a) : bisect_left(starts, b)] = exact_starts(who.zone, week, special, a, b, grid)
    return starts


def exact_starts(zone: str, week: Week, special: Special, low: int, high: int, grid: Grid) -> list[int]:
    """Starts in [low, high), resolved by their readings."""
    return starts_within(hours_of(zone, week, special, low, high + grid.length), low, high, grid)


def _open_on(week: Week, special: Special, first: int, stop: int) -> bool:
    """Can the home zone's ranges reach a date from `first` until before `stop`?"""
    before = special.ranges.get(first - 1, week[(first + 2) % 7])
    if before and before[-1][1] > DAY:
        return True
    return any(special.ranges.get(day, week[(day + 3) % 7]) for day in range(first, stop))


def _between(zone: str, week: Week, special: Special, low: int, high: int, grid: Grid) -> tuple[int, ...]:
    first, last = low // DAY - 2, (high + grid.length) // DAY + 1
    if any(first <= day <= last for day in (*special.ranges, *special.zones)):
        return tuple(exact_starts(zone, week, special, low, high, grid))
    return _usually_between(zone, week, low, high, grid)


@lru_cache(maxsize=8192)
def _usually_between(zone: str, week: Week, low: int, high: int, grid: Grid) -> tuple[int, ...]:
    return tuple(exact_starts(zone, week, NOTHING_SPECIAL, low, high, grid))


def _plan(week: Week, special: Special, first: int, stop: int, grid: Grid) -> list[Ticks]:
    """The ticks of each calm date from `first` until before `stop`."""
    weekday = (first + 3) % 7
    plan = list((_week_ticks(week, grid) * ((stop - first) // 7 + 2))[weekday : weekday + stop - first])
    for changed, ranges in special.ranges.items():
        usual, eve = week[(changed + 3) % 7], week[(changed + 2) % 7]
        # Ranges that touch midnight, of this date or into it, change what its neighbours offer.
        alone = not any(day and day[-1][1] >= DAY for day in (ranges, usual, special.ranges.get(changed - 1, eve)))
        for day in (changed,) if alone else (changed - 1, changed, changed + 1):
            if first <= day < stop:
                before, today, after = [special.ranges.get(d, week[(d + 3) % 7]) for d in (day - 1, day, day + 1)]
                plan[day - first] = _day_ticks(before, today, after, grid)
    return plan


@lru_cache(maxsize=8192)
def _week_ticks(week: Week, grid: Grid) -> tuple[Ticks, ...]:
    """The ticks of each weekday, Monday first."""
    if any([day[-1][1] >= DAY for day in week if day]):
        return tuple([_day_ticks(week[day - 1], week[day], week[(day + 1) % 7], grid) for day in range(7)])
    known = {day: _day_ticks((), day, (), grid) for day in set(week)}
    return tuple([known[day] for day in week])


def _day_ticks(before: Ranges, today: Ranges, after: Ranges, grid: Grid) -> Ticks:
    """The ticks of a calm date, given its ranges and its neighbours'."""
    reach = grid.length - 1
    if (before and before[-1][1] >= DAY) or (today and today[-1][1] >= DAY):
        spans = [(a - DAY, b - DAY) for a, b in before] + [*today] + [(a + DAY, b + DAY) for a, b in after]
        windows = [(max(a, 0), min(b - reach, DAY)) for a, b in merge(spans)]
        return tuple(wall_ticks([(a, b) for a, b in windows if a < b], grid))
    found: Ticks = ()
    for a, b in today:
        found += _range_ticks(a, b - reach, grid)
    return found


@lru_cache(maxsize=8192)
def _range_ticks(start: int, stop: int, grid: Grid) -> Ticks:
    """Weeks differ from one another far more than the ranges they are made of."""
    return tuple(wall_ticks([(start, stop)], grid))


def _travelled(zone: str, week: Week, special: Special, low: int, high: int, grid: Grid) -> list[Span]:
    """The starts in [low, high) that travel may add or take away."""
    if not special.zones:
        return []
    first, last = low // DAY, (high + grid.length) // DAY
    home = clock_for(zone, first, last).offsets
    touched: list[Span] = []
    for day, away in special.zones.items():
        ranges = (*week[(day + 3) % 7], *special.ranges.get(day, ()))
        if ranges:
            offsets = home + clock_for(away, first, last).offsets
            start, end = min(ranges)[0], max(end for _, end in ranges)
            a, b = day * DAY + start - max(offsets) - grid.length, day * DAY + end - min(offsets)
            if a < high and b > low:
                touched.append((max(low, a), min(high, b)))
    return merge(touched)
