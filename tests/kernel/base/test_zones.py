"""Wall time and instants, at the hours where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from kernel.base import zones


def test_unknown_zones_are_refused() -> None:
    for name in ("", "Berlin", "../etc/passwd", "Europe/berlin ", "UTC+1"):
        assert not zones.is_zone(name)
        with pytest.raises(ValueError, match="unknown"):
            zones.zone(name)


def test_a_gap_has_no_instant_and_an_overlap_two() -> None:
    assert zones.instants(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == ()
    twice = zones.instants(date(2026, 10, 25), time(2, 30), "Europe/Berlin")
    assert [t.hour for t in twice] == [0, 1]


@pytest.mark.parametrize(
    ("day", "clock", "name", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), "Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        (date(2026, 6, 1), time(9), "Asia/Kathmandu", datetime(2026, 6, 1, 3, 15, tzinfo=UTC)),
    ],
)
def test_a_wall_time_in_a_gap_becomes_its_end(day: date, clock: time, name: str, expected: datetime) -> None:
    assert zones.instant(day, clock, name) == expected


def test_days_are_as_long_as_they_are() -> None:
    start, end = zones.day_bounds(date(2026, 3, 29), "Europe/Berlin")
    assert end - start == timedelta(hours=23)
    start, end = zones.day_bounds(date(2026, 10, 25), "Europe/Berlin")
    assert end - start == timedelta(hours=25)


def test_naive_times_are_not_instants() -> None:
    with pytest.raises(ValueError, match="naive"):
        zones.wall(datetime(2026, 1, 1), "UTC")


def test_offsets_are_written_with_their_sign() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert zones.offset_label("America/St_Johns", at) == "UTC-03:30"
    assert zones.offset_label("Asia/Kathmandu", at) == "UTC+05:45"


def test_every_zone_of_the_list_has_a_name_of_its_own() -> None:
    names = [zones.city(name) for name in zones.zone_names()]
    assert len(names) == len(set(names)) > 400
    assert {"UTC", "Kolkata", "Knox, Indiana", "Buenos Aires, Argentina"} <= set(names)
    assert not {"Central", "East", "North", "Calcutta"} & set(names)
    # Who has an older name keeps it, and reads which country it means.
    assert zones.is_zone("Asia/Calcutta")
    assert (zones.city("US/Central"), zones.city("Canada/Central")) == ("US Central", "Canada Central")
