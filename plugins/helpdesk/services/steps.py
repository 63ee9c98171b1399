"""Parts of every use case: taking a ticket, changing it with a trace, adding an entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from kernel import File, compare_and_set, current_actor, errors, now, publish, setting
from kernel import gettext as _

from ..events import StateChanged
from ..models import Attachment, Change, Entry, Ticket
from ..settings import REOPEN_DAYS
from ..states import CLOSED, NEW, OPEN, SOLVED, may_become


class Moved(errors.Conflict):
    """Somebody else changed the ticket while its reader was writing."""


class TooLate(errors.Conflict):
    """The ticket is over; a new one goes on with it."""


async def take(ticket_id: UUID, version: int | None = None) -> Ticket:
    """The ticket, held until the commit. Raises Moved when it is not at `version` any more."""
    row = await Ticket.filter(id=ticket_id).select_for_update().first()
    if row is None:
        raise errors.NotFound()
    if version is not None and row.version != version:
        raise Moved(_("Somebody else changed this ticket in the meantime."))
    return row


async def note_change(
    ticket: Ticket, field: str, before: object, after: object, *, reason: str = "", by_rule: bool = False
) -> None:
    """One line of history."""
    actor = None if by_rule else current_actor()
    await Change.create(
        ticket=ticket,
        field=field,
        before="" if before is None else str(before),
        after="" if after is None else str(after),
        actor_id=actor.id if actor else None,
        reason=reason,
    )


async def move(ticket: Ticket, after: str, *, by: str, reason: str = "", with_reply: bool = False) -> None:
    """Another state, if the table allows it; the same state is nothing. `by` is requester, agent or rule."""
    before = ticket.state
    if before == after:
        return
    if not may_become(before, after):
        raise errors.Conflict(_("This ticket is closed. A new one can go on with it."))
    at = now()
    stamps = {
        "solved_at": at if after == SOLVED else ticket.solved_at if after == CLOSED else None,
        "closed_at": at if after == CLOSED else None,
    }
    await compare_and_set(ticket, state=after, **stamps)
    await note_change(ticket, "state", before, after, reason=reason, by_rule=by == "rule")
    await publish(
        StateChanged(
            ticket_id=ticket.id,
            number=ticket.number,
            requester_id=ticket.requester_id,
            before=before,
            after=after,
            by=by,
            with_reply=with_reply,
        )
    )


async def add_entry(
    ticket: Ticket, author_id: UUID, body: str, files: Sequence[File] = (), *, by_agent: bool, internal: bool = False
) -> Entry:
    """Append what was written, with its files."""
    entry = await Entry.create(ticket=ticket, author_id=author_id, by_agent=by_agent, internal=internal, body=body)
    for file in files:
        await Attachment.create(
            entry=entry, file_id=file.id, name=file.name, content_type=file.content_type, size=file.size
        )
    return entry


def reopens_until(ticket: Ticket) -> bool:
    """May a reply of the requester open this solved ticket again?"""
    if ticket.state != SOLVED or ticket.solved_at is None:
        return False
    return bool(now() < ticket.solved_at + timedelta(days=int(setting(REOPEN_DAYS))))


def takes_replies(ticket: Ticket) -> bool:
    """May the requester write in it?"""
    return ticket.state != CLOSED and (ticket.state != SOLVED or reopens_until(ticket))


def after_requester(state: str) -> str:
    """The state of a ticket after its requester wrote."""
    return NEW if state == NEW else OPEN
