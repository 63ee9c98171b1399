"""Use cases: the only writers of the tables. Each is one unit of work; events join it."""

from __future__ import annotations

from uuid import UUID

from kernel import can, current_actor, errors, now, publish, unit_of_work

from . import settings
from .events import NoteAdded
from .models import Note
from .permissions import REMOVE


async def add_note(author_id: UUID, text: str) -> Note:
    """Put a note on the board."""
    async with unit_of_work():
        note = await Note.create(author_id=author_id, text=text)
        await publish(NoteAdded(note_id=note.id, author_id=author_id))
    return note


async def remove_note(note: Note) -> None:
    """Take a note off the board: one's own, or any with the right to. Raises NotFound for somebody else's."""
    actor = current_actor()
    if actor is None or (note.author_id != actor.id and not can(REMOVE)):
        raise errors.NotFound()
    await Note.filter(id=note.id).delete()


async def remove_old_notes() -> int:
    """Remove what is older than the tenant wants to keep; how many went. Running it twice does no harm."""
    return await Note.filter(created_at__lt=now() - settings.keep()).delete()
