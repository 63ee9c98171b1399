"""Which question a day gets."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from question_of_the_day import queries, services
from question_of_the_day.models import Asked, Question

from kernel import set_setting, sql
from kernel.testing.people import TenantKit

MONDAY = date(2027, 3, 1)


async def test_a_tenant_begins_with_a_few_questions_and_one_of_them_for_today(tenant: TenantKit) -> None:
    with tenant.scope():
        await services.start()
        await services.start()
        assert await Question.all().count() == 3
        assert await Asked.filter(day=services.today()).count() == 1


async def test_the_question_not_asked_for_longest_comes_next(tenant: TenantKit) -> None:
    with tenant.scope():
        texts = ["What is a mutex?", "What is a monitor?", "What is a semaphore?"]
        for text in texts:
            await services.add_question(text)
        for day in range(5):
            assert await services.ask(MONDAY + timedelta(days=day))
        found = [await queries.question_of(MONDAY + timedelta(days=day)) for day in range(5)]
        assert [day.text for day in found if day] == [*texts, *texts[:2]]
        new = await services.add_question("What is a barrier?")
        await services.ask(MONDAY + timedelta(days=7))
        asked = await queries.question_of(MONDAY + timedelta(days=7))
        assert asked is not None
        assert asked.text == new.text


async def test_a_day_is_asked_once_however_many_try(tenant: TenantKit) -> None:
    with tenant.scope():
        await services.add_question("What is a race?")
        results = await asyncio.gather(*(services.ask(MONDAY) for _ in range(8)))
        assert sorted(results) == [False] * 7 + [True]
        rows = await sql("SELECT 1 FROM kernel_event WHERE name = 'question_of_the_day.question_asked.v1'")
        assert len(rows) == 1


async def test_weekends_can_be_left_out(tenant: TenantKit) -> None:
    with tenant.scope():
        await services.add_question("What is rest?")
        await set_setting("question_of_the_day.weekends", False)
        assert not await services.ask(MONDAY + timedelta(days=5))
        assert await services.ask(MONDAY + timedelta(days=7))


async def test_a_retired_question_is_not_asked_and_its_days_stay(tenant: TenantKit) -> None:
    with tenant.scope():
        question = await services.add_question("What is old?")
        await services.ask(MONDAY)
        await services.retire(question)
        assert not await services.ask(MONDAY + timedelta(days=1))
        assert [day.text for day in await queries.earlier(MONDAY + timedelta(days=1))] == ["What is old?"]
