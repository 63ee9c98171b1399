"""The states of a booking and every way from one to another. Nothing else may change `Booking.status`.

held         a candidate fills in the form; the time is theirs until `hold_until`
requested    one or more interviewers are asked, until `hold_until`
pending      the payment is under way, until `hold_until`
accepted     the booking stands
in_progress  the session runs
completed    it is over; `outcome` says how
cancelled    it stood and was called off
expired      a hold or payment that came to nothing
rejected     turned down by the interviewer
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from kernel import N_


class Status(StrEnum):
    HELD = "held"
    REQUESTED = "requested"
    PENDING = "pending"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Outcome(StrEnum):
    COMPLETED = "completed"
    NO_SHOW_CANDIDATE = "no_show_candidate"
    NO_SHOW_INTERVIEWER = "no_show_interviewer"
    NO_SHOW_BOTH = "no_show_both"
    DISPUTED = "disputed"


#: The one table.
NEXT: Final[dict[Status, frozenset[Status]]] = {
    Status.HELD: frozenset({Status.REQUESTED, Status.PENDING, Status.ACCEPTED, Status.EXPIRED}),
    Status.REQUESTED: frozenset({Status.PENDING, Status.ACCEPTED, Status.REJECTED, Status.EXPIRED}),
    Status.PENDING: frozenset({Status.ACCEPTED, Status.REJECTED, Status.EXPIRED, Status.CANCELLED}),
    Status.ACCEPTED: frozenset({Status.IN_PROGRESS, Status.COMPLETED, Status.CANCELLED}),
    Status.IN_PROGRESS: frozenset({Status.COMPLETED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.REJECTED: frozenset(),
}

#: In these the time is taken; the exclusion constraints and the availability count them.
LIVE: Final = (Status.HELD, Status.REQUESTED, Status.PENDING, Status.ACCEPTED, Status.IN_PROGRESS)
#: In these it is taken only until `hold_until`.
PASSING: Final = (Status.HELD, Status.REQUESTED, Status.PENDING)
#: Never became a booking: left out of lists and reports.
UNBORN: Final = (Status.HELD, Status.REQUESTED, Status.PENDING, Status.EXPIRED, Status.REJECTED)

#: Word and tone of a badge.
WORDS: Final[dict[str, tuple[str, str]]] = {
    Status.HELD: (N_("Held"), "warn"),
    Status.REQUESTED: (N_("Waiting for an answer"), "warn"),
    Status.PENDING: (N_("Waiting for payment"), "warn"),
    Status.ACCEPTED: (N_("Booked"), "info"),
    Status.IN_PROGRESS: (N_("Running"), "accent"),
    Status.COMPLETED: (N_("Completed"), "ok"),
    Status.CANCELLED: (N_("Cancelled"), "bad"),
    Status.EXPIRED: (N_("Expired"), ""),
    Status.REJECTED: (N_("Declined"), "bad"),
}
OUTCOMES: Final[dict[str, tuple[str, str]]] = {
    Outcome.COMPLETED: (N_("Completed"), "ok"),
    Outcome.NO_SHOW_CANDIDATE: (N_("Candidate did not come"), "warn"),
    Outcome.NO_SHOW_INTERVIEWER: (N_("Interviewer did not come"), "bad"),
    Outcome.NO_SHOW_BOTH: (N_("Nobody came"), "warn"),
    Outcome.DISPUTED: (N_("Disputed"), "bad"),
}


def allowed(before: str, after: str) -> bool:
    """Whether the table has this way."""
    return Status(after) in NEXT[Status(before)]


def badge(status: str, outcome: str | None) -> tuple[str, str]:
    """Source-language word and tone; a final outcome says more than the status."""
    if status == Status.COMPLETED and outcome in OUTCOMES:
        return OUTCOMES[outcome]
    return WORDS.get(status, (status, ""))
