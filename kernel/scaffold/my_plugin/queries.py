"""What pages and the API read."""

from __future__ import annotations

from .models import Note

PAGE = 20


async def notes(words: str = "", page: int = 1, size: int = PAGE) -> tuple[list[Note], int]:
    """One page of the board, newest first, and how many notes there are in all."""
    found = Note.filter(text__icontains=words) if words else Note.all()
    rows = await found.order_by("-created_at", "-id").offset((page - 1) * size).limit(size)
    return rows, await found.count()
