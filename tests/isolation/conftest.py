"""Two tenants with demo data, side by side."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import asyncpg
import pytest

from kernel.app import Greenroom
from kernel.auth import throttle
from kernel.base.log import JsonFormatter
from kernel.engines.models import TenantModel, all_models
from kernel.tenancy.tenants import create_tenant
from kernel.testing.contract.walk import seed
from kernel.testing.people import Answer, Site, TenantKit
from kernel.web import bearer, limits, neighbours

from ..crawl import crawl, starts
from .ear import Ear, listening
from .matrix import Ask
from .places import Paths, in_page
from .planting import plant
from .world import Pair


@pytest.fixture(scope="session")
async def pair(greenroom: Greenroom) -> AsyncIterator[Pair]:
    kits = []
    for slug in ("ours", "theirs"):
        ref = await create_tenant(slug, slug, hosts=[f"{slug}.localhost"])
        kits.append(TenantKit(ref, f"{slug}.localhost", greenroom.runtime.config.port))
        await seed(kits[-1])
    yield Pair(*kits, greenroom)
    for kit in kits:
        await kit.close()


@pytest.fixture(scope="session")
def tables(greenroom: Greenroom) -> list[str]:
    """Every table of tenants' rows, by the models."""
    return sorted(model._meta.db_table for model in all_models() if issubclass(model, TenantModel))


@pytest.fixture(scope="session")
async def planted(
    pair: Pair, tables: list[str], database: tuple[str, str]
) -> AsyncIterator[tuple[int, list[str], dict[str, str]]]:
    """Our tenant's every text holds a token, from now to the end of the run: how many, which not, and what is where."""
    tables = [table for table in tables if table not in ("kernel_toggle", "kernel_job")]
    conn = await asyncpg.connect(database[0])
    try:
        await conn.execute("SET session_replication_role = replica")  # past logs that may not be changed
        yield await plant(conn, tables, pair.ours.ref.id)
        for table in [*tables, "kernel_job"]:  # of no use to anybody now
            await conn.execute(f'DELETE FROM "{table}" WHERE tenant_id = $1', pair.ours.ref.id)
    finally:
        await conn.close()


@dataclass(slots=True)
class Seen:
    """Every page that one person of tenant B comes to, and what their forms and links ask."""

    site: Site
    pages: dict[str, Answer] = field(default_factory=dict)
    #: Pages of tenant A, seen before by somebody of theirs; and what was logged since then.
    at_home: dict[str, Answer] = field(default_factory=dict)
    log: str = ""
    asks: dict[tuple[str, str, tuple[str, ...]], Ask] = field(default_factory=dict)
    #: Names of the fields that forms have, by route.
    names: dict[str, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="session")
async def seen(pair: Pair, planted: object, said: io.StringIO) -> Seen:
    """The demo's interviewer of tenant B, with every role, walks through the house; our words are planted by then."""
    found = Seen(await pair.everybody(pair.theirs, "interviewer@demo.test"))
    routes = [route for _pid, route in pair.routes().values()]
    paths = Paths.of(routes)

    def look(path: str, answer: Answer) -> None:
        found.pages[path] = answer
        if "html" in answer.headers.get("Content-Type", ""):
            for ask, names in in_page(path, answer.text, paths):
                found.asks.setdefault((ask.route, ask.method, ask.places), ask)
                found.names.setdefault(ask.route, set()).update(names)

    # First pages of A's own, so that whatever is kept between requests is kept by now.
    owner = await pair.everybody(pair.ours)
    await crawl(owner, ["/", "/home", "/admin/people", "/admin/audit"], found.at_home.__setitem__, limit=40)
    before = said.tell()
    plain = [route for route in routes if "{" not in route.path]
    await crawl(found.site, ["/", *starts(plain, {})], look, limit=400)
    found.log = said.getvalue()[before:]
    return found


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def ear() -> Iterator[Ear]:
    with listening() as found:
        yield found


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of questions in a minute: what slows a client down would hide what is asked about."""

    async def free(*_args: object, **_named: object) -> None:
        return None

    for module, name in ((limits, "spend"), (limits, "spend_for"), (bearer, "spend_for"), (throttle, "refused_token")):
        monkeypatch.setattr(module, name, free)
    monkeypatch.setattr(neighbours.Meter, "take", lambda *_args: True)
