"""The jobs that this process holds, and the heartbeat that keeps them its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ..base.log import get_logger
from . import table

log = get_logger(__name__)


#: Seconds. Renewed every two; a killed process's jobs are taken up by others when it has run out, within 10 s.
LEASE: Final = 8.0


#: Seconds in which a job that was settled a moment ago is let go of.
_SETTLING: Final = 0.5


@dataclass(slots=True)
class Held:
    job: table.Claimed
    task: asyncio.Task[object] | None = None


class Leases:
    """One heartbeat statement renews them all; a job whose lease was lost is cancelled, another process has it."""

    def __init__(self, owner: str, *, lease: float = LEASE, beat: float | None = None) -> None:
        self.owner = owner
        self.lease = lease
        self.beat = beat if beat is not None else lease / 4
        self.held: dict[UUID, Held] = {}

    def add(self, job: table.Claimed) -> None:
        self.held[job.id] = Held(job)

    def drop(self, job_id: UUID) -> None:
        self.held.pop(job_id, None)

    def executing(self, job_id: UUID) -> table.Claimed | None:
        """Note that the current task runs this job."""
        held = self.held.get(job_id)
        if held is None:
            return None
        held.task = asyncio.current_task()
        return held.job

    def tasks(self) -> set[asyncio.Task[object]]:
        return {h.task for h in self.held.values() if h.task is not None}

    async def renew(self) -> None:
        before = dict(self.held)
        if not before:
            return
        kept = await table.extend(self.owner, list(before), self.lease)
        if any(self._missing(job_id, held, kept) for job_id, held in before.items()):
            await asyncio.sleep(_SETTLING)
        for job_id, held in before.items():
            if not self._missing(job_id, held, kept):
                continue
            log.warning("lease of job %s was lost; stopping it here", held.job.name)
            if held.task is not None:
                held.task.cancel()

    def _missing(self, job_id: UUID, held: Held, kept: set[UUID]) -> bool:
        """Not renewed and still held here; one that was settled meanwhile is no longer held, or held anew."""
        return job_id not in kept and self.held.get(job_id) is held

    async def keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self.beat)
            try:
                await self.renew()
            except Exception:
                log.exception("could not renew job leases; trying again")

    @asynccontextmanager
    async def kept(self, *, beating: bool = True) -> AsyncIterator[None]:
        """Renew within the block."""
        task = asyncio.create_task(self.keep_renewing()) if beating else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
