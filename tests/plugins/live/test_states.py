"""The session's state machine, without clock or database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from plugins.live.states.session import (
    CHANGES,
    FINAL_STATES,
    OPEN_STATES,
    PARTIES,
    Cause,
    Facts,
    IllegalChange,
    Kind,
    Role,
    Rules,
    State,
    Stay,
    Window,
    after,
    due,
    together,
)

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
END = START + timedelta(minutes=60)
RULES = Rules()
C, I = Role.CANDIDATE, Role.INTERVIEWER  # noqa: E741


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def stay(role: Role, since: float, until: float | None = None) -> Stay:
    return Stay(role, at(since), None if until is None else at(until))


def facts(state: State, *stays: Stay, kind: Kind = Kind.HUMAN) -> Facts:
    return Facts(kind, state, START, END, stays)


def test_final_states_are_final() -> None:
    assert not [key for key in CHANGES if key[0] in FINAL_STATES]
    assert set(CHANGES.values()) | {State.SCHEDULED} == set(State)
    for state, cause in product(FINAL_STATES, Cause):
        with pytest.raises(IllegalChange):
            after(state, cause)


def test_every_open_state_can_be_left_and_cancelled() -> None:
    for state in OPEN_STATES:
        assert after(state, Cause.CANCELLED) is State.CANCELLED


def test_the_window_opens_and_closes_exactly() -> None:
    window = Window.of(START, END, RULES)
    assert window.phase(at(-15) - timedelta(microseconds=1)) == "early"
    assert window.phase(at(-15)) == "open"
    assert window.phase(at(90) - timedelta(microseconds=1)) == "open"
    assert window.phase(at(90)) == "closed"


@pytest.mark.parametrize(
    ("state", "stays", "minute", "expected"),
    [
        (State.SCHEDULED, (), -10, None),
        (State.SCHEDULED, (stay(C, -10),), -10, Cause.OPENED),
        (State.LOBBY, (stay(C, -10),), 0, None),
        (State.LOBBY, (stay(C, -10), stay(I, -5)), -5, Cause.MET),
        # alone for the whole grace time after the start
        (State.LOBBY, (stay(I, -10),), 9.9, None),
        (State.LOBBY, (stay(I, -10),), 10, Cause.MISSED_CANDIDATE),
        (State.LOBBY, (stay(C, 0),), 10, Cause.MISSED_INTERVIEWER),
        # came late: the grace time counts from then
        (State.LOBBY, (stay(C, 20),), 25, None),
        (State.LOBBY, (stay(C, 20),), 30, Cause.MISSED_INTERVIEWER),
        # a tab closed early is not a wait
        (State.LOBBY, (stay(C, -5, 2),), 30, None),
        (State.SCHEDULED, (), 89, None),
        (State.SCHEDULED, (), 90, Cause.MISSED_BOTH),
        (State.LOBBY, (stay(C, -5, 2),), 90, Cause.MISSED_INTERVIEWER),
        (State.LOBBY, (stay(C, -5, 2), stay(I, 3, 4)), 90, Cause.MISSED_BOTH),
        (State.LIVE, (stay(C, 0), stay(I, 0)), 30, None),
        (State.LIVE, (stay(C, 0), stay(I, 0, 30)), 30.2, None),
        (State.LIVE, (stay(C, 0), stay(I, 0, 30)), 30.5, Cause.LOST),
        (State.LIVE, (stay(C, 0), stay(I, 0, 30), stay(I, 30.1)), 30.5, None),
        (State.INTERRUPTED, (stay(C, 0), stay(I, 0, 30)), 40, None),
        (State.INTERRUPTED, (stay(C, 0), stay(I, 0, 30), stay(I, 35)), 35, Cause.MET),
        # everybody left: the booked time may still be used
        (State.INTERRUPTED, (stay(C, 0, 30), stay(I, 0, 30)), 59, None),
        (State.INTERRUPTED, (stay(C, 0, 30), stay(I, 0, 30)), 60, Cause.EMPTIED),
        (State.INTERRUPTED, (stay(C, 0, 58), stay(I, 0, 57)), 62, None),
        (State.LIVE, (stay(C, 0), stay(I, 0)), 90, Cause.OVERRAN),
    ],
)
def test_what_is_due(state: State, stays: tuple[Stay, ...], minute: float, expected: Cause | None) -> None:
    assert due(facts(state, *stays), RULES, at(minute)) == expected


def test_a_practice_needs_the_candidate_only() -> None:
    assert due(facts(State.SCHEDULED, stay(C, 0), kind=Kind.AI), RULES, at(0)) is Cause.MET
    assert due(facts(State.SCHEDULED, kind=Kind.AI), RULES, at(89)) is None
    assert due(facts(State.SCHEDULED, kind=Kind.AI), RULES, at(90)) is Cause.MISSED_CANDIDATE


def test_nothing_is_due_for_what_is_over() -> None:
    for state in FINAL_STATES:
        assert due(facts(state, stay(C, 0), stay(I, 0)), RULES, at(500)) is None


def test_due_comes_to_rest() -> None:
    """Whatever the facts, doing what is due ends after a few steps in a state where nothing is."""
    stays = [stay(C, -5), stay(C, 0, 5), stay(I, -5), stay(I, 3, 40)]
    for state, mask, minute in product(OPEN_STATES, range(16), (-20, 0, 12, 45, 70, 100)):
        here = tuple(s for n, s in enumerate(stays) if mask >> n & 1)
        now_in = state
        for _step in range(4):
            cause = due(facts(now_in, *here), RULES, at(minute))
            if cause is None:
                break
            now_in = after(now_in, cause)
        else:
            pytest.fail(f"{state} never comes to rest")


def test_time_together_counts_overlap_only() -> None:
    both = PARTIES
    stays = (stay(C, 0, 20), stay(I, 5, 10), stay(I, 12, 40), stay(C, 30))
    assert together(stays, both, at(60)) == timedelta(minutes=5 + 8 + 10)
    assert together(stays, frozenset({C}), at(60)) == timedelta(minutes=20 + 30)
    assert together((), both, at(60)) == timedelta()
    # a second tab overlaps the first one: not counted twice
    assert together((stay(C, 0, 10), stay(C, 5, 10), stay(I, 0, 10)), both, at(60)) == timedelta(minutes=10)
