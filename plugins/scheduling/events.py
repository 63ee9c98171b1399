"""What happened to bookings, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import event


@event("scheduling.booking_confirmed.v1")
@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    """The time is the candidate's for good: paid, or free of charge. `kind` is human or ai."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    type_id: UUID
    type_title: str
    kind: str
    price_minor: int
    currency: str
    ical_sequence: int


@event("scheduling.booking_cancelled.v1", personal=("reason",))
@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """An accepted booking was called off. `by` is candidate, interviewer, admin or system.

    `refund_percent` is what the policy of the booking gives back of the price; whoever took the money acts on it.
    """

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    by: str
    reason: str
    refund_percent: int
    refund_minor: int
    starts_at: datetime
    price_minor: int
    currency: str
    kind: str = "human"
    type_title: str = ""


@event("scheduling.booking_rescheduled.v1")
@dataclass(frozen=True, slots=True)
class BookingRescheduled:
    """The booking has another time; its id and page stay. `by` is candidate or interviewer or admin.

    `back_minor` of the price is given back because the new time is cheaper; a dearer one was paid before.
    """

    booking_id: UUID
    old_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    candidate_id: UUID
    interviewer_id: UUID | None
    by: str = "candidate"
    back_minor: int = 0


@event("scheduling.booking_expired.v1")
@dataclass(frozen=True, slots=True)
class BookingExpired:
    """A hold ran out or its payment failed: the time is free again. `was` is held or pending."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    starts_at: datetime
    was: str


@event("scheduling.running_late.v1")
@dataclass(frozen=True, slots=True)
class RunningLate:
    """Somebody says that they will come `minutes` after the start, at `until`. `role` is candidate or interviewer."""

    booking_id: UUID
    account_id: UUID
    role: str
    minutes: int
    starts_at: datetime
    until: datetime


@event("scheduling.booking_started.v1")
@dataclass(frozen=True, slots=True)
class BookingStarted:
    """The session of the booking began."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    starts_at: datetime


@event("scheduling.booking_completed.v1")
@dataclass(frozen=True, slots=True)
class BookingCompleted:
    """The session is over. `outcome` is completed, no_show_candidate, no_show_interviewer, no_show_both or disputed.

    `refund_percent` is what the booking's policy gives back for a no-show; None for one that took place.
    """

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    outcome: str
    starts_at: datetime
    ends_at: datetime
    type_title: str
    kind: str
    price_minor: int
    currency: str
    refund_percent: int | None = None


@event("scheduling.availability_changed.v1")
@dataclass(frozen=True, slots=True)
class AvailabilityChanged:
    """An interviewer's hours, time off or offered types were changed. Existing bookings are untouched."""

    account_id: UUID


@event("scheduling.session_requested.v1")
@dataclass(frozen=True, slots=True)
class SessionRequested:
    """Interviewers are asked to take a session; the first to accept gets it. `mode` is request or now."""

    booking_id: UUID
    candidate_id: UUID
    asked: list[UUID]
    starts_at: datetime
    answer_by: datetime
    mode: str
    type_title: str


@event("scheduling.request_answered.v1", personal=("reason",))
@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """A request came to its end. `answer` is accepted or declined; not answered in time is booking_expired.

    `pays`: an accepted one still has to be paid, until `pay_by`.
    """

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    answer: str
    reason: str
    starts_at: datetime
    pays: bool = False
    pay_by: datetime | None = None


@event("scheduling.change_proposed.v1", personal=("note",))
@dataclass(frozen=True, slots=True)
class ChangeProposed:
    """The interviewer would like other times (`kind` move) or a colleague in their place (`kind` substitute)."""

    proposal_id: UUID
    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    kind: str
    note: str
    substitute_id: UUID | None
    starts_at: datetime
    expires_at: datetime


@event("scheduling.proposal_answered.v1")
@dataclass(frozen=True, slots=True)
class ProposalAnswered:
    """`answer` is accepted, declined, withdrawn or lapsed."""

    proposal_id: UUID
    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    kind: str
    answer: str


@event("scheduling.interviewer_changed.v1", personal=("reason",))
@dataclass(frozen=True, slots=True)
class InterviewerChanged:
    """Somebody else holds the session; time, price and page stay. What was to be earned is theirs now."""

    booking_id: UUID
    old_interviewer_id: UUID
    interviewer_id: UUID
    candidate_id: UUID
    starts_at: datetime
    by: str
    reason: str = ""


@event("scheduling.time_offered.v1")
@dataclass(frozen=True, slots=True)
class TimeOffered:
    """A freed time is held for somebody who waited, until `hold_until`."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID
    starts_at: datetime
    hold_until: datetime
    type_title: str


@event("scheduling.session_given.v1", personal=("email",))
@dataclass(frozen=True, slots=True)
class SessionGiven:
    """Somebody booked for somebody else, or added a guest; they get a mail. `what` is claim or guest."""

    booking_id: UUID
    booked_by: UUID
    email: str
    name: str
    what: str


@event("scheduling.strike_given.v1")
@dataclass(frozen=True, slots=True)
class StrikeGiven:
    """`account_id` got `points`; `total` count against them now, these until `expires_at`."""

    booking_id: UUID
    account_id: UUID
    role: str
    cause: str
    points: int
    total: int
    expires_at: datetime


@event("scheduling.confirmation_asked.v1")
@dataclass(frozen=True, slots=True)
class ConfirmationAsked:
    """An administrator sends the confirmation again, of the booking as it was then."""

    booking_id: UUID
    ical_sequence: int


ALL: tuple[type, ...] = (
    BookingConfirmed,
    BookingCancelled,
    BookingRescheduled,
    BookingExpired,
    RunningLate,
    BookingStarted,
    BookingCompleted,
    AvailabilityChanged,
    SessionRequested,
    RequestAnswered,
    ChangeProposed,
    ProposalAnswered,
    InterviewerChanged,
    TimeOffered,
    SessionGiven,
    StrikeGiven,
    ConfirmationAsked,
)
