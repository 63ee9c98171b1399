"""Read side: lists, threads, history. Whatever a requester may read leaves internal notes out in the query itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel import File, accounts, current_tenant, errors, get_or_404, sql, sql_one

from . import states
from .forms import DeskQuery
from .models import Attachment, Change, Entry, Ticket

PAGE: Final = 20
_RANK: Final = "CASE t.priority WHEN 'urgent' THEN 3 WHEN 'high' THEN 2 WHEN 'normal' THEN 1 ELSE 0 END"
_WAITING: Final = "(t.last_by = 'requester') DESC, t.last_entry_at"
#: What agents may sort by: ascending and descending. Within the same urgency whoever waits longest comes first.
_ORDERS: Final = {
    "urgency": (f"{_RANK}, {_WAITING}", f"{_RANK} DESC, {_WAITING}"),
    "updated": ("t.last_entry_at", "t.last_entry_at DESC"),
    "number": ("t.number", "t.number DESC"),
}
_QUEUES: Final = {
    "unassigned": "t.state IN ('new', 'open', 'pending') AND t.assignee_id IS NULL",
    "mine": "t.state IN ('new', 'open', 'pending') AND t.assignee_id = $2",
    "open": "t.state IN ('new', 'open', 'pending')",
    "solved": "t.state IN ('solved', 'closed')",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket as lists show it."""

    id: UUID
    number: int
    subject: str
    requester_id: UUID
    category: str
    state: str
    priority: str
    assignee_id: UUID | None
    booking_id: UUID | None
    last_by: str
    last_entry_at: datetime
    created_at: datetime


_COLUMNS: Final = ", ".join(f"t.{name}" for name in Row.__dataclass_fields__)


def _pattern(words: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", words.strip().lstrip("#")) + "%"


def _number(words: str) -> int:
    """The number that somebody looks for, or 0."""
    text = words.strip().lstrip("#")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


async def mine(requester_id: UUID, show: str, words: str, page: int, size: int = PAGE) -> tuple[list[Row], int]:
    """The requester's own tickets, the latest first. Words are looked for in what the requester may read."""
    wanted = {"open": states.LIVE, "over": states.OVER}.get(show, (*states.LIVE, *states.OVER))
    rows = await sql(
        f"SELECT {_COLUMNS}, count(*) OVER () AS total FROM helpdesk_ticket t"  # noqa: S608  constants
        " WHERE t.tenant_id = $1 AND t.requester_id = $2 AND t.state = ANY($3::text[])"
        " AND ($4 = '' OR t.number = $5 OR t.subject ILIKE $6 OR EXISTS (SELECT 1 FROM helpdesk_entry e"
        " WHERE e.tenant_id = t.tenant_id AND e.ticket_id = t.id AND NOT e.internal AND e.body ILIKE $6))"
        " ORDER BY t.last_entry_at DESC, t.id DESC LIMIT $7 OFFSET $8",
        current_tenant().id,
        requester_id,
        list(wanted),
        words.strip(),
        _number(words),
        _pattern(words),
        size,
        (page - 1) * size,
    )
    return [Row(*row[:-1]) for row in rows], rows[0].total if rows else 0


async def count_mine(requester_id: UUID) -> dict[str, int]:
    """How many tickets somebody has: open, over, all."""
    row = await sql_one(
        "SELECT count(*) FILTER (WHERE state IN ('new', 'open', 'pending')) AS open,"
        " count(*) FILTER (WHERE state IN ('solved', 'closed')) AS over, count(*) AS all"
        " FROM helpdesk_ticket WHERE tenant_id = $1 AND requester_id = $2",
        current_tenant().id,
        requester_id,
    )
    return {"open": row[0], "over": row[1], "all": row[2]} if row else {"open": 0, "over": 0, "all": 0}


async def desk(query: DeskQuery, agent_id: UUID, size: int = PAGE) -> tuple[list[Row], int]:
    """A queue of the desk, filtered and sorted."""
    order = _ORDERS[query.sort][1 if query.desc != (query.sort == "urgency") else 0]
    people = [card.id for card in await accounts.search_accounts(query.q, limit=50)] if query.q.strip() else []
    rows = await sql(
        f"SELECT {_COLUMNS}, count(*) OVER () AS total FROM helpdesk_ticket t"  # noqa: S608  constants
        f" WHERE t.tenant_id = $1 AND $2::uuid IS NOT NULL AND {_QUEUES[query.queue]}"
        " AND ($3 = '' OR t.priority = $3) AND ($4 = '' OR t.category = $4)"
        " AND ($5 = '' OR t.number = $6 OR t.subject ILIKE $7 OR t.reference = $5 OR t.requester_id = ANY($8::uuid[])"
        " OR EXISTS (SELECT 1 FROM helpdesk_entry e WHERE e.tenant_id = t.tenant_id AND e.ticket_id = t.id"
        f" AND e.body ILIKE $7)) ORDER BY {order}, t.id LIMIT $9 OFFSET $10",
        current_tenant().id,
        agent_id,
        query.priority,
        query.category,
        query.q.strip(),
        _number(query.q),
        _pattern(query.q),
        people,
        size,
        (query.page - 1) * size,
    )
    return [Row(*row[:-1]) for row in rows], rows[0].total if rows else 0


async def count_queues(agent_id: UUID) -> dict[str, int]:
    """How many tickets are in each queue, and how many of the live ones are urgent or wait for support."""
    live = "t.state IN ('new', 'open', 'pending')"
    parts = [f"count(*) FILTER (WHERE {where})" for where in _QUEUES.values()]
    row = await sql_one(
        f"SELECT {', '.join(parts)}, count(*) FILTER (WHERE {live} AND t.priority = 'urgent'),"  # noqa: S608
        f" count(*) FILTER (WHERE {live} AND t.last_by = 'requester')"
        " FROM helpdesk_ticket t WHERE t.tenant_id = $1 AND $2::uuid IS NOT NULL",
        current_tenant().id,
        agent_id,
    )
    names = (*_QUEUES, "urgent", "waiting")
    return dict(zip(names, row, strict=True)) if row is not None else dict.fromkeys(names, 0)


async def ticket_of(number: str, requester_id: UUID | None = None) -> Ticket:
    """By its number; with `requester_id` only if it is theirs. NotFound for a missing and for a foreign one alike."""
    wanted = _number(number)
    found = await Ticket.get_or_none(number=wanted) if wanted else None
    if found is None or requester_id not in (None, found.requester_id):
        raise errors.NotFound()
    return found


async def entries(ticket: Ticket, *, internal: bool) -> list[Entry]:
    """What was written, oldest first; internal notes only where `internal` says so."""
    rows = Entry.filter(ticket_id=ticket.id)
    return await (rows if internal else rows.filter(internal=False)).order_by("created_at", "id")


async def attachments_of(found: Sequence[Entry]) -> dict[UUID, list[Attachment]]:
    """Attachments by entry."""
    by_entry: dict[UUID, list[Attachment]] = {entry.id: [] for entry in found}
    if found:
        for row in await Attachment.filter(entry_id__in=list(by_entry)).order_by("id"):
            by_entry[row.entry_id].append(row)  # type: ignore[attr-defined]
    return by_entry


async def attached_file(ticket: Ticket, attachment_id: str, *, internal: bool) -> File:
    """A file of this ticket; that of an internal note only where `internal` says so."""
    row = await get_or_404(Attachment, attachment_id)
    entry = await Entry.get_or_none(id=row.entry_id, ticket_id=ticket.id)  # type: ignore[attr-defined]
    if entry is None or (entry.internal and not internal):
        raise errors.NotFound()
    return await get_or_404(File, row.file_id)


async def history(ticket: Ticket) -> list[Change]:
    """Newest first."""
    return await Change.filter(ticket_id=ticket.id).order_by("-at", "-id").limit(100)


async def of_requester(requester_id: UUID, without: int) -> tuple[int, list[Any]]:
    """How many other tickets somebody has, and the latest of them."""
    rows = Ticket.filter(requester_id=requester_id).exclude(number=without)
    return await rows.count(), await rows.order_by("-last_entry_at").limit(3)
