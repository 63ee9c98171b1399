"""What requesters do: ask, reply, close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel import compare_and_set, current_tenant, errors, execute, new_id, publish, sql_one, unit_of_work
from kernel import gettext as _

from .. import files as attachments
from .. import neighbours, states
from ..events import RequesterReplied, TicketOpened
from ..files import Checked
from ..models import Entry, Ticket
from .steps import TooLate, add_entry, after_requester, move, note_change, take, takes_replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for."""

    subject: str
    category: str
    body: str
    booking_id: UUID | None = None
    reference: str = ""
    follows: int | None = None


async def open_ticket(requester_id: UUID, request: Request, files: Sequence[Checked] = ()) -> Ticket:
    """A new ticket with the next number. Raises Invalid for a booking or a ticket that is not the requester's own."""
    info = None
    if request.booking_id is not None:
        info = await neighbours.own_booking(request.booking_id, requester_id)
        if info is None:
            raise errors.Invalid({"booking": _("Choose one of your own sessions.")})
    if request.follows is not None and not await _is_own(request.follows, requester_id):
        raise errors.Invalid({"follows": _("There is no such ticket of yours.")})
    priority = neighbours.priority_for(info)
    kept = await attachments.keep(files, requester_id)
    try:
        async with unit_of_work():
            ticket = await Ticket.create(
                number=await _next_number(),
                requester_id=requester_id,
                subject=request.subject,
                category=request.category,
                priority=priority,
                raised=priority == states.URGENT,
                booking_id=info.id if info else None,
                reference=request.reference,
                follows=request.follows,
            )
            await add_entry(ticket, requester_id, request.body, kept, by_agent=False)
            if ticket.raised:
                reason = states.SESSION_SOON
                await note_change(ticket, "priority", states.NORMAL, priority, reason=reason, by_rule=True)
            await publish(
                TicketOpened(
                    ticket_id=ticket.id,
                    number=ticket.number,
                    requester_id=requester_id,
                    category=ticket.category,
                    priority=priority,
                    booking_id=ticket.booking_id,
                )
            )
    except BaseException:
        await attachments.drop(kept)
        raise
    return ticket


async def _is_own(number: int, requester_id: UUID) -> bool:
    return await Ticket.filter(number=number, requester_id=requester_id).exists()


async def _next_number() -> int:
    """The next number. The row stays locked until the commit: a ticket that comes to nothing leaves no gap."""
    tenant = current_tenant().id
    await execute(
        "INSERT INTO helpdesk_series (id, tenant_id, number) VALUES ($1, $2, 0) ON CONFLICT (tenant_id) DO NOTHING",
        new_id(),
        tenant,
    )
    row = await sql_one("UPDATE helpdesk_series SET number = number + 1 WHERE tenant_id = $1 RETURNING number", tenant)
    if row is None:
        raise RuntimeError("the series of ticket numbers cannot be made")
    return int(row.number)


async def reply(ticket_id: UUID, requester_id: UUID, body: str, files: Sequence[Checked] = ()) -> Entry:
    """The requester writes again: it is support's turn. Raises TooLate for a ticket that is over."""
    kept = await attachments.keep(files, requester_id)
    try:
        async with unit_of_work():
            ticket = await take(ticket_id)
            if not takes_replies(ticket):
                raise TooLate(_("This ticket is closed. A new one can go on with it."))
            reopened = ticket.state == states.SOLVED
            entry = await add_entry(ticket, requester_id, body, kept, by_agent=False)
            await compare_and_set(ticket, last_by="requester", last_entry_at=entry.created_at)
            after = after_requester(ticket.state)
            await move(ticket, after, by="requester", reason=states.BY_REPLY, with_reply=True)
            await publish(
                RequesterReplied(
                    ticket_id=ticket.id,
                    number=ticket.number,
                    entry_id=entry.id,
                    requester_id=requester_id,
                    assignee_id=ticket.assignee_id,
                    reopened=reopened,
                )
            )
    except BaseException:
        await attachments.drop(kept)
        raise
    return entry


async def close(ticket_id: UUID) -> Ticket:
    """The requester needs nothing more. Closed already: nothing."""
    async with unit_of_work():
        ticket = await take(ticket_id)
        await move(ticket, states.CLOSED, by="requester")
    return ticket
