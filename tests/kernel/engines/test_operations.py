"""Every operation that the ORM offers, tried on another tenant's rows: with the wall behind it, and by itself.

The list is Tortoise's own. What an upgrade adds fails `test_every_operation_is_classified` until it stands here.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import DoesNotExist, IntegrityError, OperationalError
from tortoise.fields.relational import ManyToManyRelation, ReverseRelation
from tortoise.functions import Max
from tortoise.models import Model
from tortoise.queryset import QuerySet

from kernel.base.context import CrossTenant, NoTenant, every_tenant, tenant_in_scope, tenant_scope
from kernel.base.ids import new_id
from kernel.engines import connection, embedded

from .conftest import A, B

Try = Callable[[Any, Any], Any]  # the model or a query of it, and a row of the other tenant


def _shelf() -> Any:
    return sys.modules["shelf.models"]


def _db() -> BaseDBAsyncClient:
    return get_connection("default")


#: What only looks, and what it has to find in tenant A, which holds "Book a" by "Author a".
READS: dict[str, tuple[Try, Any]] = {
    "all": (lambda s, f: s.all(), ["Book a"]),
    "annotate": (lambda s, f: s.annotate(n=Max("title")).values_list("n", flat=True), ["Book a"]),
    "contains": (lambda s, f: s.all().contains(f), False),
    "count": (lambda s, f: s.all().count(), 1),
    "distinct": (lambda s, f: s.all().distinct(), ["Book a"]),
    "earliest": (lambda s, f: s.earliest("title"), "Book a"),
    "exclude": (lambda s, f: s.exclude(title="Book a"), []),
    "exists": (lambda s, f: s.filter(id=f.id).exists(), False),
    "filter": (lambda s, f: s.filter(id=f.id), []),
    "first": (lambda s, f: s.first(), "Book a"),
    "get": (lambda s, f: s.get(id=f.id), DoesNotExist),
    "get_or_none": (lambda s, f: s.get_or_none(id=f.id), None),
    "group_by": (lambda s, f: s.annotate(n=Max("title")).group_by("state").values_list("n", flat=True), ["Book a"]),
    "in_bulk": (lambda s, f: s.in_bulk([f.id], "id"), {}),
    "last": (lambda s, f: s.last(), "Book a"),
    "latest": (lambda s, f: s.latest("title"), "Book a"),
    "limit": (lambda s, f: s.all().limit(9), ["Book a"]),
    "offset": (lambda s, f: s.all().order_by("-title").offset(1), []),
    "only": (lambda s, f: s.all().only("title"), ["Book a"]),
    "order_by": (lambda s, f: s.all().order_by("-title"), ["Book a"]),
    "prefetch_related": (lambda s, f: s.all().prefetch_related("author__books"), ["Book a"]),
    "select_for_update": (lambda s, f: s.select_for_update(), ["Book a"]),
    "select_related": (lambda s, f: s.all().select_related("author"), ["Book a"]),
    "union": (lambda s, f: s.all().union(s.filter(title="Book b")), ["Book a"]),
    "using_db": (lambda s, f: s.all().using_db(_db()), ["Book a"]),
    "values": (lambda s, f: s.all().values("title", "author__name"), [{"title": "Book a", "author__name": "Author a"}]),
    "values_list": (lambda s, f: s.all().values_list("title", flat=True), ["Book a"]),
}


async def _saved(row: Any) -> None:
    await row.save()


async def _related(source: Any, foreign: Any) -> None:
    await foreign.author.books.create(title="theirs")


#: What changes something. Each has to raise, or to touch nothing of the other tenant's.
WRITES: dict[str, Try] = {
    "bulk_create": lambda s, f: s.bulk_create([_shelf().Book(tenant_id=B.id, title="forged")]),
    "bulk_update": lambda s, f: s.bulk_update([f.update_from_dict({"title": "forged"})], ["title"]),
    "clone": lambda s, f: _saved(f.clone(new_id())),
    "construct": lambda s, f: _saved(_shelf().Book.construct(id=new_id(), tenant_id=B.id, title="forged")),
    "create": lambda s, f: _shelf().Book.create(tenant_id=B.id, title="forged"),
    "delete": lambda s, f: s.filter(id=f.id).delete(),
    "get_or_create": lambda s, f: _shelf().Book.get_or_create(id=f.id, defaults={"tenant_id": B.id, "title": "forged"}),
    "save": lambda s, f: _saved(f),
    "update": lambda s, f: s.filter(id=f.id).update(title="forged"),
    "update_from_dict": lambda s, f: _saved(f.update_from_dict({"title": "forged"})),
    "update_or_create": lambda s, f: _shelf().Book.update_or_create(id=f.id, defaults={"title": "forged"}),
    # by another way than the name in Tortoise's list
    "delete a row": lambda s, f: f.delete(),
    "create through a relation": _related,
    "move away": lambda s, f: s.all().update(tenant_id=B.id),
    "point elsewhere": lambda s, f: s.all().update(author=f.author),
    "point elsewhere by id": lambda s, f: s.all().update(author_id=f.author.id),
    "take over": lambda s, f: _saved(f.update_from_dict({"tenant_id": A.id})),
    "create with their row": lambda s, f: _shelf().Book.create(title="x", author=f.author),
}

#: What fills in or hands over a row that somebody already holds, or asks past the query: always raises.
CLOSED: dict[str, Try] = {
    "fetch_for_list": lambda s, f: _shelf().Book.fetch_for_list([f], "author"),
    "fetch_related": lambda s, f: f.fetch_related("author"),
    "raw": lambda s, f: s.raw("SELECT * FROM shelf_book"),
    "refresh_from_db": lambda s, f: f.refresh_from_db(),
}

#: What neither reads nor writes rows.
NEUTRAL: dict[str, str] = {
    "Meta": "a class of options", "capabilities": "a constant", "describe": "the model's fields", "fields": "a tuple",
    "explain": "PostgreSQL's plan of the same query", "force_index": "MySQL only", "get_table": "its name",
    "model": "the class", "pk": "a column", "query": "the query being built", "register_listener": "signals",
    "resolve_filters": "builds the query", "resolve_ordering": "builds the query", "sql": "the query as text",
    "use_index": "MySQL only",
}  # fmt: skip


def test_every_operation_is_classified() -> None:
    offered = {n for c in (QuerySet, Model, ReverseRelation) for n in dir(c) if not n.startswith("_")}
    known = {*READS, *WRITES, *CLOSED, *NEUTRAL}
    assert offered - known == set(), "say in this file what these do across tenants"
    assert {n for n in known if " " not in n} - offered == set(), "gone from Tortoise"
    # Tortoise's own link tables have no tenant: check_models refuses the field, so these are never reached
    assert {n for n in dir(ManyToManyRelation) if not n.startswith("_")} - offered == {"add", "clear", "remove"}


@pytest.fixture(params=["with the wall", "by itself"])
async def world(request: pytest.FixtureRequest, tables: None, server: embedded.Embedded) -> AsyncIterator[Any]:
    """A row of tenant B, seen by everybody. `by itself`: as the owner of the tables, whom no policy holds."""
    alone = request.param == "by itself"
    if alone:
        await connection.open_database(server.dsn_owner, {"shelf": ["shelf.models"]}, pool_size=4)
    with every_tenant():
        yield await _shelf().Book.get(tenant_id=B.id).prefetch_related("author")
    if alone:
        await connection.open_database(server.dsn_app, {"shelf": ["shelf.models"]}, pool_size=4)


def _sources(name: str) -> list[Callable[[], Any]]:
    """The model and a query, as far as both offer it."""
    return [lambda: _shelf().Book] * hasattr(Model, name) + [lambda: _shelf().Book.all()] * hasattr(QuerySet, name)


def _plain(result: Any) -> Any:
    if isinstance(result, Model):
        return result.title  # type: ignore[attr-defined]
    if isinstance(result, list):
        return [_plain(r) for r in result]
    return result


@pytest.mark.parametrize("name", READS)
async def test_reading_finds_own_rows_only(world: Any, name: str) -> None:
    look, expected = READS[name]
    with tenant_scope(A):
        for source in _sources(name):
            if expected is DoesNotExist:
                with pytest.raises(DoesNotExist):
                    await look(source(), world)
            else:
                assert _plain(await look(source(), world)) == expected
    for scope in (None, A):  # a query that is carried out of its scope takes nobody else's rows along
        with tenant_scope(B):
            carried = _shelf().Book.all()
        with tenant_scope(scope) if scope else _nowhere():
            assert all(row.tenant_id == B.id for row in await carried)


class _nowhere:  # noqa: N801 - reads like a function
    """No tenant in scope, inside a fixture that has one."""

    def __enter__(self) -> None:
        from kernel.base import context

        self.token = context._tenant.set(None)

    def __exit__(self, *exc: object) -> None:
        from kernel.base import context

        context._tenant.reset(self.token)


async def _everything() -> str:
    with every_tenant():
        rows = await connection.sql("SELECT to_jsonb(b) - 'updated_at' AS row FROM shelf_book b ORDER BY id")
        authors = await connection.sql("SELECT to_jsonb(a) AS row FROM shelf_author a ORDER BY id")
        return json.dumps([r["row"] for r in (*rows, *authors)])


async def _refused(work: Try, source: Any, foreign: Any, *, by: tuple[type[Exception], ...]) -> bool:
    try:
        result = work(source, foreign)
        touched = await result if isinstance(result, Awaitable) else result
    except by:
        return True
    assert not touched, f"touched {touched}"
    return False


@pytest.mark.parametrize("name", WRITES)
async def test_writing_reaches_own_rows_only(world: Any, name: str) -> None:
    before = await _everything()
    for source in _sources(name) or [lambda: _shelf().Book.all()]:
        with every_tenant():
            foreign = await _shelf().Book.get(id=world.id).prefetch_related("author")
        with tenant_scope(A):
            await _refused(WRITES[name], source(), foreign, by=(CrossTenant, IntegrityError, OperationalError))
    assert await _everything() == before


@pytest.mark.parametrize("name", CLOSED)
async def test_what_is_held_from_elsewhere_stays_closed(world: Any, name: str) -> None:
    for source in _sources(name):
        with tenant_scope(A), pytest.raises(CrossTenant):
            await CLOSED[name](source(), world)


@pytest.mark.parametrize("name", [*READS, *WRITES, *CLOSED])
async def test_nothing_works_without_a_tenant(world: Any, name: str) -> None:
    work = READS[name][0] if name in READS else {**WRITES, **CLOSED}[name]
    for source in _sources(name) or [lambda: _shelf().Book.all()]:
        # raw() is closed in any scope
        with _nowhere(), pytest.raises((NoTenant, CrossTenant) if name == "raw" else NoTenant):
            await work(source(), world)


async def test_references_lead_to_own_rows_only(world: Any) -> None:
    with every_tenant():
        author = await _shelf().Author.get(tenant_id=B.id)
        bare = await _shelf().Book.get(id=world.id)
    with tenant_scope(A):
        assert await author.books.all() == [] == await author.books.filter(title="Book b")
        assert await author.books.order_by("title").limit(1) == [] == await author.books.offset(0)
        assert await bare.author is None
        assert await _shelf().Author.filter(books__title="Book b") == []


async def test_threads_keep_the_scope_and_executors_take_nobodys(world: Any) -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool, _nowhere():
        with tenant_scope(A):
            assert await asyncio.to_thread(tenant_in_scope) == A
            assert await loop.run_in_executor(pool, tenant_in_scope) is None
        with tenant_scope(B):
            assert await asyncio.to_thread(tenant_in_scope) == B
            # the thread that just worked for A (or anybody) must not still be in A's scope
            assert await loop.run_in_executor(pool, tenant_in_scope) is None
            with pytest.raises(NoTenant):
                await loop.run_in_executor(pool, lambda: _shelf().Book.all())
        seen = await asyncio.gather(*(_in_a_thread(tenant) for tenant in (A, B) * 20))
        assert seen == [A, B] * 20


async def _in_a_thread(tenant: Any) -> Any:
    with tenant_scope(tenant):
        return await asyncio.to_thread(tenant_in_scope)
