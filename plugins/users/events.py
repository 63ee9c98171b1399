"""What happened to people, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import event


@event("users.signed_up.v1")
@dataclass(frozen=True, slots=True)
class SignedUp:
    """Somebody made an account; its address is not confirmed yet."""

    account_id: UUID


@event("users.email_verified.v1")
@dataclass(frozen=True, slots=True)
class EmailVerified:
    """The person proved that the address is theirs, or an admin vouched for it (`by_admin`)."""

    account_id: UUID
    by_admin: bool = False


@event("users.application_submitted.v1")
@dataclass(frozen=True, slots=True)
class ApplicationSubmitted:
    """An application to become an interviewer waits for a decision. `again` after changes were asked for."""

    application_id: UUID
    account_id: UUID
    again: bool = False


@event("users.application_decided.v1", personal=("reason",))
@dataclass(frozen=True, slots=True)
class ApplicationDecided:
    """`decision` is approved, rejected or changes_requested; `reason` is the reviewer's text for the applicant."""

    application_id: UUID
    account_id: UUID
    decision: str
    reason: str


@event("users.interviewer_approved.v1")
@dataclass(frozen=True, slots=True)
class InterviewerApproved:
    """The account is an interviewer from now on. It is listed once its profile is published."""

    account_id: UUID


@event("users.profile_changed.v1")
@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """A person's profile, picture or interviewer profile was changed: cards made from it are stale."""

    account_id: UUID


ALL: tuple[type, ...] = (
    SignedUp,
    EmailVerified,
    ApplicationSubmitted,
    ApplicationDecided,
    InterviewerApproved,
    ProfileChanged,
)
