"""A subscriber that keeps failing: its events wait uncounted, one tries, and then they go on or wait again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel.base.clock import frozen_at, now
from kernel.base.context import tenant_scope
from kernel.base.contract import Happened, Subscriber
from kernel.base.events import event
from kernel.base.ids import new_id
from kernel.engines.connection import unit_of_work
from kernel.work import breakers, table
from kernel.work.events import publish
from kernel.work.models import Job, Trouble
from kernel.work.worker import run_due

from .world import ACME, BOLT, make_registry, running

seen: list[Any] = []
ill = [True]


@event("beta.letter_sent.v1")
@dataclass(frozen=True, slots=True)
class LetterSent:
    letter_id: UUID


async def hears(happened: Happened) -> None:
    seen.append(happened.id)
    if ill[0]:
        raise ValueError("no paper")


REGISTRY = make_registry(subscribers=(Subscriber(event="beta.letter_sent.v1", handler=hears),))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    seen.clear()
    ill[0] = True


async def letters(count: int) -> None:
    async with unit_of_work():
        for _ in range(count):
            await publish(LetterSent(new_id()))


async def test_it_opens_after_five_lets_one_try_and_closes_when_that_goes_well(db: str) -> None:
    start = now()
    with running(REGISTRY), frozen_at(start):
        with tenant_scope(BOLT):
            await letters(1)
        with tenant_scope(ACME):
            await letters(8)
            await run_due(ACME)
            assert len(seen) == 5
            [trouble] = await Trouble.all()
            assert (trouble.what, trouble.trips) == ("alpha.on:beta.letter_sent.v1:hears", 1)
            assert trouble.open_until == start + timedelta(seconds=60)
            waiting = [job for job in await Job.all() if str(job.last_error).startswith(breakers.PUT_OFF)]
            assert len(waiting) == 3
            assert {job.attempts for job in waiting} == {0}  # waiting is no attempt

        # Another tenant's deliveries are not held up by this.
        await run_due(BOLT)
        assert len(seen) == 6

        # The pause is over: one tries, in vain. The others wait on, and the next pause is twice as long.
        with frozen_at(start + timedelta(seconds=63)), tenant_scope(ACME):
            await run_due(ACME)
            assert len(seen) == 7
            [trouble] = await Trouble.all()
            assert trouble.trips == 2
            assert trouble.open_until == start + timedelta(seconds=63 + 120)

        # And again, well by now: what waited goes on at once.
        ill[0] = False
        with frozen_at(start + timedelta(hours=2)), tenant_scope(ACME):
            await run_due(ACME)
            await run_due(ACME)
            [trouble] = await Trouble.all()
            assert (trouble.open_until, trouble.trips) == (None, 0)
            assert {job.state for job in await Job.all()} == {"done"}


async def test_an_admin_closes_it_after_a_repair(db: str) -> None:
    with running(REGISTRY), tenant_scope(ACME):
        await letters(7)
        await run_due(ACME)
        ill[0] = False
        assert not await breakers.close(BOLT.id, "alpha", "alpha.on:beta.letter_sent.v1:hears")
        assert await breakers.close(ACME.id, "alpha", "alpha.on:beta.letter_sent.v1:hears")
        await run_due(ACME)
        assert len(await Job.filter(state="done")) == 2


async def test_only_one_tries_at_a_time(db: str) -> None:
    start = now()
    with running(REGISTRY), frozen_at(start), tenant_scope(ACME):
        await letters(6)
        await run_due(ACME)
        with frozen_at(start + timedelta(seconds=70)):
            jobs = await table.claim("w", 10, lease=30, due=now() + timedelta(hours=2), tenant_id=ACME.id)
            assert len(jobs) == 6
            tried = await asyncio.gather(*(breakers.may_probe(job, 30) for job in jobs))
            assert sum(tried) == 1
