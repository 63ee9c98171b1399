"""Rules, overrides and travel -> the instants an interviewer's hours cover, whatever happens in the window.

The dates' ranges are put together on the wall clock of each zone they are read in, and only then turned into
instants by their readings: that is the definition of "available", so gaps and repeats need no special case.
This is the exact way for any stretch of time; `usual.py` is the short cut for the weeks in which nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from plugins.scheduling.slots.clock import Clock, clock_for
from plugins.scheduling.slots.model import Availability, Range, Rule
from plugins.scheduling.slots.spans import DAY, EPOCH_ORDINAL, Span, merge

Ranges = tuple[Span, ...]
"""Seconds after a date's midnight, by the reading; sorted, disjoint; up to two days."""

Week = tuple[Ranges, ...]
"""The ranges of each weekday, Monday first."""

Hours = tuple[Clock, list[Span]]
"""The clock a part of the hours is read on, and that part as instants: sorted, disjoint."""


class Special(NamedTuple):
    """Dates (days since 1970) that are not as every week: read in another zone, or with ranges of their own."""

    zones: dict[int, str]
    ranges: dict[int, Ranges]


NOTHING_SPECIAL = Special({}, {})


def special_days(who: Availability, low: int, high: int) -> Special:
    """The special dates that could matter to instants in [low, high)."""
    if not who.travel and not who.overrides:
        return NOTHING_SPECIAL
    # Offsets are under a day and ranges under two.
    first, last = low // DAY - 2, (high - 1) // DAY + 1
    zones: dict[int, str] = {}
    for trip in who.travel:
        start, end = trip.first.toordinal() - EPOCH_ORDINAL, trip.last.toordinal() - EPOCH_ORDINAL
        zones.update(dict.fromkeys(range(max(first, start), min(last, end) + 1), trip.zone))
    ranges: dict[int, Ranges] = {}
    for override in who.overrides:
        day = override.date.toordinal() - EPOCH_ORDINAL
        if first <= day <= last:
            ranges[day] = wall_ranges(override.ranges)
    return Special(zones, ranges)


def hours_of(zone: str, week: Week, special: Special, low: int, high: int) -> list[Hours]:
    """One entry per zone the hours are read in, exact for instants in [low, high)."""
    clocks = {zone: clock_for(zone, low // DAY, high // DAY)}
    for name in special.zones.values():
        clocks[name] = clock_for(name, low // DAY, high // DAY)
    offsets = [offset for clock in clocks.values() for offset in clock.offsets]
    first = (low + min(offsets)) // DAY - 1  # what begins on the day before may reach the window
    last = (high - 1 + max(offsets)) // DAY
    readings: dict[str, list[Span]] = {}
    for day in range(first, last + 1):
        ranges = special.ranges[day] if day in special.ranges else week[(day + 3) % 7]  # day 0 was a Thursday
        if ranges:
            midnight = day * DAY
            there = readings.setdefault(special.zones.get(day, zone), [])
            there.extend([(midnight + start, midnight + end) for start, end in ranges])
    return [(clocks[name], clocks[name].instants(merge(spans), low, high)) for name, spans in readings.items()]


@lru_cache(maxsize=4096)
def week_of(rules: tuple[Rule, ...]) -> Week:
    """The ranges of each weekday that weekly rules give."""
    days: tuple[list[Range], ...] = ([], [], [], [], [], [], [])
    for rule in rules:
        for day in rule.days:
            days[day - 1].append((rule.start, rule.end))
    known = {day: wall_ranges(day) for day in {tuple(day) for day in days}}
    return tuple([known[tuple(day)] for day in days])


def wall_ranges(ranges: Iterable[Range]) -> Ranges:
    """A date's ranges in seconds after its midnight; what ends at or before its start ends on the next day."""
    return tuple(merge([(start * 60, (end if end > start else end + 1440) * 60) for start, end in ranges]))
