"""Every shape of rule, drawn at random around every zone's changes in two years, against the plain reference.

The other property tests draw difficult places; here the places are all of them, and so are the kinds of rules: limits
by number and by length, rests, windows, offsets, seats, sessions apart from busy times.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.scheduling.slots import Availability, Limits, Override, Rule, Travel, bits, free_slots, is_bookable
from plugins.scheduling.slots.spans import floor_second
from tests.plugins.scheduling.reference import Reference, utc
from tests.plugins.scheduling.test_slots_zones import behaviours

#: One zone of each behaviour, with an hour in which its clock changes (a calm one for those that never do).
PLACES = [
    (zones[0], change)
    for behaviour, zones in behaviours().items()
    for change in ([entry[0] for entry in behaviour[1:] if isinstance(entry, tuple)] or [utc("2026-06-10")])
]
fives = st.integers(0, 287).map(lambda n: n * 5)
pairs = st.tuples(fives, fives.map(lambda n: n or 1440))
few = st.sampled_from([None, None, None, 0, 1, 2, 3])
lengths = st.sampled_from([None, None, None, 30, 60, 90, 120, 240])


def trips(days: st.SearchStrategy[date]) -> st.SearchStrategy[tuple[date, int, tuple[str, datetime]]]:
    return st.tuples(days, st.integers(0, 2), st.sampled_from(PLACES))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Availability, datetime, datetime, datetime, int, int, int]:
    zone, middle = draw(st.sampled_from(PLACES))
    days = st.integers(-3, 3).map(lambda n: middle.date() + timedelta(days=n))
    instants = st.integers(-700, 700).map(lambda n: middle + timedelta(minutes=5 * n))
    periods = st.tuples(instants, st.integers(0, 60)).map(lambda p: (p[0], p[0] + timedelta(minutes=5 * p[1])))
    duration = draw(st.sampled_from([15, 30, 45, 60, 90, 1500]))
    sessions = draw(st.lists(instants, max_size=4, unique=True))
    held = tuple((start, start + timedelta(minutes=duration)) for start in sessions)
    who = Availability(
        zone=zone,
        rules=tuple(
            Rule(tuple(on), *pair)
            for on, pair in draw(
                st.lists(st.tuples(st.lists(st.integers(1, 7), min_size=1, unique=True), pairs), min_size=1, max_size=3)
            )
        ),
        overrides=tuple(
            Override(day, tuple(ranges))
            for day, ranges in draw(st.lists(st.tuples(days, st.lists(pairs, max_size=2)), max_size=2))
        ),
        time_off=tuple(draw(st.lists(periods, max_size=1))),
        travel=tuple(
            Travel(day, day + timedelta(days=n), away)
            for day, n, (away, _) in draw(st.lists(trips(days), max_size=1))
        ),
        busy=(*held, *draw(st.lists(periods, max_size=2))),
        sessions=draw(st.sampled_from([held, None])),
        buffer_before=draw(st.sampled_from([0, 0, 15])),
        buffer_after=draw(st.sampled_from([0, 0, 10])),
        minimum_notice=draw(st.sampled_from([0, 0, 120])),
        limits=Limits(
            draw(few), draw(few), draw(few), draw(lengths), draw(lengths), draw(lengths),
            consecutive=draw(st.sampled_from([None, None, 1, 2])), rest=draw(st.sampled_from([1, 20, 60])),
        ),
        rolling_days=draw(st.sampled_from([None, None, 2])),
        first_date=draw(st.none() | days),
        last_date=draw(st.none() | days),
        joinable=draw(st.sampled_from([(), held[:1]])),
    )  # fmt: skip
    start = draw(instants)
    now = draw(st.just(utc("2020-01-01")) | instants)
    if who.rolling_days is not None:
        now = max(now, middle - timedelta(days=4))
    end = start + timedelta(minutes=5 * draw(st.integers(0, 700)))
    return (
        who,
        start,
        end,
        now,
        duration,
        draw(st.sampled_from([5, 15, 20, 30, 50, 60, 425])),
        draw(st.sampled_from([0, 0, 5, 10])),
    )


def check(case: tuple[Availability, datetime, datetime, datetime, int, int, int]) -> None:
    who, start, end, now, duration, step, offset = case
    listed = free_slots(who, start=start, end=end, now=now, duration=duration, step=step, offset=offset)
    assert listed == Reference(who).slots(start, end, now, duration, step, 300, offset)
    for instant in (*listed[:5], start, start + timedelta(minutes=5)):
        no = is_bookable(who, instant, now=now, duration=duration, step=step, offset=offset)
        inside = instant + timedelta(minutes=duration) <= end
        assert not inside or (no is None) == (instant in listed), (instant, no)
    if who.joinable:  # a seat may be off the grid
        return
    base = floor_second(start) // 86_400 * 86_400
    grain = bits.grain_of(step, offset)
    row = bits.encode((floor_second(s) for s in listed), base, grain)
    assert [utc("1970-01-01") + timedelta(seconds=s) for s in bits.decode(row, base, grain)] == listed


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_every_shape_of_rule_says_what_the_reference_says(case: tuple[Availability, ...]) -> None:
    check(case)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=8000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_every_shape_thousands_of_times(case: tuple[Availability, ...]) -> None:
    check(case)  # type: ignore[arg-type]


def test_minutes_count_together_with_the_new_session() -> None:
    day = date(2026, 6, 10)
    who = Availability("UTC", (Rule((3,), 540, 1020),), limits=Limits(minutes_day=120))
    held = ((utc("2026-06-10T09:00"), utc("2026-06-10T10:00")),)
    asked = {"start": utc(f"{day}"), "end": utc("2026-06-11"), "now": utc("2026-06-01"), "step": 60}
    assert len(free_slots(replace(who, busy=held), **asked, duration=60)) == 7
    assert free_slots(replace(who, busy=held), **asked, duration=61) == []
    assert free_slots(who, **asked, duration=121) == []


def test_a_month_is_the_month_of_the_interviewers_zone() -> None:
    who = Availability("Pacific/Auckland", (Rule((1, 2, 3, 4, 5, 6, 7), 0, 1440),), limits=Limits(per_month=1))
    held = replace(who, busy=((utc("2026-06-30T13:00"), utc("2026-06-30T14:00")),))  # 1 July in Auckland
    asked = {"now": utc("2026-06-01"), "duration": 60, "step": 60}
    assert free_slots(held, start=utc("2026-06-29T12:00"), end=utc("2026-06-30T12:00"), **asked)
    assert not free_slots(held, start=utc("2026-06-30T12:00"), end=utc("2026-07-31T12:00"), **asked)
    assert free_slots(held, start=utc("2026-07-31T12:00"), end=utc("2026-08-01T12:00"), **asked)


def test_a_seat_that_is_left_can_be_taken_however_full_the_day_is() -> None:
    session = (utc("2026-06-10T09:00"), utc("2026-06-10T10:00"))
    who = Availability("UTC", (Rule((3,), 540, 720),), busy=(session,), joinable=(session,), limits=Limits(per_day=1))
    asked = {"start": utc("2026-06-10"), "end": utc("2026-06-11"), "now": utc("2026-06-01"), "step": 30}
    assert free_slots(who, **asked, duration=60) == [session[0]]
    assert free_slots(who, **asked, duration=30) == []
    assert is_bookable(who, session[0], now=asked["now"], duration=60, step=30) is None


def test_bits_refuse_what_would_move() -> None:
    assert bits.decode(bits.encode([900, 2700], 0, 900), 0, 900) == [900, 2700]
    assert bits.encode([], 0, 900) == 0
    with pytest.raises(ValueError, match="off the grain"):
        bits.encode([901], 0, 900)
    assert bits.mask([(-900, 901), (2700, 2700), (3600, 4500)], 0, 900) == 0b10011


def test_a_tally_counts_whatever_order_people_come_in() -> None:
    tally: bits.Tally[str] = bits.Tally()
    tally.put("a", 0b1011)
    tally.put("b", 0b0110)
    assert tally.first(-1, 9) == [(0, 1), (1, 2), (2, 1), (3, 1)]
    tally.put("a", 0b1000)
    assert tally.first(-1, 2) == [(1, 1), (2, 1)]
    assert tally.first(0b1100, 2) == [(2, 1), (3, 1)]
    tally.drop("b")
    assert (tally.first(-1, 9), tally.members()) == ([(3, 1)], {"a"})
