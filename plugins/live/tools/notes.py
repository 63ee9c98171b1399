"""Private notes of an interviewer. They go to nobody but their author: not over the bus, not into any welcome else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel import errors, now, unit_of_work

from ..models import LiveSession, Note
from ..states.session import Role


@dataclass(frozen=True, slots=True)
class SavedNote:
    """What is stored; `version` 0 means nothing yet."""

    body: str
    version: int


class StaleNote(Exception):
    """The note was changed elsewhere since `base`; `current` is what is stored now."""

    def __init__(self, current: SavedNote) -> None:
        super().__init__()
        self.current = current


def _must_be_interviewer(role: Role) -> None:
    if role is not Role.INTERVIEWER:
        raise errors.Forbidden


async def read(session_id: UUID, author_id: UUID, role: Role) -> SavedNote:
    """The author's own note. Forbidden for a candidate, so that no caller can forget to ask."""
    _must_be_interviewer(role)
    row = await Note.filter(session_id=session_id, author_id=author_id).first()
    return SavedNote(row.body, row.version) if row is not None else SavedNote("", 0)


async def save(session_id: UUID, author_id: UUID, role: Role, base: int, body: str) -> SavedNote:
    """Store the note as its author left it, who saw version `base`. Raises StaleNote."""
    _must_be_interviewer(role)
    async with unit_of_work():
        await LiveSession.filter(id=session_id).select_for_update().get()
        row = await Note.filter(session_id=session_id, author_id=author_id).first()
        stored = SavedNote(row.body, row.version) if row is not None else SavedNote("", 0)
        if body == stored.body:
            return stored
        if base != stored.version:
            raise StaleNote(stored)
        if row is None:
            row = Note(session_id=session_id, author_id=author_id)
        row.body, row.version, row.saved_at = body, base + 1, now()
        await row.save()
    return SavedNote(body, base + 1)


def wire(note: SavedNote) -> dict[str, Any]:
    return {"body": note.body, "version": note.version}
