"""The job table: keys, cancelling, parking, timeouts, leases, and the schedule."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kernel.base.clock import frozen_at, now
from kernel.base.context import current_actor, every_tenant, tenant_scope
from kernel.base.contract import Job as Declared
from kernel.engines.client import DatabaseUnavailable
from kernel.engines.connection import execute, rolled_back, unit_of_work
from kernel.work import execution, schedule, table
from kernel.work.execution import backoff
from kernel.work.jobs import cancel_jobs, enqueue, unpark, unpark_effective
from kernel.work.keeping import job_counts, purge, replay
from kernel.work.models import Job
from kernel.work.worker import Worker, make_broker, run_due

from .world import ACME, BOLT, make_registry, running

ran: list[Any] = []


async def note(**args: Any) -> None:
    ran.append(args)


async def hang() -> None:
    await asyncio.sleep(60)


async def chain(left: int) -> None:
    ran.append(left)
    if left:
        await enqueue("alpha.chain", {"left": left - 1})


async def inner_cancel() -> None:
    raise asyncio.CancelledError


REGISTRY = make_registry(
    jobs=(
        Declared(name="alpha.note", func=note),
        Declared(name="alpha.hang", func=hang, timeout=0.05, attempts=1),
        Declared(name="alpha.chain", func=chain),
        Declared(name="alpha.inner_cancel", func=inner_cancel),
        Declared(name="alpha.refund", func=note, drain=True),
        Declared(name="alpha.extra", func=note, feature="alpha.extras"),
    )
)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


async def states() -> list[str]:
    return [str(j.state) for j in await Job.all().order_by("created_at")]


async def test_a_job_runs_once_with_its_arguments_and_no_actor(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.note", {"a": 1, "b": [True, None, "ü"]})
        assert await run_due(ACME) == 1
        assert await states() == ["done"]
        assert current_actor() is None
    assert ran == [{"a": 1, "b": [True, None, "ü"]}]


async def test_enqueue_joins_the_open_transaction(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        with suppress(ZeroDivisionError):
            async with unit_of_work():
                await enqueue("alpha.note")
                raise ZeroDivisionError
        assert await Job.all().count() == 0


async def test_bad_requests_are_refused(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        with pytest.raises(LookupError):
            await enqueue("alpha.nothing")
        with pytest.raises(TypeError):
            await enqueue("alpha.note", {"when": now()})  # type: ignore[dict-item]
        with pytest.raises(ValueError, match="naive"):
            await enqueue("alpha.note", run_at=datetime(2026, 1, 1))
        with pytest.raises(ValueError, match="not both"):
            await enqueue("alpha.note", run_at=now(), delay=timedelta(1))


async def test_a_key_lives_once_and_is_free_again_afterwards(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        first = await enqueue("alpha.note", {"n": 1}, key="k")
        assert await enqueue("alpha.note", {"n": 2}, key="k") == first
        both = await asyncio.gather(*(enqueue("alpha.note", key="race") for _ in range(8)))
        assert len(set(both)) == 1
        assert await run_due(ACME) == 2
        assert await enqueue("alpha.note", {"n": 3}, key="k") != first
        with tenant_scope(BOLT):
            assert await enqueue("alpha.note", key="k") not in {first, *both}
        assert ran[0] == {"n": 1}


async def test_later_jobs_wait_and_until_takes_them(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.note", {"n": 1}, run_at=now() + timedelta(hours=2))
        await enqueue("alpha.note", {"n": 2}, delay=timedelta(hours=1))
        assert await run_due(ACME) == 0
        assert await run_due(ACME, until=now() + timedelta(hours=3)) == 2
    assert ran == [{"n": 2}, {"n": 1}]


async def test_cancelling_by_key_and_by_prefix(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        for key in ("r:1:a", "r:1:b", "r:12:a", "%"):
            await enqueue("alpha.note", key=key)
        assert await cancel_jobs("r:1:", prefix=True) == 2
        assert await cancel_jobs("%", prefix=True) == 1
        with tenant_scope(BOLT):
            assert await cancel_jobs("r:12:a") == 0
        assert await cancel_jobs("r:12:a") == 1
        assert await Job.all().count() == 0


async def test_a_running_job_that_is_cancelled_is_not_retried_and_its_key_is_free(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        first = await enqueue("alpha.note", key="k")
        [claimed] = await table.claim("w", 5, lease=30, due=now())
        assert await cancel_jobs("k") == 1
        assert await enqueue("alpha.note", key="k") != first
        assert await table.settle_failed(claimed, "boom", now())
        assert (await Job.get(id=first)).state == "done"


async def test_run_due_follows_chains_but_is_bounded_and_stays_in_its_tenant(db: str) -> None:
    with running(REGISTRY):
        with tenant_scope(BOLT):
            await enqueue("alpha.note")
        with tenant_scope(ACME):
            await enqueue("alpha.chain", {"left": 9})
        assert await run_due(ACME, limit=3) == 3
        assert await run_due(ACME) == 7
        with tenant_scope(BOLT):
            assert await states() == ["ready"]


async def test_timeouts_and_inner_cancellation_are_failures(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.hang")
        await enqueue("alpha.inner_cancel")
        assert await run_due(ACME) == 2
        slow, inner = await Job.all().order_by("created_at")
        assert slow.state == "dead"
        assert "longer than its 0.05 s" in str(slow.last_error)
        assert inner.state == "ready"
        assert inner.run_at > now()


async def test_off_parks_and_on_resumes_while_drain_goes_on(db: str) -> None:
    with running(REGISTRY) as snapshots, tenant_scope(ACME):
        for name in ("alpha.note", "alpha.refund", "alpha.extra"):
            await enqueue(name, key=name)
        snapshots.put(ACME, "beta")
        assert await run_due(ACME) == 1
        assert await states() == ["parked", "done", "parked"]
        job = await Job.all().order_by("created_at").first()
        assert job is not None
        assert (job.attempts, job.last_error) == (0, "alpha is off: switched off by the tenant")
        assert await unpark_effective() == 0
        snapshots.put(ACME, "alpha", "beta")
        assert await unpark(ACME.id, "alpha") == 2
        assert await run_due(ACME) == 1  # the feature is off still
        assert await states() == ["done", "done", "parked"]
        snapshots.put(ACME, "alpha", "alpha.extras", "beta")
        assert await unpark_effective() == 1
        assert await run_due(ACME) == 1
        assert (await job_counts())["parked"] == 0


async def test_a_suspended_tenant_parks(db: str) -> None:
    with running(REGISTRY) as snapshots, tenant_scope(ACME):
        await enqueue("alpha.note")
        snapshots.put(ACME, "alpha", state="suspended")
        assert await run_due(ACME) == 0
        assert (await Job.get()).last_error == "the tenant is suspended"


async def test_a_name_nobody_declares_any_more_parks_and_comes_back(db: str) -> None:
    with tenant_scope(ACME):
        with running(REGISTRY):
            await enqueue("alpha.note")
        with running(make_registry()):
            assert await run_due(ACME) == 0
            assert await states() == ["parked"]
            assert await unpark_effective() == 0
        with running(REGISTRY):
            assert await unpark_effective() == 1
            assert await run_due(ACME) == 1


async def test_a_lost_lease_counts_resumes_and_shuts_the_loser_out(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        job_id = await enqueue("alpha.note")
        [lost] = await table.claim("crashed", 5, lease=30, due=now())
        assert await table.claim("other", 5, lease=30, due=now()) == []
        assert await table.reap() == 0
        await execute("UPDATE kernel_job SET lease_until = clock_timestamp() - interval '1 second'")
        assert await table.reap() == 1
        [again] = await table.claim("other", 5, lease=30, due=now())
        assert (again.id, again.attempts) == (job_id, 2)
        assert await table.extend("crashed", [job_id], 30) == set()
        assert not await table.settle_done(lost)
        assert not await table.release(lost)
        assert await table.release(again)
        job = await Job.get()
        assert (job.state, job.attempts) == ("ready", 1)


async def test_the_last_lost_lease_is_dead(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        job_id = await enqueue("alpha.hang")
        await table.claim("crashed", 5, lease=-1, due=now())
        await table.reap()
        job = await Job.get()
        assert job.state == "dead"
        assert "crashed" in str(job.last_error)
        assert await replay([job_id])


async def test_each_job_is_claimed_by_one_process(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        for _ in range(30):
            await enqueue("alpha.note")
        taken = await asyncio.gather(*(table.claim(f"w{n}", 7, lease=30, due=now()) for n in range(6)))
    ids = [job.id for jobs in taken for job in jobs]
    assert len(ids) == len(set(ids)) >= 7


async def test_run_due_works_inside_a_test_that_rolls_back(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        async with rolled_back():
            await enqueue("alpha.note")
            await enqueue("alpha.inner_cancel")
            assert await run_due(ACME) == 2
        assert await Job.all().count() == 0


async def test_done_jobs_are_purged_after_a_week(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.note")
        await run_due(ACME)
        await purge()
        assert await states() == ["done"]
        with frozen_at(now() + timedelta(days=8)):
            await purge()
        assert await states() == []


def test_backoff_is_exponential_with_full_jitter_up_to_an_hour() -> None:
    for attempts, most in ((1, 4), (2, 16), (3, 64), (50, 3600)):
        pauses = [backoff(attempts).total_seconds() for _ in range(300)]
        assert 1 <= min(pauses) < most / 2 < max(pauses) <= most, (attempts, min(pauses), max(pauses))


async def test_a_short_absence_of_the_database_does_not_repeat_finished_work(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, failures = table.settle_done, [DatabaseUnavailable("away"), DatabaseUnavailable("away")]

    async def flaky(job: table.Claimed) -> bool:
        if failures:
            raise failures.pop()
        return await settle(job)

    monkeypatch.setattr(table, "settle_done", flaky)
    monkeypatch.setattr(execution, "SETTLE_PAUSES", (0.01, 0.01))
    with running(REGISTRY), tenant_scope(ACME):
        await enqueue("alpha.note")
        assert await run_due(ACME) == 1
        assert await states() == ["done"]
    assert len(ran) == 1


# --- schedule ---

EVERY_HOUR = make_registry(
    jobs=(
        Declared(name="alpha.hourly", func=note, every=timedelta(hours=1)),
        Declared(name="alpha.nightly", func=note, cron="30 3 * * *"),
    )
)
START = datetime(2026, 3, 2, 1, 59, 30, tzinfo=UTC)


async def test_two_schedulers_plan_each_instant_once(db: str) -> None:
    with running(EVERY_HOUR):
        with frozen_at(START):
            assert await schedule.tick() == 0  # first seen: from the next instant on
        with frozen_at(START + timedelta(minutes=1)):
            counts = []
            for _ in range(3):
                schedule.forget()  # as another process would
                counts.append(await schedule.tick())
            assert counts == [2, 0, 0]  # both tenants
            schedule.forget()
            assert sum(await asyncio.gather(*(schedule.tick() for _ in range(5)))) == 0
        with tenant_scope(ACME):
            [job] = await Job.all()
            assert job.dedupe_key == "alpha.hourly@2026-03-02T02:00:00+00:00"
            with frozen_at(START + timedelta(minutes=1)):
                assert await run_due(ACME) == 1


async def test_cron_is_in_the_tenants_zone_and_missed_instants_are_made_up_once(db: str) -> None:
    with running(EVERY_HOUR) as snapshots:
        snapshots.put(BOLT, "beta")
        with frozen_at(START):
            await schedule.tick()
        with frozen_at(START + timedelta(days=3, hours=1)):  # 03:59 in Berlin
            assert await schedule.tick() == 2
        with tenant_scope(ACME):
            keys = sorted([str(j.dedupe_key) for j in await Job.all()])
    assert keys == ["alpha.hourly@2026-03-05T02:00:00+00:00", "alpha.nightly@2026-03-05T02:30:00+00:00"]


async def test_no_second_run_while_the_first_waits_and_none_while_off(db: str) -> None:
    with running(EVERY_HOUR) as snapshots:
        snapshots.put(BOLT, "beta")
        with frozen_at(START):
            await schedule.tick()
        for hours in (1, 2, 3):
            with frozen_at(START + timedelta(hours=hours)):
                await schedule.tick()
        with every_tenant():
            assert [j.name for j in await Job.filter(name="alpha.hourly")] == ["alpha.hourly"]
            assert await Job.filter(tenant_id=BOLT.id).count() == 0


async def test_a_bad_cron_expression_costs_only_its_own_job(db: str, caplog: pytest.LogCaptureFixture) -> None:
    registry = make_registry(
        jobs=(
            Declared(name="alpha.bad", func=note, cron="99 * * * *"),
            Declared(name="alpha.hourly", func=note, every=timedelta(hours=1)),
        )
    )
    with running(registry):
        for hours in range(3):
            with frozen_at(START + timedelta(hours=hours)):
                added = await schedule.tick()
    assert added in (0, 2)
    with every_tenant():
        assert {j.name for j in await Job.all()} == {"alpha.hourly"}
    assert caplog.text.count("alpha.bad is not scheduled") == 1


async def test_the_worker_schedules_what_falls_due(db: str) -> None:
    registry = make_registry(jobs=(Declared(name="alpha.often", func=note, every=timedelta(seconds=1)),))
    with running(registry):
        workers = [Worker(make_broker(), tick=0.1) for _ in range(2)]
        for worker in workers:
            await worker.start()
        await asyncio.sleep(3.2)
        for worker in workers:
            await worker.stop()
        with tenant_scope(ACME):
            done = await Job.filter(state="done").count()
    assert 2 <= done <= 4
