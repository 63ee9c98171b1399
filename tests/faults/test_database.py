"""The database goes and comes back while people are there: they are told honestly, and nobody has to help."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded
from kernel.testing.people import Answer, TenantKit

from ..processes import answers, here, job_is, put_job, serve, until

STATIC = "/static/kernel/x/css/core.css"
PAGES = ("/home", "/", "/help", "/admin/plugins", "/search?q=a", "/api/v1/openapi.json", STATIC)


async def job_done(dsn: str, kit: TenantKit) -> None:
    """Wait until a job that is put in now has run."""
    conn = await asyncpg.connect(dsn)
    try:
        job = await put_job(conn, kit.ref.id, "helpdesk", "helpdesk.close_solved")
        await until(lambda: job_is(conn, job, "done"), 20, 0.1)
    finally:
        await conn.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_while_the_database_restarts_people_are_told_to_wait(folder: Path) -> None:
    port = unused_port()
    server = embedded.start(folder, durable=False)
    seen: list[tuple[float, str, Answer]] = []
    odd: list[str] = []
    try:
        async with here(server.dsn_owner, port, folder / "data", migrating=True) as make:
            kit = await make("acme")
            site = await kit.sign_in("owner")

        async def visit() -> None:
            turn = 0
            while True:
                turn += 1
                path = PAGES[turn % len(PAGES)]
                began = time.monotonic()
                try:
                    seen.append((began, path, await site.get(path)))
                except aiohttp.ClientError as exc:
                    odd.append(f"{path}: {exc!r}")
                await asyncio.sleep(0.02)

        with serve(server.dsn_owner, port, folder) as program:
            await program.says("serves on")
            await job_done(server.dsn_owner, kit)
            visitors = [asyncio.create_task(visit()) for _ in range(3)]
            await asyncio.sleep(1)

            gone = time.monotonic()
            os.kill(int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
            server.stop()
            await asyncio.sleep(2)
            assert await answers(port, "/health/live")
            assert not await answers(port, "/health/ready")
            server = embedded.start(folder, durable=False)
            back = time.monotonic()

            async def well() -> bool:
                found = [await site.get(path) for path in PAGES]
                return all(answer.status in (200, 303) for answer in found)

            took = await until(well, 10)
            assert await answers(port, "/health/ready")
            await job_done(server.dsn_owner, kit)
            for visitor in visitors:
                visitor.cancel()
            await asyncio.gather(*visitors, return_exceptions=True)
            program.signal(signal.SIGTERM)
            assert await program.ended(15) == 0
        statuses = Counter(answer.status for _began, _path, answer in seen)
        told = [answer for _began, _path, answer in seen if answer.status == 503]
        assert odd == []
        assert {answer.status for _began, path, answer in seen if path == STATIC} == {200}  # needs no database
        assert set(statuses) <= {200, 303, 503}, statuses
        assert len(told) > 5
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in told)
        assert all("<h1" in answer.text or answer.text.startswith("{") for answer in told)
        assert took < 5, f"it took {took:.1f} s to be well again"
        # Nobody was told to wait before the database went, nor long after it was back.
        assert all(began > gone - 2 for began, _path, answer in seen if answer.status == 503)
        assert all(began < back + 5 for began, _path, answer in seen if answer.status == 503)
        assert " 500 " not in program.words, program.words[-3000:]
    finally:
        await kit.close()
        server.stop()
