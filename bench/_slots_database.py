"""The database half of bench/slots.py: from rows to JSON, by wall clock, the same people in the same run.

cold    nothing worked out: hours and bookings are read, the engine is asked, months are kept, JSON is written
        (not for 10,000: theirs are ten times the months of the 1,000, copied, so that a run stays under a minute)
warm    months kept as bits are read and joined; JSON is written (G8: the plain reference from memory is 21-28x as fast
        as the peer's functions on this question, so plain ÷ warm >= 48 is >= 1,000x the peer; 10,000 <= 12x of 1,000)
first   the first five times of the group from its counters (G9: 10,000 <= 2x of 10)
"""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from slots import END, NOW, START, ZONES, make_people, plain, timed

from kernel import TenantRef, new_id, tenant_scope
from kernel.app import Greenroom, installed, started
from kernel.base.clock import frozen_at
from kernel.base.config import load_config
from kernel.plugging.migrate import apps_of
from kernel.tenancy.tenants import create_tenant
from kernel.testing.databases import open_cluster, run_database

COUNTS = (10, 100, 1_000, 10_000)
#: The plain reference is 21 to 28 times as fast as the peer's functions (PERFORMANCE.md); the lower figure counts.
PEER = 21
_numbers = count(1)

_TYPE = (
    "INSERT INTO scheduling_interview_type (id, tenant_id, slug, title, description, kind, level, topic,"
    " duration_minutes, step_minutes, buffer_before, buffer_after, minimum_notice_minutes, window_days,"
    " price_rule, price_minor, currency, policy, active, position, version, created_at, updated_at)"
    " VALUES ($1, $2, 'bench', 'Bench', '', 'human', 'any', '', 60, 30, 5, 10, 0, 40, 'rate', 0, 'EUR',"
    " 'moderate', true, 0, 1, now(), now())"
)


@dataclass(slots=True)
class Times:
    """Milliseconds, the best of several rounds; `cold` is the first one."""

    plain: float
    cold: float = 0.0
    warm: float = float("inf")
    first: float = float("inf")
    slots: int = 0


def stored() -> list[str]:
    """Run it; what missed its goal."""
    return asyncio.run(_run())


async def _run() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-") as folder:
        config = load_config({"GREENROOM_STRICT": "1"}, mode="test", data=Path(folder))
        registry = installed(config)
        apps = apps_of({pid: found[0] for pid, found in registry.models.items() if found})
        server = open_cluster(Path(folder) / "pg")
        try:
            async with (
                run_database(server, apps) as (owner, app),
                started(config, migrating=False, database=(owner, app)) as room,
            ):
                return await _measured(owner, room)
        finally:
            server.stop()


async def _measured(owner: str, room: Greenroom) -> list[str]:
    print(f"{'N':>6} {'plain ms':>10} {'cold ms':>9} {'warm ms':>9} {'first ms':>9} {'plain/warm':>11} {'peer':>9}")
    found = {}
    for size in COUNTS:
        tenant = await create_tenant(f"n{size}", f"{size} interviewers", hosts=[f"n{size}.localhost"])
        await room.runtime.snapshots.refresh()
        times = await _one(owner, tenant, size)
        found[size] = times
        ratio = f"{times.plain / times.warm:>10.0f}x {PEER * times.plain / times.warm:>8.0f}x" if times.plain else ""
        shown = f"{times.plain:>10.1f}" if times.plain else f"{'-':>10}"
        cold = f"{times.cold:>9.1f}" if times.cold else f"{'-':>9}"
        print(f"{size:>6} {shown} {cold} {times.warm:>9.2f} {times.first:>9.3f} {ratio}")
    thousand, most = found[1_000], found[10_000]
    growth, first = most.warm / thousand.warm, most.first / found[10].first
    print(f"warm, 10,000 ÷ 1,000: {growth:.1f}; first, 10,000 ÷ 10: {first:.2f}")
    missed = []
    if thousand.plain * PEER / thousand.warm < 1_000:
        missed.append("G8: from the database to JSON is less than 1,000x the peer")
    if growth > 12:
        missed.append("G8: 10,000 interviewers cost more than 12x of 1,000")
    if first > 2:
        missed.append("G9: the first free times depend on how many interviewers there are")
    return missed


async def _one(owner: str, tenant: TenantRef, size: int) -> Times:
    from plugins.scheduling import free
    from plugins.scheduling.models import InterviewType

    copied = size > 1_000
    people = make_people(1_000 if copied else size)
    gc.collect()
    times = Times(plain=0.0 if copied else min(timed(plain, people) for _ in range(2)))
    with tenant_scope(tenant), frozen_at(NOW):
        ids = await _copies(owner, tenant, size) if copied else await _fill(owner, tenant, people)
        kind = await InterviewType.get(slug="bench")

        async def everything() -> bytes:
            found = await free.anybody(kind, None, START, END - timedelta(minutes=59), at=NOW)
            return orjson.dumps({"slots": found.texts()})

        began = perf_counter()
        answer = await everything()
        times.cold = 0.0 if copied else (perf_counter() - began) * 1000
        if size >= 1_000:
            expected = [f"{start:%Y-%m-%dT%H:%MZ}" for start in plain(people)]
            if orjson.loads(answer)["slots"] != expected:
                raise SystemExit(f"N = {size}: stored answers differ from the reference")
        await _analyze(owner)
        times.warm = await _best(everything, 12)

        async def members() -> list[UUID]:
            return ids

        async def soonest() -> object:
            return await free.first_times(kind, "bench", members, 5)

        await soonest()
        times.first = await _best(soonest, 100)
    return times


async def _best(ask: Callable[[], Awaitable[object]], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = perf_counter()
        await ask()
        best = min(best, perf_counter() - began)
    return best * 1000


async def _fill(owner: str, tenant: TenantRef, people: list[tuple[str, Any]]) -> list[UUID]:
    """The people as rows, written as the owner would restore a backup."""
    conn = await asyncpg.connect(owner)
    ids, type_id, draw = [new_id() for _ in people], new_id(), random.Random(3)
    schedules, offers, overrides, away, bookings = [], [], [], [], []
    for account_id, (_name, who) in zip(ids, people, strict=True):
        schedule = new_id()
        weekly: dict[str, list[list[str]]] = {}
        for rule in who.rules:
            for day in rule.days:
                weekly.setdefault(str(day), []).append([_clock(rule.start), _clock(rule.end)])
        schedules.append((schedule, tenant.id, account_id, "", who.zone, orjson.dumps(weekly).decode()))
        offers.append((new_id(), tenant.id, account_id, type_id))
        for override in who.overrides:
            ranges = orjson.dumps([[_clock(a), _clock(b)] for a, b in override.ranges]).decode()
            overrides.append((new_id(), tenant.id, schedule, override.date, ranges))
        away += [(new_id(), tenant.id, account_id, start, end, "") for start, end in who.time_off]
        for start, end in who.busy:
            a, b = int(start.timestamp()) // 60, int(end.timestamp()) // 60
            bookings.append(
                (new_id(), tenant.id, type_id, account_id, new_id(), start, end, "accepted", "human", "Bench",
                 draw.choice(ZONES), "EUR", "", next(_numbers), a, b, a, b, NOW, NOW)
            )  # fmt: skip
    async with conn.transaction():
        await conn.execute("SELECT set_config('app.tenant', '*', true)")
        await conn.execute(_TYPE, type_id, tenant.id)
        await _many(conn, "schedule", "id, tenant_id, account_id, name, zone, weekly, version, created_at, updated_at",
                    [(*row, 1, NOW, NOW) for row in schedules])  # fmt: skip
        await _many(conn, "offer", "id, tenant_id, account_id, type_id", offers)
        await _many(conn, "date_override", "id, tenant_id, schedule_id, date, ranges", overrides)
        await _many(conn, "time_off", "id, tenant_id, account_id, starts_at, ends_at, note", away)
        # Their triggers would say 120,000 times what the offers' have said already.
        await conn.execute("SET LOCAL session_replication_role = replica")
        await _many(
            conn,
            "booking",
            "id, tenant_id, type_id, interviewer_id, candidate_id, starts_at, ends_at, status, kind, title,"
            " candidate_zone, currency, cancelled_by, candidate_no, from_minute, to_minute, guard_from, guard_to,"
            " created_at, updated_at, level, intake, price_minor, policy, moves, ical_uid, ical_sequence,"
            " cancel_reason, version",
            [(*row, "any", "{}", 0, "{}", 0, str(row[0]), 0, "", 1) for row in bookings],
        )
    await conn.execute("ANALYZE")
    await conn.close()
    return ids


async def _copies(owner: str, tenant: TenantRef, size: int) -> list[UUID]:
    """More people than were worked out: each one of the tenant of 1,000 several times over, with their months."""
    conn = await asyncpg.connect(owner)
    type_id = new_id()
    async with conn.transaction():
        await conn.execute("SELECT set_config('app.tenant', '*', true)")
        source = await conn.fetch(
            "SELECT o.account_id, t.id AS type_id, t.tenant_id FROM scheduling_offer o"
            " JOIN scheduling_interview_type t ON t.id = o.type_id JOIN kernel_tenant k ON k.id = t.tenant_id"
            " WHERE k.slug = 'n1000' ORDER BY o.account_id"
        )
        old, home = source[0]["type_id"], source[0]["tenant_id"]
        await conn.execute(_TYPE, type_id, tenant.id)
        ids = [new_id() for _ in range(size)]
        twins = [source[n % len(source)]["account_id"] for n in range(size)]
        await _many(
            conn, "offer", "id, tenant_id, account_id, type_id", [(new_id(), tenant.id, i, type_id) for i in ids]
        )
        copied = await conn.execute(
            "INSERT INTO scheduling_free_month (id, tenant_id, type_id, account_id, month, grain, bits, zone, version,"
            " stamp, good_until) SELECT gen_random_uuid(), $1, $2, n.twin, f.month, f.grain, f.bits, f.zone, p.version,"
            " f.stamp, f.good_until FROM unnest($3::uuid[], $4::uuid[]) AS n(twin, source)"
            " JOIN scheduling_free_month f ON f.tenant_id = $5 AND f.type_id = $6 AND f.account_id = n.source"
            " JOIN scheduling_pulse p ON p.tenant_id = $1 AND p.account_id = n.twin",
            tenant.id, type_id, ids, twins, home, old,
        )  # fmt: skip
        if int(copied.split()[-1]) < 2 * size:
            raise SystemExit("the months of the 1,000 were not copied")
    await conn.execute("ANALYZE")
    await conn.close()
    return ids


async def _analyze(owner: str) -> None:
    """What autovacuum does within the minute."""
    conn = await asyncpg.connect(owner)
    await conn.execute("ANALYZE")
    await conn.close()


async def _many(conn: Any, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    await conn.copy_records_to_table(
        f"scheduling_{table}", columns=[name.strip() for name in columns.split(",")], records=rows
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
