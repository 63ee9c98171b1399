"""kill -9 in the middle of a stampede: nothing half-done, nothing twice, nothing that was answered lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from tests.processes import here, own_database, serve

from .conftest import day_after, interviewer, stamp

API = "/api/v1/scheduling/bookings"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_killed_process_leaves_nothing_half_done(cluster: Any, database: Any, tmp_path: Path) -> None:
    port = unused_port()
    async with own_database(cluster, "kill") as dsn:
        async with here(dsn, port, tmp_path) as make:
            kit = await make("kill")
            world = await interviewer(kit)
            sites = [await kit.sign_in("candidate") for _n in range(12)]
        starts = [stamp(day_after(3 + n % 5, 8 + n % 10)) for n in range(24)]
        answered: list[UUID] = []

        async def storm(n: int, site: Any) -> None:
            for start in starts[n:] + starts[:n]:
                try:
                    held = await site.post(API, json={"interviewer": "maya", "type": world.kind.slug, "start": start})
                    if held.status == 201:
                        done = await site.post(f"{API}/{held.json()['id']}/confirm", json={})
                        if done.status == 200:
                            answered.append(UUID(done.json()["id"]))
                except (aiohttp.ClientError, OSError):
                    return  # killed

        with serve(dsn, port, tmp_path) as program:
            await program.says("Greenroom serves on")
            await asyncio.gather(*(site.token() for site in sites))
            storming = asyncio.gather(*(storm(n, site) for n, site in enumerate(sites)))
            while len(answered) < 5:
                await asyncio.sleep(0.01)
            program.kill()
            await storming
        conn = await asyncpg.connect(dsn)
        rows = {r["id"]: r["status"] for r in await conn.fetch("SELECT id, status FROM scheduling_booking")}
        twice = await conn.fetchval(
            "SELECT count(*) FROM scheduling_booking a JOIN scheduling_booking b ON a.id < b.id"
            " AND a.interviewer_id = b.interviewer_id AND a.guard_from < b.guard_to AND b.guard_from < a.guard_to"
            " WHERE a.status IN ('held', 'accepted') AND b.status IN ('held', 'accepted')"
        )
        untold = await conn.fetchval(
            "SELECT count(*) FROM scheduling_booking b WHERE status = 'accepted' AND 1 <> (SELECT count(*)"
            " FROM kernel_event e WHERE e.name = 'scheduling.booking_confirmed.v1'"
            " AND e.data->>'booking_id' = b.id::text)"
        )
        storyless = await conn.fetchval(
            "SELECT count(*) FROM scheduling_booking b WHERE NOT EXISTS (SELECT 1 FROM scheduling_booking_change c"
            " WHERE c.booking_id = b.id AND c.after = b.status)"
        )
        await conn.close()
        await kit.close()
    assert len(answered) >= 5
    assert [rows[booking_id] for booking_id in answered] == ["accepted"] * len(answered)
    assert (twice, untold, storyless) == (0, 0, 0)
