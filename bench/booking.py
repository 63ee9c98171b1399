"""Bookings through HTTP with two web processes: 200 attempts on each of 50 times, and distinct ones against inserts.

Prints how many were booked twice (it has to be none), bookings a second, and that rate divided by the rate at which
the same PostgreSQL takes rows under the same exclusion constraints when nothing else is done. Mails and reminders are
left to workers, as on a site with many visitors.
    python bench/booking.py [--attempts 200] [--times 50] [--distinct 300]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiohttp.test_utils import unused_port

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kernel import now, set_setting, unit_of_work  # noqa: E402
from kernel.app import installed  # noqa: E402
from kernel.plugging.migrate import apps_of  # noqa: E402
from kernel.testing.databases import cluster_folder, open_cluster, run_database  # noqa: E402
from kernel.testing.people import Site, TenantKit  # noqa: E402
from plugins.scheduling.models import InterviewType, Offer, Schedule  # noqa: E402
from plugins.users.models import InterviewerProfile  # noqa: E402
from tests.processes import config_of, here, serve  # noqa: E402

API = "/api/v1/scheduling/bookings"
CONNECTIONS = 20
_TWICE = (
    "SELECT count(*) FROM scheduling_booking a JOIN scheduling_booking b ON a.id < b.id"
    " AND a.interviewer_id = b.interviewer_id AND a.guard_from < b.guard_to AND b.guard_from < a.guard_to"
    " AND a.status = 'accepted' AND b.status = 'accepted'"
)


async def stage(kit: TenantKit, hosts: int, people: int) -> tuple[str, list[str], list[Site]]:
    """Interviewers who are free all day, and candidates who are signed in."""
    slugs = []
    with kit.scope():
        kind = await InterviewType.get(slug="system-design")
        kind.duration_minutes = kind.step_minutes = 30
        kind.minimum_notice_minutes = 0
        await kind.save()
        for key in ("open_bookings", "open_holds"):
            await set_setting(f"scheduling.{key}", 500 if key == "open_bookings" else 50)
    week = {str(day): [["00:00", "24:00"]] for day in range(1, 8)}
    for n in range(hosts):
        account_id = await kit.account("interviewer", zone="UTC")
        with kit.scope():
            async with unit_of_work():
                await InterviewerProfile.create(account_id=account_id, slug=f"host{n}", currency="EUR", published=True)
                await Schedule.create(account_id=account_id, zone="UTC", weekly=week)
                await Offer.create(account_id=account_id, type_id=kind.id)
        slugs.append(f"host{n}")
    return kind.slug, slugs, [await kit.sign_in("candidate", zone="UTC") for _n in range(people)]


async def book(site: Site, slug: str, kind: str, start: str, port: int) -> int:
    """Hold and confirm; the status that decided."""
    site._base = f"http://127.0.0.1:{port}"
    held = await site.post(API, json={"interviewer": slug, "type": kind, "start": start})
    if held.status != 201:
        return held.status
    return (await site.post(f"{API}/{held.json()['id']}/confirm", json={"goal": "x"})).status


async def contended(sites: list[Site], slug: str, kind: str, times: list[str], ports: list[int]) -> dict[int, int]:
    """Everybody wants the same time, one time after the other."""
    seen: dict[int, int] = {}
    for start in times:
        answers = await asyncio.gather(
            *(book(site, slug, kind, start, ports[n % len(ports)]) for n, site in enumerate(sites))
        )
        for status in answers:
            seen[status] = seen.get(status, 0) + 1
    return seen


async def distinct(
    sites: list[Site], slugs: list[str], kind: str, times: list[str], ports: list[int], count: int
) -> tuple[int, float]:
    """Nobody wants what another wants; (booked, seconds)."""
    booked = 0

    async def client(site: Site, slug: str, starts: list[str], port: int) -> None:
        nonlocal booked
        for start in starts:
            status = await book(site, slug, kind, start, port)
            booked += status == 200

    began = time.perf_counter()
    # Each candidate has an interviewer of their own: nobody has two sessions at once.
    pairs = list(zip(sites, slugs, strict=False))
    await asyncio.gather(
        *(client(*pair, times[: _part(count, len(pairs), n)], ports[n % len(ports)]) for n, pair in enumerate(pairs))
    )
    return booked, time.perf_counter() - began


def _part(count: int, people: int, n: int) -> int:
    """The n-th one's part of the work."""
    return count // people + (n < count % people)


async def tokens(sites: list[Site]) -> None:
    """The token of everybody's forms. A few at a time: hundreds of pages at once are turned away (503), and the token
    on such a page is that of somebody who is not signed in.
    """
    for at in range(0, len(sites), CONNECTIONS):
        pages = await asyncio.gather(*(site.get("/home") for site in sites[at : at + CONNECTIONS]))
        assert {page.status for page in pages} == {200}, {page.status for page in pages}


async def raw(dsn: str, tenant_id: UUID, count: int) -> float:
    """Rows a second into the table with its constraints, over as many connections, one transaction each."""
    pool = await asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS)
    type_id = await pool.fetchval("SELECT id FROM scheduling_interview_type WHERE tenant_id = $1 LIMIT 1", tenant_id)
    low = int(now().timestamp() // 60) + 500_000
    numbers = iter(range(count))
    insert = (
        "INSERT INTO scheduling_booking (id, tenant_id, type_id, interviewer_id, candidate_id, starts_at, ends_at,"
        " status, kind, title, level, candidate_zone, intake, price_minor, currency, policy, moves, ical_uid,"
        " ical_sequence, cancelled_by, cancel_reason, calendar_no, candidate_no, from_minute, to_minute, guard_from,"
        " guard_to, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 'accepted', 'human', 'x',"
        " 'any', 'UTC', '{}', 0, 'EUR', '{}', 0, 'x', 0, '', '', $8, $9, $10, $11, $10, $11, now(), now(), 1)"
    )

    async def client() -> None:
        for n in numbers:
            start = low + 30 * (n // 30)
            at = now() + timedelta(minutes=start)
            await pool.execute(
                insert, uuid4(), tenant_id, type_id, uuid4(), uuid4(), at, at + timedelta(minutes=30),
                900_000 + n % 30, 910_000 + n % 30, start, start + 30,
            )  # fmt: skip

    began = time.perf_counter()
    await asyncio.gather(*(client() for _n in range(CONNECTIONS)))
    rate = count / (time.perf_counter() - began)
    await pool.close()
    return rate


async def run(attempts: int, times: int, count: int, folder: Path) -> int:
    cluster = open_cluster(Path(os.environ.get("GREENROOM_BENCH_DATA") or cluster_folder()))
    registry = installed(config_of(unused_port(), folder))
    apps = apps_of({pid: found[0] for pid, found in registry.models.items() if found})
    try:
        async with run_database(cluster, apps) as (owner, _app):
            return await measure(owner, attempts, times, count, folder)
    finally:
        cluster.stop()


async def measure(owner: str, attempts: int, times: int, count: int, folder: Path) -> int:
    ports = [unused_port(), unused_port()]
    async with here(owner, ports[0], folder / "stage") as make:
        kit = await make("bench")
        kind, slugs, sites = await stage(kit, CONNECTIONS + 1, attempts)
    key = secrets.token_hex(32)  # shared, as by the processes of one house
    with (
        serve(owner, ports[0], folder, "--no-jobs", GREENROOM_SECRET=key) as one,
        serve(owner, ports[1], folder, "--no-jobs", GREENROOM_SECRET=key) as two,
    ):
        await one.says("Greenroom serves on")
        await two.says("Greenroom serves on")
        await ready(sites[0], ports)
        await tokens(sites)
        base = (now() + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
        starts = [f"{base + timedelta(minutes=30 * n):%Y-%m-%dT%H:%MZ}" for n in range(times + count)]
        began = time.perf_counter()
        seen = await contended(sites, slugs[0], kind, starts[:times], ports)
        spent = time.perf_counter() - began
        booked, seconds = await distinct(sites, slugs[1:], kind, starts[times:], ports, count)
    conn = await asyncpg.connect(owner)
    twice, standing = (
        await conn.fetchval(_TWICE),
        await conn.fetchval("SELECT count(*) FROM scheduling_booking WHERE status = 'accepted'"),
    )
    await conn.close()
    rate = await raw(owner, kit.ref.id, 1500)
    await kit.close()
    other = {status: n for status, n in seen.items() if status not in (200, 409)}
    print(f"{attempts} attempts x {times} times, 2 processes: {seen.get(200, 0)} booked, {seen.get(409, 0)} told"
          f" 'just taken', others {other or 'none'}; {attempts * times / spent:.0f} attempts/s")  # fmt: skip
    print(f"booked twice: {twice} (G11: 0); standing rows {standing}")
    print(f"distinct: {booked} in {seconds:.2f} s = {booked / seconds:.0f} bookings/s (hold + confirm through HTTP)")
    print(f"raw inserts under the constraints: {rate:.0f}/s; HTTP / raw = {booked / seconds / rate:.3f} (G12: 0.15)")
    return 0 if twice == 0 and seen.get(200, 0) == times and not other and booked == count else 1


async def ready(site: Site, ports: list[int]) -> None:
    """Until both answer."""
    for port in ports:
        site._base = f"http://127.0.0.1:{port}"
        for _n in range(600):
            try:
                if (await site.get("/home")).status < 500:
                    break
            except OSError:
                pass
            await asyncio.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=200)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--distinct", type=int, default=300)
    asked: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(run(asked.attempts, asked.times, asked.distinct, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
