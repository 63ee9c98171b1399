"""What a test can watch: statements asked of the database, events published, notices handed over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import asyncpg

from ..base.contract import Notice, NoticeSink
from ..engines.connection import sql
from ..work import notices as noticing
from ..work import services
from .people import TenantKit

#: Not work of anybody: transactions, and telling the database which tenant asks.
_HOUSEKEEPING = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "SET ",
    "SELECT set_config",
    "RESET",
    "SELECT pg_",
)


@dataclass(slots=True)
class Counted:
    """The statements asked so far, in order."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)

    def note(self, query: object) -> None:
        text = " ".join(str(query).split())
        if not text.startswith(_HOUSEKEEPING):
            self.statements.append(text)


@contextmanager
def counting_queries() -> Iterator[Counted]:
    """Counts what this process asks the database; transactions and the like are left out."""
    counted = Counted()
    prepared, plain = asyncpg.Connection._execute, asyncpg.Connection.execute

    async def with_values(self: Any, query: str, *args: Any, **options: Any) -> Any:
        counted.note(query)
        return await prepared(self, query, *args, **options)

    async def without(self: Any, query: str, *args: Any, **options: Any) -> Any:
        if not args:  # with values it goes on to the other one
            counted.note(query)
        return await plain(self, query, *args, **options)

    with (
        mock.patch.object(asyncpg.Connection, "_execute", with_values),
        mock.patch.object(asyncpg.Connection, "execute", without),
    ):
        yield counted


async def published(kit: TenantKit, name: str = "") -> list[dict[str, Any]]:
    """The data of the events of a tenant, oldest first; only those called `name`, if given."""
    with kit.scope():
        rows = await sql(
            "SELECT data FROM kernel_event WHERE tenant_id = $1 AND ($2 = '' OR name = $2) ORDER BY occurred_at, id",
            kit.ref.id,
            name,
        )
    return [json.loads(row.data) if isinstance(row.data, str) else dict(row.data) for row in rows]


class _Recorder:
    """Stands before whoever delivers notices, and for them where nobody does."""

    def __init__(self, into: list[Notice]) -> None:
        self._into = into

    def get(self, wanted: type[Any] | str) -> Any:
        found = services.get(wanted)
        return _Sink(found, self._into) if wanted is NoticeSink else found


class _Sink:
    def __init__(self, real: NoticeSink | None, into: list[Notice]) -> None:
        self._real, self._into = real, into

    async def deliver(self, type_id: str, notices: list[Notice]) -> None:
        known = {notice.key for notice in self._into}
        self._into.extend(notice for notice in notices if notice.key not in known)
        if self._real is not None:
            await self._real.deliver(type_id, notices)


@contextmanager
def noting_notices() -> Iterator[list[Notice]]:
    """Every notice that declared types compose meanwhile, each key once."""
    found: list[Notice] = []
    with mock.patch.object(noticing, "services", _Recorder(found)):
        yield found
