"""Background work."""

from __future__ import annotations

from datetime import timedelta

from kernel import Job

from .services import upkeep


async def raise_urgent() -> None:
    await upkeep.raise_urgent()


async def close_solved() -> None:
    await upkeep.close_solved()


JOBS = [
    Job(name="helpdesk.raise_urgent", func=raise_urgent, every=timedelta(minutes=5)),
    Job(name="helpdesk.close_solved", func=close_solved, every=timedelta(hours=6)),
]
