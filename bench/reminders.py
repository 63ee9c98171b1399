"""Reminders due in the same minute against one taskiq message each, in one run (`python bench/reminders.py [count]`).

"messages": taskiq's InMemoryBroker, one `.kiq()` per reminder and a task that does nothing: no disk, no check, the
fastest that taskiq can be. "ours": rows of scheduling_reminder in a durable database, claimed by hundreds, each checked
against its booking, its words composed, handed to a sink that counts them, marked as said. Nothing may be lost or
said twice; a second run right after has to find nothing.

Goal G13: 100,000 claimed and dispatched in < 60 s and >= 6x one message each.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg
from taskiq import InMemoryBroker

from kernel import new_id, tenant_scope
from kernel.app import installed, started
from kernel.base.clock import frozen_at
from kernel.base.config import load_config
from kernel.plugging.migrate import apps_of
from kernel.tenancy.tenants import create_tenant
from kernel.testing.databases import open_cluster, run_database
from plugins.scheduling.services import reminders

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
SINGLE = 5_000
#: How many of the reminders are of bookings that were cancelled meanwhile: they must not be said.
GONE = 1_000
START = datetime(2026, 12, 1, 10, tzinfo=UTC)
PEOPLE = 2_000


class Null:
    """The channel that goes nowhere; it counts."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def deliver(self, _type_id: str, notices: list[Any]) -> None:
        self.keys += [notice.key for notice in notices]


async def nothing(_reminder: str) -> None:
    """What a message does."""


async def messages() -> float:
    """Reminders a second, one taskiq message each."""
    broker = InMemoryBroker(max_async_tasks=100)
    task = broker.task(task_name="nothing")(nothing)
    await broker.startup()
    began = perf_counter()
    for _n in range(SINGLE):
        await task.kiq(str(new_id()))
    await broker.wait_all()
    spent = perf_counter() - began
    await broker.shutdown()
    return SINGLE / spent


async def fill(owner: str, tenant: Any) -> None:
    """COUNT bookings that begin in the same minute, each with one reminder that is due."""
    db = await asyncpg.connect(owner)
    try:
        kind = await db.fetchval("SELECT id FROM scheduling_interview_type WHERE tenant_id = $1 LIMIT 1", tenant.id)
        await db.execute(
            "INSERT INTO kernel_account (id, tenant_id, email, name, state, locale, zone, created_at)"
            " SELECT gen_random_uuid(), $1, 'p' || n || '@example.test', 'Person ' || n, 'active', 'en', 'UTC', now()"
            " FROM generate_series(1, $2::int) n", tenant.id, PEOPLE,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO scheduling_booking (id, tenant_id, created_at, updated_at, version, type_id, interviewer_id,"
            " candidate_id, starts_at, ends_at, status, kind, title, level, candidate_zone, intake, price_minor,"
            " currency, policy, moves, ical_uid, ical_sequence, cancelled_by, cancel_reason, candidate_no, calendar_no,"
            " from_minute, to_minute, guard_from, guard_to)"
            " SELECT gen_random_uuid(), $1, now(), now(), 1, $2, h.id, c.id,"
            " $3::timestamptz, $3::timestamptz + interval '1 hour',"
            " CASE WHEN n <= $5 THEN 'cancelled' ELSE 'accepted' END, 'human', 'System design', 'any', 'UTC', '{}', 0,"
            " 'EUR', '{}', 0, 'u' || n, 0, '', '', 10000000 + n, 20000000 + n, 1, 61, 1, 61"
            " FROM generate_series(1, $4::int) n"
            " JOIN (SELECT id, row_number() OVER () AS k FROM kernel_account WHERE tenant_id = $1) c"
            " ON c.k = n % $6 + 1"
            " JOIN (SELECT id, row_number() OVER () AS k FROM kernel_account WHERE tenant_id = $1) h"
            " ON h.k = (n + 1) % $6 + 1", tenant.id, kind, START, COUNT, GONE, PEOPLE,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO scheduling_reminder (id, tenant_id, booking_id, account_id, sequence, kind, minutes, channels,"
            " due_at, result) SELECT gen_random_uuid(), $1, id, candidate_id, 0, 'before', 60, '',"
            " $2, '' FROM scheduling_booking WHERE tenant_id = $1", tenant.id, START - timedelta(hours=1),
        )  # fmt: skip
        await db.execute("ANALYZE scheduling_booking; ANALYZE scheduling_reminder; ANALYZE kernel_account")
    finally:
        await db.close()


async def ours(owner: str) -> float:
    tenant = await create_tenant("bench", "Bench", hosts=["bench.localhost"])
    with tenant_scope(tenant):
        await fill(owner, tenant)
        null = Null()
        real = reminders.services.get
        with (
            mock.patch.object(reminders.services, "get", lambda w: null if w is reminders.NoticeSink else real(w)),
            frozen_at(START - timedelta(minutes=60)),
        ):
            began = perf_counter()
            found = await reminders.send_due()
            spent = perf_counter() - began
            assert not await reminders.send_due(), "something was said twice"
        wanted = COUNT - GONE
        assert found == {"sent": wanted, "moot": GONE}, found
        assert len(set(null.keys)) == len(null.keys) == wanted, "lost or repeated"
    return spent


async def main() -> int:
    single = max([await messages() for _round in range(3)])
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-") as folder:
        config = load_config({"GREENROOM_STRICT": "1"}, mode="test", data=Path(folder))
        registry = installed(config)
        apps = apps_of({pid: found[0] for pid, found in registry.models.items() if found})
        server = open_cluster(Path(folder) / "pg")
        try:
            async with (
                run_database(server, apps) as (owner, app),
                started(config, migrating=False, database=(owner, app)),
            ):
                spent = await ours(owner)
        finally:
            server.stop()
    ratio = COUNT / spent / single
    print(f"messages  {single:10,.0f} /s")
    print(f"ours      {COUNT / spent:10,.0f} /s   {COUNT:,} in {spent:.1f} s, 0 lost, 0 repeated   {ratio:.2f}x")
    return 0 if spent < 60 else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
