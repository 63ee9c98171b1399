"""Reminders with real worker processes: two at the same work, and one that is killed in the middle of it."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel import services
from plugins.scheduling.services import booking
from plugins.users.api import Interviewers
from tests.processes import here, own_database, put_job, running, until, weak

from .conftest import day_after, interviewer

SESSIONS = 24
_WAITING = "SELECT count(*) FROM scheduling_reminder WHERE done_at IS NULL AND due_at <= now()"
_MAILS = """SELECT count(*) FROM notifications_email WHERE type_id = 'scheduling.reminder' GROUP BY recipient, key"""


def _worker(dsn: str, folder: Path, name: str) -> Any:
    return running(
        "worker", "--data", str(folder / name), report=folder / f"{name}.log", GREENROOM_MODE="test",
        GREENROOM_DATABASE_URL=dsn, GREENROOM_APP_DATABASE_URL=weak(dsn),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("killed", [False, True], ids=["two at once", "one is killed"])
async def test_one_message_for_each_reminder(cluster: Any, database: Any, tmp_path: Path, killed: bool) -> None:
    """Both workers have the job of the same minute, again and again; whoever dies leaves nothing half-said."""
    port = unused_port()
    async with own_database(cluster, f"remind{killed:d}") as dsn:
        async with here(dsn, port, tmp_path) as make:
            kit = await make("remind")
            world = await interviewer(kit)
            people = [await kit.account("candidate") for _n in range(SESSIONS)]
            with kit.scope():
                card = await services.need(Interviewers).card(world.interviewer_id)
                assert card is not None
                for n, account_id in enumerate(people):
                    start = day_after(3 + n // 8, 8 + n % 8)
                    held = await booking.hold(booking.Wish(world.kind, card, account_id, start, "Europe/Berlin"))
                    await booking.confirm(held, world.kind, {"goal": ""})
        conn = await asyncpg.connect(dsn)
        due = await conn.fetchval(
            "WITH due AS (UPDATE scheduling_reminder SET due_at = now() - interval '1 minute'"
            " WHERE kind = 'before' RETURNING 1) SELECT count(*) FROM due"
        )
        assert due == SESSIONS * 2 * 2  # two people, a day and an hour before
        for _n in range(6):
            await put_job(conn, kit.ref.id, "scheduling", "scheduling.remind")

        async def all_said() -> bool:
            return await conn.fetchval(_WAITING) == 0

        with ExitStack() as programs:
            first = programs.enter_context(_worker(dsn, tmp_path, "one"))
            programs.enter_context(_worker(dsn, tmp_path, "two"))
            if killed:
                await until(lambda: _some(conn), 60, 0.005)
                first.kill()
                for _n in range(2):  # what the sweep would put in within ten minutes
                    await put_job(conn, kit.ref.id, "scheduling", "scheduling.remind")
            await until(all_said, 90)
            await asyncio.sleep(1)  # whoever is late would say it again now
        results = {r["result"]: r["n"] for r in await conn.fetch(
            "SELECT result, count(*) AS n FROM scheduling_reminder WHERE kind = 'before' GROUP BY result"
        )}  # fmt: skip
        sent = [row["count"] for row in await conn.fetch(_MAILS)]
        await conn.close()
        await kit.close()
    assert results == {"sent": due}
    assert sent == [1] * due


async def _some(conn: asyncpg.Connection) -> bool:
    """The work has begun."""
    return bool(
        await conn.fetchval("SELECT count(*) FROM kernel_job WHERE name = 'scheduling.remind' AND state <> 'ready'")
    )
