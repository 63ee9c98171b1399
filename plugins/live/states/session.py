"""The state machine of a session: which changes exist, which one is due, and how long people really met.

scheduled -> lobby -> live <-> interrupted -> ended
    \\-> no_show_candidate | no_show_interviewer | no_show_both | cancelled | failed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal


class Role(StrEnum):
    CANDIDATE = "candidate"
    INTERVIEWER = "interviewer"
    GUEST = "guest"
    OBSERVER = "observer"


#: Without these there is no session; whoever else is there changes nothing about it. Of a panel one is enough.
PARTIES: Final = frozenset({Role.CANDIDATE, Role.INTERVIEWER})


class Kind(StrEnum):
    HUMAN = "human"
    AI = "ai"


class State(StrEnum):
    SCHEDULED = "scheduled"
    LOBBY = "lobby"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"
    NO_SHOW_CANDIDATE = "no_show_candidate"
    NO_SHOW_INTERVIEWER = "no_show_interviewer"
    NO_SHOW_BOTH = "no_show_both"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Cause(StrEnum):
    """Why a session changes its state."""

    OPENED = "opened"  # the first person came in
    MET = "met"  # everybody who is needed is here
    LOST = "lost"  # somebody has been gone for too long
    ENDED = "ended"  # a person ended it
    EMPTIED = "emptied"  # everybody left and the booked time is over
    OVERRAN = "overran"  # the room closed with people in it
    MISSED_CANDIDATE = "missed_candidate"
    MISSED_INTERVIEWER = "missed_interviewer"
    MISSED_BOTH = "missed_both"
    CANCELLED = "cancelled"
    FAILED = "failed"


class IllegalChange(ValueError):
    """The session is not in a state from which this may happen."""


_WAITING: Final = (State.SCHEDULED, State.LOBBY)
_MEETING: Final = (State.LIVE, State.INTERRUPTED)
OPEN_STATES: Final = frozenset({*_WAITING, *_MEETING})
FINAL_STATES: Final = frozenset(State) - OPEN_STATES

CHANGES: Final[Mapping[tuple[State, Cause], State]] = {
    (State.SCHEDULED, Cause.OPENED): State.LOBBY,
    (State.SCHEDULED, Cause.MET): State.LIVE,
    (State.LOBBY, Cause.MET): State.LIVE,
    (State.INTERRUPTED, Cause.MET): State.LIVE,
    (State.LIVE, Cause.LOST): State.INTERRUPTED,
    **{(s, c): State.ENDED for s in _MEETING for c in (Cause.ENDED, Cause.EMPTIED, Cause.OVERRAN)},
    **{(s, Cause.MISSED_CANDIDATE): State.NO_SHOW_CANDIDATE for s in _WAITING},
    **{(s, Cause.MISSED_INTERVIEWER): State.NO_SHOW_INTERVIEWER for s in _WAITING},
    **{(s, Cause.MISSED_BOTH): State.NO_SHOW_BOTH for s in _WAITING},
    **{(s, Cause.CANCELLED): State.CANCELLED for s in OPEN_STATES},
    **{(s, Cause.FAILED): State.FAILED for s in OPEN_STATES},
}


def after(state: State, cause: Cause) -> State:
    """The state that follows. Raises IllegalChange when `cause` cannot happen in `state`."""
    try:
        return CHANGES[state, cause]
    except KeyError:
        raise IllegalChange(f"a session that is {state} cannot change by {cause}") from None


@dataclass(frozen=True, slots=True)
class Rules:
    """The tenant's times: how early a room opens, how late it closes, when somebody counts as absent."""

    opens_before: timedelta = timedelta(minutes=15)
    closes_after: timedelta = timedelta(minutes=30)
    no_show_after: timedelta = timedelta(minutes=10)
    lost_after: timedelta = timedelta(seconds=20)
    empty_after: timedelta = timedelta(minutes=5)


Phase = Literal["early", "open", "closed"]


@dataclass(frozen=True, slots=True)
class Window:
    """When people may be in the room: from `opens_at` up to, not including, `closes_at`."""

    opens_at: datetime
    closes_at: datetime

    @classmethod
    def of(cls, starts_at: datetime, ends_at: datetime, rules: Rules) -> Window:
        return cls(starts_at - rules.opens_before, ends_at + rules.closes_after)

    def phase(self, at: datetime) -> Phase:
        if at < self.opens_at:
            return "early"
        return "open" if at < self.closes_at else "closed"


@dataclass(frozen=True, slots=True)
class Stay:
    """One uninterrupted presence of one person. `until` is None while it lasts; `lobby`: not let in (yet)."""

    role: Role
    since: datetime
    until: datetime | None = None
    lobby: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides what is due for a session."""

    kind: Kind
    state: State
    starts_at: datetime
    ends_at: datetime
    stays: tuple[Stay, ...] = field(default=())
    late_until: datetime | None = None

    @property
    def needed(self) -> frozenset[Role]:
        return needed(self.kind)

    @property
    def parties(self) -> tuple[Stay, ...]:
        return tuple(s for s in self.stays if s.role in PARTIES)

    @property
    def here(self) -> frozenset[Role]:
        """The parties that are here, in the room or at its door."""
        return frozenset(s.role for s in self.parties if s.until is None)

    @property
    def inside(self) -> frozenset[Role]:
        return frozenset(s.role for s in self.parties if s.until is None and not s.lobby)

    @property
    def seen(self) -> frozenset[Role]:
        return frozenset(s.role for s in self.parties)

    def gone_since(self, role: Role) -> datetime | None:
        """When `role` was last here; None while here or when never seen."""
        if role in self.here:
            return None
        return max((s.until for s in self.stays if s.role is role and s.until), default=None)

    @property
    def lost_since(self) -> datetime | None:
        """Since when not everybody who is needed has been here, among those who came."""
        return min((t for r in self.needed if (t := self.gone_since(r)) is not None), default=None)

    @property
    def empty_since(self) -> datetime | None:
        """Since when no party has been here; None while one is, or when none ever came."""
        if self.here:
            return None
        return max((s.until for s in self.parties if s.until), default=None)


def needed(kind: Kind) -> frozenset[Role]:
    """Who must be there for a session to take place."""
    return frozenset({Role.CANDIDATE}) if kind is Kind.AI else PARTIES


def due(facts: Facts, rules: Rules, at: datetime) -> Cause | None:
    """What must happen to the session at this instant, or None. Call again after each change it led to."""
    if facts.state in FINAL_STATES:
        return None
    closed = Window.of(facts.starts_at, facts.ends_at, rules).phase(at) == "closed"
    return _due_waiting(facts, rules, at, closed) if facts.state in _WAITING else _due_meeting(facts, rules, at, closed)


def _due_waiting(facts: Facts, rules: Rules, at: datetime, closed: bool) -> Cause | None:
    if closed:
        return _missed(facts.seen, facts)
    # From the start on, somebody at the door counts as here: being let in late must not make anybody absent.
    if (facts.here if at >= facts.starts_at else facts.inside) >= facts.needed:
        return Cause.MET
    waiting = [s for s in facts.parties if s.until is None]
    if facts.kind is Kind.HUMAN and waiting and not facts.here >= facts.needed:
        # Whoever is here has waited for the whole grace time after the agreed start, or after the moment that somebody
        # who runs late has named: the other one did not come.
        since = max(facts.late_until or facts.starts_at, facts.starts_at, min(s.since for s in waiting))
        if at - since >= rules.no_show_after:
            return _missed(facts.here, facts)
    return Cause.OPENED if facts.here and facts.state is State.SCHEDULED else None


def _missed(present: frozenset[Role], facts: Facts) -> Cause:
    if facts.kind is Kind.AI or present == {Role.INTERVIEWER}:
        return Cause.MISSED_CANDIDATE
    # Both came, but never at the same time: neither waited for the whole grace time.
    return Cause.MISSED_INTERVIEWER if present == {Role.CANDIDATE} else Cause.MISSED_BOTH


def _due_meeting(facts: Facts, rules: Rules, at: datetime, closed: bool) -> Cause | None:
    if closed:
        return Cause.OVERRAN if facts.here else Cause.EMPTIED
    empty_since = facts.empty_since
    if empty_since is not None and at >= facts.ends_at and at - empty_since >= rules.empty_after:
        return Cause.EMPTIED
    if facts.state is State.INTERRUPTED:
        return Cause.MET if facts.here >= facts.needed else None
    lost_since = facts.lost_since
    return Cause.LOST if lost_since is not None and at - lost_since >= rules.lost_after else None


def together(stays: tuple[Stay, ...], roles: frozenset[Role], until: datetime) -> timedelta:
    """How long somebody of each of these roles was here at the same time, up to `until`."""
    marks: list[tuple[datetime, Role, int]] = []
    for stay in stays:
        marks.append((min(stay.since, until), stay.role, 1))
        marks.append((min(stay.until or until, until), stay.role, -1))
    marks.sort(key=lambda m: (m[0], -m[2]))
    total, since = timedelta(), None
    count = dict.fromkeys(Role, 0)
    for instant, role, step in marks:
        count[role] += step
        complete = all(count[r] > 0 for r in roles)
        if complete and since is None:
            since = instant
        elif not complete and since is not None:
            total += instant - since
            since = None
    return total
