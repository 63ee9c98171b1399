"""Background work: thin, each says only which use case to run. Everything is checked again when its time comes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel import Job

from .services import changes, proposals, waiting


async def expire(booking_id: str) -> None:
    await changes.expire(UUID(booking_id))


async def remind(booking_id: str, sequence: int, offset: int) -> None:
    await changes.remind(UUID(booking_id), sequence, offset)


async def close(booking_id: str, sequence: int) -> None:
    await changes.close(UUID(booking_id), sequence)


async def freed(interviewer_id: str, starts_at: str, ends_at: str, not_for: str) -> None:
    await waiting.offer(
        UUID(interviewer_id), datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at), UUID(not_for)
    )


async def offer_over(booking_id: str) -> None:
    await waiting.settle(UUID(booking_id))


async def proposal_lapse(proposal_id: str) -> None:
    await proposals.lapse(UUID(proposal_id))


async def tidy_waiting() -> None:
    await waiting.tidy()


JOBS = [
    Job(name="scheduling.expire", func=expire, drain=True),
    Job(name="scheduling.remind", func=remind),
    Job(name="scheduling.close", func=close),
    Job(name="scheduling.freed", func=freed),
    Job(name="scheduling.offer_over", func=offer_over),
    Job(name="scheduling.proposal_lapse", func=proposal_lapse),
    Job(name="scheduling.tidy_waiting", func=tidy_waiting, cron="23 3 * * *"),
]
