"""Slots: the engine against plain zoneinfo on the same people, window and answer (`python bench/slots.py`).

First, for N interviewers over four weeks, milliseconds of CPU and engine ÷ plain, alternated within one run. "cold"
drops every cache of the engine before each round (plain keeps zoneinfo's own cache: the files stay read); "warm"
asks again. Both answer {start: [ids]} and must be equal. Goals G7: cold >= 5x, moonshot 8x at N = 1,000.
Then the same people as rows of a private PostgreSQL: see _slots_database.py.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plugins.scheduling.slots import Availability, Override, Rule, clock, days, free_by_start, hours

ZONES = (
    "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Africa/Cairo", "Asia/Kathmandu",
)  # fmt: skip
START = datetime(2026, 10, 19, tzinfo=UTC)  # the clock changes of the EU and the US lie inside
END = START + timedelta(days=28)
NOW = START - timedelta(days=1)
DURATION, STEP = 60, 30
WORKDAYS = (1, 2, 3, 4, 5)

People = list[tuple[str, Availability]]


def make_people(count: int) -> People:
    """Two weekly windows on the quarter hour, a day off, a changed day, 12 bookings of 45 min with buffers 5/10."""
    rng = random.Random(7)
    people: People = []
    for i in range(count):
        morning, evening = rng.randrange(24, 40) * 15, rng.randrange(52, 64) * 15
        rules = (
            Rule(WORKDAYS, morning, morning + rng.randrange(8, 13) * 15),
            Rule(WORKDAYS, evening, evening + rng.randrange(8, 17) * 15),
        )
        dates = rng.sample(range(28), 2)
        changed = (Override(date(2026, 10, 19) + timedelta(days=dates[0]), ((600, 900),)),)
        off = START + timedelta(days=dates[1])
        busy = [START + timedelta(days=rng.randrange(28), minutes=15 * rng.randrange(96)) for _ in range(12)]
        who = Availability(
            zone=ZONES[i % len(ZONES)],
            rules=rules,
            overrides=changed,
            time_off=((off, off + timedelta(days=1)),),
            busy=tuple((start, start + timedelta(minutes=45)) for start in busy),
            buffer_before=5,
            buffer_after=10,
        )
        people.append((f"i{i:05}", who))
    return people


def plain_starts(who: Availability) -> list[datetime]:
    """What one writes first: aware datetimes, zoneinfo, day by day; right away from the hour of a clock change."""
    zone = ZoneInfo(who.zone)
    overrides = {override.date: override.ranges for override in who.overrides}
    ranges: list[tuple[datetime, datetime]] = []
    day = START.astimezone(zone).date() - timedelta(days=1)
    while day <= END.astimezone(zone).date():
        weekday = day.isoweekday()
        todays = overrides.get(day)
        if todays is None:
            todays = tuple((rule.start, rule.end) for rule in who.rules if weekday in rule.days)
        midnight = datetime.combine(day, time(), zone)
        for start, end in todays:
            length = end if end > start else end + 1440
            ranges.append(
                (
                    (midnight + timedelta(minutes=start)).astimezone(UTC),
                    (midnight + timedelta(minutes=length)).astimezone(UTC),
                )
            )
        day += timedelta(days=1)
    before, after = timedelta(minutes=who.buffer_before), timedelta(minutes=who.buffer_after)
    taken = sorted((start - after, end + before) for start, end in (*who.busy, *who.time_off))
    duration, step = timedelta(minutes=DURATION), timedelta(minutes=STEP)
    earliest = max(START, NOW + timedelta(minutes=who.minimum_notice))
    found: list[datetime] = []
    for start, end in free_ranges(ranges, taken):
        slot = max(start, earliest)
        local = slot.astimezone(zone)
        slot += timedelta(minutes=-(local.hour * 60 + local.minute) % STEP)
        while slot + duration <= min(end, END):
            found.append(slot)
            slot += step
    return found


def free_ranges(
    ranges: list[tuple[datetime, datetime]], taken: list[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """Ranges, merged where they touch, without what is taken (sorted)."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    free: list[tuple[datetime, datetime]] = []
    for start, end in merged:
        for low, high in taken:
            if high <= start:
                continue
            if low >= end:
                break
            if low > start:
                free.append((start, low))
            start = max(start, high)
        if start < end:
            free.append((start, end))
    return free


def plain(people: People) -> dict[datetime, list[str]]:
    by_start: dict[datetime, list[str]] = {}
    for name, who in sorted(people, key=lambda pair: pair[0]):
        for start in plain_starts(who):
            by_start.setdefault(start, []).append(name)
    return dict(sorted(by_start.items()))


def engine(people: People) -> dict[datetime, list[str]]:
    return free_by_start(people, start=START, end=END, now=NOW, duration=DURATION, step=STEP)


def forget() -> None:
    """Drop every cache of the engine."""
    day_caches = (days._week_ticks, days._usually_between, days._range_ticks)
    for cached in (clock.clock_for, clock._changes_in_block, hours.week_of, *day_caches):
        cached.cache_clear()


def timed(ask: Callable[[People], object], people: People) -> float:
    """CPU milliseconds of one question."""
    gc.collect()
    began = process_time()
    ask(people)
    return (process_time() - began) * 1000


def pure() -> list[str]:
    """G7: the engine alone."""
    print(f"{'N':>6} {'plain ms':>10} {'cold ms':>9} {'warm ms':>9} {'cold':>7} {'warm':>7}   (plain ÷ engine)")
    failed = []
    for count, rounds in ((1, 100), (10, 30), (100, 8), (1000, 4)):
        people = make_people(count)
        if plain(people) != engine(people):
            raise SystemExit(f"N = {count}: answers differ")
        best = [float("inf")] * 3
        for _ in range(rounds):
            plain_ms = timed(plain, people)
            forget()
            people = [(name, replace(who)) for name, who in people]
            cold_ms = timed(engine, people)
            warm_ms = timed(engine, people)
            best = [min(pair) for pair in zip(best, (plain_ms, cold_ms, warm_ms), strict=True)]
        a, cold, warm = best
        print(f"{count:>6} {a:>10.3f} {cold:>9.3f} {warm:>9.3f} {a / cold:>6.1f}x {a / warm:>6.1f}x")
        if count == 1000 and a / cold < 5:
            failed.append(f"G7: cold is only {a / cold:.1f}x the plain reference")
    return failed


def main() -> int:
    failed = pure() if "--stored" not in sys.argv else []
    from _slots_database import stored

    failed += stored()
    for words in failed:
        print(words, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
