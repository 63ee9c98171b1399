"""Jobs: our table against one taskiq message each, in one run (`python bench/jobs.py`, well under a minute).

The same work, a function that does nothing, in four ways. "messages": taskiq's InMemoryBroker, one `.kiq()` per item,
which needs neither a disk nor another process and loses everything at the end: the fastest that taskiq can be.
"one each": our broker with one durable row per item, run by the real worker. "batched": `enqueue_batches`, 500 ids to
a row, the way that reminders go. "claimed": rows claimed a thousand at a time and settled in one statement, which is
what the table itself can give. Prints items per second, and the ratios to taskiq in memory and to "one each", which
is one taskiq message each that outlives a crash (each is committed to disk twice).

Goal G13 (100,000 reminders, claimed and dispatched, against one taskiq message each): >= 6x, moonshot 15x.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from taskiq import InMemoryBroker
from tortoise.context import get_current_context

from kernel.base.clock import now
from kernel.base.context import tenant_scope
from kernel.base.contract import Job
from kernel.base.ids import new_id
from kernel.engines import embedded
from kernel.engines.connection import close_database, execute, open_database, sql_one, unit_of_work
from kernel.work import table
from kernel.work.jobs import enqueue, enqueue_batches
from kernel.work.worker import Worker, make_broker
from tests.kernel.work.world import ACME, make_registry, running

SINGLE, MANY = 2_000, 100_000
_done = 0


async def nothing(ids: list[str] | None = None) -> None:
    global _done
    _done += 1 if ids is None else len(ids)


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    began = perf_counter()
    await work()
    return perf_counter() - began


async def messages() -> tuple[float, float]:
    """Seconds to enqueue and to drain SINGLE messages of taskiq."""
    broker = InMemoryBroker(max_async_tasks=10)
    task = broker.task(task_name="nothing")(nothing)
    await broker.startup()

    async def put() -> None:
        for _ in range(SINGLE):
            await task.kiq()

    enqueued = await timed(put)
    drained = await timed(broker.wait_all)
    await broker.shutdown()
    return enqueued, drained


async def drained(wanted: int) -> None:
    """Run the real worker until so many items are through."""
    worker = Worker(make_broker(concurrency=20), scheduling=False)
    await worker.start()
    while _done < wanted:
        await asyncio.sleep(0.005)
    await worker.stop()


async def ours(put: Callable[[], Awaitable[Any]], count: int) -> tuple[float, float]:
    global _done
    _done = 0
    await execute("DELETE FROM kernel_job")
    enqueued = await timed(put)
    await execute("ANALYZE kernel_job")
    return enqueued, await timed(lambda: drained(count))


async def one_each() -> None:
    async with unit_of_work():
        for _ in range(SINGLE):
            await enqueue("alpha.nothing")


async def batches() -> None:
    async with unit_of_work():
        await enqueue_batches("alpha.nothing", [new_id() for _ in range(MANY)])


async def claimed() -> tuple[float, float]:
    """Rows for themselves: put in by thousands, claimed by a thousand, settled together."""
    await execute("DELETE FROM kernel_job")

    async def put() -> None:
        row = {"tenant_id": ACME.id, "plugin": "alpha", "name": "alpha.nothing", "args": "{}", "max_attempts": 3}
        for _ in range(20):
            at = now()
            await table.insert([table.NewJob(run_at=at, **row) for _ in range(1000)])  # type: ignore[arg-type]

    async def take() -> None:
        while jobs := await table.claim("bench", 1000, lease=30, due=now()):
            await execute(
                "UPDATE kernel_job SET state = 'done', lease_owner = NULL WHERE id = ANY ($1::uuid[])",
                [job.id for job in jobs],
            )

    enqueued = await timed(put)
    await execute("ANALYZE kernel_job")
    return enqueued, await timed(take)


def tell(name: str, count: int, found: tuple[float, float], *bases: tuple[float, float]) -> None:
    put, drain = (count / seconds for seconds in found)
    ratios = "".join(f"{count / sum(found) / (SINGLE / sum(base)):12.2f}x" for base in bases)
    print(f"{name:10} {count:12,} {put:12,.0f} {drain:12,.0f} {count / sum(found):12,.0f}{ratios}")


async def main() -> None:
    registry = make_registry(jobs=(Job(name="alpha.nothing", func=nothing, timeout=60),))
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-") as folder:
        Path(folder).chmod(0o755)
        server = embedded.start(Path(folder) / "data", durable=True)
        try:
            modules = {"kernel": ["kernel.work.models"]}
            await open_database(server.dsn_owner, modules)
            context = get_current_context()
            assert context is not None
            await context.generate_schemas()
            heads = ("items", "enqueued/s", "drained/s", "both/s", "to memory", "to one each")
            print("way       " + "".join(f"{head:>13}" for head in heads))
            with running(registry), tenant_scope(ACME):
                best = min([await messages() for _ in range(3)], key=sum)
                single = await ours(one_each, SINGLE)
                tell("messages", SINGLE, best, best, single)
                tell("one each", SINGLE, single, best, single)
                tell("batched", MANY, await ours(batches, MANY), best, single)
                tell("claimed", 20_000, await claimed(), best, single)
                left = await sql_one("SELECT count(*) AS n FROM kernel_job WHERE state <> 'done'")
                assert left is not None and left.n == 0, "jobs were lost"
            await close_database()
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
