"""The same actions as JSON, for programs: same services, same refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import SIGNED_IN, Route, current_actor, errors, get_or_404, json_answer, read_json

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


class NoteList(BaseModel):
    items: list[NoteOut]
    total: int


def _out(note: Note) -> NoteOut:
    return NoteOut(id=note.id, author_id=note.author_id, text=note.text, created_at=note.created_at)


async def list_notes(request: web.Request) -> web.StreamResponse:
    """The newest notes."""
    rows, total = await queries.notes(size=100)
    return json_answer(NoteList(items=[_out(row) for row in rows], total=total))


async def add_note(request: web.Request) -> web.StreamResponse:
    """Put a note on the board."""
    wanted = await read_json(request, NoteRequest)
    actor = current_actor()
    if actor is None:
        raise errors.NotFound()
    return json_answer(_out(await services.add_note(actor.id, wanted.text)), 201)


async def remove_note(request: web.Request) -> web.StreamResponse:
    """Take a note off the board."""
    await services.remove_note(await get_or_404(Note, request.match_info["id"]))
    return web.Response(status=204)


_NOTES = "/api/v1/my_plugin/notes"

ROUTES = [
    Route(method="GET", path=_NOTES, handler=list_notes, name="my_plugin.api_notes", permission=SIGNED_IN,
          response=NoteList),
    Route(method="POST", path=_NOTES, handler=add_note, name="my_plugin.api_add", permission=WRITE,
          request=NoteRequest, response=NoteOut, idempotent=True),
    Route(method="DELETE", path=_NOTES + "/{id}", handler=remove_note, name="my_plugin.api_remove",
          permission=SIGNED_IN),
]  # fmt: skip
