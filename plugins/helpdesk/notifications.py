"""Messages about tickets. Internal notes have no event, and texts are read anew, from entries that are not internal."""

from __future__ import annotations

from uuid import UUID

from kernel import N_, Happened, Notice, NotificationType, Text, accounts, setting, url

from .models import Entry, Ticket
from .permissions import AGENT
from .settings import REOPEN_DAYS
from .states import CATEGORIES, CLOSED, SOLVED

_EXCERPT = 600


async def _public_entry(event: Happened) -> tuple[Ticket, Entry] | None:
    entry = await Entry.get_or_none(id=UUID(event.data["entry_id"]), internal=False)
    ticket = await Ticket.get_or_none(id=UUID(event.data["ticket_id"]))
    return (ticket, entry) if entry is not None and ticket is not None else None


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _EXCERPT else words[:_EXCERPT].rsplit(" ", 1)[0] + " …"


async def _name(account_id: UUID) -> str | Text:
    card = (await accounts.accounts_by_ids([account_id])).get(account_id)
    return card.name if card is not None and card.name else Text(N_("Somebody"))


async def _agents(ticket: Ticket) -> list[UUID]:
    """Whom a ticket concerns: its assignee while that is somebody who works here, else all agents, else those above."""
    by_role = [[card.id for card in await accounts.accounts_with_role(role)] for role in (AGENT, "admin", "owner")]
    if ticket.assignee_id is not None and any(ticket.assignee_id in found for found in by_role):
        return [ticket.assignee_id]
    return next((found for found in by_role if found), [])


async def opened(event: Happened) -> list[Notice]:
    """Agents learn of a new ticket."""
    ticket = await Ticket.get_or_none(id=UUID(event.data["ticket_id"]))
    if ticket is None:
        return []
    entry = await Entry.filter(ticket_id=ticket.id, internal=False).order_by("created_at").first()
    name = await _name(ticket.requester_id)
    return [
        Notice(
            key=f"helpdesk.opened:{ticket.id}:{agent}",
            account_id=agent,
            subject=N_("New ticket #{number}: {subject}"),
            body=N_("{name} asks ({category}):\n\n> {text}"),
            params={
                "number": str(ticket.number),
                "subject": ticket.subject,
                "name": name,
                "category": Text(CATEGORIES[ticket.category]),
                "text": _excerpt(entry.body) if entry else "",
            },
            action_label=N_("Open ticket"),
            action_url=url("helpdesk.desk_ticket", number=ticket.number),
        )
        for agent in await _agents(ticket)
        if agent != ticket.requester_id
    ]


async def requester_replied(event: Happened) -> list[Notice]:
    """Whoever takes care of the ticket learns that its requester wrote."""
    found = await _public_entry(event)
    if found is None:
        return []
    ticket, entry = found
    name = await _name(ticket.requester_id)
    return [
        Notice(
            key=f"helpdesk.requester:{entry.id}:{agent}",
            account_id=agent,
            subject=N_("Reply to ticket #{number}: {subject}"),
            body=N_("{name} wrote:\n\n> {text}"),
            params={
                "number": str(ticket.number),
                "subject": ticket.subject,
                "name": name,
                "text": _excerpt(entry.body),
            },
            action_label=N_("Open ticket"),
            action_url=url("helpdesk.desk_ticket", number=ticket.number),
        )
        for agent in await _agents(ticket)
        if agent != ticket.requester_id
    ]


async def agent_replied(event: Happened) -> list[Notice]:
    """The requester gets the reply."""
    found = await _public_entry(event)
    if found is None:
        return []
    ticket, entry = found
    if event.data["state"] == SOLVED:
        body = N_(
            "{name} answered:\n\n> {text}\n\nWe consider this solved. If it is not, reply within {days} days and the"
            " ticket is open again."
        )
    else:
        body = N_("{name} answered:\n\n> {text}\n\nYou can reply on the page of your ticket.")
    return [
        Notice(
            key=f"helpdesk.reply:{entry.id}",
            account_id=ticket.requester_id,
            subject=N_("Answer to your ticket #{number}: {subject}"),
            body=body,
            params={
                "number": str(ticket.number),
                "subject": ticket.subject,
                "name": await _name(entry.author_id),
                "text": _excerpt(entry.body),
                "days": str(setting(REOPEN_DAYS)),
            },
            action_label=N_("Read and reply"),
            action_url=url("helpdesk.ticket", number=ticket.number),
        )
    ]


async def state_changed(event: Happened) -> list[Notice]:
    """The requester learns that the ticket is solved or closed, unless a reply or the requester said so already."""
    data = event.data
    ticket = await Ticket.get_or_none(id=UUID(data["ticket_id"]))
    if ticket is None or data["by"] == "requester" or data["with_reply"] or data["after"] not in (SOLVED, CLOSED):
        return []
    if data["after"] == SOLVED:
        subject = N_("Your ticket #{number} is solved")
        body = N_(
            "We marked “{subject}” as solved. If it is not, reply within {days} days and the ticket is open again."
        )
    else:
        subject = N_("Your ticket #{number} is closed")
        body = N_("We closed “{subject}”. If there is more to say, begin a new ticket; it can go on with this one.")
    return [
        Notice(
            key=f"helpdesk.state:{event.id}",
            account_id=ticket.requester_id,
            subject=subject,
            body=body,
            params={"number": str(ticket.number), "subject": ticket.subject, "days": str(setting(REOPEN_DAYS))},
            action_label=N_("Open ticket"),
            action_url=url("helpdesk.ticket", number=ticket.number),
        )
    ]


async def assigned(event: Happened) -> list[Notice]:
    """Somebody else gave the ticket to this agent."""
    data = event.data
    ticket = await Ticket.get_or_none(id=UUID(data["ticket_id"]))
    if ticket is None or data["assignee_id"] is None or data["assignee_id"] == data["by_id"]:
        return []
    return [
        Notice(
            key=f"helpdesk.assigned:{event.id}",
            account_id=UUID(data["assignee_id"]),
            subject=N_("Ticket #{number} is yours: {subject}"),
            body=N_("{name} gave you this ticket."),
            params={
                "number": str(ticket.number),
                "subject": ticket.subject,
                "name": await _name(UUID(data["by_id"])) if data["by_id"] else Text(N_("Somebody")),
            },
            action_label=N_("Open ticket"),
            action_url=url("helpdesk.desk_ticket", number=ticket.number),
        )
    ]


NOTIFICATION_TYPES = [
    NotificationType(
        id="helpdesk.reply", label=N_("Answers to my tickets"), event="helpdesk.agent_replied.v1",
        compose=agent_replied,
    ),
    NotificationType(
        id="helpdesk.state", label=N_("My tickets are solved or closed"), event="helpdesk.state_changed.v1",
        compose=state_changed,
    ),
    NotificationType(
        id="helpdesk.opened", label=N_("New tickets (support)"), event="helpdesk.ticket_opened.v1", compose=opened,
    ),
    NotificationType(
        id="helpdesk.requester_replied", label=N_("Replies of requesters (support)"),
        event="helpdesk.requester_replied.v1", compose=requester_replied,
    ),
    NotificationType(
        id="helpdesk.assigned", label=N_("Tickets given to me (support)"), event="helpdesk.assigned.v1",
        compose=assigned,
    ),
]  # fmt: skip
