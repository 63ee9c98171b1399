"""What agents do: reply, take notes, assign, set state and priority. Each keeps to the version that was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel import accounts, compare_and_set, errors, publish, unit_of_work
from kernel import gettext as _

from .. import files as attachments
from .. import states
from ..events import AgentReplied, Assigned, PriorityChanged
from ..files import Checked
from ..models import Entry, Ticket
from ..permissions import AGENT
from .steps import add_entry, move, note_change, take


async def reply(
    ticket_id: UUID, agent_id: UUID, body: str, *, then: str, version: int, files: Sequence[Checked] = ()
) -> Entry:
    """Answer the requester. Raises Moved when somebody was quicker; an unassigned ticket becomes the agent's."""
    kept = await attachments.keep(files, agent_id)
    try:
        async with unit_of_work():
            ticket = await take(ticket_id, version)
            if ticket.state == states.CLOSED:
                raise errors.Conflict(_("This ticket is closed. Its requester can go on with a new one."))
            entry = await add_entry(ticket, agent_id, body, kept, by_agent=True)
            first = ticket.first_reply_at or entry.created_at
            await compare_and_set(ticket, last_by="agent", last_entry_at=entry.created_at, first_reply_at=first)
            if ticket.assignee_id is None:
                await _assign(ticket, agent_id, agent_id)
            await move(ticket, then, by="agent", reason=states.BY_REPLY, with_reply=True)
            await publish(
                AgentReplied(
                    ticket_id=ticket.id,
                    number=ticket.number,
                    entry_id=entry.id,
                    requester_id=ticket.requester_id,
                    author_id=agent_id,
                    state=ticket.state,
                )
            )
    except BaseException:
        await attachments.drop(kept)
        raise
    return entry


async def add_note(ticket_id: UUID, agent_id: UUID, body: str, files: Sequence[Checked] = ()) -> Entry:
    """A note among agents: never collides with anything and is not announced to anybody."""
    kept = await attachments.keep(files, agent_id)
    try:
        async with unit_of_work():
            ticket = await take(ticket_id)
            return await add_entry(ticket, agent_id, body, kept, by_agent=True, internal=True)
    except BaseException:
        await attachments.drop(kept)
        raise


async def set_state(ticket_id: UUID, state: str, version: int) -> Ticket:
    """Another state without a reply."""
    async with unit_of_work():
        ticket = await take(ticket_id, version)
        await move(ticket, state, by="agent")
    return ticket


async def set_priority(ticket_id: UUID, priority: str, version: int) -> Ticket:
    """The agent's word stands: the rule does not raise it again."""
    async with unit_of_work():
        ticket = await take(ticket_id, version)
        await change_priority(ticket, priority, by_rule=False)
    return ticket


async def change_priority(ticket: Ticket, priority: str, *, by_rule: bool, reason: str = "") -> None:
    """Within an open unit of work."""
    before = ticket.priority
    if before == priority:
        return
    await compare_and_set(ticket, priority=priority, raised=True)
    await note_change(ticket, "priority", before, priority, reason=reason, by_rule=by_rule)
    await publish(
        PriorityChanged(ticket_id=ticket.id, number=ticket.number, before=before, after=priority, by_rule=by_rule)
    )


async def assign(ticket_id: UUID, assignee_id: UUID | None, version: int, by_id: UUID) -> Ticket:
    """Give the ticket to somebody who works here, or to nobody. Raises Invalid for anybody else."""
    if assignee_id is not None and assignee_id not in {card.id for card in await workers()}:
        raise errors.Invalid({"assignee": _("Choose somebody who works on tickets.")})
    async with unit_of_work():
        ticket = await take(ticket_id, version)
        await _assign(ticket, assignee_id, by_id)
    return ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Several changes at once. `assign` says whether `assignee_id` counts: None gives the ticket back."""

    state: str | None = None
    priority: str | None = None
    assign: bool = False
    assignee_id: UUID | None = None


async def change(ticket_id: UUID, wanted: Wanted, version: int, by_id: UUID) -> Ticket:
    """All of `wanted`, or nothing."""
    async with unit_of_work():
        ticket = await take(ticket_id, version)
        if wanted.assign:
            ticket = await assign(ticket_id, wanted.assignee_id, version, by_id)
        if wanted.priority is not None:
            await change_priority(ticket, wanted.priority, by_rule=False)
        if wanted.state is not None:
            await move(ticket, wanted.state, by="agent")
    return ticket


async def _assign(ticket: Ticket, assignee_id: UUID | None, by_id: UUID) -> None:
    before = ticket.assignee_id
    if before == assignee_id:
        return
    await compare_and_set(ticket, assignee_id=assignee_id)
    await note_change(ticket, "assignee", before, assignee_id)
    await publish(Assigned(ticket_id=ticket.id, number=ticket.number, assignee_id=assignee_id, by_id=by_id))


async def workers() -> list[accounts.AccountCard]:
    """Agents and administrators, agents first: to whom a ticket can be given."""
    found: dict[UUID, accounts.AccountCard] = {}
    for role in (AGENT, "admin", "owner"):
        for card in await accounts.accounts_with_role(role):
            found.setdefault(card.id, card)
    return list(found.values())
