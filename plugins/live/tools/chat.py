"""Chat of a room: stored before it is shown to anybody, numbered, each message once."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from kernel import compare_and_set, unit_of_work

from ..hub.wire import clean
from ..models import ChatMessage, LiveSession
from .timer import epoch_ms

_HISTORY: Final = 300


async def say(session_id: UUID, author_id: UUID, role: str, cid: str, text: str) -> tuple[dict[str, Any] | None, bool]:
    """Store what somebody wrote. The message for the wire (None for nothing but blanks), and whether it is new."""
    body = clean(text)
    if not body:
        return None, False
    async with unit_of_work():
        session = await LiveSession.filter(id=session_id).select_for_update().get()
        # under the row lock nobody can store the same cid between the look and the write
        known = await ChatMessage.filter(session_id=session_id, author_id=author_id, cid=cid).first()
        if known is not None:
            return wire(known), False
        stored = await append(session, role=role, body=body, author_id=author_id, cid=cid)
    return wire(stored), True


async def append(
    session: LiveSession, *, role: str, body: str, cid: str, kind: str = "text", author_id: UUID | None = None
) -> ChatMessage:
    """Add a message under the next number. The caller holds the session's row lock."""
    await compare_and_set(session, chat_seq=session.chat_seq + 1)
    return await ChatMessage.create(
        session=session, seq=session.chat_seq, role=role, kind=kind, body=body, author_id=author_id, cid=cid
    )


async def history(session_id: UUID, after_seq: int = 0) -> list[dict[str, Any]]:
    """What came after message `after_seq`, oldest first; of a long talk the last messages."""
    rows = await ChatMessage.filter(session_id=session_id, seq__gt=after_seq).order_by("-seq").limit(_HISTORY)
    return [wire(row) for row in reversed(rows)]


def wire(row: ChatMessage) -> dict[str, Any]:
    return {
        "t": "chat",
        "seq": row.seq,
        "cid": row.cid,
        "role": row.role,
        "who": str(row.author_id) if row.author_id else None,
        "kind": row.kind,
        "text": row.body,
        "at": epoch_ms(row.sent_at),
    }
