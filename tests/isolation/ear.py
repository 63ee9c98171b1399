"""What the application asks the database on behalf of each request of a test; and how to undo what it writes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

import asyncpg
from tortoise.connection import get_connections

from kernel.auth.one_time import digest
from kernel.auth.permissions import forget
from kernel.base.context import tenant_in_scope
from kernel.base.runtime import runtime
from kernel.web.visit import current_visit

#: The header by which a statement finds back to the question that it was for.
ASK: Final = "X-Ask"
_TABLE: Final = re.compile(r'\b(?:FROM|JOIN|UPDATE|INTO)\s+"?([a-z_]+)"?', re.I)
_WRITES: Final = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\s", re.I)

Said = tuple[str, tuple[Any, ...]]


@dataclass(slots=True)
class Ear:
    """Statements with their values, by the question that they were for.

    `abroad`: those asked in the name of another tenant than the request's, or of all; the wall does not hold for them.
    """

    heard: dict[str, list[Said]] = field(default_factory=lambda: defaultdict(list))
    abroad: dict[str, str] = field(default_factory=dict)

    def note(self, query: str, values: Iterable[Any]) -> None:
        visit = current_visit()
        if visit is None or not (ask := visit.request.headers.get(ASK)):
            return
        self.heard[ask].append((query, tuple(values)))
        scope, home = tenant_in_scope(), visit.snapshot.tenant if visit.snapshot is not None else None
        if scope is not None and scope != home:
            self.abroad.setdefault(" ".join(query.split()), visit.endpoint.name if visit.endpoint else "")

    def tables(self, ask: str, value: str) -> set[str]:
        """Tables in which `value` was looked for; nothing can depend on it where no statement holds it."""
        forms = {value.lower(), digest(value)}
        said = self.heard.get(ask, ())
        return {t for query, values in said if holds(values, forms) for t in _TABLE.findall(query)}

    def writes(self, ask: str) -> list[Said]:
        return [said for said in self.heard.get(ask, ()) if _WRITES.search(said[0])]


def holds(values: Iterable[Any], forms: set[str]) -> bool:
    """Whether one of `forms` (in small letters) is among a statement's values, or within one of them."""
    for value in values:
        if isinstance(value, list | tuple):
            if holds(value, forms):
                return True
        elif value is not None and any(f == (text := str(value).lower()) or (len(f) > 5 and f in text) for f in forms):
            return True
    return False


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()
    prepared, plain, many = asyncpg.Connection._execute, asyncpg.Connection.execute, asyncpg.Connection._executemany

    async def with_values(self: Any, query: str, args: Any, *rest: Any, **options: Any) -> Any:
        ear.note(query, args)
        return await prepared(self, query, args, *rest, **options)

    async def without(self: Any, query: str, *args: Any, **options: Any) -> Any:
        if not args:  # with values it goes on to the other one
            ear.note(query, ())
        return await plain(self, query, *args, **options)

    async def often(self: Any, query: str, args: Any, *rest: Any, **options: Any) -> Any:
        args = list(args)
        ear.note(query, args)
        return await many(self, query, args, *rest, **options)

    with (
        mock.patch.object(asyncpg.Connection, "_execute", with_values),
        mock.patch.object(asyncpg.Connection, "execute", without),
        mock.patch.object(asyncpg.Connection, "_executemany", often),
    ):
        yield ear


@asynccontextmanager
async def undone() -> AsyncIterator[None]:
    """Whatever the whole application writes meanwhile is undone at the end: it has one connection, in a transaction.

    For one request after the other: units of work become savepoints, which end in the order in which they began.
    """
    snapshots = runtime().snapshots
    epoch = snapshots.epoch
    shared = get_connections()._get_storage()
    pool = shared["default"]
    opening = pool._in_transaction()
    client = await opening.__aenter__()
    shared["default"] = client
    try:
        yield
    finally:
        shared["default"] = pool
        async with client._lock:
            if not client._finalized:
                await client.rollback()
        await opening.__aexit__(None, None, None)
        if snapshots.epoch != epoch:  # switches, settings or rights were changed: they are not, after all
            await snapshots.refresh(force=True)
            for snapshot in snapshots.all():
                forget(snapshot.tenant.id)
