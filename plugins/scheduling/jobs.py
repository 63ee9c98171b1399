"""Background work: thin, each says only which use case to run. Everything is checked again when its time comes."""

from __future__ import annotations

from uuid import UUID

from kernel import Job

from .services import changes


async def expire(booking_id: str) -> None:
    await changes.expire(UUID(booking_id))


async def remind(booking_id: str, sequence: int, offset: int) -> None:
    await changes.remind(UUID(booking_id), sequence, offset)


async def close(booking_id: str, sequence: int) -> None:
    await changes.close(UUID(booking_id), sequence)


JOBS = [
    Job(name="scheduling.expire", func=expire, drain=True),
    Job(name="scheduling.remind", func=remind),
    Job(name="scheduling.close", func=close),
]
