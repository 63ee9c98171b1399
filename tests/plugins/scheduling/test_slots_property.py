"""Whatever the question: the engine says what the reference says, and what is listed can be booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.scheduling.slots import (
    Availability,
    Limits,
    Override,
    Rule,
    Travel,
    free_by_start,
    free_slots,
    is_bookable,
    nearest,
)
from tests.plugins.scheduling.reference import Reference, utc

# (zone, a date at or near a change of its offset, or None for any date)
PLACES = (
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Europe/Dublin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Pacific/Chatham", "2026-04-05"),
    ("Pacific/Chatham", "2026-09-27"),
    ("Pacific/Apia", "2011-12-30"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("America/Santiago", "2026-04-05"),
    ("America/Santiago", "2026-09-06"),
    ("Asia/Beirut", "2026-03-29"),
    ("Asia/Beirut", "2026-10-25"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Asia/Tehran", "2022-09-22"),
    ("Asia/Gaza", "2026-10-24"),
    ("America/St_Johns", "2006-10-29"),  # at one minute past midnight back to the day before
    ("Antarctica/Troll", "2026-03-29"),  # by two hours
    ("Asia/Kathmandu", "2026-05-05"),
    ("UTC", "2026-05-05"),
)
GRIDS = st.sampled_from([5, 10, 15, 20, 30, 45, 50, 60, 90, 120, 7 * 60 + 5])
minute_of_day = st.integers(0, 95).map(lambda quarter: quarter * 15) | st.integers(0, 1439)
range_pairs = st.tuples(minute_of_day, minute_of_day.map(lambda minute: minute or 1440))
weekdays = st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(tuple)


class Question(NamedTuple):
    """One interviewer and a window of up to 3.5 days; duration and step in minutes."""

    who: Availability
    start: datetime
    end: datetime
    now: datetime
    duration: int
    step: int

    def listed(self, who: Availability | None = None) -> list[datetime]:
        _, start, end, now, duration, step = self
        return free_slots(who or self.who, start=start, end=end, now=now, duration=duration, step=step)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A question around a difficult date."""
    zone, day_text = draw(st.sampled_from(PLACES))
    middle = date.fromisoformat(day_text)
    near = st.integers(-3, 3).map(lambda n: middle + timedelta(days=n))
    instants = st.integers(-4 * 1440, 4 * 1440).map(lambda n: utc(day_text) + timedelta(minutes=n))
    periods = st.tuples(instants, st.integers(0, 600)).map(lambda pair: (pair[0], pair[0] + timedelta(minutes=pair[1])))
    trips = st.tuples(near, st.integers(0, 2), st.sampled_from([place for place, _ in PLACES]))
    who = Availability(
        zone=zone,
        rules=tuple(
            Rule(days, start, end)
            for days, (start, end) in draw(st.lists(st.tuples(weekdays, range_pairs), min_size=1, max_size=3))
        ),
        overrides=tuple(
            Override(day, tuple(ranges))
            for day, ranges in draw(st.lists(st.tuples(near, st.lists(range_pairs, max_size=2)), max_size=2))
        ),
        time_off=tuple(draw(st.lists(periods, max_size=1))),
        travel=tuple(
            Travel(day, day + timedelta(days=length), away) for day, length, away in draw(st.lists(trips, max_size=1))
        ),
        busy=tuple(draw(st.lists(periods, max_size=4))),
        buffer_before=draw(st.sampled_from([0, 0, 5, 30])),
        buffer_after=draw(st.sampled_from([0, 0, 10, 45])),
        minimum_notice=draw(st.sampled_from([0, 0, 90, 1440])),
        limits=Limits(
            per_day=draw(st.sampled_from([None, None, 0, 1, 2])), per_week=draw(st.sampled_from([None, None, 1, 3]))
        ),
    )
    start = draw(instants)
    return Question(
        who,
        start=start,
        end=start + timedelta(minutes=draw(st.integers(0, 5000))),
        now=draw(st.just(utc("1990-01-01")) | instants),
        duration=draw(GRIDS | st.just(1500)),
        step=draw(GRIDS),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions())
def test_the_engine_says_what_the_reference_says(question: Question) -> None:
    who, start, end, now, duration, step = question
    assert question.listed() == Reference(who).slots(start, end, now, duration, step)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions(), st.integers(0, 4), st.sampled_from([None, 1, 2]), st.sampled_from([None, None, 3]))
def test_listed_and_bookable_are_the_same(
    question: Question, shift: int, consecutive: int | None, rolling: int | None
) -> None:
    limits = replace(question.who.limits, consecutive=consecutive, rest=20)
    question = question._replace(who=replace(question.who, limits=limits, rolling_days=rolling))
    who, start, end, now, duration, step = question
    found = set(question.listed())
    candidate = start + timedelta(minutes=shift)
    candidates = set(found)
    while candidate + timedelta(minutes=duration) <= end:
        candidates.add(candidate)
        candidate += timedelta(minutes=5)
    for instant in candidates:
        refusal = is_bookable(who, instant, now=now, duration=duration, step=step)
        assert (refusal is None) == (instant in found), (instant, refusal)
        local = instant.astimezone(ZoneInfo(who.zone))
        assert is_bookable(who, local, now=now, duration=duration, step=step) == refusal


@settings(max_examples=60, deadline=None)
@given(questions(), st.integers(1, 5000))
def test_windows_do_not_matter(question: Question, cut: int) -> None:
    """Asking for less gives the same slots, as far as they lie within."""
    whole = question.listed()
    middle = min(question.end, question.start + timedelta(minutes=cut))
    assert question._replace(start=middle).listed() == [slot for slot in whole if slot >= middle]
    ended = [slot for slot in whole if slot + timedelta(minutes=question.duration) <= middle]
    assert question._replace(end=middle).listed() == ended


@settings(max_examples=40, deadline=None)
@given(st.lists(questions(), min_size=1, max_size=4))
def test_many_interviewers_are_each_one_alone(drawn: list[Question]) -> None:
    asked = drawn[0]
    people = [(f"p{9 - i}", question.who) for i, question in enumerate(drawn)]
    _, start, end, now, duration, step = asked
    merged = free_by_start(people, start=start, end=end, now=now, duration=duration, step=step)
    assert list(merged) == sorted(merged)
    for name, who in people:
        assert [start for start, names in merged.items() if name in names] == asked.listed(who)
    assert all(names == sorted(names) for names in merged.values())


@settings(max_examples=40, deadline=None)
@given(questions(), st.integers(1, 4))
def test_nearest_are_the_closest_of_all(question: Question, n: int) -> None:
    who, around, _, now, duration, step = question
    found = nearest(who, around, now=now, duration=duration, step=step, n=n, within_days=20)
    reach = timedelta(days=20)
    everything = question._replace(start=around - reach, end=around + reach + timedelta(minutes=duration)).listed()
    assert found == sorted(everything, key=lambda slot: (abs(slot - around), slot))[:n]
