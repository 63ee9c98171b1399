"""Jobs, events and problems as the admin sees them, on pages and as JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from kernel.app import Greenroom
from kernel.auth import audit
from kernel.base.clock import now
from kernel.base.ids import new_id
from kernel.engines.connection import execute, sql, sql_one, unit_of_work
from kernel.testing.people import Site, TenantKit

NAME = "kernel.clean_auth"


async def put(tenant: TenantKit, state: str = "dead", name: str = NAME, **over: object) -> UUID:
    """A job in some state."""
    job_id = new_id()
    values = {"args": {"account": "x", "password": "hunter2", "url": "https://u:hunter2@h"}, "error": "Boom <b>x</b>"}
    values |= over
    history = [{"at": now().isoformat(), "attempt": 1, "what": "failed", "error": "Trace\nValueError: one", "by": "w"}]
    with tenant.scope():
        await execute(
            "INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts, max_attempts,"
            " created_at, finished_at, request_id, last_error, history) VALUES ($1, $2, 'kernel', $3,"
            " $4::jsonb, 'default', $5, $6, 3, 3, $6, $6, '', $7, $8::jsonb)",
            job_id, tenant.ref.id, name, json.dumps(values["args"]), state, now(), values["error"], json.dumps(history),
        )  # fmt: skip
    return job_id


async def state_of(tenant: TenantKit, job: UUID) -> str | None:
    with tenant.scope():
        row = await sql_one("SELECT state FROM kernel_job WHERE id = $1", job)
    return row.state if row is not None else None


async def test_a_job_is_shown_with_its_story_and_without_secrets(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    job = await put(tenant)
    page = (await owner.get(f"/admin/jobs/{job}")).text
    for words in ("ValueError: one", "Attempt 1 failed", "Given up", "Replay job", "account"):
        assert words in page, words
    assert "hunter2" not in page
    assert "<b>x</b>" not in page
    listed = await owner.get("/admin/jobs?state=dead&queue=default&plugin=kernel&kind=" + NAME)
    assert NAME in listed.text
    assert "Nothing matches" in (await owner.get("/admin/jobs?state=dead&plugin=helpdesk")).text


async def test_all_of_a_kind_are_replayed_or_discarded(tenant: TenantKit, other_tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    mine = [await put(tenant) for _ in range(3)]
    another, foreign = await put(tenant, name="kernel.purge_keys"), await put(other_tenant)
    assert (await owner.post("/admin/jobs/replay", {"name": NAME})).status == 303
    assert [await state_of(tenant, job) for job in (*mine, another)] == ["ready"] * 3 + ["dead"]
    assert (await owner.post("/admin/jobs/discard", {"name": "kernel.purge_keys"})).status == 303
    assert await state_of(tenant, another) is None
    assert await state_of(other_tenant, foreign) == "dead"
    assert (await owner.post("/admin/jobs/replay", {})).status == 422


async def test_pausing_a_kind_and_a_queue(tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]) -> None:
    owner = await tenant.sign_in("owner")
    job = await put(tenant, "ready", args={}, error=None)
    assert (await owner.post("/admin/jobs/pause", {"kind": "job", "name": NAME, "reason": "ink"})).status == 303
    assert await state_of(tenant, job) == "parked"
    page = (await owner.get("/admin/jobs")).text
    assert "are paused" in page
    assert "ink" in page
    assert (await owner.post("/admin/jobs/pause", {"kind": "job", "name": "no.such"})).status == 422
    assert (await owner.post("/admin/jobs/resume", {"kind": "job", "name": NAME})).status == 303
    assert await state_of(tenant, job) == "ready"
    assert (await owner.post("/admin/jobs/resume", {"kind": "job", "name": NAME})).status == 404


async def test_the_json_interface_does_the_same(tenant: TenantKit, other_tenant: TenantKit) -> None:
    owner, member = await tenant.sign_in("owner"), await tenant.sign_in()
    stranger = await other_tenant.sign_in("owner")
    one, two, three = [await put(tenant) for _ in range(3)]
    listed = (await owner.get("/api/v1/jobs?state=dead")).json()
    assert {item["id"] for item in listed["items"]} == {str(one), str(two), str(three)}
    assert listed["counts"]["dead"] == 3
    detail = (await owner.get(f"/api/v1/jobs/{one}")).json()
    assert detail["args"]["password"] == "•••"
    assert "hunter2" not in json.dumps(detail)
    assert detail["history"][0]["attempt"] == 1
    for site, status in ((member, 403), (stranger, 404)):
        for path in (f"/api/v1/jobs/{one}/replay", f"/api/v1/jobs/{one}/discard"):
            assert (await site.post(path, json={})).status == status
    assert (await member.get("/api/v1/jobs")).status == 403
    assert (await owner.post(f"/api/v1/jobs/{one}/replay", json={})).json()["state"] == "ready"
    assert (await owner.post(f"/api/v1/jobs/{one}/replay", json={})).status == 409
    answer = await owner.post("/api/v1/jobs/replay", json={"ids": [str(two), str(new_id())]})
    assert answer.json() == {"count": 1}
    assert (await owner.post("/api/v1/jobs/replay", json={})).status == 422
    assert (await owner.post("/api/v1/jobs/discard", json={"name": NAME})).json() == {"count": 1}
    assert await state_of(tenant, three) is None
    held = await owner.post("/api/v1/jobs/pause", json={"kind": "queue", "name": "default", "reason": "night"})
    [pause] = held.json()["paused"]
    assert (pause["kind"], pause["name"], pause["reason"], pause["parked"] >= 2) == ("queue", "default", "night", True)
    assert (await owner.get("/api/v1/jobs/paused")).json() == {"items": [pause], "next": None}
    assert (await owner.post("/api/v1/jobs/resume", json={"kind": "queue", "name": "default"})).json() == {"paused": []}
    assert (await stranger.get("/api/v1/jobs?state=dead")).json()["items"] == []


async def one_event(tenant: TenantKit) -> UUID:
    with tenant.scope():
        async with unit_of_work():
            await audit.record("kernel.tried", subject="thing", subject_id="1", after={"password": "hunter2"})
        row = await sql_one(
            "SELECT id FROM kernel_event WHERE name = 'kernel.audited.v1' ORDER BY occurred_at DESC LIMIT 1"
        )
    assert row is not None
    return UUID(str(row.id))


async def test_the_catalogue_of_events_comes_from_the_code(tenant: TenantKit, greenroom: Greenroom) -> None:
    owner, member = await tenant.sign_in("owner"), await tenant.sign_in()
    event = await one_event(tenant)
    page = (await owner.get("/admin/events")).text
    for classes in greenroom.runtime.registry.events.values():
        for cls in classes:
            assert cls.event_name in page  # type: ignore[attr-defined]
    kind = (await owner.get("/admin/events/of/kernel.audited.v1")).text
    for words in ("subject_id", "personal: blanked", "Goes to webhooks that name it", str(event)):
        assert words in kind, words
    assert (await owner.get("/admin/events/of/kernel.never.v1")).status == 404
    shown = (await owner.get(f"/admin/events/{event}")).text
    assert "kernel.tried" in shown
    assert "hunter2" not in shown
    for path in ("/admin/events", f"/admin/events/{event}", "/admin/events/of/kernel.audited.v1", "/admin/problems"):
        assert (await member.get(path)).status == 403


async def test_an_event_is_delivered_to_one_listener_again(
    tenant: TenantKit, other_tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]
) -> None:
    owner, stranger = await tenant.sign_in("owner"), await other_tenant.sign_in("owner")
    event = await one_event(tenant)
    await run_jobs(tenant)
    with tenant.scope():
        before = await sql("SELECT name FROM kernel_job WHERE event_id = $1", event)
    listener = before[0].name
    path = f"/admin/events/{event}/deliver"
    assert (await stranger.post(path, {"subscriber": listener})).status == 404
    assert (await owner.post(path, {"subscriber": "no.such"})).status == 404
    assert (await owner.post(path, {"subscriber": listener})).status == 303
    answer = await owner.post(f"/api/v1/events/{event}/deliver", json={"subscriber": listener})
    assert UUID(answer.json()["job_id"])
    with tenant.scope():
        after = await sql("SELECT name FROM kernel_job WHERE event_id = $1", event)
    assert sorted(row.name for row in after) == sorted([*(row.name for row in before), listener, listener])


async def test_an_open_breaker_is_told_and_closed(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    with tenant.scope():
        await execute(
            "INSERT INTO kernel_trouble (id, tenant_id, plugin, what, errors, recent, since, last_error, last_at,"
            " open_until, trips) VALUES ($1, $2, 'helpdesk', 'helpdesk.on:x', 7, 0, $3, 'Boom <i>', $3,"
            " $4, 1)",
            new_id(), tenant.ref.id, now(), now() + timedelta(hours=1),
        )  # fmt: skip
    await put(tenant)
    page = (await owner.get("/admin/problems")).text
    for words in ("helpdesk.on:x", "left out until", "1 job failed for good", "Boom &lt;i&gt;"):
        assert words in page, words
    assert "things do not work" in await _banner(owner)
    breaker = {"plugin": "helpdesk", "what": "helpdesk.on:x"}
    assert (await owner.post("/api/v1/breakers/close", json=breaker)).json() == {"closed": True}
    assert (await owner.post("/admin/problems/close", breaker)).status == 303
    assert "left out until" not in (await owner.get("/admin/problems")).text


async def _banner(site: Site) -> str:
    return (await site.get("/home")).text
