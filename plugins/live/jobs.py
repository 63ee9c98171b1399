"""Work outside requests."""

from __future__ import annotations

from datetime import timedelta

from kernel import Job

from . import services


async def sweep() -> None:
    """Find absent people, sessions left behind by a process that died, and rooms whose time is over."""
    await services.sweep()


JOBS = [Job(name="live.sweep", func=sweep, every=timedelta(minutes=1), timeout=50.0)]
