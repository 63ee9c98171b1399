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


@event("scheduling.booking_cancelled.v1")
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
    """The booking has another time; its id, price and page stay. `by` is candidate or interviewer or admin."""

    booking_id: UUID
    old_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    candidate_id: UUID
    interviewer_id: UUID | None
    by: str = "candidate"


@event("scheduling.booking_expired.v1")
@dataclass(frozen=True, slots=True)
class BookingExpired:
    """A hold ran out or its payment failed: the time is free again. `was` is held or pending."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    starts_at: datetime
    was: str


@event("scheduling.reminder_due.v1")
@dataclass(frozen=True, slots=True)
class ReminderDue:
    """It is `offset_minutes` before the start of an accepted booking."""

    booking_id: UUID
    offset_minutes: int
    candidate_id: UUID
    interviewer_id: UUID | None
    starts_at: datetime


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
    """The session is over. `outcome` is completed, no_show_candidate, no_show_interviewer, no_show_both or disputed."""

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


@event("scheduling.availability_changed.v1")
@dataclass(frozen=True, slots=True)
class AvailabilityChanged:
    """An interviewer's hours, time off or offered types were changed. Existing bookings are untouched."""

    account_id: UUID


ALL: tuple[type, ...] = (
    BookingConfirmed,
    BookingCancelled,
    BookingRescheduled,
    BookingExpired,
    ReminderDue,
    BookingStarted,
    BookingCompleted,
    AvailabilityChanged,
)
