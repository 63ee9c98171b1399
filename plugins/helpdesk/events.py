"""What happened to tickets, for whoever listens. Texts of people never travel in events."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import event


@event("helpdesk.ticket_opened.v1")
@dataclass(frozen=True, slots=True)
class TicketOpened:
    """Somebody asks for help."""

    ticket_id: UUID
    number: int
    requester_id: UUID
    category: str
    priority: str
    booking_id: UUID | None = None


@event("helpdesk.requester_replied.v1")
@dataclass(frozen=True, slots=True)
class RequesterReplied:
    """The requester wrote again. `reopened`: the ticket had been solved."""

    ticket_id: UUID
    number: int
    entry_id: UUID
    requester_id: UUID
    assignee_id: UUID | None
    reopened: bool = False


@event("helpdesk.agent_replied.v1")
@dataclass(frozen=True, slots=True)
class AgentReplied:
    """Support answered the requester. Internal notes are not announced at all."""

    ticket_id: UUID
    number: int
    entry_id: UUID
    requester_id: UUID
    author_id: UUID
    state: str


@event("helpdesk.state_changed.v1")
@dataclass(frozen=True, slots=True)
class StateChanged:
    """`by` is requester, agent or rule. `with_reply`: in one go with a reply, which has an event of its own."""

    ticket_id: UUID
    number: int
    requester_id: UUID
    before: str
    after: str
    by: str
    with_reply: bool = False


@event("helpdesk.assigned.v1")
@dataclass(frozen=True, slots=True)
class Assigned:
    """Somebody is to take care of the ticket; None: nobody in particular any more."""

    ticket_id: UUID
    number: int
    assignee_id: UUID | None
    by_id: UUID | None


@event("helpdesk.priority_changed.v1")
@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """`by_rule`: a session that the ticket is about starts soon."""

    ticket_id: UUID
    number: int
    before: str
    after: str
    by_rule: bool = False


ALL: tuple[type, ...] = (TicketOpened, RequesterReplied, AgentReplied, StateChanged, Assigned, PriorityChanged)
