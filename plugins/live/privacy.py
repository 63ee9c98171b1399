"""What rooms hold about a person: when they were there, what they wrote, notes, practice answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from kernel import N_, PrivacyProvider, unit_of_work

from .models import ChatMessage, Guest, LiveSession, Note, PracticeRun, Presence


def _iso(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


async def export(account_id: UUID) -> dict[str, Any]:
    mine = Q(candidate_id=account_id) | Q(interviewer_id=account_id)
    sessions = await LiveSession.filter(mine).order_by("starts_at")
    stays = await Presence.filter(account_id=account_id).order_by("joined_at")
    messages = await ChatMessage.filter(author_id=account_id).order_by("sent_at")
    # Notes about a candidate are that candidate's personal data too: they are part of a request for access.
    notes = await Note.filter(Q(author_id=account_id) | Q(session__candidate_id=account_id))
    runs = await PracticeRun.filter(candidate_id=account_id).order_by("created_at")
    return {
        "sessions": [
            {"booking": str(s.booking_id), "title": s.title, "state": s.state, "starts_at": _iso(s.starts_at),
             "started_at": _iso(s.started_at), "ended_at": _iso(s.ended_at), "seconds": s.seconds}
            for s in sessions
        ],
        "presence": [{"joined_at": _iso(p.joined_at), "left_at": _iso(p.left_at), "role": p.role} for p in stays],
        "chat": [{"sent_at": _iso(m.sent_at), "text": m.body} for m in messages],
        "notes": [{"text": n.body, "by_me": n.author_id == account_id, "saved_at": _iso(n.saved_at)} for n in notes],
        "practice": [{"topic": r.topic, "script": r.script, "report": r.report} for r in runs],
    }  # fmt: skip


async def erase(account_id: UUID) -> list[str]:
    """Texts go; that a session took place, and who was present, stays as evidence for bookings and payments."""
    async with unit_of_work():
        await ChatMessage.filter(author_id=account_id).update(body="—", author_id=None)
        await Note.filter(Q(author_id=account_id)).delete()
        about = await LiveSession.filter(candidate_id=account_id).values_list("id", flat=True)
        if about:
            await Note.filter(session_id__in=list(about)).delete()
            await Guest.filter(
                session_id__in=list(about)
            ).delete()  # the candidate's friends: scheduling forgets them too
        await PracticeRun.filter(candidate_id=account_id).delete()
    kept = await Presence.filter(account_id=account_id).count()
    return [N_("Times of presence in sessions: evidence for bookings and payments.")] if kept else []


PRIVACY = PrivacyProvider(
    title=N_("Live sessions"),
    models=("LiveSession", "Presence", "Guest", "ChatMessage", "SessionTimer", "Note", "Question", "PracticeRun"),
    export=export,
    erase=erase,
)
