"""Every zone of the time-zone database, around each change of its offset in two years, against the reference."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from plugins.scheduling.slots import Availability, Override, Rule, free_slots
from tests.plugins.scheduling.reference import Reference, utc

FIRST, LAST = utc("2026-01-01"), utc("2028-01-01")
ZONES = sorted(available_timezones() - {"localtime", "posixrules"})
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
# Shapes of hours: office, the small hours, overnight, all day, odd pieces.
SHAPES: tuple[tuple[tuple[int, int], ...], ...] = (
    ((540, 720), (780, 1020)),
    ((0, 90), (120, 165), (180, 240)),
    ((1320, 150),),
    ((0, 1440),),
    ((105, 130), (155, 200), (1380, 1440)),
)


def offset_changes(zone: str) -> list[datetime]:
    """Hours (UTC) within which the zone's offset changes between FIRST and LAST."""
    info, found, hour = ZoneInfo(zone), [], FIRST
    before = hour.astimezone(info).utcoffset()
    while hour < LAST:
        day = hour + timedelta(days=1)
        after = day.astimezone(info).utcoffset()
        if after != before:
            while hour < day and (hour + timedelta(hours=1)).astimezone(info).utcoffset() == before:
                hour += timedelta(hours=1)
            found.append(hour)
            before = after
        hour = day.replace(hour=0)
    return found


def behaviours() -> dict[tuple[object, ...], list[str]]:
    """Zones by what their clocks do in the two years: aliases need only one comparison."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for zone in ZONES:
        info = ZoneInfo(zone)
        changes = offset_changes(zone)
        sides = [(hour, (hour + timedelta(hours=2)).astimezone(info).utcoffset()) for hour in changes]
        groups.setdefault((FIRST.astimezone(info).utcoffset(), *sides), []).append(zone)
    return groups


def compare(zone: str, start: datetime, end: datetime, shape: tuple[tuple[int, int], ...], unit: int) -> None:
    overrides = (Override((start + timedelta(days=2)).date(), ((600, 900),)),) if len(shape) == 2 else ()
    who = Availability(zone, tuple(Rule(EVERY_DAY, a, b) for a, b in shape), overrides)
    now = utc("2020-01-01")
    for duration, step in ((30, 15), (60, 30)):
        found = free_slots(who, start=start, end=end, now=now, duration=duration, step=step)
        assert found == Reference(who).slots(start, end, now, duration, step, unit), (zone, start, shape, duration)


def test_all_zones_around_their_changes() -> None:
    """In units of five minutes: every offset, change, range and step here is a multiple of them."""
    for n, (behaviour, zones) in enumerate(behaviours().items()):
        middles = [entry[0] for entry in behaviour[1:] if isinstance(entry, tuple)] or [utc("2026-06-10")]
        for i, middle in enumerate(middles):
            shape = SHAPES[(n + i) % len(SHAPES)]
            compare(zones[0], middle - timedelta(days=2), middle + timedelta(days=2), shape, 300)


def test_aliases_answer_alike() -> None:
    """Zones whose clocks do the same give the same answer over the two years."""
    for zones in behaviours().values():
        answers = {
            tuple(
                free_slots(
                    Availability(zone, (Rule(EVERY_DAY, 1320, 150),)),
                    start=FIRST,
                    end=LAST,
                    now=FIRST,
                    duration=30,
                    step=30,
                )
            )
            for zone in zones[:3]
        }
        assert len(answers) == 1, zones


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_zones_over_two_years_minute_by_minute() -> None:
    """Every behaviour, every shape, every change, by the minute; and the calm two years in steps of five."""
    for behaviour, zones in behaviours().items():
        middles = [entry[0] for entry in behaviour[1:] if isinstance(entry, tuple)] or [utc("2026-06-10")]
        for shape in SHAPES:
            for middle in middles:
                compare(zones[0], middle - timedelta(days=3), middle + timedelta(days=3), shape, 60)
        compare(zones[0], FIRST, LAST, SHAPES[2], 300)


def test_old_and_far_years() -> None:
    """Before standard time, and after the last year the database lists."""
    for zone in ("Europe/Paris", "America/New_York", "Africa/Casablanca", "Pacific/Auckland"):
        for day in (date(1900, 1, 1), date(2099, 3, 28), date(2099, 10, 31)):
            start = utc(f"{day}")
            who = Availability(zone, (Rule(EVERY_DAY, 60, 300),))
            asked = {"start": start, "end": start + timedelta(hours=30), "now": utc("1800-01-01")}
            unit = 1 if day.year < 1950 else 60
            found = free_slots(who, **asked, duration=60, step=60)
            assert found == Reference(who).slots(**asked, duration=60, step=60, unit=unit)
            assert found
