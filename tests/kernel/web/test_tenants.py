"""A tenant as the web sees it: paused, at several hosts, at its limits, beside others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kernel.app import Greenroom
from kernel.base.context import tenant_scope
from kernel.engines.storage import save_file
from kernel.tenancy import governing, quotas, usage
from kernel.tenancy.tenants import add_host, set_state
from kernel.testing.people import Site, TenantKit
from kernel.web import neighbours


async def limit(tenant: TenantKit, key: str, value: int | None) -> None:
    await governing.set_tenant_value(tenant.ref, key, value)


# --- paused -------------------------------------------------------------------------------------------------------


async def test_a_paused_tenant_says_so_in_pages_and_json(tenant: TenantKit, other_tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    await set_state(tenant.ref, "suspended", reason="The invoice of March is open. <b>")
    page = await owner.get("/home")
    assert page.status == 503
    assert page.headers["Retry-After"] == "3600"
    assert "This site is paused" in page.text
    assert "The invoice of March is open. &lt;b&gt;" in page.text
    answer = await owner.get("/api/v1/openapi.json")
    assert answer.status == 503
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["detail"].startswith("The invoice of March")
    assert (await owner.post("/sign-out")).status == 503
    assert (await owner.get("/health/live")).status == 200
    assert (await other_tenant.visitor().get("/sign-in")).status == 200
    await set_state(tenant.ref, "active")
    assert (await owner.get("/home")).status == 200  # still signed in: nothing was lost


async def test_jobs_of_a_paused_tenant_wait(tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]) -> None:
    from kernel.engines.connection import sql
    from kernel.work.jobs import enqueue, unpark_effective

    with tenant_scope(tenant.ref):
        job = await enqueue("kernel.purge_usage")
        await set_state(tenant.ref, "suspended")
        await run_jobs(tenant)
        state = (await sql("SELECT state, last_error FROM kernel_job WHERE id = $1", job))[0]
        assert (state.state, state.last_error) == ("parked", "the tenant is suspended")
        await set_state(tenant.ref, "active")
        await unpark_effective()
        assert await run_jobs(tenant) >= 1
        assert (await sql("SELECT state FROM kernel_job WHERE id = $1", job))[0].state == "done"


# --- hosts --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def old(tenant: TenantKit) -> Site:
    """A visitor on the host that was the main one before."""
    site = tenant.visitor()
    with tenant_scope(tenant.ref):
        await add_host(f"main-{tenant.host}", primary=True)
    return site


async def test_old_links_lead_to_the_main_host(tenant: TenantKit, old: Site) -> None:
    answer = await old.get("/sign-in?next=/a%20b&x=%C3%BC")
    assert answer.status == 308
    assert answer.location == f"http://main-{tenant.host}:{tenant.port}/sign-in?next=/a%20b&x=%C3%BC"
    assert answer.headers["Cache-Control"] == "no-store"
    odd = await old.get("//evil.example/x")
    assert odd.location.startswith(f"http://main-{tenant.host}:{tenant.port}/")
    main = Site(f"main-{tenant.host}", tenant.port)
    assert (await main.get("/sign-in")).status == 200
    await main._http.close()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/openapi.json", {}),
        ("/health/live", {}),
        ("/static/kernel/css/core.css", {}),
        ("/sign-in", {"Sec-Fetch-Mode": "cors"}),
        ("/sign-in", {"HX-Request": "true"}),
    ],
)
async def test_programs_and_scripts_are_not_sent_elsewhere(old: Site, path: str, headers: dict[str, str]) -> None:
    assert (await old.get(path, headers=headers)).status in (200, 404)


async def test_a_form_sent_on_the_old_host_counts(old: Site) -> None:
    assert (await old.post("/preferences/theme", {"value": "dark"}, csrf=False)).status != 308


async def test_certificates_only_for_hosts_that_lead_here(tenant: TenantKit) -> None:
    site = tenant.visitor()
    assert (await site.get(f"/health/tls?domain={tenant.host}")).status == 200
    assert (await site.get(f"/health/tls?domain={tenant.host.upper()}.")).status == 200
    for other in ("", "other.example.com", "a b", "x" * 300):
        assert (await site.get("/health/tls", headers={}) if not other else
                await site.get(f"/health/tls?domain={other}")).status == 404  # fmt: skip


# --- limits -------------------------------------------------------------------------------------------------------


async def test_one_loud_tenant_does_not_cost_another(tenant: TenantKit, other_tenant: TenantKit) -> None:
    await limit(tenant, neighbours.RATE, 1)
    loud, quiet = tenant.visitor(), other_tenant.visitor()
    answers = await asyncio.gather(*(loud.get("/sign-in") for _ in range(12)))
    refused = [a for a in answers if a.status == 429]
    assert refused
    assert refused[0].headers["Retry-After"] == "1"
    assert "1 requests a second" in refused[0].text
    others = await asyncio.gather(*(quiet.get("/sign-in") for _ in range(12)))
    assert {a.status for a in others} == {200}
    assert (await loud.get("/health/live")).status == 200
    problem = [a for a in [await loud.get("/api/v1/openapi.json") for _ in range(8)] if a.status == 429]
    assert problem[0].json()["quota"] == "kernel.request_rate"


async def test_requests_at_once_are_limited_and_counted_down(
    tenant: TenantKit, other_tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "PATIENCE", 0.1)
    await limit(tenant, neighbours.AT_ONCE, 1)
    site = tenant.visitor()
    assert (await site.get("/sign-in")).status == 200
    meter = neighbours._meters[tenant.ref.id]
    assert meter.running == 0
    meter.running = 1  # somebody else's slow request
    busy = await site.get("/sign-in")
    assert (busy.status, busy.headers["Retry-After"]) == (503, "1")
    assert (await other_tenant.visitor().get("/sign-in")).status == 200
    meter.running = 0
    assert (await site.get("/sign-in")).status == 200
    assert (await site.get("/no-such-page")).status == 404
    assert meter.running == 0  # refusals and errors give their place back too


async def test_a_crowd_at_the_same_moment_is_served_one_after_the_other(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limit(tenant, neighbours.AT_ONCE, 2)
    sites = [tenant.visitor() for _ in range(10)]
    assert {a.status for a in await asyncio.gather(*(site.get("/sign-in") for site in sites))} == {200}
    meter = neighbours._meters[tenant.ref.id]
    assert (meter.running, len(meter.waiting)) == (0, 0)
    # So many wait, those beyond are told at once; each place that gets free goes to who has waited longest.
    meter.running = 2
    waiting = [asyncio.ensure_future(meter.queue()) for _ in range(neighbours.QUEUE * 2)]
    await asyncio.sleep(0)
    assert (await sites[0].get("/sign-in")).status == 503
    meter.leave()
    await asyncio.sleep(0)
    assert [one.done() for one in waiting] == [True, *[False] * (len(waiting) - 1)]
    # Who goes away while waiting, even in the moment of being let in, takes no place along.
    waiting[1].cancel()
    meter.leave()
    waiting[2].cancel()
    await asyncio.gather(*waiting[1:3], return_exceptions=True)
    assert [one.done() for one in waiting[:5]] == [True, True, True, True, False]
    assert meter.running == 2
    for _ in range(len(waiting) - 2):
        meter.leave()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (meter.running, len(meter.waiting)) == (0, 0)
    # And who waits too long is told so.
    monkeypatch.setattr(neighbours, "PATIENCE", 0.01)
    meter.running = 2
    assert (await sites[0].get("/sign-in")).status == 503
    meter.running = 0
    assert not meter.waiting


async def test_whoever_sends_a_body_slowly_takes_nobodys_place(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "PATIENCE", 0.1)
    await limit(tenant, neighbours.AT_ONCE, 1)
    site = tenant.visitor()
    host = site.host.encode()
    assert (await site.get("/sign-in")).status == 200
    meter = neighbours._meters[tenant.ref.id]
    kinds = (b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b")
    slow = []
    for kind in kinds * 3:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        head = b"POST /sign-in HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: 9\r\n\r\n"
        writer.write(head % (host, kind) + b"email")
        slow.append((reader, writer))
        await asyncio.sleep(0.05)
    for _ in range(3):
        assert (await site.get("/sign-in")).status == 200  # beside six that are not done yet
    statuses = []
    for number, (reader, writer) in enumerate(slow):
        meter.running = int(number == 0)  # somebody has the only place when the first body is complete
        writer.write(b"=a%40")
        statuses.append((await reader.readline()).split()[1])
        meter.running -= int(number == 0)
        writer.close()
    assert statuses[0] == b"503"
    assert b"503" not in statuses[1:]
    assert meter.running == 0


async def test_the_most_accounts(tenant: TenantKit, greenroom: Greenroom) -> None:
    from kernel.auth.accounts import create_account

    await tenant.sign_in("owner")
    await limit(tenant, "kernel.max_accounts", 1)
    with tenant_scope(tenant.ref), pytest.raises(quotas.QuotaReached) as caught:
        await create_account("second@example.com", "Second")
    assert caught.value.status == 403
    assert caught.value.detail == "The limit of this site is reached: Accounts, at most 1."
    assert caught.value.extra == {"quota": "kernel.accounts", "limit": 1, "used": 1}


async def test_the_most_storage(tenant: TenantKit) -> None:
    await limit(tenant, "kernel.max_storage_mb", 1)
    with tenant_scope(tenant.ref):
        await save_file("a", "text/plain", b"x" * 600_000)
        with pytest.raises(quotas.QuotaReached) as caught:
            await save_file("b", "text/plain", b"x" * 600_000)
        assert (caught.value.status, caught.value.extra["quota"]) == (413, "kernel.storage")
        assert "at most 1 MB" in caught.value.detail
        use = next(u for u in await quotas.uses() if u.id == "kernel.storage")
        assert (use.used, use.limit, use.share) == (600_000, 1024 * 1024, 57)
        await limit(tenant, "kernel.max_storage_mb", None)
        await save_file("b", "text/plain", b"x" * 600_000)


async def test_the_most_api_calls_a_day(tenant: TenantKit, other_tenant: TenantKit) -> None:
    site = tenant.visitor()
    await limit(tenant, "kernel.max_api_calls", 3)
    statuses = [(await site.get("/api/v1/openapi.json")).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    last = await site.get("/api/v1/openapi.json")
    assert (last.json()["quota"], last.json()["limit"]) == ("kernel.api_calls", 3)
    assert 0 < int(last.headers["Retry-After"]) <= 86_400
    assert (await site.get("/sign-in")).status == 200  # pages go on
    assert (await other_tenant.visitor().get("/api/v1/openapi.json")).status == 200
    await usage.counters.flush()
    await usage.counters.flush()
    with tenant_scope(tenant.ref):
        assert await usage.used_today("kernel.api_calls") == 6
        assert [n for _day, n in await usage.by_day("kernel.api_calls")] == [6]


async def test_counts_survive_a_database_that_is_away(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    counters = usage.Counters()
    counters.add(tenant.ref.id, "kernel.api_calls", 2)

    async def away(*_args: object) -> int:
        assert counters.add(tenant.ref.id, "kernel.api_calls", 0) == 2  # what is on its way counts meanwhile
        raise ConnectionError("away")

    with monkeypatch.context() as patched:
        patched.setattr(usage, "_write", away)
        with pytest.raises(ConnectionError):
            await counters.flush()
    assert counters.add(tenant.ref.id, "kernel.api_calls") == 3
    await counters.flush()
    with tenant_scope(tenant.ref):
        assert await usage.used_today("kernel.api_calls") == 3


async def test_the_most_waiting_jobs_and_live_connections(tenant: TenantKit, greenroom: Greenroom) -> None:
    from kernel.work.jobs import enqueue

    await limit(tenant, "kernel.max_jobs_waiting", 0)
    await limit(tenant, "kernel.max_sockets", 0)
    with tenant_scope(tenant.ref):
        with pytest.raises(quotas.QuotaReached, match="Jobs waiting, at most 0"):
            await enqueue("kernel.purge_usage")
        with pytest.raises(quotas.QuotaReached, match="Live connections"):
            await quotas.room_for("kernel.sockets", status=429)
        with pytest.raises(LookupError):
            await quotas.room_for("nobody.has_this")


@pytest.mark.redis
async def test_with_redis_the_rate_is_of_all_processes(tenant: TenantKit, redis_url: str) -> None:
    """Two processes' meters draw from one second; a dead Redis lets each count for itself."""
    from kernel.base.clock import frozen_at, now
    from kernel.base.runtime import runtime
    from kernel.engines.cache_redis import RedisCache

    await limit(tenant, neighbours.RATE, 40)
    snapshot = runtime().snapshots.of(tenant.ref.id)
    assert snapshot is not None
    shared, before = RedisCache(redis_url), runtime().cache
    runtime().cache = shared
    try:
        with tenant_scope(tenant.ref), frozen_at(now()):
            one, two = neighbours.Meter(snapshot), neighbours.Meter(snapshot)
            one.tokens = two.tokens = 0.0
            drawn = [await meter.draw() for _ in range(40) for meter in (one, two)]
            assert sum(drawn) == 40
    finally:
        runtime().cache = before
        await shared.close()


async def test_a_stream_gives_its_place_back(tenant: TenantKit) -> None:
    """A connection that stays open for hours is not a running request."""
    owner = await tenant.sign_in("owner")
    await owner.get("/home")
    meter = neighbours._meters[tenant.ref.id]
    async with owner._http.get(
        f"{owner._base}/notifications/stream", headers={"Accept": "text/event-stream"}
    ) as stream:
        assert stream.status == 200
        assert (await stream.content.readline()).startswith(b":")
        assert meter.running == 0
        with tenant_scope(tenant.ref):
            assert next(u for u in await quotas.uses() if u.id == "kernel.sockets").used == 1
        await limit(tenant, "kernel.max_sockets", 1)
        second = await owner.get("/notifications/stream", headers={"Accept": "text/event-stream, application/json"})
        assert (second.status, second.json()["quota"]) == (429, "kernel.sockets")
    assert meter.running == 0
