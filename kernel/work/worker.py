"""A process's part in the work: executing, renewing leases, reaping, waking, scheduling; and stopping in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taskiq.receiver import Receiver

from ..base.context import TenantRef
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import DatabaseDown
from . import execution, schedule, table
from .bell import listen_for_jobs
from .broker import JobBroker
from .catalogue import catalogue
from .jobs import enqueue, unpark, unpark_effective
from .leases import LEASE

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot

log = get_logger(__name__)

__all__ = ["Worker", "make_broker", "run_due"]


def make_broker(
    *,
    concurrency: int = 10,
    lease: float = LEASE,
    beat: float | None = None,
    queues: Mapping[str, int | None] | None = None,
) -> JobBroker:
    """The broker of this process with every installed job declared; belongs into `runtime().broker`."""
    broker = JobBroker(concurrency=concurrency, lease=lease, beat=beat, queues=queues, on_kick=enqueue)
    broker.declare(catalogue())
    return broker


async def run_due(tenant: TenantRef, *, until: datetime | None = None, raising: bool = False, limit: int = 500) -> int:
    """See `execution.run_due`."""
    return await execution.run_due(tenant, until=until, raising=raising, limit=limit)


class Worker:
    """Executes jobs in this process: inside the web process in the demo, alone as `greenroom worker`.

    `start()` returns once everything runs. `stop()` claims nothing more, lets running jobs finish within
    `grace` seconds, then cancels the rest and hands them back untried.
    """

    def __init__(
        self,
        broker: JobBroker | None = None,
        *,
        scheduling: bool = True,
        grace: float = 10.0,
        upkeep: float = 1.0,
        tick: float = 1.0,
    ) -> None:
        self._broker = broker
        self._scheduling = scheduling
        self._grace = grace
        self._upkeep = upkeep
        self._tick = tick
        self._finish = asyncio.Event()
        self._drained = asyncio.Event()
        self._receiving: asyncio.Task[None] | None = None
        self._helpers: set[asyncio.Task[None]] = set()
        self._unhear: Callable[[], None] | None = None

    @property
    def broker(self) -> JobBroker:
        if self._broker is None:
            self._broker = runtime().broker or make_broker()
        return self._broker

    @property
    def drained(self) -> asyncio.Event:
        """Set when somebody asked all workers to drain: finish what runs, claim nothing more, and leave."""
        return self._drained

    @property
    def running(self) -> bool:
        return self._receiving is not None and not self._receiving.done()

    async def start(self) -> None:
        if self._receiving is not None:
            raise RuntimeError("this worker was started before; make a new one")
        broker = self.broker
        broker.declare(catalogue())
        broker.is_worker_process = True
        await self._keep_house()  # what a crashed process left behind, and a first look at the database
        self._help(broker.leases.keep_renewing())
        self._help(listen_for_jobs(broker.wake.set, self._drained.set))
        self._help(self._repeat(self._upkeep, self._keep_house))
        if self._scheduling:
            self._help(self._repeat(self._tick, schedule.tick))
        self._receiving = self._spawn(self._receive())
        self._unhear = runtime().snapshots.on_change(self._on_change)

    async def drain(self) -> None:
        """Claim nothing more and wait, however long it takes, for what runs. `stop()` is still to be called."""
        self._finish.set()
        if self._receiving is not None:
            await asyncio.wait({self._receiving})

    async def stop(self) -> None:
        """Within `grace` seconds: finish what runs, hand back what does not finish."""
        if self._receiving is None:
            return
        if self._unhear is not None:
            self._unhear()
        self._finish.set()
        await asyncio.wait({self._receiving}, timeout=self._grace * 0.85)
        leftover = self.broker.leases.tasks()
        for task in leftover:
            task.cancel()
        if leftover:
            log.warning("stopping with %d unfinished jobs; they are handed back", len(leftover))
            await asyncio.wait(leftover, timeout=self._grace * 0.1)
        await self._hand_back_rest()
        for helper in (*self._helpers, self._receiving):
            helper.cancel()
        await asyncio.wait({*self._helpers, self._receiving}, timeout=self._grace * 0.05)

    async def _hand_back_rest(self) -> None:
        """Jobs that ignore cancellation: the process is about to end, so others may have them."""
        for held in list(self.broker.leases.held.values()):
            try:
                await table.release(held.job)
            except Exception:
                log.exception("could not hand back job %s; its lease will run out", held.job.name)
            self.broker.leases.drop(held.job.id)

    # --- parts ---

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        # An empty context: no tenant, transaction or request of whoever started us may leak into jobs.
        return asyncio.get_running_loop().create_task(work, context=Context())

    def _help(self, work: Any) -> None:
        task = self._spawn(work)
        self._helpers.add(task)
        task.add_done_callback(self._helpers.discard)

    async def _receive(self) -> None:
        """taskiq's loop, begun again if it should ever break: a worker that receives nothing is worse than a log."""
        while not self._finish.is_set():
            receiver = Receiver(
                self.broker,
                max_async_tasks=self.broker.concurrency,
                validate_params=False,
            )
            try:
                await receiver.listen(self._finish)
            except Exception:
                log.exception("the job receiver broke; starting it again")
                await asyncio.sleep(1)

    async def _repeat(self, pause: float, work: Callable[[], Awaitable[Any]]) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await work()
            except DatabaseDown as exc:
                log.warning("the database is away: %s", exc)
            except Exception:
                log.exception("upkeep of jobs failed; trying again")

    async def _keep_house(self) -> None:
        await self.broker.leases.renew()  # first: if this process was held up, its own jobs are not lost yet
        if reaped := await table.reap():
            log.warning("%d jobs of ended processes were given back", reaped)
            self.broker.wake.set()
        await unpark_effective()

    def _on_change(self, old: Snapshot, new: Snapshot) -> None:
        """A plugin or feature came on: its parked jobs go on at once rather than at the next upkeep."""
        if not self.running:
            return
        if old.state != "active" and new.state == "active":
            self._help(self._unpark_all())
        for plugin in sorted({key.partition(".")[0] for key in new.effective - old.effective}):
            self._help(self._unpark(new.tenant, plugin))

    async def _unpark_all(self) -> None:
        try:
            await unpark_effective()
        except DatabaseDown as exc:
            log.warning("could not wake the jobs of a tenant that was taken up again: %s", exc)

    async def _unpark(self, tenant: TenantRef, plugin: str) -> None:
        try:
            await unpark(tenant.id, plugin)
        except DatabaseDown as exc:
            log.warning("could not wake parked jobs of %s: %s", plugin, exc)
