"""Running one claimed job: in its tenant, on time, once its plugin allows it; and writing down how it went.

The worker's broker and `run_due()` both come through `execute_job`, so tests see what production does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID, uuid4

from ..base.clock import now
from ..base.context import TenantRef, acting_as, at_work, speaking, tenant_scope, with_request_id
from ..base.log import get_logger
from ..base.runtime import runtime
from ..base.tracing import span
from ..engines.connection import DatabaseDown, in_unit_of_work
from . import breakers, table
from .catalogue import Work, catalogue, why_off
from .events import happened
from .faults import brief, describe
from .leases import Leases

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot

T = TypeVar("T")
log = get_logger(__name__)

_dice: Final = random.SystemRandom()
#: Seconds between attempts to write down how a job went. The lease is renewed meanwhile.
SETTLE_PAUSES: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)


class Dropped(Exception):
    """Raised by a job that has nothing to do any more, because what it was about moved on. It is done then."""


class Outcome(Enum):
    DONE = "done"
    DROPPED = "dropped"
    PUT_OFF = "put off"
    FAILED = "failed"
    PARKED = "parked"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Ran:
    """How one execution went."""

    outcome: Outcome
    error: BaseException | None = None


#: Seconds that the pause after the first failure is below; each further one is four times as long.
BASE: Final = 4.0
LONGEST: Final = 3600.0


def backoff(attempts: int) -> timedelta:
    """The pause after the `attempts`-th failure: anything from 1 s to 4, 16, 64 … 3600 s, so that a herd spreads."""
    return timedelta(seconds=_dice.uniform(1.0, min(BASE ** min(attempts, 12), LONGEST)))


async def unbroken(coro: Coroutine[Any, Any, T]) -> T:
    """Finish `coro` although we are cancelled meanwhile, then let the cancellation go on."""
    task = asyncio.ensure_future(coro)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as exc:
            if task.cancelled():
                raise
            cancelled = exc
        except Exception:  # noqa: S110 - raised below by result()
            pass
    if cancelled is not None:
        if not task.cancelled() and task.exception() is not None:
            log.error("could not finish in time", exc_info=task.exception())
        raise cancelled
    return task.result()


async def _insist(settle: Callable[[], Awaitable[bool]]) -> bool:
    """Settle, across a short absence of the database: else finished work would be done a second time."""
    for pause in SETTLE_PAUSES:
        try:
            return await settle()
        except DatabaseDown as exc:
            log.warning("the database is away (%s); settling again in %g s", exc, pause)
            await asyncio.sleep(pause)
    return await settle()


async def execute_job(job: table.Claimed) -> Ran:
    """Run a claimed job and settle its row. Raises only CancelledError, with the row handed back."""
    with with_request_id(job.request_id or f"job-{job.id}"), at_work(job.plugin, job.name):
        try:
            with span(f"job {job.name}", plugin=job.plugin, job_id=str(job.id)):
                return await _execute(job)
        except asyncio.CancelledError:
            await unbroken(table.release(job))
            raise


async def _execute(job: table.Claimed) -> Ran:
    work = catalogue().get(job.name)
    if work is None:
        return await _park(job, "no installed plugin declares this job")
    snapshot = await _snapshot(job.tenant_id)
    if snapshot is None:
        return await _failed(job, LookupError(f"tenant {job.tenant_id} is not known to this process"))
    reason = why_off(work, snapshot)
    if reason is None and job.held is not None:
        reason = PAUSED[job.held]
    if reason is not None:
        return await _park(job, reason)
    if job.broken_until is not None and (wait := await _breaker(work, job)) is not None:
        return wait
    with ExitStack() as scopes:
        scopes.enter_context(tenant_scope(snapshot.tenant))
        scopes.enter_context(speaking(snapshot.locale, snapshot.zone))
        scopes.enter_context(acting_as(None))
        try:
            await _call(work, job)
        except Dropped as exc:
            await unbroken(_insist(partial(table.settle_done, job, f"Dropped: {exc}")))
            return Ran(Outcome.DROPPED)
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return await _failed(job, exc)  # not us: something that the job awaited was cancelled
        except (Exception, SystemExit) as exc:
            return await _failed(job, exc)
    if not await unbroken(_insist(partial(table.settle_done, job))):
        log.warning("job %s finished after its lease was lost; it may run twice", job.name)
    if job.broken_until is not None:
        await unbroken(breakers.succeeded(job))
    return Ran(Outcome.DONE)


#: Why a job is parked while an admin holds it back, by kind of hold.
PAUSED: Final = {"queue": "its queue is paused", "job": "jobs of this kind are paused"}


async def _breaker(work: Work, job: table.Claimed) -> Ran | None:
    """None when the delivery may go ahead although its subscriber kept failing: it is the one that tries."""
    at, until = now(), job.broken_until
    if until is not None and until <= at:
        if await breakers.may_probe(job, work.timeout + 5):
            return None
        until = at + timedelta(seconds=5)
    assert until is not None  # noqa: S101  asked for only while there is a breaker
    reason = f"{breakers.PUT_OFF}{work.plugin} keeps failing to handle this event"
    wait = until + timedelta(seconds=_dice.uniform(0, 2))
    await unbroken(_insist(partial(table.put_off, job, wait, reason)))
    return Ran(Outcome.PUT_OFF)


async def _call(work: Work, job: table.Claimed) -> None:
    clock = asyncio.timeout(work.timeout)
    try:
        async with clock:
            if work.event is None:
                await work.func(**job.args)
                return
            fact = await happened(UUID(job.args["event_id"]))
            if fact is None:
                raise LookupError(f"event {job.args['event_id']} is gone")
            await work.func(fact)
    except TimeoutError as exc:
        if clock.expired():
            raise TimeoutError(f"{work.name} took longer than its {work.timeout:g} s") from exc
        raise


async def _snapshot(tenant_id: UUID) -> Snapshot | None:
    snapshots = runtime().snapshots
    found = snapshots.of(tenant_id)
    if found is None:  # made a moment ago by another process
        await snapshots.refresh()
        found = snapshots.of(tenant_id)
    return found


async def _park(job: table.Claimed, reason: str) -> Ran:
    log.info("job %s parked: %s", job.name, reason)
    await unbroken(_insist(partial(table.park, job, reason)))
    return Ran(Outcome.PARKED)


async def _failed(job: table.Claimed, error: BaseException) -> Ran:
    retry_at = now() + backoff(job.attempts)
    last = job.attempts >= job.max_attempts
    log.log(40 if last else 30, "job %s failed, attempt %d of %d", job.name, job.attempts, job.max_attempts)
    await unbroken(_insist(partial(table.settle_failed, job, describe(error), retry_at)))
    if job.event_id is not None and not isinstance(error, DatabaseDown):
        await unbroken(_count(job, error))
    return Ran(Outcome.FAILED, error)


async def _count(job: table.Claimed, error: BaseException) -> None:
    """Against the subscriber's breaker. The job is settled already, so a fault here must cost nothing else."""
    snapshot = runtime().snapshots.of(job.tenant_id)
    if snapshot is None:
        return
    try:
        with tenant_scope(snapshot.tenant):
            await breakers.failed(job, brief(error))
    except Exception:
        log.exception("a failure of %s could not be counted", job.name)


async def run_due(tenant: TenantRef, *, until: datetime | None = None, raising: bool = False, limit: int = 500) -> int:
    """Run the tenant's due jobs here, one after the other, until none is left; returns how many ran.

    What they enqueue for now runs too. `until` also takes jobs that fall due up to that instant (the clock
    is not moved). A job that failed waits for its next attempt as usual and is not repeated in this call;
    `raising=True` raises its error, once recorded. For tests and commands.
    """
    owner = f"inline-{uuid4()}"
    # Inside a transaction (tests that roll back) no second task may speak on our connection.
    leases = Leases(owner, lease=3600.0 if in_unit_of_work() else 30.0)
    ran, failed = 0, set[UUID]()
    async with leases.kept(beating=not in_unit_of_work()):
        while ran < limit:
            jobs = await table.claim(
                owner, 1, lease=leases.lease, due=max(now(), until or now()), tenant_id=tenant.id, but_not=failed
            )
            if not jobs:
                break
            leases.add(jobs[0])
            try:
                result = await execute_job(jobs[0])
            finally:
                leases.drop(jobs[0].id)
            ran += result.outcome in (Outcome.DONE, Outcome.DROPPED, Outcome.FAILED)
            if result.error is not None:
                failed.add(jobs[0].id)
                if raising:
                    raise result.error
    return ran
