"""publish(): with the change or not at all, to the effective subscribers of that tenant."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from kernel.base.clock import now
from kernel.base.context import current_locale, current_tenant, current_zone, request_id, tenant_scope, with_request_id
from kernel.base.contract import EVERY_EVENT, Happened, Subscriber
from kernel.base.events import event, from_data
from kernel.base.ids import new_id
from kernel.engines.connection import unit_of_work
from kernel.work.events import publish, published_events
from kernel.work.keeping import job_counts, replay
from kernel.work.models import Event, Job
from kernel.work.worker import run_due

from .world import ACME, BOLT, make_registry, running

seen: list[tuple[Any, ...]] = []


@event("beta.parcel_sent.v1")
@dataclass(frozen=True, slots=True)
class ParcelSent:
    parcel_id: UUID
    weight: int


async def note(happened: Happened) -> None:
    seen.append((current_tenant().slug, happened, current_locale(), current_zone(), request_id()))


async def refuse(happened: Happened) -> None:
    seen.append((happened.id,))
    raise ValueError("no, password=hunter2")


REGISTRY = make_registry(subscribers=(Subscriber(event="beta.parcel_sent.v1", handler=note),))


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


async def test_outside_a_unit_of_work_it_refuses(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        with pytest.raises(RuntimeError, match="unit_of_work"):
            await publish(ParcelSent(new_id(), 3))
        assert await Event.all().count() == 0


async def test_event_and_job_go_back_with_the_business_transaction(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        with suppress(ZeroDivisionError):
            async with unit_of_work():
                await publish(ParcelSent(new_id(), 3))
                assert await Event.all().count() == await Job.all().count() == 1
                raise ZeroDivisionError
        assert await Event.all().count() == await Job.all().count() == 0


async def test_subscriber_receives_the_event_in_its_tenant_after_the_commit(db: str) -> None:
    parcel = ParcelSent(new_id(), 7)
    with running(REGISTRY), tenant_scope(ACME):
        with with_request_id("req-1"):
            async with unit_of_work():
                event_id = await publish(parcel)
        assert seen == []
        job = await Job.get()
        assert (job.plugin, job.name) == ("alpha", "alpha.on:beta.parcel_sent.v1:note")
        assert (job.event_id, job.args, job.state) == (event_id, {"event_id": str(event_id)}, "ready")
        assert await run_due(ACME) == 1
        assert await run_due(ACME) == 0
        assert (await job_counts())["done"] == 1
    [(tenant, happened, locale, zone, rid)] = seen
    assert (tenant, locale, zone, rid) == ("acme", "de", "Europe/Berlin", "req-1")
    assert (happened.id, happened.name, happened.request_id) == (event_id, "beta.parcel_sent.v1", "req-1")
    assert from_data(ParcelSent, happened.data) == parcel


async def test_no_job_where_the_plugin_is_off_and_none_in_another_tenant(db: str) -> None:
    with running(REGISTRY) as snapshots:
        snapshots.put(ACME, "beta")
        with tenant_scope(ACME):
            async with unit_of_work():
                await publish(ParcelSent(new_id(), 1))
            assert (await Event.all().count(), await Job.all().count()) == (1, 0)
        with tenant_scope(BOLT):
            assert (await Event.all().count(), await Job.all().count()) == (0, 0)


async def test_a_failing_handler_is_retried_then_dead_then_replayed(db: str) -> None:
    registry = make_registry(subscribers=(Subscriber(event="beta.parcel_sent.v1", handler=refuse, attempts=3),))
    with running(registry), tenant_scope(ACME):
        async with unit_of_work():
            await publish(ParcelSent(new_id(), 1))
        for attempt in (1, 2, 3):
            before = await Job.get()
            assert await run_due(ACME, until=before.run_at) == 1
            job = await Job.get()
            assert job.attempts == attempt
            assert job.run_at > now() or attempt == 3
        assert job.state == "dead"
        assert job.finished_at is not None
        assert "ValueError" in str(job.last_error)
        assert "hunter2" not in str(job.last_error)
        assert await replay([job.id])
        assert not await replay([job.id])
        with pytest.raises(ValueError, match="no, password"):
            await run_due(ACME, raising=True)
        assert (await Job.get()).attempts == 1
    assert len(seen) == 4


async def test_one_broken_handler_does_not_hold_up_its_neighbour(db: str) -> None:
    registry = make_registry(
        subscribers=(
            Subscriber(event="beta.parcel_sent.v1", handler=refuse),
            Subscriber(event="beta.parcel_sent.v1", handler=note),
        )
    )
    with running(registry), tenant_scope(ACME):
        async with unit_of_work():
            await publish(ParcelSent(new_id(), 1))
        assert await run_due(ACME) == 2
        counts = await job_counts()
    assert (counts["done"], counts["ready"]) == (1, 1)


async def test_published_events_are_read_in_order_from_a_mark(db: str) -> None:
    with running(make_registry()), tenant_scope(ACME):
        async with unit_of_work():
            ids = [await publish(ParcelSent(new_id(), n)) for n in range(3)]
        found = [h.data["weight"] async for h in published_events("beta.parcel_sent.v1")]
        later = [h.id async for h in published_events("beta.parcel_sent.v1", after=ids[0])]
    assert found == [0, 1, 2]
    assert later == ids[1:]


async def test_a_relay_hears_every_event_once(db: str) -> None:
    registry = make_registry(subscribers=(Subscriber(event=EVERY_EVENT, handler=note),))
    with running(registry), tenant_scope(ACME):
        async with unit_of_work():
            first = await publish(ParcelSent(new_id(), 1))
            second = await publish(ParcelSent(new_id(), 2))
        assert await run_due(ACME) == 2
    assert [heard[1].id for heard in seen] == [first, second]
    assert {heard[1].name for heard in seen} == {"beta.parcel_sent.v1"}


async def test_a_subscriber_that_does_not_want_an_event_costs_no_job(db: str) -> None:
    asked: list[tuple[str, str]] = []

    async def heavy(name: str) -> bool:
        asked.append((current_tenant().slug, name))
        return current_tenant().id == BOLT.id

    relay = Subscriber(event=EVERY_EVENT, handler=note, wanted=heavy)
    with running(make_registry(subscribers=(relay,))):
        for tenant, jobs in ((ACME, 0), (BOLT, 1)):
            with tenant_scope(tenant):
                before = await Job.all().count()
                async with unit_of_work():
                    await publish(ParcelSent(new_id(), 1))
                assert await Job.all().count() == before + jobs
    assert asked == [("acme", "beta.parcel_sent.v1"), ("bolt", "beta.parcel_sent.v1")]


async def test_a_subscriber_that_cannot_say_whether_it_wants_an_event_gets_it(db: str) -> None:
    async def broken(name: str) -> bool:
        raise ValueError(name)

    listening = make_registry(subscribers=(Subscriber(event=EVERY_EVENT, handler=note, wanted=broken),))
    with running(listening), tenant_scope(ACME):
        async with unit_of_work():
            await publish(ParcelSent(new_id(), 1))
        assert await run_due(ACME) == 1
    assert len(seen) == 1
