"""The job table as a taskiq broker: taskiq declares and executes, PostgreSQL queues."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4

from taskiq import AckableMessage, AsyncBroker
from taskiq.message import BrokerMessage, TaskiqMessage

from ..base.clock import now
from ..base.log import get_logger
from ..engines.connection import DatabaseDown
from . import table
from .execution import execute_job, unbroken
from .leases import LEASE, Leases

log = get_logger(__name__)

Kick = Callable[[str, dict[str, Any]], Awaitable[object]]


class JobBroker(AsyncBroker):
    """Hands due jobs to taskiq's Receiver under a lease and settles them after their run.

    A message carries nothing but the id of a row this process has claimed. `kick` enqueues through `on_kick`,
    so that taskiq's own `.kiq()` joins the open transaction like `enqueue()`. `queues` are the only ones it claims
    from (None: all), each with how many of its jobs may run here at once (None: as many as `concurrency`).
    """

    def __init__(
        self,
        *,
        concurrency: int = 10,
        lease: float = LEASE,
        beat: float | None = None,
        poll: float = 1.0,
        queues: Mapping[str, int | None] | None = None,
        on_kick: Kick | None = None,
    ) -> None:
        super().__init__()
        self.concurrency = concurrency
        self.poll = poll
        self.queues = queues
        self.leases = Leases(f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid4().hex[:8]}", lease=lease, beat=beat)
        self.wake = asyncio.Event()
        self._on_kick = on_kick

    def declare(self, names: Iterable[str]) -> None:
        """Make each name a taskiq task; again is harmless. All installed ones, on or off: taskiq drops unknown ones."""
        for name in names:
            if name not in self.local_task_registry:
                self.register_task(self._runner(), task_name=name)

    def _runner(self) -> Callable[[str], Awaitable[None]]:
        async def run(job_id: str) -> None:
            job = self.leases.executing(UUID(job_id))
            if job is None:
                log.warning("job %s is no longer held by this process", job_id)
                return
            try:
                await execute_job(job)
            finally:
                # Settled, or the database is away: then the lease runs out and another process takes over.
                self.leases.drop(job.id)

        return run

    async def kick(self, message: BrokerMessage) -> None:
        if self._on_kick is None:
            raise RuntimeError("this broker only executes; queue work with enqueue()")
        await self._on_kick(message.task_name, self.formatter.loads(message.message).kwargs)

    async def listen(self) -> AsyncGenerator[bytes | AckableMessage, None]:
        waiting: deque[table.Claimed] = deque()
        try:
            while True:
                while waiting:
                    yield self._message(waiting.popleft())
                self.wake.clear()
                await self._claim(waiting)
                if not waiting:
                    await self._sleep()
        finally:
            for job in waiting:  # claimed, never begun
                self.leases.drop(job.id)
                await unbroken(table.release(job))

    async def _claim(self, waiting: deque[table.Claimed]) -> None:
        """Claim as many as can run at once and no more: what waits here could run elsewhere."""
        free = self.concurrency - len(self.leases.held)
        if 0 < free < self.concurrency / 2:
            # Busy anyway: a moment later there is room for several, and one statement claims them all.
            await asyncio.sleep(0.005)
            free = self.concurrency - len(self.leases.held)
        if free > 0:
            try:
                await unbroken(self._take(free, waiting))
            except DatabaseDown as exc:
                log.warning("could not claim jobs, the database is away: %s", exc)
            except Exception:
                log.exception("could not claim jobs; trying again")

    async def _take(self, free: int, waiting: deque[table.Claimed]) -> None:
        for queues, room in self._room(free):
            found = await table.claim(self.leases.owner, room, lease=self.leases.lease, due=now(), queues=queues)
            for job in found:
                self.leases.add(job)
            waiting.extend(found)

    def _room(self, free: int) -> Iterator[tuple[list[str] | None, int]]:
        """What to claim from, and how much: queues without a limit of their own together, the others one by one."""
        if self.queues is None:
            yield None, free
            return
        for queue, limit in self.queues.items():
            if limit is not None:
                running = sum(1 for held in self.leases.held.values() if held.job.queue == queue)
                room = min(limit - running, self.concurrency - len(self.leases.held))
                if room > 0:
                    yield [queue], room
        shared = [queue for queue, limit in self.queues.items() if limit is None]
        room = self.concurrency - len(self.leases.held)
        if shared and room > 0:
            yield shared, room

    async def _sleep(self) -> None:
        """Until somebody enqueues, or for the poll interval: run_at falls due without a bell, and bells get lost."""
        try:
            async with asyncio.timeout(self.poll):
                await self.wake.wait()
        except TimeoutError:
            pass

    def _message(self, job: table.Claimed) -> AckableMessage:
        message = TaskiqMessage(
            task_id=str(job.id), task_name=job.name, labels={}, args=[], kwargs={"job_id": str(job.id)}
        )

        async def ack() -> None:
            # Held still: no task took it, as happens with a name that this process does not know.
            if (held := self.leases.held.get(job.id)) is not None and held.job is job:
                self.leases.drop(job.id)
                log.warning("job %s parked: no task of that name in this process", job.name)
                await table.park(job, "no installed plugin declares this job")

        return AckableMessage(data=self.formatter.dumps(message).message, ack=ack)
