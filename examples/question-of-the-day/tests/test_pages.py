"""The pages, the widget and the API, over real HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from question_of_the_day import privacy, services
from question_of_the_day.models import Follower, Question

from kernel import sql
from kernel.testing.people import TenantKit

RunJobs = Callable[..., Awaitable[int]]
HOME, API = "/question-of-the-day", "/api/v1/question_of_the_day"


async def started(tenant: TenantKit, text: str = "What is a deadlock?") -> None:
    with tenant.scope():
        await services.add_question(text)
        await services.ask(services.today())


async def test_today_is_on_its_page_on_the_start_page_and_in_the_api(tenant: TenantKit) -> None:
    await started(tenant)
    site = await tenant.sign_in()
    for path in (HOME, "/home"):
        assert "What is a deadlock?" in (await site.get(path)).text
    answer = await site.get(API + "/today")
    assert answer.json()["text"] == "What is a deadlock?"


async def test_a_day_without_a_question_says_so(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    assert "No question today" in (await site.get(HOME)).text
    assert (await site.get(API + "/today")).status == 404


async def test_followers_are_told_once(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in()
    for _ in range(2):  # a second click changes nothing
        assert (await site.post(HOME + "/follow", {"follow": "1"})).status == 303
    await started(tenant)
    await run_jobs(tenant)
    await run_jobs(tenant)
    with tenant.scope():
        assert [row.account_id for row in await Follower.all()] == [site.account_id]
    bell = await site.get("/notifications")
    assert bell.text.count("What is a deadlock?") == 1


async def test_only_those_with_the_right_write_questions(tenant: TenantKit) -> None:
    member, admin = await tenant.sign_in(), await tenant.sign_in("admin")
    assert (await member.post(HOME + "/questions", {"text": "What is mine?"})).status == 403
    assert (await admin.post(HOME + "/questions", {"text": "What is mine?"})).status == 303
    again = await admin.post(HOME + "/questions", {"text": "What is mine?"})
    assert again.status == 422
    assert "This question is there already." in again.text


async def test_programs_write_and_retire_questions(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    made = await admin.post(API + "/questions", json={"text": "What is JSON?"})
    assert made.status == 201
    assert (await admin.post(f"{API}/questions/{made.json()['id']}", method="DELETE")).status == 200
    with tenant.scope():
        assert (await Question.get(text="What is JSON?")).retired


async def test_another_tenants_question_is_not_there(tenant: TenantKit, other_tenant: TenantKit) -> None:
    await started(tenant, "Whose is this?")
    stranger = await other_tenant.sign_in("owner")
    with tenant.scope():
        question = await Question.get()
    assert "Whose is this?" not in (await stranger.get(HOME + "/questions")).text
    assert (await stranger.post(f"{HOME}/questions/{question.id}/retire")).status == 404
    with tenant.scope():
        assert not (await Question.get()).retired


async def test_switched_on_it_starts_by_itself_and_switched_off_it_keeps_what_it_has(
    make_tenant: Callable[..., Awaitable[TenantKit]],
) -> None:
    kit = await make_tenant(plugins={"question_of_the_day": False})
    owner = await kit.sign_in("owner")

    async def switch(on: bool) -> None:
        data: dict[str, Any] = {"on": str(int(on)), "reason": "tried in a test"}
        assert (await owner.post("/admin/plugins/question_of_the_day", data)).status == 303

    assert (await owner.get(HOME)).status == 404
    await switch(True)
    assert (await owner.get(API + "/today")).status == 200
    await switch(False)
    assert (await owner.get(HOME)).status == 404
    with kit.scope():
        assert await sql("SELECT 1 FROM question_of_the_day_asked")


async def test_a_person_can_have_their_following_shown_and_erased(tenant: TenantKit) -> None:
    person = await tenant.account()
    with tenant.scope():
        await services.follow(person, True)
        assert list((await privacy.export(person)).values()) == [{"follows": True}]
        await privacy.erase(person)
        assert not await Follower.all().exists()
