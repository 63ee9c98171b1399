"""A token in every text that one tenant holds, and a walk through every page of the other: it never appears."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from kernel.testing.contract.walk import owned_ids
from kernel.testing.people import Answer

from ..crawl import crawl, starts, streams
from .conftest import Pair

TOKEN = "zq7canary"
#: Columns that steer (states, names of jobs, keys of switches): changing them breaks our own pages, proves nothing.
_STEERING = "state|status|kind|role|name_key|key|queue|locale|zone|currency|scope|purpose|token_hash|password_hash"


async def plant(conn: asyncpg.Connection, tables: list[str], pair: Pair) -> tuple[int, list[str]]:
    """Write the token into the texts of our tenant, made unique by the row's id; columns planted, and those not."""
    columns = await conn.fetch(
        "SELECT table_name AS t, column_name AS c, data_type AS kind FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = ANY ($1)"
        " AND data_type IN ('text', 'character varying', 'jsonb')"
        f" AND is_generated = 'NEVER' AND column_name !~ '^({_STEERING})$' ORDER BY 1, 2",
        tables,
    )
    done, left = 0, []
    for row in columns:
        value = f"'{TOKEN}' || left(md5(id::text), 6)"
        if row["c"] == "email":
            value += " || '@canary.test'"
        if row["kind"] == "jsonb":  # every text in it
            value = f"""regexp_replace("{row["c"]}"::text, '": "[^"\\\\]*"', '": "{TOKEN}"', 'g')::jsonb"""
        try:
            async with conn.transaction():
                await conn.execute(
                    f'UPDATE "{row["t"]}" SET "{row["c"]}" = {value} WHERE tenant_id = $1', pair.ours.ref.id
                )
            done += 1
        except asyncpg.PostgresError:  # a length, a check
            left.append(f"{row['t']}.{row['c']}")
    return done, left


@pytest.fixture
async def planted(pair: Pair, tables: list[str], database: tuple[str, str]) -> AsyncIterator[tuple[int, list[str]]]:
    """Our tenant's rows are of no use afterwards, and go."""
    tables = [table for table in tables if table not in ("kernel_toggle", "kernel_job")]
    conn = await asyncpg.connect(database[0])
    try:
        await conn.execute("SET session_replication_role = replica")  # past logs that may not be changed
        yield await plant(conn, tables, pair)
        for table in tables:
            await conn.execute(f'DELETE FROM "{table}" WHERE tenant_id = $1', pair.ours.ref.id)
        await conn.execute("DELETE FROM kernel_job WHERE tenant_id = $1", pair.ours.ref.id)
    finally:
        await conn.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_page_of_the_other_tenant_knows_our_words(pair: Pair, planted: tuple[int, list[str]]) -> None:
    done, left = planted
    assert done > 10 * len(left), left
    registry = pair.greenroom.runtime.registry
    ids: dict[str, str] = {}
    for pid in registry.ready:
        ids |= {table: str(key) for table, key in (await owned_ids(pair.theirs, pid)).items()}
    # First our own pages, so that whatever is kept between requests is kept now; here the token has to show.
    at_home: list[str] = []
    await crawl(
        await pair.everybody(pair.ours), ["/", "/home", "/admin/people", "/admin/audit"],
        lambda path, answer: at_home.append(path) if TOKEN in answer.text else None, limit=60,
    )  # fmt: skip
    assert len(at_home) > 5, at_home

    leaks: list[str] = []
    broken: list[str] = []

    def look(path: str, answer: Answer) -> None:
        text = answer.text + "".join(answer.headers.values())
        if TOKEN in text:
            leaks.append(path)
        if answer.status >= 500:
            broken.append(path)

    routes = [route for found in registry.routes.values() for route in found]
    site = await pair.everybody(pair.theirs)
    count = await crawl(site, [*starts([r for r in routes if not _many(r.path)], {}), "/"], look)
    count += await crawl(site, _with_own_ids(pair, ids), look, limit=400)
    count += await crawl(pair.theirs.visitor(), ["/", "/sign-in"], look, limit=100)
    for words in ("zq7", "canar"):
        look(f"/search?q={words}", await site.get(f"/search?q={words}"))
    assert leaks == []
    assert broken == []
    assert count > sum(r.method == "GET" and not streams(r) for r in routes), "fewer pages than routes were seen"


def _many(path: str) -> bool:
    return "{" in path


def _with_own_ids(pair: Pair, ids: dict[str, str]) -> list[str]:
    """Routes with holes, filled with ids of the plugin that they belong to, and of accounts."""
    registry = pair.greenroom.runtime.registry
    return [
        path
        for pid, routes in registry.routes.items()
        for path in starts(
            [r for r in routes if _many(r.path)],
            {t: i for t, i in ids.items() if t.startswith(f"{pid}_") or t == "kernel_account"},
        )
    ]
