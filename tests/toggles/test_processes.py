"""Two processes over one database: a switch in one is followed by the other, with and without Redis."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded
from kernel.testing.people import PASSWORD, Site

from ..processes import (
    START,
    Program,
    Redis,
    answers,
    here,
    job_is,
    own_database,
    put_job,
    running,
    serve,
    until,
)

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


@pytest.mark.slow
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
                assert min(took) < 2, took  # by polling
                assert (await near.get("/home")).status == (await far.get("/home")).status == 200
                assert "Traceback" not in one.words + two.words
        finally:
            await conn.close()
            for site in (far, beside):
                await site.close()
            for tenant in (kit, other):
                await tenant.close()


# --- one command, several processes -----------------------------------------------------------------------------


def pids_below(parent: int) -> set[int]:
    """Processes started by `parent`."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


def workers_below(program: Program) -> set[int]:
    return {
        pid
        for pid in pids_below(program.process.pid)
        if b"--child" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    }


async def said(program: Program, words: str, times: int) -> None:
    async def often() -> bool:
        assert program.process.poll() is None, program.words[-3000:]
        return program.words.count(words) >= times

    await until(often, START)


async def test_several_processes_need_redis(tmp_path: Path) -> None:
    report = tmp_path / "out.log"
    with running(
        "serve", "--workers", "2", "--data", str(tmp_path / "d"), report=report, GREENROOM_MODE="test"
    ) as program:
        assert await program.ended(START) == 1
    assert "GREENROOM_REDIS_URL" in program.words
    assert len(program.words.strip().splitlines()) == 1, program.words


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(240)
async def test_several_processes_share_a_port_and_follow_each_other(
    cluster: embedded.Embedded, database: tuple[str, str], redis: Redis, tmp_path: Path
) -> None:
    port = unused_port()
    async with own_database(cluster, "workers") as dsn:
        async with here(dsn, port, tmp_path / "data") as make:
            kit = await make("acme")
            owner = await kit.sign_in("owner")
        session = owner.cookies()["session"]
        sites: list[Site] = []

        def browser() -> Site:
            """With connections of its own, so that the machine may hand it to any of the processes."""
            site = Site(kit.host, port, owner.account_id)
            site.set_cookie("session", session)
            sites.append(site)
            return site

        async def everywhere(on: bool) -> bool:
            """Whether twelve new connections, spread over the processes, all see it so."""
            asked = [browser() for _ in range(12)]
            answers = await asyncio.gather(*(site.get(PAGE) for site in asked))
            for site in asked:
                sites.remove(site)
                await site.close()
            return {answer.status != 404 for answer in answers} == {on}

        try:
            with serve(dsn, port, tmp_path, "--workers", "2", GREENROOM_REDIS_URL=redis.url) as program:
                await said(program, "serves on", 2)
                assert len(workers_below(program)) == 2
                streams = [await stream(browser()) for _ in range(8)]
                switcher = browser()
                for on in (False, True, False, True):
                    await switch(switcher, on)
                    await until(partial(everywhere, on), 3)
                answer = await switcher.post(
                    "/admin/plugins/notifications", {"on": "0", "reason": "tried in a test", "follow": "1"}
                )
                assert answer.status == 303
                for response in streams:  # whichever process holds it
                    async with asyncio.timeout(3):
                        await response.content.read()
                redis.kill()
                for on in (False, True):
                    await switch(browser(), on)
                    await until(partial(everywhere, on), 10)

                # A process that dies is started again; the other one serves meanwhile.
                victim = min(workers_below(program))
                os.kill(victim, signal.SIGKILL)
                await until(partial(_answers, port), 5)
                await until(partial(_two_again, program, victim), START)
                await said(program, "serves on", 3)

                began = time.monotonic()
                program.signal()
                assert await program.ended(12) == 0
                assert time.monotonic() - began < 11
                assert "Traceback" not in program.words, program.words[-4000:]
        finally:
            for site in (*sites, owner):
                await site.close()
            await kit.close()


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(120)
async def test_children_have_metrics_of_their_own_and_do_not_outlive_their_parent(
    cluster: embedded.Embedded, database: tuple[str, str], redis: Redis, tmp_path: Path
) -> None:
    port = unused_port()
    async with own_database(cluster, "orphans") as dsn:
        numbers = unused_port()
        env = {"GREENROOM_REDIS_URL": redis.url, "GREENROOM_METRICS_BIND": f"127.0.0.1:{numbers}"}
        with serve(dsn, port, tmp_path, "--workers", "2", **env) as program:
            await said(program, "serves on", 2)
            # Each counts for itself, on the configured port and the one after it.
            async with aiohttp.ClientSession() as client:
                for number in (numbers, numbers + 1):
                    async with client.get(f"http://127.0.0.1:{number}/metrics") as page:
                        assert page.status == 200
                        assert "greenroom_snapshot_epoch" in await page.text()
            children = workers_below(program)
            program.kill()

            async def gone() -> bool:
                return not any(Path(f"/proc/{pid}").exists() for pid in children)

            await until(gone, 15)
        assert not await answers(port)


async def stream(site: Site) -> aiohttp.ClientResponse:
    response = await site._http.get(
        site._base + "/notifications/stream?seen=0", headers={"Accept": "text/event-stream"}
    )
    assert response.status == 200
    await response.content.readline()
    return response


async def _answers(port: int) -> bool:
    return await answers(port)


async def _two_again(program: Program, victim: int) -> bool:
    found = workers_below(program)
    return len(found) == 2 and victim not in found
