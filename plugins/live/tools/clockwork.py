"""The stored timer of a session."""

from __future__ import annotations

from uuid import UUID

from kernel import now, unit_of_work

from ..models import LiveSession, SessionTimer
from .timer import Action, Timer


def initial(session: LiveSession) -> Timer:
    """Before anybody touched it: the booked length, standing still."""
    return Timer.of(max(60, int((session.ends_at - session.starts_at).total_seconds())))


async def load(session: LiveSession) -> Timer:
    row = await SessionTimer.filter(session_id=session.id).first()
    return _timer(row) if row is not None else initial(session)


async def change(session_id: UUID, action: Action, base: int, seconds: int | None = None) -> Timer:
    """Start, pause or reset, decided by somebody who saw version `base`. Raises StaleTimer."""
    async with unit_of_work():
        session = await LiveSession.filter(id=session_id).select_for_update().get()
        row = await SessionTimer.filter(session_id=session_id).first()
        before = _timer(row) if row is not None else initial(session)
        timer = before.changed(action, base, now(), seconds)
        if row is None:
            row = SessionTimer(session_id=session_id)
        row.seconds, row.left_ms, row.started_at, row.version = (
            timer.seconds, timer.left_ms, timer.started_at, timer.version,
        )  # fmt: skip
        await row.save()
    return timer


def _timer(row: SessionTimer) -> Timer:
    return Timer(row.seconds, row.left_ms, row.started_at, row.version)
