"""What a form or body does not ask for does not get in: every route that writes is sent the columns of its tables."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web

from kernel.base.context import current_actor
from kernel.base.contract import Route
from kernel.engines.connection import execute
from kernel.engines.models import all_models
from kernel.testing.people import Answer
from kernel.web.body import read_form_data
from kernel.web.routing import ENDPOINTS

from ..crawl import streams
from .conftest import Seen
from .ear import Ear, Said, holds, undone
from .matrix import Ask, Principal, Rows, settle, told
from .places import of_route
from .world import Pair, rows_of, with_token

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("unhurried")]

#: Found again wherever they land.
_TEXT: Final = "zqx-not-asked-for"
_NUMBER: Final = 987650123
_INSTANT: Final = "2061-02-03T04:05:06+00:00"
_ID: Final = "0bad0bad-0bad-7bad-8bad-0bad0bad0bad"
#: Columns that decide whose a row is, who may do what, and how far something has got. Forms may have the others.
_STEERING: Final = re.compile(
    r"(^|_)(id|ids|tenant|account|owner|author|actor|role|roles|state|status|hash|secret|token|by|at|until|version"
    r"|sealed|verified|confirmed|approved|permissions?|scopes?|minor|currency|number|key)$"
)
#: Names that attackers try, whether we have such columns or not.
_GUESSED: Final = (
    "tenant_id",
    "id",
    "account_id",
    "role",
    "roles",
    "is_admin",
    "permissions",
    "state",
    "status",
    "owner",
)
#: Counters, and what notes that something was asked.
_NOTED: Final = re.compile(r'\s"?kernel_(usage|api_call|api_token|session)\b')
_numbers = itertools.count(1)


@dataclass(slots=True)
class World:
    human: Principal
    program: Principal
    mine: Rows
    ear: Ear
    #: Values for columns, by name: such as would have an effect, of rows that there are.
    values: dict[str, Any]
    #: Names of columns by plugin.
    columns: dict[str, set[str]]
    #: Short names of the ids that there are.
    known: dict[str, str]
    faults: list[str] = field(default_factory=list)
    #: Routes that did their work alike both times, or refused for the extra fields alone.
    decided: set[str] = field(default_factory=set)

    async def send(self, ask: Ask, extra: Mapping[str, Any]) -> tuple[Answer, list[Said]]:
        who, number = self.program if ask.json else self.human, str(next(_numbers)) + "x"
        kept = who.site.cookies()
        async with undone():
            answer = await who.ask(ask, {}, number, extra)
        for name, value in kept.items():  # signing out is undone, too
            who.site.set_cookie(name, value)
        return answer, [said for said in self.ear.writes(number) if not _NOTED.search(said[0])]

    async def compare(self, name: str, ask: Ask, extra: Mapping[str, Any]) -> None:
        """Ask without and with the extra fields; what differs has to differ twice, since jobs go on beside us."""
        found = await self._differing(name, ask, extra)
        if found and "not asked for" not in found:
            found = await self._differing(name, ask, extra)
        if found:
            self.faults.append(f"{name} {found}")

    async def _differing(self, name: str, ask: Ask, extra: Mapping[str, Any]) -> str:
        plain, wrote = await self.send(ask, {})
        loaded, also = await self.send(ask, extra)
        refused = not also and (400 <= loaded.status < 500 or (loaded.status == 303 and bool(wrote)))
        if (wrote and plain.status < 400) or (refused and plain.status != loaded.status):
            self.decided.add(name)
        if loaded.status >= 500:
            return f"answered {loaded.status}: {loaded.text[:200]}"
        if got_in := [query for query, values in also if holds(values, _MARKS)]:
            return f"took a value that it had not asked for: {got_in[0][:200]}"
        if refused:
            return ""
        if (one := self.plainly(wrote)) != (two := self.plainly(also)):
            differing = [line for line in two if line not in one] or [line for line in one if line not in two]
            return f"({plain.status}, {loaded.status}) wrote something else with more fields: {differing[:1]}"
        one_answer, another = (self._plain(str(told(answer))) for answer in (plain, loaded))
        return "answered something else with more fields" if one_answer != another else ""

    def plainly(self, writes: Iterable[Said]) -> list[str]:
        return sorted(" ".join(query.split()) + str([self._plain(v) for v in values]) for query, values in writes)

    def _plain(self, value: Any) -> str:
        """A statement's value without what is new each time: ids, instants, random texts."""
        if isinstance(value, list | tuple):
            return str([self._plain(v) for v in value])
        if isinstance(value, bytes):
            return "bytes"
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*([+-]\d\d:\d\d|Z)?", "instant", str(value))
        text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda m: self.known.get(m[0], "id"), text)
        return re.sub(
            r"\b[0-9a-f]{8}-[0-9a-f]{1,6}\b|\b[0-9a-f]{16,}\b|[A-Za-z0-9_-]{22,}|\d{9,}|\d+\.\d+", "new", text
        )


#: Ids of requests, digests, secrets, clocks.
_NEW: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{1,6}\b|\b[0-9a-f]{16,}\b|[\w-]{22,}|\d{9,}|\d+\.\d+")
_MARKS: Final = {_TEXT, str(_NUMBER), _ID, "2061-02-03"}


def _columns() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for model in all_models():
        found.setdefault(model._meta.app or "", set()).update(model._meta.fields_db_projection.values())
    return found


async def _values(conn: asyncpg.Connection, foreign: UUID) -> dict[str, Any]:
    """For every column a value of its kind; for those that steer one that some row has, so that it would be taken."""
    rows = await conn.fetch(
        "SELECT column_name AS name, table_name AS t, data_type AS kind FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY table_name"
    )
    found: dict[str, Any] = {}
    for row in rows:
        name, kind = row["name"], row["kind"]
        if kind in ("text", "character varying"):
            found.setdefault(name, _TEXT)
            if found[name] == _TEXT and re.search(r"(^|_)(state|status|kind|visibility)$", name):
                found[name] = await conn.fetchval(f'SELECT max("{name}") FROM "{row["t"]}"') or _TEXT
        elif kind == "boolean":
            found.setdefault(name, True)
        elif kind == "uuid":
            found.setdefault(name, _ID)
        elif kind in ("integer", "bigint", "smallint", "double precision", "numeric"):
            found.setdefault(name, _NUMBER)
        elif kind.startswith(("timestamp", "date")):
            found.setdefault(name, _INSTANT)
        else:
            found.setdefault(name, [_TEXT])
    return found | {"tenant_id": str(foreign), "role": "owner", "roles": "owner", "is_admin": True, "owner": True,
                    "permissions": "kernel.people.manage"}  # fmt: skip


@pytest.fixture
async def world(pair: Pair, ear: Ear, seen: Seen, database: tuple[str, str]) -> World:
    conn = await asyncpg.connect(database[0])
    values = await _values(conn, pair.ours.ref.id)
    known = [_ID, str(pair.ours.ref.id), str(pair.theirs.ref.id)]
    for model in all_models():
        if "id" in model._meta.fields_db_projection.values():
            known += [str(r["id"]) for r in await conn.fetch(f'SELECT id FROM "{model._meta.db_table}"')]
    await conn.close()
    program = await with_token(pair.theirs, seen.site, "a token for everything")
    human = Principal("a human with every role", seen.site)
    await human.site.get("/home")
    return World(
        human,
        program,
        await rows_of(pair.theirs),
        ear,
        values,
        _columns(),
        {key: f"known{n}" for n, key in enumerate(known)},
    )


async def test_extra_fields_change_nothing(pair: Pair, seen: Seen, world: World) -> None:
    routes = {n: (p, r) for n, (p, r) in pair.routes().items() if r.method != "GET" and not streams(r)}
    sent = set()
    for name, (plugin, route) in routes.items():
        for ask in await _asks(world, seen, route):
            names = world.columns.get(plugin, set()) | world.columns["kernel"] | set(_GUESSED)
            if not ask.json:
                names = {n for n in names if _STEERING.search(n)} | set(_GUESSED)
            declared = set(ask.body or ()) | seen.names.get(name, set()) | set(ACCEPTED.get(name, ()))
            extra = {n: world.values.get(n, _TEXT) for n in sorted(names - declared)}
            assert len(extra) > 5, name
            await world.compare(name, ask, extra if ask.json else {k: _as_field(v) for k, v in extra.items()})
            sent.add(name)
    print(f"{len(world.decided)} of {len(routes)} routes came as far as a decision")
    assert world.faults == []
    assert sent == set(routes)
    assert len(world.decided) > len(routes) / 4, "too few were taken far enough to prove anything"


async def _naive(request: web.Request) -> web.Response:
    """Takes over whatever it is sent."""
    actor = current_actor()
    assert actor is not None
    for _name, value in (await read_form_data(request)).fields:
        await execute("UPDATE kernel_account SET name = $1 WHERE id = $2", value, actor.id)
    return web.Response(status=303, headers={"Location": "/profile"})


async def test_a_naive_form_is_caught(pair: Pair, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    route = pair.routes()["users.profile_save"][1]
    monkeypatch.setattr(pair.greenroom.app[ENDPOINTS][route.name], "handler", _naive)
    ask = of_route(route)
    ask.body = {"name": "Ada"}
    await world.compare(route.name, ask, {})
    assert world.faults == []
    await world.compare(route.name, ask, {"created_at": _INSTANT})
    assert len(world.faults) == 1
    await world.compare(route.name, ask, {"locale": "de"})
    assert len(world.faults) == 2


def _as_field(value: Any) -> str:
    return "on" if value is True else str(value[0] if isinstance(value, list) else value)


async def _asks(world: World, seen: Seen, route: Route) -> list[Ask]:
    """The route as somebody would use it: a form of a page, or a body that fits, with ids of their own."""
    if "/api/" not in route.path and (forms := [a for a in seen.asks.values() if a.route == route.name]):
        return forms[:2]
    ask = of_route(route)
    ask.body = ask.body or {}
    await settle(world.program if ask.json else world.human, ask, world.mine, world.ear, undone)
    return [ask]


#: Fields that a form takes without showing them on the pages that were seen, and why.
ACCEPTED: dict[str, dict[str, str]] = {}
