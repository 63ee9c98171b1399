"""What is held about a person, for their export and their erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider, _

from .models import Note


async def export(account_id: UUID) -> dict[str, Any]:
    rows = await Note.filter(author_id=account_id).order_by("created_at")
    return {_("Notes"): [{"text": row.text, "written": row.created_at.isoformat()} for row in rows]}


async def erase(account_id: UUID) -> list[str]:
    """Everything goes, so there is nothing to say about what was kept."""
    await Note.filter(author_id=account_id).delete()
    return []


PROVIDER = PrivacyProvider(title=N_("My plugin"), models=(Note.__name__,), export=export, erase=erase)
