"""What other plugins may ask about rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

Coverage = Literal["touched", "unclear", "not_touched"]


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What became of a booking's session. `state` is one of scheduled, lobby, live, interrupted, ended,
    no_show_candidate, no_show_interviewer, no_show_both, cancelled, failed. `here`: accounts in the room now."""

    booking_id: UUID
    kind: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    seconds: int
    here: tuple[UUID, ...] = ()


class Sessions(Protocol):
    """How the live session of a booking went."""

    async def get(self, booking_id: UUID) -> SessionInfo | None:
        """None when nobody has opened the room yet."""


@dataclass(frozen=True, slots=True)
class PointCoverage:
    """A point that a good answer usually touches, and the words in which it was found (`quote`, may be empty).

    It says that something was mentioned. It does not say that it was right.
    """

    label: str
    coverage: Coverage
    quote: str


@dataclass(frozen=True, slots=True)
class QuestionCoverage:
    """One question that was asked. `not_assessable` gives the reason why nothing is claimed, or is empty."""

    title: str
    topic: str
    answer: str
    points: tuple[PointCoverage, ...]
    hints_used: int
    follow_ups: int
    not_assessable: str
    reached: bool


@dataclass(frozen=True, slots=True)
class PracticeReport:
    """Topic coverage of a practice session: never a grade, and not a judgement of correctness."""

    booking_id: UUID
    questions: tuple[QuestionCoverage, ...]
    touched: int
    points: int


class Practices(Protocol):
    """What practice sessions with the scripted interviewer covered."""

    async def report(self, booking_id: UUID) -> PracticeReport | None:
        """None when the session was not a practice session, or is not over."""
