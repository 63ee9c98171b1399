"""Two processes over one database: a switch in one is followed by the other, with and without Redis."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded
from kernel.testing.people import PASSWORD, Site

from ..processes import Redis, here, job_is, own_database, put_job, serve, until

#: Any plugin with a page for everybody that does not depend on data.
PLUGIN, PAGE, JOB = "helpdesk", "/help", "helpdesk.close_solved"


@pytest.fixture
def redis(redis_url: str, tmp_path: Path) -> Iterator[Redis]:
    """One that may be killed; `redis_url` tells whether there is Redis at all."""
    server = Redis(shutil.which("redis-server") or "redis-server", tmp_path)
    yield server
    server.kill()


async def switch(owner: Site, on: bool) -> float:
    """When the switch was done, by our clock."""
    answer = await owner.post(f"/admin/plugins/{PLUGIN}", {"on": str(int(on)), "reason": "tried in a test"})
    assert answer.status == 303, answer.text[:500]
    return time.monotonic()


async def followed(site: Site, on: bool, since: float, seconds: float) -> float:
    """Seconds from the switch until this process does the same."""

    async def there() -> bool:
        return ((await site.get(PAGE)).status != 404) is on

    await until(there, seconds)
    return time.monotonic() - since


@pytest.mark.redis
@pytest.mark.timeout(180)
async def test_a_switch_reaches_the_other_process(
    cluster: embedded.Embedded, database: tuple[str, str], redis: Redis, tmp_path: Path
) -> None:
    first, second = unused_port(), unused_port()
    async with own_database(cluster, "two") as dsn:
        async with here(dsn, first, tmp_path / "data") as make:
            kit, other = await make("acme"), await make("fern")
            await kit.account(email="member@example.test")
            near, stranger = await kit.sign_in("owner"), await other.sign_in("owner")
        far, beside = Site(kit.host, second, near.account_id), Site(other.host, second, stranger.account_id)
        far.set_cookie("session", near.cookies()["session"])
        beside.set_cookie("session", stranger.cookies()["session"])
        conn = await asyncpg.connect(dsn)
        try:
            with (
                serve(dsn, first, tmp_path, GREENROOM_REDIS_URL=redis.url) as one,
                serve(dsn, second, tmp_path, GREENROOM_REDIS_URL=redis.url) as two,
            ):
                await asyncio.gather(one.says("serves on"), two.says("serves on"))
                assert (await far.get(PAGE)).status == 200
                # The bell: usually some milliseconds. A busy machine may stretch one of them, not the best.
                took = [await followed(far, on, await switch(near, on), 3) for on in (False, True, False)]
                assert min(took) < 0.5, took
                assert (await beside.get(PAGE)).status == 200

                job = await put_job(conn, kit.ref.id, PLUGIN, JOB)
                await until(lambda: job_is(conn, job, "parked"), 10)
                await switch(far, True)
                await until(lambda: job_is(conn, job, "done"), 10)

                redis.freeze()
                began = time.monotonic()
                assert (await far.get("/home")).status == 200
                visitor = Site(kit.host, second)
                form = {"email": "member@example.test", "password": PASSWORD}
                assert (await visitor.post("/sign-in", form)).status == 303, "nobody gets in while Redis is frozen"
                await visitor.close()
                assert time.monotonic() - began < 4, "a frozen Redis holds up pages"
                redis.kill()
                took = [await followed(far, on, await switch(near, on), 10) for on in (False, True)]
                assert min(took) < 3, took
                assert (await near.get("/home")).status == (await far.get("/home")).status == 200
                assert "Traceback" not in one.words + two.words
        finally:
            await conn.close()
            for site in (far, beside):
                await site.close()
            for tenant in (kit, other):
                await tenant.close()
