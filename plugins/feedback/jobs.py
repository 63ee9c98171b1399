"""Work outside requests. Each names what it expects to find and does nothing when that has moved on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel import Job

from .services import exchanges


async def release(booking_id: str, release_at: str) -> None:
    """Release what is in when the waiting time is over."""
    await exchanges.time_is_over(UUID(booking_id), datetime.fromisoformat(release_at))


async def remind(booking_id: str, stage: str, release_at: str) -> None:
    """Remind whoever still owes feedback."""
    await exchanges.remind(UUID(booking_id), stage, datetime.fromisoformat(release_at))


JOBS = [Job(name="feedback.release", func=release), Job(name="feedback.remind", func=remind)]
