"""The same actions as JSON, for programs: same services, same refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import (
    SIGNED_IN,
    Listing,
    Page,
    Route,
    current_actor,
    errors,
    get_or_404,
    json_answer,
    read_json,
    read_listing,
)

from . import queries, services
from .models import Note
from .permissions import WRITE


class NoteRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, Field(min_length=1, max_length=500)]


class NoteOut(BaseModel):
    id: UUID
    author_id: UUID
    text: str
    created_at: datetime


class NotesListing(Listing):
    q: Annotated[str, Field(max_length=100, description="Words that a note must have.")] = ""


def _out(note: Note) -> NoteOut:
    return NoteOut(id=note.id, author_id=note.author_id, text=note.text, created_at=note.created_at)


async def list_notes(request: web.Request) -> web.StreamResponse:
    """The board, newest first."""
    asked = read_listing(request, NotesListing)
    rows, total = await queries.notes(asked.q, asked.number, asked.limit)
    return json_answer(Page[NoteOut](items=[_out(row) for row in rows], next=asked.next(total)))


async def add_note(request: web.Request) -> web.StreamResponse:
    """Put a note on the board."""
    wanted = await read_json(request, NoteRequest)
    actor = current_actor()
    if actor is None:
        raise errors.NotFound()
    return json_answer(_out(await services.add_note(actor.id, wanted.text)), 201)


async def remove_note(request: web.Request) -> web.StreamResponse:
    """Take a note off the board."""
    note = await get_or_404(Note, request.match_info["id"])
    await services.remove_note(note)
    return json_answer(_out(note))


_NOTES = "/api/v1/my_plugin/notes"

ROUTES = [
    Route(method="GET", path=_NOTES, handler=list_notes, name="my_plugin.api_notes", permission=SIGNED_IN,
          query=NotesListing, response=Page[NoteOut]),
    Route(method="POST", path=_NOTES, handler=add_note, name="my_plugin.api_add", permission=WRITE,
          request=NoteRequest, response=NoteOut, status=201, idempotent=True),
    Route(method="DELETE", path=_NOTES + "/{id}", handler=remove_note, name="my_plugin.api_remove",
          permission=SIGNED_IN, response=NoteOut),
]  # fmt: skip
