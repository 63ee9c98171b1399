"""A token in every text that one tenant holds, and a walk through all that the other can see, get or leave behind."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kernel.base.context import every_tenant
from kernel.base.contract import Route
from kernel.base.runtime import runtime
from kernel.engines.cache import MemoryCache
from kernel.engines.connection import sql_one
from kernel.operations.bundles import exporting
from kernel.testing.people import Answer, Site
from kernel.work.worker import run_due
from plugins.notifications.services import channel

from ..crawl import streams
from .conftest import Seen
from .ear import Ear
from .matrix import CANARY, Principal, settle
from .places import of_route
from .planting import TOKEN
from .world import Pair, rows_of, with_token

Planted = tuple[int, list[str], dict[str, str]]
#: Beginnings of cache keys that belong to no tenant.
_PLATFORM_KEYS = ("platform:",)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("unhurried")]


class Look:
    """Notes tokens and faults of every answer, file and line."""

    def __init__(self, where: dict[str, str]) -> None:
        self.where = where
        self.leaks: set[str] = set()
        self.broken: list[str] = []

    def __call__(self, path: str, answer: Answer) -> None:
        self.text(path, answer.text + "".join(answer.headers.values()))
        if answer.status >= 500:
            self.broken.append(f"{answer.status} {path}")

    def text(self, place: str, text: str) -> None:
        self.leaks |= {f"{place}: {self.where.get(t, t)}" for t in CANARY.findall(text)}


def _routes(pair: Pair) -> list[tuple[str, Route]]:
    return [(pid, route) for pid, found in pair.greenroom.runtime.registry.routes.items() for route in found]


async def test_no_page_of_the_other_tenant_knows_our_words(
    pair: Pair, planted: Planted, seen: Seen, ear: Ear, said: io.StringIO, tables: list[str], database: tuple[str, str]
) -> None:
    done, left, where = planted
    assert done > 10 * len(left), left
    at_home = Look(where)
    for path, answer in seen.at_home.items():
        at_home(path, answer)
    assert len(at_home.leaks) > 20, at_home.leaks  # the detector works

    look, before = Look(where), said.tell()
    for path, answer in seen.pages.items():
        look(path, answer)
    asked = await _every_page(pair, seen, ear, look)
    await _searched(seen.site, look)
    await _streamed(pair, seen.site, look)
    await _taken_along(pair, seen.site, look)
    await _subscribed(seen.site, look)
    await run_due(pair.theirs.ref, raising=False)
    await _left_behind(pair, tables, database, look)
    log = seen.log + said.getvalue()[before:]
    look.text("log", log)
    assert sorted(look.leaks) == []
    assert look.broken == []
    assert asked >= {r.name for _p, r in _routes(pair) if r.method == "GET" and not streams(r)}
    assert log.count("\n") > len(seen.pages), "the log was not listened to"


async def _every_page(pair: Pair, seen: Seen, ear: Ear, look: Look) -> set[str]:
    """Every GET route, as somebody with every role (and ids of their own), as three with less, and as a visitor."""
    kit, mine = pair.theirs, await rows_of(pair.theirs)
    people = [Principal("a visitor", kit.visitor(), terse=True)]
    # "every role" sees what any role sees, but for what is shown to those alone who may little
    people += [Principal(role, await kit.sign_in(role), terse=True) for role in ("admin", "candidate", "member")]
    program = await with_token(kit, seen.site, "a token for everything")
    routes = [route for _p, route in _routes(pair) if route.method == "GET" and not streams(route)]
    for route in routes:
        ask = of_route(route)
        first = program if ask.json else Principal("every role", seen.site)
        look(route.name, await settle(first, ask, mine, ear, nullcontext))
        answers = await asyncio.gather(*(who.ask(ask, {}, "w") for who in people))
        for who, answer in zip(people, answers, strict=True):
            look(f"{route.name} as {who.name}", answer)
    return {route.name for route in routes}


async def _searched(site: Site, look: Look) -> None:
    """The palette and every list that can be searched, asked for the token itself."""
    for words in ("zq7", "canar"):
        for path in ("/search", "/admin/people", "/admin/audit", "/api/v1/users/people"):
            answer = await site.get(f"{path}?q={words}")
            look(path, answer)
            assert answer.status < 500


async def _streamed(pair: Pair, site: Site, look: Look) -> None:
    """Every event stream open as them, while our people are told something: no frame comes of it."""
    routes = [r for _p, r in _routes(pair) if streams(r) and r.method == "GET" and "{" not in r.path]
    assert routes
    heard: list[str] = []

    async def listen(route: Route) -> None:
        async with site._http.get(site._base + route.path) as response:
            assert response.status == 200, route.name
            async for line in response.content:
                heard.append(line.decode())

    tasks = [asyncio.create_task(listen(route)) for route in routes]
    await asyncio.sleep(0.3)
    before = len(heard)
    with every_tenant():
        row = await sql_one("SELECT array_agg(id) AS ids FROM kernel_account WHERE tenant_id = $1", pair.ours.ref.id)
    with pair.ours.scope():
        # ours, and ours under the name of theirs: the channel is the tenant's, not the account's alone
        for account in [*(row.ids if row else ()), site.account_id]:
            await runtime().bus.publish(channel(account), f"{TOKEN}00000")
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [r for r in results if isinstance(r, Exception)], results
    assert len(heard) == before, heard[before:]
    look.text("stream", "".join(heard))


async def _taken_along(pair: Pair, site: Site, look: Look) -> None:
    """What leaves the house: a person's data from every plugin, and the tenant's bundle."""
    assert site.account_id is not None
    with pair.theirs.scope():
        for pid, providers in pair.greenroom.runtime.registry.privacy_providers.items():
            for provider in providers:
                if provider.export is not None:
                    data = await provider.export(site.account_id)
                    look.text(f"privacy export of {pid}", json.dumps(data, default=str))
        look.text("bundle", str(await exporting.export()))


async def _subscribed(site: Site, look: Look) -> None:
    """The private calendar feed, by the address that its page shows to its owner."""
    assert (await site.post("/calendars/feed")).status == 303
    addresses = re.findall(r"https?://[^/\"<\s]+(/[^\"<\s]+\.ics)", (await site.get("/calendars")).text)
    assert addresses
    answer = await site.get(addresses[0])
    assert answer.text.startswith("BEGIN:VCALENDAR")
    look("private feed", answer)


async def _left_behind(pair: Pair, tables: list[str], database: tuple[str, str], look: Look) -> None:
    """Rows (mails, deliveries, jobs, events, exports among them), files and cached values of theirs."""
    conn = await asyncpg.connect(database[0])
    for table in tables:
        query = f'SELECT t::text AS row FROM "{table}" t WHERE tenant_id = $1'
        for row in await conn.fetch(query, pair.theirs.ref.id):
            look.text(f"rows of {table}", row["row"])
    await conn.close()
    files = pair.greenroom.runtime.config.data_dir / "files"
    for path in _files(files):
        owner = path.relative_to(files).parts[0]
        assert len(owner) == 36, f"{path} is in no tenant's folder"
        if owner == str(pair.theirs.ref.id):
            look.text(f"file {path}", path.read_bytes().decode("utf-8", "replace"))
    cache = runtime().cache
    assert isinstance(cache, MemoryCache)
    ours = str(pair.ours.ref.id)
    for key, (_until, value) in cache._entries.items():
        assert key.startswith(("t:", *_PLATFORM_KEYS)), f"the cache key {key} names no tenant"
        if ours not in key:
            look.text(f"cache {key}", value.decode("utf-8", "replace"))


def _files(folder: Path) -> Iterable[Path]:
    return (p for p in folder.rglob("*") if p.is_file())


def test_a_token_is_found_wherever_it_is(planted: Planted) -> None:
    """The detector: in a body, in a header, in the middle of JSON, and it names the column."""
    _done, _left, where = planted
    token = next(t for t, column in where.items() if column == "kernel_account.name")
    found: list[Callable[[Look], Any]] = [
        lambda look: look("/x", Answer(404, {}, f'{{"a": "b{token}c"}}', "/x")),
        lambda look: look("/x", Answer(302, {"Location": f"/{token}"}, "", "/x")),
        lambda look: look.text("/x", f"... {token}ab12cd"),
    ]
    for leak in found:
        look = Look(where)
        leak(look)
        assert look.leaks == {"/x: kernel_account.name"}
