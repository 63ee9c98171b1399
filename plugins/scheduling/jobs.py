"""Background work: thin, each says only which use case to run. Everything is checked again when its time comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kernel import Job

from .services import bulk, calendars, changes, proposals, reminders, waiting


async def expire(booking_id: str) -> None:
    await changes.expire(UUID(booking_id))


async def remind() -> None:
    await reminders.send_due()


async def calendars_due() -> None:
    await calendars.refresh_due()


async def calendar_read(calendar_id: str) -> None:
    await calendars.refresh(UUID(calendar_id))


async def remind_tidy() -> None:
    await reminders.tidy()


async def replan(type_id: str = "") -> None:
    await reminders.replan(type_id=UUID(type_id) if type_id else None)


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


async def bulk_cancel(run_id: str) -> None:
    await bulk.carry_out(UUID(run_id))


JOBS = [
    Job(name="scheduling.bulk", func=bulk_cancel),
    Job(name="scheduling.expire", func=expire, drain=True),
    Job(name="scheduling.remind", func=remind, timeout=300),
    # Catches what a lost job or a clock that was set back left behind.
    Job(name="scheduling.remind_sweep", func=remind, every=timedelta(minutes=10), timeout=300),
    Job(name="scheduling.calendars_due", func=calendars_due, every=timedelta(minutes=5)),
    # It keeps its own back-off; a second attempt at once would only annoy the other server.
    Job(name="scheduling.calendar_read", func=calendar_read, attempts=2, timeout=300),
    Job(name="scheduling.remind_tidy", func=remind_tidy, cron="41 3 * * *"),
    Job(name="scheduling.replan", func=replan, timeout=300),
    Job(name="scheduling.close", func=close),
    Job(name="scheduling.freed", func=freed),
    Job(name="scheduling.offer_over", func=offer_over),
    Job(name="scheduling.proposal_lapse", func=proposal_lapse),
    Job(name="scheduling.tidy_waiting", func=tidy_waiting, cron="23 3 * * *"),
]
