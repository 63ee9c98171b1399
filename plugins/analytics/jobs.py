"""Background work."""

from __future__ import annotations

from kernel import Job

from . import services


async def rebuild() -> None:
    await services.rebuild()


JOBS = [Job(name="analytics.rebuild", func=rebuild, timeout=900.0, attempts=5)]
