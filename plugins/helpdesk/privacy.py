"""What support holds about a person: their tickets, and what they wrote as an agent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, File, PrivacyProvider, delete_file, unit_of_work

from . import queries
from .models import Attachment, Change, Entry, Ticket

_GONE = "—"


async def export(account_id: UUID) -> dict[str, Any]:
    """The person's tickets as they can read them: internal notes are working papers of the agents."""
    tickets = []
    for ticket in await Ticket.filter(requester_id=account_id).order_by("number"):
        found = await queries.entries(ticket, internal=False)
        files = await queries.attachments_of(found)
        tickets.append(
            {
                "number": ticket.number,
                "subject": ticket.subject,
                "category": ticket.category,
                "state": ticket.state,
                "priority": ticket.priority,
                "created_at": ticket.created_at.isoformat(),
                "entries": [
                    {
                        "from": "support" if entry.by_agent else "me",
                        "at": entry.created_at.isoformat(),
                        "text": entry.body,
                        "attachments": [f.name for f in files[entry.id]],
                    }
                    for entry in found
                ],
            }
        )
    answers = await Entry.filter(author_id=account_id, by_agent=True, internal=False).order_by("created_at")
    written = [{"at": e.created_at.isoformat(), "text": e.body} for e in answers]
    return {"tickets": tickets, "answers_as_support": written}


async def erase(account_id: UUID) -> list[str]:
    """Texts and files of the person's tickets go, notes about them too; numbers, states and times stay."""
    async with unit_of_work():
        ids = list(await Ticket.filter(requester_id=account_id).values_list("id", flat=True))
        if ids:
            entry_ids = list(await Entry.filter(ticket_id__in=ids).values_list("id", flat=True))
            await _forget_files(entry_ids)
            await Entry.filter(ticket_id__in=ids).update(body=_GONE)
            await Ticket.filter(id__in=ids).update(subject=_GONE, reference="", booking_id=None)
        worked = await Change.filter(actor_id=account_id).exists()
        worked = worked or await Entry.filter(author_id=account_id, by_agent=True).exists()
    kept = []
    if ids:
        kept.append(N_("Numbers, states and times of tickets, without any text, so that the series has no gaps."))
    if worked:
        kept.append(N_("What was answered as support, without a name: it belongs to the requesters' tickets."))
    return kept


async def _forget_files(entry_ids: list[Any]) -> None:
    if not entry_ids:
        return
    rows = await Attachment.filter(entry_id__in=entry_ids)
    for file in await File.filter(id__in=[row.file_id for row in rows]):
        await delete_file(file)
    await Attachment.filter(entry_id__in=entry_ids).delete()


PRIVACY = PrivacyProvider(
    title=N_("Support tickets"),
    models=("Series", "Ticket", "Entry", "Attachment", "Change"),
    export=export,
    erase=erase,
)
