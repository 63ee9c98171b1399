"""The real worker: taskiq's Receiver over the job table."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kernel.base.context import current_tenant, tenant_in_scope, tenant_scope
from kernel.base.contract import Job as Declared
from kernel.engines.connection import execute, sql_one, unit_of_work
from kernel.work.jobs import enqueue
from kernel.work.models import Job
from kernel.work.worker import Worker, make_broker

from . import worker_process
from .world import ACME, BOLT, make_registry, running

ROOT = Path(__file__).resolve().parents[3]
ran: list[Any] = []
begun = asyncio.Event()


async def note(n: int = 0) -> None:
    ran.append((current_tenant().slug, n))


async def long(seconds: float) -> None:
    begun.set()
    await asyncio.sleep(seconds)
    ran.append("long")


async def stubborn() -> None:
    begun.set()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            await asyncio.sleep(end - time.monotonic())
        except asyncio.CancelledError:
            continue


together: list[int] = [0, 0]


async def crowd() -> None:
    together[0] += 1
    together[1] = max(together)
    await asyncio.sleep(0.05)
    together[0] -= 1


REGISTRY = make_registry(
    jobs=(
        Declared(name="alpha.note", func=note),
        Declared(name="alpha.long", func=long),
        Declared(name="alpha.stubborn", func=stubborn),
        Declared(name="alpha.crowd", func=crowd),
    )
)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    ran.clear()
    together[:] = [0, 0]
    begun.clear()


@asynccontextmanager
async def working(*, poll: float = 0.2, grace: float = 5.0, **broker: Any) -> AsyncIterator[Worker]:
    made = make_broker(**broker)
    made.poll = poll
    worker = Worker(made, grace=grace, upkeep=0.3, scheduling=False)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)


async def all_in(state: str) -> bool:
    with tenant_scope(ACME):
        return {j.state for j in await Job.all()} == {state}


async def test_a_notification_wakes_the_worker_at_the_commit(db: str) -> None:
    with running(REGISTRY):
        async with working(poll=30):
            await asyncio.sleep(0.3)  # claimed nothing, asleep
            with tenant_scope(ACME):
                async with unit_of_work():
                    await enqueue("alpha.note", {"n": 1})
                    await asyncio.sleep(0.2)
                    assert ran == []
            started = time.monotonic()
            await until(lambda: all_in("done"), 2)
            assert time.monotonic() - started < 1
    assert ran == [("acme", 1)]


async def test_many_jobs_of_two_tenants_run_once_each_within_the_limit(db: str) -> None:
    with running(REGISTRY):
        for tenant in (ACME, BOLT):
            with tenant_scope(tenant):
                async with unit_of_work():
                    for n in range(20):
                        await enqueue("alpha.note", {"n": n})
                        await enqueue("alpha.crowd")
        async with working(concurrency=4), working(concurrency=4):
            await until(lambda: all_in("done"))
            await asyncio.sleep(0.2)
    assert sorted(ran) == sorted((t, n) for t in ("acme", "bolt") for n in range(20))
    assert 2 <= together[1] <= 8


async def test_taskiq_kick_joins_the_transaction_too(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        broker = make_broker()
        task = broker.find_task("alpha.note")
        assert task is not None
        async with unit_of_work():
            await task.kiq(n=5)
        assert (await Job.get()).args == {"n": 5}


async def test_a_lease_is_renewed_while_the_job_runs(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.long", {"seconds": 1.6})
        async with working(lease=0.6, beat=0.15), working(lease=0.6, beat=0.15):
            await until(lambda: all_in("done"))
        assert (await Job.get()).attempts == 1
    assert ran == ["long"]


async def test_a_worker_that_lost_its_lease_stops_the_job(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.long", {"seconds": 30})
        async with working(lease=5, beat=0.1) as worker:
            await begun.wait()
            await execute("UPDATE kernel_job SET lease_owner = 'thief', lease_until = now() + interval '1 minute'")

            async def idle() -> bool:
                return not worker.broker.leases.held

            await until(idle)
        job = await Job.get()
        assert (job.state, job.lease_owner) == ("running", "thief")
    assert ran == []


@pytest.mark.parametrize(("name", "args"), [("alpha.long", {"seconds": 30}), ("alpha.stubborn", {})])
async def test_stopping_hands_back_what_does_not_finish(db: str, name: str, args: dict[str, Any]) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue(name, args)
        async with working(grace=1.0):
            await begun.wait()
            started = time.monotonic()
        assert time.monotonic() - started < 3
        job = await Job.get()
        assert (job.state, job.attempts, job.lease_owner) == ("ready", 0, None)


async def test_stopping_waits_for_what_finishes(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.long", {"seconds": 0.4})
        async with working(grace=5):
            await begun.wait()
        assert (await Job.get()).state == "done"
    assert ran == ["long"]


async def test_an_unknown_name_is_parked_with_a_reason_not_dropped(db: str) -> None:
    with tenant_scope(ACME):
        with running(REGISTRY):
            await enqueue("alpha.note")
        with running(make_registry()):
            async with working():
                await until(lambda: all_in("parked"))
        job = await Job.get()
        assert (job.last_error, job.attempts) == ("no installed plugin declares this job", 0)


async def test_switching_on_resumes_at_once(db: str) -> None:
    with running(REGISTRY) as snapshots, tenant_scope(ACME):
        snapshots.put(ACME, "beta")
        await enqueue("alpha.note")
        async with working():
            await until(lambda: all_in("parked"))
            snapshots.put(ACME, "alpha", "beta")
            await until(lambda: all_in("done"), 2)


async def test_the_bell_comes_back_after_its_connection_was_cut(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        async with working(poll=30):
            await asyncio.sleep(0.3)
            cut = await sql_one(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
            )
            assert cut is not None
            await asyncio.sleep(1.5)
            await enqueue("alpha.note")
            await until(lambda: all_in("done"), 2)


async def test_jobs_start_without_the_context_of_whoever_started_the_worker(db: str) -> None:
    with running(REGISTRY):
        with tenant_scope(BOLT):
            worker = Worker(make_broker(), scheduling=False)
            await worker.start()
        try:
            with tenant_scope(ACME):
                await enqueue("alpha.note")
            await until(lambda: all_in("done"))
        finally:
            await worker.stop()
    assert ran == [("acme", 0)]
    assert tenant_in_scope() is None


async def test_kill_minus_nine_in_the_middle_of_a_job_resumes_elsewhere(db: str, tmp_path: Path) -> None:
    attempts, finished = tmp_path / "attempts", tmp_path / "finished"
    with running(worker_process.REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.slow", {"folder": str(tmp_path)})
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kernel.work.worker_process", db, str(tmp_path), cwd=ROOT
        )
        try:

            async def hanging() -> bool:
                return attempts.exists() and bool(attempts.read_text())

            await until(hanging, 10)
        finally:
            victim.send_signal(signal.SIGKILL)
            await victim.wait()
        async with working(lease=1.5, beat=0.4):
            await until(lambda: all_in("done"), 8)
        job = await Job.get()
    assert job.attempts == 2
    assert attempts.read_text().split() == [str(victim.pid), str(os.getpid())]
    assert finished.read_text() == str(os.getpid())
