"""A token in every text that one tenant holds, and a walk through all that the other can see, get or leave behind."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kernel.base.context import every_tenant
from kernel.base.contract import Route
from kernel.base.log import JsonFormatter
from kernel.base.runtime import runtime
from kernel.engines.cache import MemoryCache
from kernel.engines.connection import sql_one
from kernel.operations.bundles import exporting
from kernel.testing.people import Answer, Site
from kernel.work.worker import run_due
from plugins.notifications.services import channel

from ..crawl import crawl, starts, streams
from .conftest import Pair
from .matrix import CANARY
from .planting import TOKEN

Planted = tuple[int, list[str], dict[str, str]]
#: Beginnings of cache keys that belong to no tenant.
_PLATFORM_KEYS = ("platform:",)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    # It proves nothing before its own judges pass; see the notes of X.1 and S.1 in docs/features.toml.
    pytest.mark.xfail(run=False, reason="not finished: it has not passed yet and takes too long"),
]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Every log line, as production writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


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


async def _own_ids(pair: Pair, tables: list[str]) -> dict[str, str]:
    found = {}
    with pair.theirs.scope():
        for table in tables:
            row = await sql_one(f'SELECT id FROM "{table}" ORDER BY id LIMIT 1')
            if row is not None:
                found[table] = str(row.id)
    return found


def _with_own_ids(pair: Pair, ids: dict[str, str]) -> list[str]:
    """Routes with holes, filled with ids of the plugin that they belong to, and of accounts."""
    return [
        path
        for pid, route in _routes(pair)
        if "{" in route.path
        for path in starts([route], {t: i for t, i in ids.items() if t.startswith(f"{pid}_") or t == "kernel_account"})
    ]


async def test_no_page_of_the_other_tenant_knows_our_words(
    pair: Pair, planted: Planted, tables: list[str], said: io.StringIO, database: tuple[str, str]
) -> None:
    done, left, where = planted
    assert done > 10 * len(left), left
    # First our own pages, so that whatever is kept between requests is kept now; here the tokens have to show.
    at_home = Look(where)
    await crawl(await pair.everybody(pair.ours), ["/", "/home", "/admin/people", "/admin/audit"], at_home, limit=60)
    assert len(at_home.leaks) > 20, at_home.leaks
    said.truncate(said.seek(0))

    look = Look(where)
    site = await pair.everybody(pair.theirs)
    plain = [r for _p, r in _routes(pair) if "{" not in r.path]
    count = await crawl(site, [*starts(plain, {}), "/"], look)
    count += await crawl(site, _with_own_ids(pair, await _own_ids(pair, tables)), look, limit=400)
    for role in _roles(pair):
        count += await crawl(await pair.theirs.sign_in(role), starts(plain, {}), look, limit=250)
    count += await crawl(pair.theirs.visitor(), ["/", "/sign-in", *starts(plain, {})], look, limit=250)
    await _searched(site, look)
    await _streamed(pair, site, look)
    await _taken_along(pair, site, look)
    await run_due(pair.theirs.ref, raising=False)
    await _left_behind(pair, tables, database, look)
    look.text("log", said.getvalue())
    assert sorted(look.leaks) == []
    assert look.broken == []
    assert count > sum(r.method == "GET" and not streams(r) for _p, r in _routes(pair)), "fewer pages than routes"
    assert said.getvalue().count("\n") > count / 2, "the log was not listened to"


def _roles(pair: Pair) -> list[str]:
    found = pair.greenroom.runtime.registry.roles.values()
    return sorted({r.id for declared in found for r in declared} - {"owner"})


async def _searched(site: Site, look: Look) -> None:
    """The palette and every list that can be searched, asked for the token itself."""
    for words in ("zq7", "canar", TOKEN):
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


async def test_a_token_is_found_wherever_it_is(pair: Pair, planted: Planted) -> None:
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
    look = Look(where)
    await crawl(await pair.everybody(pair.ours), ["/admin/people"], look, limit=3)
    assert any("kernel_account.name" in leak for leak in look.leaks)
