"""What other plugins may ask about feedback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PublicReview:
    """A released review as anybody may read it: without its author and without the private note."""

    rating: float
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """Ratings of one interviewer, from 1 to 5. The averages are None while there are too few reviews to say."""

    count: int
    average: float | None
    realism: float | None
    clarity: float | None
    usefulness: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A competency that a candidate's latest scorecards mark low: its name, and the latest score from 1 to 5.

    `session` is the title of the session it was seen in.
    """

    competency: str
    score: int
    session: str


class Gaps(Protocol):
    """Where candidates can still grow, from scorecards that they may read themselves."""

    async def of(self, candidate_id: UUID, limit: int = 3) -> list[Gap]:
        """The lowest first; none for somebody without released scorecards. Private to the candidate."""


class Ratings(Protocol):
    """What released, visible reviews say about interviewers."""

    async def of(self, interviewer_ids: Iterable[UUID]) -> dict[UUID, tuple[float, int]]:
        """Average (1 to 5) and count; interviewers with too few reviews for an average are missing."""

    async def summary(self, interviewer_id: UUID) -> RatingSummary:
        """All figures of one interviewer."""

    async def recent(self, interviewer_id: UUID, limit: int = 5) -> list[PublicReview]:
        """The latest reviews that have words, newest first; none while there are too few to stay anonymous."""
