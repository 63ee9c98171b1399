"""What happened in rooms, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import event


@event("live.session_started.v1")
@dataclass(frozen=True, slots=True)
class SessionStarted:
    """Everybody who is needed met for the first time."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    kind: str


@event("live.session_ended.v1")
@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session took place and is over. `seconds` is how long people were together.

    `ended_by` is an account, or None when the room closed on its own (`cause` says why).
    """

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    kind: str
    seconds: int
    ended_by: UUID | None
    cause: str


@event("live.no_show.v1")
@dataclass(frozen=True, slots=True)
class NoShow:
    """The session did not take place. `missing` is candidate, interviewer or both."""

    booking_id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    kind: str
    missing: str


@event("live.participant_waiting.v1", personal=("waiting_name",))
@dataclass(frozen=True, slots=True)
class ParticipantWaiting:
    """One person is in the room near or after the start, the other one is not. Once per session."""

    booking_id: UUID
    waiting_id: UUID
    waiting_name: str
    missing_id: UUID
    title: str
