"""What pages are sent: text in, checked values out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kernel import N_, Form, Words


class NoteForm(Form):
    text: Annotated[str, Field(min_length=1, max_length=500), Words(missing=N_("Write something first."))]


class NotesQuery(Form):
    q: Annotated[str, Field(max_length=100)] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
