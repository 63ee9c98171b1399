"""JSON twins of the main actions, over the same services. What a requester gets never holds an internal note."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import SIGNED_IN, Listing, Page, Route, json_answer, read_json, read_listing

from . import queries, viewing
from .forms import Body, Category, DeskQuery, Number, Priority, Reference, State, Subject
from .models import Ticket
from .permissions import WORK
from .services import desk, tickets
from .services.steps import takes_replies
from .viewing import reader


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class TicketIn(_In):
    subject: Subject
    category: Category
    body: Body
    booking_id: UUID | None = None
    about: Reference = ""
    follows: Number | None = None


class ReplyIn(_In):
    body: Body


class EntryIn(_In):
    """`version` is the ticket's as it was read; a reply to a ticket that moved on is refused with 409."""

    kind: Literal["reply", "note"]
    body: Body
    then: Literal["pending", "open", "solved"] = "pending"
    version: Number


class ChangeIn(_In):
    """What to change; `assignee_id` null gives the ticket back to the queue."""

    version: Number
    state: State | None = None
    priority: Priority | None = None
    assignee_id: UUID | None = None


class EntryOut(BaseModel):
    id: UUID
    author: Literal["requester", "support"]
    author_name: str
    body: str
    created_at: datetime
    attachments: list[str]


class DeskEntryOut(EntryOut):
    internal: bool


class TicketOut(BaseModel):
    number: int
    subject: str
    category: str
    state: str
    booking_id: UUID | None
    created_at: datetime
    last_entry_at: datetime


class TicketWithEntries(TicketOut):
    takes_replies: bool
    entries: list[EntryOut]


class DeskTicketOut(TicketOut):
    id: UUID
    requester_id: UUID
    assignee_id: UUID | None
    priority: str


class DeskTicketWithEntries(DeskTicketOut):
    version: int
    reference: str
    follows: int | None
    entries: list[DeskEntryOut]


class MineListing(Listing):
    q: Annotated[str, Field(max_length=100)] = ""
    show: Literal["open", "over", "all"] = "all"


class DeskListing(Listing):
    q: Annotated[str, Field(max_length=100)] = ""
    queue: Literal["unassigned", "mine", "open", "solved"] = "open"
    priority: Priority | None = None
    category: Category | None = None
    sort: Literal["urgency", "updated", "number"] = "urgency"
    desc: bool = False


class CountsOut(BaseModel):
    """How many tickets each queue has, and how many are urgent or wait for support."""

    counts: dict[str, int]


def _plain(row: Ticket | queries.Row) -> TicketOut:
    return TicketOut(**{name: getattr(row, name) for name in TicketOut.model_fields})


def _desk(row: Ticket | queries.Row) -> DeskTicketOut:
    return DeskTicketOut(**{name: getattr(row, name) for name in DeskTicketOut.model_fields})


async def _entries(ticket: Ticket, *, internal: bool) -> list[DeskEntryOut]:
    found = await queries.entries(ticket, internal=internal)
    files = await queries.attachments_of(found)
    known = await viewing.names([e.author_id for e in found])
    return [
        DeskEntryOut(
            id=e.id,
            author="support" if e.by_agent else "requester",
            author_name=known[e.author_id],
            body=e.body,
            created_at=e.created_at,
            attachments=[f.name for f in files[e.id]],
            internal=e.internal,
        )
        for e in found
    ]


async def _whole(ticket: Ticket) -> TicketWithEntries:
    entries = [EntryOut(**e.model_dump(exclude={"internal"})) for e in await _entries(ticket, internal=False)]
    return TicketWithEntries(**_plain(ticket).model_dump(), takes_replies=takes_replies(ticket), entries=entries)


async def _whole_desk(ticket: Ticket) -> DeskTicketWithEntries:
    return DeskTicketWithEntries(
        **_desk(ticket).model_dump(),
        version=ticket.version,
        reference=ticket.reference,
        follows=ticket.follows,
        entries=await _entries(ticket, internal=True),
    )


async def _own(request: web.Request) -> Ticket:
    return await queries.ticket_of(request.match_info["number"], reader())


async def _one(request: web.Request) -> Ticket:
    return await queries.ticket_of(request.match_info["number"])


# --- requesters --------------------------------------------------------------------------------------------------


async def list_mine(request: web.Request) -> web.StreamResponse:
    """My tickets, the latest first."""
    asked = read_listing(request, MineListing)
    rows, total = await queries.mine(reader(), asked.show, asked.q, asked.number, asked.limit)
    return json_answer(Page[TicketOut](items=[_plain(r) for r in rows], next=asked.next(total)))


async def create(request: web.Request) -> web.StreamResponse:
    """Ask for help."""
    data = await read_json(request, TicketIn)
    wanted = tickets.Request(
        subject=data.subject,
        category=data.category,
        body=data.body,
        booking_id=data.booking_id,
        reference=data.about,
        follows=data.follows,
    )
    return json_answer(await _whole(await tickets.open_ticket(reader(), wanted)), 201)


async def show(request: web.Request) -> web.StreamResponse:
    """One of my tickets with everything that was written to me."""
    return json_answer(await _whole(await _own(request)))


async def reply(request: web.Request) -> web.StreamResponse:
    """Write again."""
    ticket = await _own(request)
    data = await read_json(request, ReplyIn)
    await tickets.reply(ticket.id, reader(), data.body)
    return json_answer(await _whole(await _own(request)), 201)


async def close(request: web.Request) -> web.StreamResponse:
    """I need nothing more."""
    ticket = await _own(request)
    await tickets.close(ticket.id)
    return json_answer(await _whole(await _own(request)))


# --- agents ------------------------------------------------------------------------------------------------------


async def list_desk(request: web.Request) -> web.StreamResponse:
    """A queue of the desk."""
    asked = read_listing(request, DeskListing)
    wanted = asked.model_dump(include={"q", "queue", "sort", "desc"})
    query = DeskQuery(**wanted, priority=asked.priority or "", category=asked.category or "", page=asked.number)
    rows, total = await queries.desk(query, reader(), asked.limit)
    return json_answer(Page[DeskTicketOut](items=[_desk(r) for r in rows], next=asked.next(total)))


async def count_desk(_request: web.Request) -> web.StreamResponse:
    """How many tickets wait in each queue."""
    return json_answer(CountsOut(counts=await queries.count_queues(reader())))


async def show_desk(request: web.Request) -> web.StreamResponse:
    """One ticket with internal notes."""
    return json_answer(await _whole_desk(await _one(request)))


async def write(request: web.Request) -> web.StreamResponse:
    """Reply, or take an internal note."""
    ticket = await _one(request)
    data = await read_json(request, EntryIn)
    if data.kind == "note":
        await desk.add_note(ticket.id, reader(), data.body)
    else:
        await desk.reply(ticket.id, reader(), data.body, then=data.then, version=data.version)
    return json_answer(await _whole_desk(await _one(request)), 201)


async def change(request: web.Request) -> web.StreamResponse:
    """State, priority, assignee: one of them at a time or all at once."""
    ticket = await _one(request)
    data = await read_json(request, ChangeIn)
    wanted = desk.Wanted(
        state=data.state,
        priority=data.priority,
        assign="assignee_id" in data.model_fields_set,
        assignee_id=data.assignee_id,
    )
    await desk.change(ticket.id, wanted, data.version, reader())
    return json_answer(await _whole_desk(await _one(request)))


_BASE = "/api/v1/helpdesk"
_N = r"{number:\d{1,9}}"

ROUTES = [
    Route(method="GET", path=f"{_BASE}/tickets", handler=list_mine, name="helpdesk.api_mine", permission=SIGNED_IN,
          query=MineListing, response=Page[TicketOut]),
    Route(method="POST", path=f"{_BASE}/tickets", handler=create, name="helpdesk.api_create", permission=SIGNED_IN,
          request=TicketIn, response=TicketWithEntries, idempotent=True, rate="20/600", status=201, errors=(404,)),
    Route(method="GET", path=f"{_BASE}/tickets/{_N}", handler=show, name="helpdesk.api_ticket", permission=SIGNED_IN,
          response=TicketWithEntries),
    Route(method="POST", path=f"{_BASE}/tickets/{_N}/replies", handler=reply, name="helpdesk.api_reply",
          permission=SIGNED_IN, request=ReplyIn, response=TicketWithEntries, idempotent=True, rate="60/600",
          status=201),
    Route(method="POST", path=f"{_BASE}/tickets/{_N}/close", handler=close, name="helpdesk.api_close",
          permission=SIGNED_IN, response=TicketWithEntries, idempotent=True),
    Route(method="GET", path=f"{_BASE}/desk", handler=list_desk, name="helpdesk.api_desk", permission=WORK,
          query=DeskListing, response=Page[DeskTicketOut]),
    Route(method="GET", path=f"{_BASE}/desk-counts", handler=count_desk, name="helpdesk.api_desk_counts",
          permission=WORK, response=CountsOut),
    Route(method="GET", path=f"{_BASE}/desk/{_N}", handler=show_desk, name="helpdesk.api_desk_ticket",
          permission=WORK, response=DeskTicketWithEntries),
    Route(method="POST", path=f"{_BASE}/desk/{_N}/entries", handler=write, name="helpdesk.api_write", permission=WORK,
          request=EntryIn, response=DeskTicketWithEntries, idempotent=True, status=201,
          twin_of=("helpdesk.desk_reply",)),
    Route(method="PATCH", path=f"{_BASE}/desk/{_N}", handler=change, name="helpdesk.api_change", permission=WORK,
          request=ChangeIn, response=DeskTicketWithEntries,
          twin_of=("helpdesk.desk_state", "helpdesk.desk_priority", "helpdesk.desk_assign")),
]  # fmt: skip
