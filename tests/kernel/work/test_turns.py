"""Whose job comes next: tenants in turn, urgent ones first, queues with limits, and what admins hold back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kernel.base.clock import now
from kernel.base.context import current_tenant, every_tenant, tenant_scope
from kernel.base.contract import Job as Declared
from kernel.base.ids import new_id
from kernel.engines.connection import execute, sql
from kernel.work import table
from kernel.work.jobs import Dropped, cancel_jobs, enqueue, enqueue_batches, unchanged, unpark_effective
from kernel.work.keeping import discard, hold, job_counts, let_go, replay
from kernel.work.models import Job, Schedule
from kernel.work.worker import Worker, make_broker, run_due

from .world import ACME, BOLT, make_registry, running

ran: list[Any] = []
together: dict[str, list[int]] = {}


async def note(ids: list[str] | None = None, n: int = 0) -> None:
    ran.append((current_tenant().slug, n if ids is None else len(ids)))


async def busy(queue: str) -> None:
    running_now, most = together.setdefault(queue, [0, 0])
    together[queue] = [running_now + 1, max(most, running_now + 1)]
    await asyncio.sleep(0.05)
    together[queue][0] -= 1


async def fail() -> None:
    raise ValueError("password=hunter2 was wrong")


async def about(id: str, planned: str) -> None:
    await unchanged(Schedule, id, name=planned)
    ran.append("acted")


REGISTRY = make_registry(
    jobs=(
        Declared(name="alpha.note", func=note),
        Declared(name="alpha.urgent", func=note, priority=10),
        Declared(name="alpha.mail", func=busy, queue="mail"),
        Declared(name="alpha.slow", func=busy, queue="slow"),
        Declared(name="alpha.fail", func=fail, attempts=2),
        Declared(name="alpha.about", func=about),
    )
)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    ran.clear()
    together.clear()


async def heap(count: int) -> None:
    """So many due jobs of one tenant, older than whatever comes later."""
    with every_tenant():
        await execute(
            "INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts, max_attempts, "
            "request_id, created_at, priority, history) SELECT gen_random_uuid(), $1, 'alpha', 'alpha.note', '{}', "
            "'default', 'ready', $2::timestamptz - make_interval(secs => 60 + n), 0, 3, '', $2, 0, '[]' "
            "FROM generate_series(1, $3) n",
            ACME.id, now(), count,
        )  # fmt: skip


async def test_ten_thousand_jobs_of_one_tenant_do_not_stand_before_anothers_single_one(db: str) -> None:
    with running(REGISTRY):
        await heap(10_000)
        with tenant_scope(BOLT):
            mine = await enqueue("alpha.note")
        taken = await table.claim("w", 10, lease=30, due=now())
        assert len(taken) == 10
        assert mine in [job.id for job in taken[:2]]
        # What is running counts as turns taken: the next one of the small tenant goes before all others.
        with tenant_scope(BOLT):
            again = await enqueue("alpha.note")
        [following] = await table.claim("w", 1, lease=30, due=now())
        assert following.id == again
        # Within a tenant the oldest go first.
        with every_tenant():
            left = await sql(
                "SELECT max(run_at) AS at FROM kernel_job WHERE state = 'running' AND tenant_id = $1", ACME.id
            )
            older = await sql(
                "SELECT count(*) AS n FROM kernel_job WHERE state = 'ready' AND tenant_id = $1 AND run_at < $2",
                ACME.id, left[0].at,
            )  # fmt: skip
        assert older[0].n == 0


async def test_urgent_ones_go_first_within_their_tenant_only(db: str) -> None:
    with running(REGISTRY):
        with tenant_scope(ACME):
            for n in range(3):
                await enqueue("alpha.note", {"n": n})
            await enqueue("alpha.urgent", {"n": 99})
        with tenant_scope(BOLT):
            await enqueue("alpha.note", {"n": 7})
        taken = await table.claim("w", 5, lease=30, due=now())
    order = [(job.tenant_id, job.args["n"]) for job in taken]
    assert order == [(ACME.id, 99), (BOLT.id, 7), (ACME.id, 0), (ACME.id, 1), (ACME.id, 2)]


async def test_two_processes_claiming_a_heap_share_it(db: str) -> None:
    with running(REGISTRY):
        await heap(300)
        taken = await asyncio.gather(*(table.claim(f"w{n}", 40, lease=30, due=now()) for n in range(6)))
        ids = [job.id for jobs in taken for job in jobs]
        assert len(ids) == len(set(ids)) >= 120
        while more := await table.claim("rest", 50, lease=30, due=now()):
            ids += [job.id for job in more]
    assert len(ids) == len(set(ids)) == 300


async def test_queues_have_limits_of_their_own_and_others_are_left_alone(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        for _ in range(6):
            await enqueue("alpha.mail", {"queue": "mail"})
            await enqueue("alpha.slow", {"queue": "slow"})
        await enqueue("alpha.note")
        worker = Worker(make_broker(queues={"mail": 2, "slow": None}), upkeep=5, scheduling=False)
        await worker.start()
        try:
            async with asyncio.timeout(10):
                while (await job_counts())["done"] < 12:
                    await asyncio.sleep(0.02)
        finally:
            await worker.stop()
        assert (await job_counts())["ready"] == 1
    assert together["mail"][1] <= 2
    assert together["slow"][1] > 2
    assert ran == []


async def test_a_paused_kind_and_a_paused_queue_park_and_go_on(db: str) -> None:
    with running(REGISTRY):
        with tenant_scope(BOLT):
            await enqueue("alpha.note", {"n": 5})
        with tenant_scope(ACME):
            await enqueue("alpha.note", {"n": 1})
            await enqueue("alpha.mail", {"queue": "mail"})
            assert await hold("job", "alpha.note", "the printer is out of paper") == 1
            assert await hold("queue", "mail") == 1
            assert await hold("queue", "mail") == 0
            await enqueue("alpha.note", {"n": 2})  # later ones, too
            assert await run_due(ACME) == 0
            assert (await job_counts())["parked"] == 3
            assert await unpark_effective() == 0
            assert await run_due(BOLT) == 1  # elsewhere nothing is paused
            assert await let_go("job", "alpha.note")
            assert not await let_go("job", "alpha.note")
            assert await run_due(ACME) == 2
            assert await let_go("queue", "mail")
            assert await run_due(ACME) == 1
    assert ran == [("bolt", 5), ("acme", 1), ("acme", 2)]


async def test_ids_travel_in_batches(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        assert await enqueue_batches("alpha.note", [new_id() for _ in range(1201)]) == 3
        assert await enqueue_batches("alpha.note", []) == 0
        assert await run_due(ACME) == 3
        with pytest.raises(LookupError):
            await enqueue_batches("alpha.unknown", ["x"])
    assert sorted(ran) == [("acme", 201), ("acme", 500), ("acme", 500)]


async def test_a_job_about_something_that_moved_on_drops_itself(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        thing = await Schedule.create(name="noon", planned=now())
        args = {"id": str(thing.id), "planned": "noon"}
        await enqueue("alpha.about", args)
        assert await run_due(ACME) == 1
        assert ran == ["acted"]
        await Schedule.filter(id=thing.id).update(name="one o'clock")
        await enqueue("alpha.about", args)
        assert await run_due(ACME) == 1
        await Schedule.filter(id=thing.id).delete()
        await enqueue("alpha.about", args)
        assert await run_due(ACME) == 1
        assert ran == ["acted"]
        told = sorted(str(job.last_error) for job in await Job.filter(state="done", last_error__isnull=False))
    assert ["another name" in told[0], "is gone" in told[1]] == [True, True]
    with pytest.raises(Dropped), running(REGISTRY), tenant_scope(BOLT):
        await unchanged(Schedule, thing.id)


async def test_failures_are_kept_in_the_history_and_all_of_a_kind_are_replayed(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        for _ in range(3):
            await enqueue("alpha.fail")
        await run_due(ACME)
        await execute("UPDATE kernel_job SET run_at = $1", now())
        await run_due(ACME)
        jobs = await Job.all()
        assert [job.state for job in jobs] == ["dead"] * 3
        assert [(h["attempt"], h["what"]) for h in jobs[0].history] == [(1, "failed"), (2, "failed")]
        assert "ValueError" in str(jobs[0].history)
        assert "hunter2" not in str(jobs[0].history)
        assert await replay([jobs[0].id]) == 1
        assert await replay(name="alpha.fail") == 2
        assert await replay(name="alpha.fail") == 0
        assert len((await Job.get(id=jobs[1].id)).history) == 2
        await execute("UPDATE kernel_job SET state = 'dead'")
        assert await discard([jobs[0].id]) == 1
        with tenant_scope(BOLT):
            assert await discard(name="alpha.fail") == 0
        assert await discard(name="alpha.fail") == 2


async def test_a_key_is_cancelled_by_its_prefix_only_in_its_tenant(db: str) -> None:
    with running(REGISTRY):
        for tenant in (ACME, BOLT):
            with tenant_scope(tenant):
                await enqueue("alpha.note", key="thing:1:soon")
        with tenant_scope(ACME):
            assert await cancel_jobs("thing:1:", prefix=True) == 1
        assert await run_due(BOLT) == 1
