"""Every route × everybody who has no business there × every id of another tenant: a foreign id is a missing one."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from kernel.base.context import every_tenant
from kernel.base.errors import Forbidden, NotFound
from kernel.engines.connection import sql_one
from kernel.web.routing import ENDPOINTS

from ..crawl import streams
from .conftest import Seen
from .ear import Ear, undone
from .matrix import Principal, Walk, settle, summary
from .places import holes, of_route
from .world import ENDING, Pair, asks_of, astray, locked, rows_of, with_token

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("unhurried")]

#: Counters and marks of use, which are written down some seconds after what they count.
_COUNTERS = ("kernel_usage", "kernel_api_call", "kernel_api_token")


# --- across tenants ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
async def strangers(pair: Pair, seen: Seen) -> list[Principal]:
    """At tenant B's door, with tenant A's ids."""
    kit = pair.theirs
    return [
        Principal("B's interviewer with every role", seen.site),
        await with_token(kit, seen.site, "a token of B's interviewer with every role"),
        Principal("B's admin", await kit.sign_in("admin"), terse=True),
        Principal("a member of B", await kit.sign_in(), terse=True),
        Principal("a visitor of B", kit.visitor()),
        await with_token(kit, seen.site, "a token of B without the scope", weak=True),
        await locked(kit, "B"),
        astray("A's owner with A's session at B's door", kit, await pair.everybody(pair.ours)),
    ]


async def _state(conn: asyncpg.Connection, tables: list[str], tenant: Any) -> dict[str, str]:
    return {
        t: await conn.fetchval(
            f"SELECT md5(coalesce(string_agg(x::text, '' ORDER BY id), '')) FROM \"{t}\" x WHERE tenant_id = $1", tenant
        )
        for t in tables
        if t not in _COUNTERS
    }


async def test_a_foreign_id_answers_like_a_missing_one(
    pair: Pair, ear: Ear, seen: Seen, strangers: list[Principal], tables: list[str], database: tuple[str, str]
) -> None:
    """At tenant B's door: every place of every route, filled with tenant A's keys, the other places with B's own.

    Not every row of A's is asked for everywhere. It need not be: no statement leaves B's scope, in which the wall
    (test_wall.py) shows no row of A's whatever is asked.
    """
    ear.abroad.clear()
    rows, mine = await rows_of(pair.ours), await rows_of(pair.theirs)  # slugs are tokens by now
    routes = [r for _p, r in pair.routes().values() if not streams(r) and r.name not in ENDING]
    conn = await asyncpg.connect(database[0])
    before = await _state(conn, tables, pair.ours.ref.id)
    walks = [Walk(who, rows, ear, a_table=2) for who in strangers]
    for walk in walks:
        await walk.over(asks_of(pair))
    human, program = walks[:2]
    deep = [a for r in routes if len((a := of_route(r)).places) > 1 or len(a.places) > len(holes(r))]
    for ask in deep:
        who = program if ask.json else human
        await settle(who.who, ask, mine, ear, undone)
    forms = [a for a in seen.asks.values() if a.places and a.route not in ENDING]
    for ask in [*deep, *forms]:
        async with undone():
            await (program if ask.json else human).one(ask)
    after = await _state(conn, tables, pair.ours.ref.id)
    await conn.close()
    assert summary(walks) == ""
    assert ear.abroad == {}
    assert {t for t in before if before[t] != after[t]} == set(), "these rows of tenant A were changed from tenant B"
    reached = set[str]().union(*(walk.reached for walk in walks))
    assert {r.name for r in routes if "{" in r.path} - reached == set(), "no question reached these routes"
    tried = set[str]().union(*(walk.tried for walk in walks))
    assert set(rows) - tried == set(), "nobody asked for a row of these tables"


async def test_sockets_refuse_foreign_ids(pair: Pair, ear: Ear, strangers: list[Principal]) -> None:
    """Asked as a page, and with the handshake of a WebSocket: nobody gets in, and a foreign id is a missing one."""
    rows = await rows_of(pair.ours)
    asks = [of_route(r) for _p, r in pair.routes().values() if streams(r) and "{" in r.path]
    assert asks
    for who in (s for s in strangers if not s.headers):
        walk = Walk(who, rows, ear)
        async with asyncio.timeout(20):  # a socket that opened would hang here
            await walk.over(asks)
        assert summary([walk]) == ""
        for ask in asks:
            keys = [key.value for key in rows["scheduling_booking"]]
            paths = [ask.at({ask.places[0]: value})[0] for value in (ask.nobody[ask.places[0]], *keys)]
            assert len({await _handshake(who, path) for path in paths}) == 1, (ask.route, who.name)


async def _handshake(who: Principal, path: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await who.site.socket(path)
    return caught.value.status


# --- the detector itself ----------------------------------------------------------------------------------------


async def _row(request: web.Request) -> Any:
    with every_tenant():
        return await sql_one("SELECT id, name, tenant_id FROM kernel_account WHERE id::text = $1", _wanted(request))


def _wanted(request: web.Request) -> str:
    return next(iter(request.match_info.values()))


async def shows(request: web.Request) -> web.Response:
    row = await _row(request)
    if row is None:
        raise NotFound()
    return web.Response(text=row.name)


async def forbids(request: web.Request) -> web.Response:
    raise NotFound() if await _row(request) is None else Forbidden()


async def hints(request: web.Request) -> web.Response:
    found = await _row(request)
    return web.Response(status=404, text="no", headers={"X-Known": "yes"} if found else {})


async def words(request: web.Request) -> web.Response:
    return web.Response(status=404, text="There is none." if await _row(request) is None else "Not yours.")


async def whispers(request: web.Request) -> web.Response:
    with every_tenant():
        row = await sql_one("SELECT name FROM kernel_account WHERE name LIKE 'zq7%' LIMIT 1")
    return web.Response(status=404, text="no", headers={"X-Last": row.name if row else ""})


@pytest.mark.parametrize("naive", [shows, forbids, hints, words, whispers])
async def test_a_naive_build_is_caught(
    pair: Pair, ear: Ear, strangers: list[Principal], naive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that forgets the tenant, in five ways: each must be found, or the walks above prove nothing."""
    route = pair.routes()["users.person"][1]
    monkeypatch.setattr(pair.greenroom.app[ENDPOINTS][route.name], "handler", naive)
    walk = Walk(strangers[0], await rows_of(pair.ours), ear)
    ear.abroad.clear()
    await walk.over([of_route(route)])
    assert walk.faults and all(route.name in fault for fault in walk.faults)
    assert naive is whispers or any("kernel_account" in fault for fault in walk.faults)
    assert set(ear.abroad.values()) == {route.name}


async def test_a_write_across_tenants_is_seen(pair: Pair, planted: object, database: tuple[str, str]) -> None:
    conn = await asyncpg.connect(database[0])
    try:
        before = await _state(conn, ["kernel_account"], pair.ours.ref.id)
        row = await conn.fetchrow("SELECT id, name FROM kernel_account WHERE tenant_id = $1", pair.ours.ref.id)
        await conn.execute("UPDATE kernel_account SET name = 'x' WHERE id = $1", row["id"])
        assert await _state(conn, ["kernel_account"], pair.ours.ref.id) != before
        await conn.execute("UPDATE kernel_account SET name = $2 WHERE id = $1", row["id"], row["name"])
    finally:
        await conn.close()
