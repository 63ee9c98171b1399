"""Plugins that fail in every way there is: the site goes on, and the admin is told."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded
from kernel.testing.people import Site

from ..processes import Program, here, own_database, serve, until
from . import shaky


@dataclass
class Shaken:
    """A served site with the failing plugins, its owner, and the database as the superuser sees it."""

    program: Program
    owner: Site
    conn: asyncpg.Connection

    async def told(self, words: str) -> None:
        """Wait until the page of problems says so."""

        async def says() -> bool:
            return words in (await self.owner.get("/admin/problems")).text

        await until(says, 15, 0.2)


@asynccontextmanager
async def shaken(cluster: embedded.Embedded, folder: Path, name: str, **env: str) -> AsyncIterator[Shaken]:
    port = unused_port()
    env = shaky.write(folder / "plugins") | env
    async with own_database(cluster, name) as dsn:
        async with here(dsn, port, folder / "data") as make:
            kit = await make("acme")
            owner = await kit.sign_in("owner")
        conn = await asyncpg.connect(dsn)
        try:
            with serve(dsn, port, folder, **env) as program:
                await program.says("serves on")
                yield Shaken(program, owner, conn)
        finally:
            await conn.close()
            await kit.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_whatever_a_plugin_does_the_site_answers_and_the_admin_is_told(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    patient = {"GREENROOM_PAGE_SECONDS": "4", "GREENROOM_BLOCKED_SECONDS": "1"}
    async with shaken(cluster, tmp_path, "shaky", **patient) as site:
        owner = site.owner

        # At start-up: those that cannot be loaded cost themselves and what requires them.
        page = (await owner.get("/admin/problems")).text
        for words in ("broken at import", "broken in a hook", "requires noimport", "gone_package.plugin"):
            assert words in page, words
        assert (await owner.get("/health/ready")).json()["status"] == "degraded"
        assert "do not work" in (await owner.get("/home")).text  # the banner

        # Widgets that raise and hang leave a gap in their page; gates and search are passed.
        began = time.monotonic()
        visitor = Site(owner.host, owner.port)
        landing = await visitor.get("/")
        await visitor.close()
        assert landing.status == 200
        assert landing.text.count("This part cannot be shown right now.") == 2
        assert time.monotonic() - began < 5
        assert (await owner.get("/shaky/arm?gate=raise")).status == 200
        assert (await owner.get("/home")).status == 200
        assert (await owner.get("/shaky/arm?gate=hang")).status == 200
        assert (await owner.get("/home")).status == 200
        assert (await owner.get("/shaky/arm?gate=")).status == 200
        assert (await owner.get("/search?q=anything")).status == 200
        await site.told("gate shaky.gate")

        # A page that never answers is cut, one that raises is an error page; neighbours answer meanwhile.
        hanging = asyncio.create_task(owner.get("/shaky/hanging"))
        assert (await owner.get("/shaky/well")).text == "well"
        cut = await hanging
        assert cut.status == 503
        assert int(cut.headers["Retry-After"]) > 0
        assert (await owner.get("/shaky/raising")).status == 500
        await site.told("the hose is cut")

        # The loop is held up: the watchdog says by whom, with the line.
        assert (await owner.get("/shaky/blocking?s=2.5")).text == "woke up"
        await site.program.says("stood still")
        assert "in code of shaky" in site.program.words
        assert "time.sleep" in site.program.words
        await site.told("Held everything up")

        # A job that fails for good waits for the admin.
        assert (await owner.get("/shaky/jobs")).text == "queued"
        await site.told("1 job failed for good")

        # Left behind at the end of the process: a socket and a task.
        assert (await owner.get("/shaky/leaking")).text == "leaked"
        site.program.signal(signal.SIGTERM)
        assert await site.program.ended(15) == 0
        rows = await site.conn.fetch("SELECT plugin, text FROM kernel_incident WHERE kind = 'leak'")
        assert [row["plugin"] for row in rows] == ["shaky"]
        assert "socket" in rows[0]["text"]
        assert "forever" in rows[0]["text"]


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_five_errors_in_a_minute_pause_the_plugin_here_and_it_comes_back(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    async with shaken(cluster, tmp_path, "pause") as site:
        owner = site.owner
        assert (await owner.get("/shaky/well")).status == 200
        assert (await owner.get("/shaky/leaking")).text == "leaked"
        answers = [(await owner.get("/shaky/raising")).status for _ in range(5)]
        assert answers == [500] * 5

        async def gone() -> bool:
            return (await owner.get("/shaky/well")).status == 404

        await until(gone, 10, 0.1)
        assert (await owner.get("/home")).status == 200
        await site.told("is paused")
        assert "Paused by itself" in (await owner.get("/admin/plugins")).text
        audited = await site.conn.fetchval(
            "SELECT count(*) FROM kernel_event WHERE name = 'kernel.audited.v1' AND data->>'action' = "
            "'kernel.plugin_paused' AND data->>'subject_id' = 'shaky'"
        )
        assert audited == 1
        await site.told("Left something behind")  # a socket and a task, now that it is off for everybody
        # Time passes: it is tried again by itself. (Its on_enable fails, which costs nothing but a line.)
        await site.conn.execute("UPDATE kernel_job SET run_at = now() WHERE name = 'kernel.resume_plugin'")

        async def back() -> bool:
            return (await owner.get("/shaky/well")).status == 200

        await until(back, 10, 0.1)
        await site.told("cannot get up")


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_safe_mode_starts_the_kernel_and_what_is_locked_only(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    async with shaken(cluster, tmp_path, "safe", GREENROOM_SAFE_MODE="1") as site:
        for path in ("/home", "/admin/plugins", "/admin/problems", "/admin/jobs", "/admin/settings"):
            assert (await site.owner.get(path)).status == 200, path
        assert (await site.owner.get("/shaky/well")).status == 404
        assert "Safe mode" in (await site.owner.get("/admin/problems")).text
        assert "broken at import" not in site.program.words
