"""Why a start cannot be booked; booking windows, offsets and sessions in a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugins.scheduling.slots import (
    Availability,
    Limits,
    Override,
    Refusal,
    Rule,
    free_slots,
    is_bookable,
    nearest,
)
from tests.plugins.scheduling.reference import utc

NOW = utc("2026-06-01T00:00")  # a Monday
WHO = Availability("UTC", (Rule((1, 2, 3, 4, 5), 540, 1020),), buffer_before=10, buffer_after=20, minimum_notice=120)


def meeting(start: str, length: int = 60) -> tuple[datetime, datetime]:
    return utc(start), utc(start) + timedelta(minutes=length)


def why(who: Availability, start: str, *, now: datetime = NOW, duration: int = 60) -> Refusal | None:
    return is_bookable(who, utc(start), now=now, duration=duration, step=30)


@pytest.mark.parametrize(
    ("who", "start", "expected"),
    [
        (WHO, "2026-06-02T09:00", None),
        (WHO, "2026-05-29T09:00", Refusal.PAST),
        (replace(WHO, minimum_notice=600), "2026-06-01T09:30", Refusal.TOO_SOON),
        (replace(WHO, minimum_notice=570), "2026-06-01T09:30", None),
        (WHO, "2026-06-02T08:30", Refusal.OUTSIDE),
        (WHO, "2026-06-02T16:30", Refusal.OUTSIDE),
        (WHO, "2026-06-06T09:00", Refusal.OUTSIDE),
        (WHO, "2026-06-02T09:10", Refusal.OFF_GRID),
        (WHO, "2026-06-02T09:00:30", Refusal.OFF_GRID),
        (WHO, "2026-06-02T09:00:00.000001", Refusal.OFF_GRID),
        (replace(WHO, time_off=(meeting("2026-06-02T10:00"),)), "2026-06-02T09:00", Refusal.TIME_OFF),
        (replace(WHO, busy=(meeting("2026-06-02T09:30"),)), "2026-06-02T09:00", Refusal.BUSY),
        (replace(WHO, busy=(meeting("2026-06-02T10:00"),)), "2026-06-02T09:00", Refusal.BUFFER),
        (replace(WHO, busy=(meeting("2026-06-02T10:20"),)), "2026-06-02T09:00", None),
        (replace(WHO, busy=(meeting("2026-06-02T09:00"),)), "2026-06-02T10:00", Refusal.BUFFER),
        (replace(WHO, busy=(meeting("2026-06-02T09:00", 50),)), "2026-06-02T10:00", None),
        (replace(WHO, busy=(meeting("2026-06-02T09:30", 0),)), "2026-06-02T09:00", None),
        (replace(WHO, busy=(meeting("2026-06-02T20:00"),), limits=Limits(1)), "2026-06-02T09:00", Refusal.LIMIT_DAY),
        (
            replace(WHO, busy=(meeting("2026-06-07T20:00"),), limits=Limits(None, 1)),
            "2026-06-02T09:00",
            Refusal.LIMIT_WEEK,
        ),
        (
            replace(WHO, busy=(meeting("2026-06-01T00:30"),), limits=Limits(None, 1)),
            "2026-06-05T09:00",
            Refusal.LIMIT_WEEK,
        ),
        (replace(WHO, busy=(meeting("2026-06-08T20:00"),), limits=Limits(1, 1)), "2026-06-02T09:00", None),
        (replace(WHO, rolling_days=1), "2026-06-02T09:00", None),
        (replace(WHO, rolling_days=1), "2026-06-03T09:00", Refusal.TOO_LATE),
        (replace(WHO, first_date=date(2026, 6, 3)), "2026-06-02T09:00", Refusal.TOO_LATE),
        (replace(WHO, first_date=date(2026, 6, 2), last_date=date(2026, 6, 2)), "2026-06-02T09:00", None),
        (replace(WHO, last_date=date(2026, 6, 1)), "2026-06-02T09:00", Refusal.TOO_LATE),
    ],
)
def test_reasons(who: Availability, start: str, expected: Refusal | None) -> None:
    assert why(who, start) == expected


def test_a_wall_time_in_a_gap_is_named_as_such() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    who = Availability("Europe/Berlin", (Rule((7,), 0, 360),))
    gap = datetime(2026, 3, 29, 2, 30, tzinfo=berlin)
    assert is_bookable(who, gap, now=utc("2026-01-01"), duration=30, step=30) is Refusal.GAP
    for fold in (0, 1):  # both readings of a repeated hour can be booked
        repeated = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold)
        assert is_bookable(who, repeated, now=utc("2026-01-01"), duration=30, step=30) is None


def test_sessions_in_a_row() -> None:
    """At most two with less than a quarter of an hour between them."""
    who = replace(
        WHO,
        buffer_before=0,
        buffer_after=0,
        busy=(meeting("2026-06-02T09:00"), meeting("2026-06-02T10:10", 50), meeting("2026-06-02T14:00")),
        limits=Limits(consecutive=2, rest=15),
    )
    assert why(who, "2026-06-02T11:00") is Refusal.CONSECUTIVE
    assert why(who, "2026-06-02T11:30") is None
    assert why(who, "2026-06-02T13:00") is None  # joins 14:00 only: two
    assert why(who, "2026-06-02T15:00") is None
    joined = replace(who, busy=(*who.busy, meeting("2026-06-02T12:00")))
    assert why(joined, "2026-06-02T13:00") is Refusal.CONSECUTIVE  # 12, 13 and 14


def test_grid_offset_and_bad_questions() -> None:
    day = {"start": utc("2026-06-02"), "end": utc("2026-06-03"), "now": NOW}
    found = free_slots(WHO, **day, duration=60, step=120, offset=15)
    assert [f"{start:%H:%M}" for start in found] == ["10:15", "12:15", "14:15"]
    for duration, step in ((0, 30), (60, 0)):
        with pytest.raises(ValueError, match="at least one minute"):
            free_slots(WHO, **day, duration=duration, step=step)
    with pytest.raises(ValueError, match="start 0-1439"):
        Rule((1,), 1440, 1440)
    with pytest.raises(ValueError, match="start 0-1439"):
        Override(date(2026, 6, 1), ((0, 1441),))
    with pytest.raises(ValueError, match="ISO weekdays"):
        Rule((0,), 0, 60)
    with pytest.raises(ValueError, match="negative"):
        Availability("UTC", buffer_before=-1)
    with pytest.raises(TypeError):
        free_slots(WHO, start=datetime(2026, 6, 2), end=utc("2026-06-03"), now=NOW, duration=60, step=30)


def test_nearest_looks_both_ways_and_far_enough() -> None:
    friday = utc("2026-06-05T16:30")
    found = nearest(WHO, friday, now=NOW, duration=60, step=30)
    assert found == [utc("2026-06-05T16:00"), utc("2026-06-05T15:30"), utc("2026-06-05T15:00")]
    saturday = utc("2026-06-06T20:00")
    assert nearest(WHO, saturday, now=saturday, duration=60, step=30, n=1) == [utc("2026-06-08T09:00")]
    assert nearest(Availability("UTC"), friday, now=NOW, duration=60, step=30) == []
