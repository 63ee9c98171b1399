"""Days that went wrong in other schedulers, worked out by hand from the zones' published rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugins.scheduling.slots import Availability, Limits, Override, Rule, Travel, clock_changes, free_slots
from tests.plugins.scheduling.reference import Reference, utc

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def daily(zone: str, *ranges: str) -> Availability:
    """Every day the same ranges, like "09:00-17:00"."""
    pairs = [text.split("-") for text in ranges]
    return Availability(zone, tuple(Rule(EVERY_DAY, minutes(start), minutes(end)) for start, end in pairs))


def listed(who: Availability, start: str, end: str, duration: int = 60, step: int = 60) -> list[str]:
    """UTC starts like "07:00" (or with the date where the window is longer than a day)."""
    found = free_slots(who, start=utc(start), end=utc(end), now=utc("1800-01-01"), duration=duration, step=step)
    unit = 1 if who.zone in ("Africa/Monrovia", "Asia/Manila") else 60
    plain = Reference(who).slots(utc(start), utc(end), utc("1800-01-01"), duration, step, unit=unit)
    assert found == plain
    return [instant.strftime("%H:%M" if instant.second == 0 else "%H:%M:%S") for instant in found]


def walls(who: Availability, start: str, end: str, duration: int = 60, step: int = 60) -> list[str]:
    """The same starts as the zone's wall clock shows them, with the offset."""
    found = free_slots(who, start=utc(start), end=utc(end), now=utc("1800-01-01"), duration=duration, step=step)
    return [instant.astimezone(ZoneInfo(who.zone)).strftime("%H:%M%z") for instant in found]


@pytest.mark.parametrize(
    ("zone", "day", "ranges", "expected"),
    [
        # Clocks forward: the hour does not exist; what begins in it begins when it ends.
        ("America/New_York", "2026-03-08", "01:00-04:00", ["01:00-0500", "03:00-0400"]),
        ("America/New_York", "2026-03-08", "02:00-04:00", ["03:00-0400"]),
        ("America/New_York", "2026-03-08", "02:00-03:00", []),
        ("Europe/Berlin", "2026-03-29", "02:30-04:00", ["03:00+0200"]),
        # Clocks back: the repeated hour is there twice, and nothing outside the range is offered.
        ("America/New_York", "2026-11-01", "01:00-02:00", ["01:00-0400", "01:00-0500"]),
        ("Europe/Berlin", "2026-10-25", "01:00-04:00", ["01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"]),
        ("Europe/Berlin", "2026-10-25", "09:00-11:00", ["09:00+0100", "10:00+0100"]),
        # Midnight does not exist.
        ("America/Havana", "2026-03-08", "00:00-02:00", ["01:00-0400"]),
        ("Asia/Beirut", "2026-03-29", "00:00-02:00", ["01:00+0300"]),
        ("America/Santiago", "2026-09-06", "00:00-03:00", ["01:00-0300", "02:00-0300"]),
        ("Africa/Cairo", "2026-04-24", "00:00-02:00", ["01:00+0300"]),
        ("America/Havana", "2026-03-08", "09:00-11:00", ["09:00-0400", "10:00-0400"]),
        ("America/Santiago", "2026-09-06", "09:00-11:00", ["09:00-0300", "10:00-0300"]),
        # The last hour of the day comes twice.
        ("America/Santiago", "2026-04-04", "22:00-24:00", ["22:00-0300", "23:00-0300", "23:00-0400"]),
        ("Asia/Beirut", "2026-10-24", "23:00-24:00", ["23:00+0300", "23:00+0200"]),
        ("Africa/Cairo", "2026-10-29", "23:00-24:00", ["23:00+0300", "23:00+0200"]),
        # The repeated midnight hour of Havana belongs to the new day.
        ("America/Havana", "2026-11-01", "00:00-01:00", ["00:00-0400", "00:00-0500"]),
        ("Asia/Tehran", "2022-03-22", "00:00-03:00", ["01:00+0430", "02:00+0430"]),
        ("Asia/Tehran", "2026-03-22", "00:00-02:00", ["00:00+0330", "01:00+0330"]),
    ],
)
def test_clock_changes(zone: str, day: str, ranges: str, expected: list[str]) -> None:
    who = Availability(zone, overrides=(Override(date.fromisoformat(day), _pair(ranges)),))
    window = (f"{date.fromisoformat(day) - timedelta(days=2)}", f"{date.fromisoformat(day) + timedelta(days=3)}")
    assert walls(who, *window) == expected
    listed(who, *window)


def _pair(ranges: str) -> tuple[tuple[int, int], ...]:
    start, end = ranges.split("-")
    return ((minutes(start), minutes(end)),)


def test_lord_howe_moves_by_half_an_hour() -> None:
    who = daily("Australia/Lord_Howe", "01:00-04:00")
    # 4 October 2026: 02:00 (+1030) becomes 02:30 (+11). On the half-hour grid nothing is skipped but 02:00.
    assert walls(who, "2026-10-03T12:00", "2026-10-03T20:00", 30, 30) == [
        "01:00+1030",
        "01:30+1030",
        "02:30+1100",
        "03:00+1100",
        "03:30+1100",
    ]
    # An hour across the change is an hour: 01:30 to 03:00 on the wall.
    assert walls(who, "2026-10-03T12:00", "2026-10-03T20:00", 60, 30) == [
        "01:00+1030",
        "01:30+1030",
        "02:30+1100",
        "03:00+1100",
    ]
    # 5 April 2026: 02:00 (+11) becomes 01:30 (+1030); the half hour comes twice.
    assert walls(who, "2026-04-04T12:00", "2026-04-04T20:00", 30, 30) == [
        "01:00+1100",
        "01:30+1100",
        "01:30+1030",
        "02:00+1030",
        "02:30+1030",
        "03:00+1030",
        "03:30+1030",
    ]


def test_chatham_and_kathmandu_keep_their_quarter_hours() -> None:
    assert listed(daily("Asia/Kathmandu", "09:00-11:00"), "2026-10-20T00:00", "2026-10-21T00:00") == ["03:15", "04:15"]
    # Chatham: 27 September 2026, 02:45 (+1245) becomes 03:45 (+1345).
    assert walls(daily("Pacific/Chatham", "02:00-05:00"), "2026-09-26T12:00", "2026-09-26T18:00", 45, 15) == [
        "02:00+1245",
        "02:15+1245",
        "02:30+1245",
        "03:45+1345",
        "04:00+1345",
        "04:15+1345",
    ]


def test_apia_had_no_30_december_2011() -> None:
    """Hours of a date that does not exist offer nothing, except what runs over into the next."""
    who = Availability(
        "Pacific/Apia",
        overrides=(
            Override(date(2011, 12, 29), ((22 * 60, 2 * 60),)),
            Override(date(2011, 12, 30), ((22 * 60, 2 * 60),)),
        ),
    )
    found = free_slots(who, start=utc("2011-12-28"), end=utc("2012-01-02"), now=utc("2011-01-01"), duration=60, step=60)
    zone = ZoneInfo("Pacific/Apia")
    assert [instant.astimezone(zone).strftime("%d %H:%M") for instant in found] == [
        "29 22:00",
        "29 23:00",
        "31 00:00",
        "31 01:00",
    ]
    # The two halves touch: a two-hour slot runs over the date line.
    found = free_slots(
        who, start=utc("2011-12-28"), end=utc("2012-01-02"), now=utc("2011-01-01"), duration=240, step=60
    )
    assert [instant.astimezone(zone).strftime("%d %H:%M") for instant in found] == ["29 22:00"]


def test_kwajalein_and_manila_moves() -> None:
    for zone, day in (
        ("Pacific/Kwajalein", "1993-08-20"),
        ("Pacific/Fakaofo", "2011-12-29"),
        ("Asia/Manila", "1844-12-30"),
    ):
        start = date.fromisoformat(day)
        listed(daily(zone, "22:00-02:00", "09:00-10:00"), f"{start}", f"{start + timedelta(days=3)}", 60, 60)


def test_sub_minute_offsets_start_where_the_wall_clock_shows_the_minute() -> None:
    # Monrovia until January 1972: 44 min 30 s behind.
    assert listed(daily("Africa/Monrovia", "09:00-11:00"), "1971-06-01T08:00", "1971-06-01T13:00") == [
        "09:44:30",
        "10:44:30",
    ]
    # 7 January 1972: midnight becomes 00:44:30, and the next whole hour is 01:00.
    assert listed(daily("Africa/Monrovia", "00:00-03:00"), "1972-01-06T23:00", "1972-01-07T04:00", 30, 30) == [
        "01:00",
        "01:30",
        "02:00",
        "02:30",
    ]


def test_overnight_ranges_and_what_overrides_leave_of_them() -> None:
    who = daily("Europe/Berlin", "22:00-02:00")
    assert listed(who, "2026-07-01T12:00", "2026-07-02T12:00") == ["20:00", "21:00", "22:00", "23:00"]
    # An override closes its own date's range; what began the evening before runs on.
    shut = Availability(who.zone, who.rules, overrides=(Override(date(2026, 7, 2)),))
    assert listed(shut, "2026-07-01T12:00", "2026-07-02T12:00") == ["20:00", "21:00", "22:00", "23:00"]
    assert listed(shut, "2026-07-02T12:00", "2026-07-03T12:00") == []
    # Touching over midnight makes one range.
    late = Availability(who.zone, (Rule((3,), 23 * 60, 1440), Rule((4,), 0, 60)))
    assert listed(late, "2026-07-01T12:00", "2026-07-02T12:00", 120, 60) == ["21:00"]
    # An overnight range on the night of the spring change is one hour shorter.
    assert walls(daily("Europe/Berlin", "22:00-04:00"), "2026-03-28T12:00", "2026-03-29T12:00", 60, 60)[3:] == [
        "01:00+0100",
        "03:00+0200",
    ]


def test_slots_that_last_into_a_clock_change_begun_the_day_before() -> None:
    """The short cut for calm dates must not reach over the change."""
    who = Availability("Europe/Berlin", (Rule((6,), 22 * 60, 3 * 60),))  # Saturday night
    assert walls(who, "2026-03-23", "2026-03-31", 240, 60) == ["22:00+0100"]  # 22-02 = 4 h; 23-03 is only 3 h
    assert walls(who, "2026-10-19", "2026-10-28", 240, 60) == ["22:00+0200", "23:00+0200", "00:00+0200"]
    friday = Availability("Europe/Berlin", (Rule((5,), 22 * 60, 2 * 60),))  # runs into the day before the change
    assert walls(friday, "2026-10-19", "2026-10-28") == ["22:00+0200", "23:00+0200", "00:00+0200", "01:00+0200"]
    listed(who, "2026-10-19", "2026-10-28", 240, 60)
    listed(friday, "2026-10-19", "2026-10-28")


def test_travel_cuts_what_ran_into_its_first_day() -> None:
    who = Availability(
        "Asia/Tokyo",
        (Rule(EVERY_DAY, 0, 1440),),
        travel=(Travel(date(2026, 11, 3), date(2026, 11, 3), "America/Los_Angeles"),),
    )
    # Home hours end at Tokyo's midnight of the 3rd (15:00 UTC on the 2nd); Los Angeles' 3rd begins at 08:00 UTC.
    assert listed(who, "2026-11-02T12:00", "2026-11-03T10:00", 120, 60) == ["12:00", "13:00", "08:00"]


def test_full_days_join_for_ever() -> None:
    always = daily("America/New_York", "00:00-24:00")
    assert len(listed(always, "2026-10-30", "2026-11-03", 60, 60)) == 96
    found = free_slots(
        always, start=utc("2026-10-01"), end=utc("2026-12-01"), now=utc("2026-01-01"), duration=20 * 1440, step=1440
    )
    assert len(found) == 41
    assert found == sorted(found)
    assert daily("Europe/Berlin", "09:00-09:00").rules[0].end == 540  # 24 hours from nine to nine
    assert len(listed(daily("Europe/Berlin", "09:00-09:00"), "2026-07-01", "2026-07-02")) == 24


def test_a_step_that_does_not_divide_the_day_begins_anew_at_midnight() -> None:
    found = listed(daily("UTC", "00:00-24:00"), "2026-07-01T20:00", "2026-07-02T04:00", 30, 50)
    assert found == ["20:00", "20:50", "21:40", "22:30", "23:20", "00:00", "00:50", "01:40", "02:30", "03:20"]


def test_travel_reads_the_same_wall_times_elsewhere() -> None:
    who = Availability(
        "Europe/Berlin",
        (Rule(EVERY_DAY, 9 * 60, 11 * 60),),
        overrides=(Override(date(2026, 11, 3), ((20 * 60, 22 * 60),)),),
        travel=(Travel(date(2026, 11, 2), date(2026, 11, 3), "Asia/Tokyo"),),
    )
    assert listed(who, "2026-11-01", "2026-11-05") == [
        "08:00",  # the 1st in Berlin
        "09:00",
        "00:00",  # the 2nd in Tokyo
        "01:00",
        "11:00",  # the override of the 3rd, read in Tokyo
        "12:00",
        "08:00",  # the 4th in Berlin again
        "09:00",
    ]


def test_limits_count_in_the_home_zone_even_while_travelling() -> None:
    busy = (utc("2026-11-01T23:30"), utc("2026-11-01T23:45"))  # the 2nd in Berlin
    who = Availability(
        "Europe/Berlin",
        (Rule(EVERY_DAY, 9 * 60, 11 * 60),),
        busy=(busy,),
        travel=(Travel(date(2026, 11, 2), date(2026, 11, 2), "America/Los_Angeles"),),
        limits=Limits(per_day=1),
    )
    # Los Angeles 09:00 on the 2nd is 18:00 of the 2nd in Berlin: full.
    assert listed(who, "2026-11-01", "2026-11-04") == ["08:00", "09:00", "08:00", "09:00"]
    week = Availability(who.zone, who.rules, busy=(busy,), limits=Limits(per_week=1))
    found = free_slots(
        week, start=utc("2026-10-31"), end=utc("2026-11-11"), now=utc("2026-01-01"), duration=60, step=60
    )
    assert {instant.date() for instant in found} == {
        date(2026, 10, 31),
        date(2026, 11, 1),
        date(2026, 11, 9),
        date(2026, 11, 10),
    }


def test_clock_changes_tells_the_editor_what_to_show() -> None:
    found = clock_changes("Europe/Berlin", utc("2026-01-01"), utc("2027-01-01"))
    assert found == [
        (datetime.fromisoformat("2026-03-29T01:00+00:00"), 3600, 7200),
        (datetime.fromisoformat("2026-10-25T01:00+00:00"), 7200, 3600),
    ]
    assert clock_changes("Asia/Tokyo", utc("2026-01-01"), utc("2027-01-01")) == []
