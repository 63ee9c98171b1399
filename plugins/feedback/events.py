"""What happened to feedback, for whoever listens. Texts of people never travel in events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import event


@event("feedback.requested.v1")
@dataclass(frozen=True, slots=True)
class Requested:
    """A session is over and feedback can be written. `interviewer_id` is None for a practice session (kind ai)."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    kind: str
    title: str
    due_at: datetime
    release_at: datetime


@event("feedback.reminder_due.v1")
@dataclass(frozen=True, slots=True)
class ReminderDue:
    """Somebody still owes feedback. `role` is candidate or interviewer; `stage` is due or last."""

    booking_id: UUID
    account_id: UUID
    role: str
    stage: str
    title: str
    release_at: datetime


@event("feedback.scorecard_submitted.v1")
@dataclass(frozen=True, slots=True)
class ScorecardSubmitted:
    """The interviewer handed the scorecard in. The candidate may not read it before `feedback.released.v1`."""

    booking_id: UUID
    author_id: UUID
    subject_id: UUID


@event("feedback.scorecard_revised.v1")
@dataclass(frozen=True, slots=True)
class ScorecardRevised:
    """A submitted scorecard has a new edition; the one before is kept."""

    booking_id: UUID
    author_id: UUID
    subject_id: UUID
    edition: int


@event("feedback.review_submitted.v1")
@dataclass(frozen=True, slots=True)
class ReviewSubmitted:
    """The candidate handed the review in. `rating` is the mean of its stars, 1 to 5. Not public before release."""

    booking_id: UUID
    review_id: UUID
    author_id: UUID
    subject_id: UUID
    rating: float


@event("feedback.released.v1")
@dataclass(frozen=True, slots=True)
class Released:
    """Both sides may read what was written. `because` is both (both are in) or time (the waiting time is over)."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID
    because: str
    title: str
    has_scorecard: bool
    has_review: bool
    rating: float | None = None


@event("feedback.review_hidden.v1")
@dataclass(frozen=True, slots=True)
class ReviewHidden:
    """A moderator took a review out of sight and out of the rating."""

    booking_id: UUID
    review_id: UUID
    author_id: UUID
    subject_id: UUID
    rating: float


@event("feedback.review_restored.v1")
@dataclass(frozen=True, slots=True)
class ReviewRestored:
    """A hidden review counts again."""

    booking_id: UUID
    review_id: UUID
    author_id: UUID
    subject_id: UUID
    rating: float


@event("feedback.review_reported.v1")
@dataclass(frozen=True, slots=True)
class ReviewReported:
    """The interviewer asks moderators to look at a review about them."""

    booking_id: UUID
    review_id: UUID
    reporter_id: UUID


ALL: tuple[type, ...] = (
    Requested,
    ReminderDue,
    ScorecardSubmitted,
    ScorecardRevised,
    ReviewSubmitted,
    Released,
    ReviewHidden,
    ReviewRestored,
    ReviewReported,
)
