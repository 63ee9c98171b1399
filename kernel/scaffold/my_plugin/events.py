"""What happened here, for whoever listens. Names carry a version; fields are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import event


@event("my_plugin.note_added.v1")
@dataclass(frozen=True, slots=True)
class NoteAdded:
    """Somebody put a note on the board."""

    note_id: UUID
    author_id: UUID
