"""Units of work, what follows the commit, plain SQL, and a database that goes away."""

from __future__ import annotations

import asyncio
import logging

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from kernel.base.context import every_tenant, tenant_in_scope, tenant_scope
from kernel.base.ids import new_id
from kernel.engines import client, connection
from kernel.engines.connection import (
    DatabaseDown,
    after_commit,
    execute,
    in_unit_of_work,
    retrying,
    sql,
    sql_one,
    unit_of_work,
    violated,
)

from .conftest import A, B

pytestmark = pytest.mark.usefixtures("tables")


async def countries() -> list[str]:
    return [row.name for row in await sql("SELECT name FROM shelf_country ORDER BY id")]


async def add(name: str) -> int:
    return await execute("INSERT INTO shelf_country (name) VALUES ($1)", name)


async def test_all_or_nothing():
    assert not in_unit_of_work()
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work():
            assert in_unit_of_work()
            assert await add("lost") == 1
            raise ZeroDivisionError
    async with unit_of_work():
        await add("kept")
        with pytest.raises(ZeroDivisionError):
            async with unit_of_work():
                await add("lost with the savepoint")
                raise ZeroDivisionError
        async with unit_of_work():
            await add("kept with the savepoint")
    assert await countries() == ["kept", "kept with the savepoint"]
    assert not in_unit_of_work()


async def test_models_and_sql_share_the_transaction():
    import shelf.models

    with tenant_scope(A), pytest.raises(ZeroDivisionError):
        async with unit_of_work():
            author = await shelf.models.Author.create(name="New")
            assert (await sql_one("SELECT name FROM shelf_author WHERE id = $1", author.id)).name == "New"
            async with in_transaction():
                await author.delete()
            assert not await shelf.models.Author.filter(name="New").exists()
            raise ZeroDivisionError
    with tenant_scope(A):
        assert await shelf.models.Author.all().count() == 1


async def test_error_of_a_statement_costs_its_savepoint_only():
    import shelf.models

    with tenant_scope(A):
        async with unit_of_work():
            with pytest.raises(IntegrityError) as caught:
                async with unit_of_work():
                    await shelf.models.Author.create(name="Author a")
            assert violated(caught.value).startswith("uid_shelf_autho_tenant_")
            await shelf.models.Author.create(name="Other")
        assert await shelf.models.Author.all().count() == 2


async def test_after_commit():
    order: list[object] = []

    async def later() -> None:
        assert not in_unit_of_work()
        order.append(await countries())

    with tenant_scope(A):
        async with unit_of_work():
            after_commit(lambda: order.append(tenant_in_scope()))
            async with unit_of_work():
                after_commit(later)
                await add("x")
            with pytest.raises(ZeroDivisionError):
                async with unit_of_work():
                    after_commit(lambda: order.append("of a failed savepoint"))
                    raise ZeroDivisionError
            with every_tenant():
                after_commit(lambda: order.append(tenant_in_scope()))
            assert order == []
        assert order[:2] == [A, ["x"]] and order[2] not in (A, None) and len(order) == 3
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work():
            after_commit(lambda: order.append("of a failed unit"))
            raise ZeroDivisionError
    assert len(order) == 3


async def test_after_commit_outside_runs_at_once(caplog):
    done: list[int] = []
    after_commit(lambda: done.append(1))
    assert done == [1]

    async def slow() -> None:
        await asyncio.sleep(0)
        done.append(2)

    after_commit(slow)
    await asyncio.sleep(0.01)
    assert done == [1, 2]
    with caplog.at_level(logging.ERROR):
        async with unit_of_work():
            after_commit(lambda: 1 // 0)
            after_commit(lambda: done.append(3))
    assert done[-1] == 3 and "ZeroDivisionError" in caplog.text


async def test_after_commit_survives_a_cancelled_caller():
    done: list[int] = []
    entered = asyncio.Event()

    async def slow() -> None:
        entered.set()
        await asyncio.sleep(0.02)
        done.append(1)

    async def work() -> None:
        async with unit_of_work():
            after_commit(slow)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert done == [1]


async def test_tasks_begun_inside():
    """They work with the transaction while it is open, and with the pool afterwards."""
    go = asyncio.Event()

    async def outlives() -> list[str]:
        await go.wait()
        async with unit_of_work():
            await add("from the task")
        return await countries()

    async with unit_of_work():
        await asyncio.gather(*(add(str(n)) for n in range(5)))
        task = asyncio.create_task(outlives())
        await asyncio.sleep(0)
    go.set()
    assert len(await task) == 6


async def test_other_tasks_do_not_join():
    opened, go = asyncio.Event(), asyncio.Event()

    async def writer() -> None:
        async with unit_of_work():
            await add("unseen")
            opened.set()
            await go.wait()

    task = asyncio.create_task(writer())
    await opened.wait()
    assert await countries() == [] and not in_unit_of_work()
    go.set()
    await task
    assert await countries() == ["unseen"]


async def test_cancelled_inside_rolls_back():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), unit_of_work():
            await add("lost")
            await sql("SELECT pg_sleep(5)")
    assert await countries() == []


async def test_database_works_from_another_thread_context():
    """The global fallback: a task whose context knows nothing of Tortoise."""
    import contextvars

    task = asyncio.get_running_loop().create_task(countries(), context=contextvars.Context())
    assert await task == []


async def test_rows():
    row = await sql_one("SELECT 1 AS one, $1::uuid AS id, '{\"a\": 1}'::jsonb AS j", A.id)
    assert (row.one, row["one"], row[0], row.id, row.j) == (1, 1, 1, A.id, '{"a": 1}')
    with pytest.raises(AttributeError, match="no column 'two'"):
        _ = row.two
    assert await sql_one("SELECT 1 WHERE false") is None
    assert await execute("SELECT 1") == 1
    assert await execute("SET LOCAL work_mem = '4MB'") == 0


async def test_retrying_ends_a_deadlock():
    await add("x")
    await add("y")
    both = asyncio.Barrier(2)
    tries = 0

    async def swap(first: str, second: str) -> None:
        waited = False

        async def work() -> None:
            nonlocal tries, waited
            tries += 1
            async with unit_of_work():
                await execute("UPDATE shelf_country SET name = name WHERE name = $1", first)
                if not waited:
                    waited = True
                    await both.wait()
                await execute("UPDATE shelf_country SET name = name WHERE name = $1", second)

        await retrying(work)

    await asyncio.gather(swap("x", "y"), swap("y", "x"))
    assert tries == 3


async def test_retrying_gives_up():
    async def always() -> None:
        raise asyncpg.SerializationError

    with pytest.raises(asyncpg.SerializationError):
        await retrying(always, attempts=2)


async def hang_up(server) -> None:
    pid = (await sql_one("SELECT pg_backend_pid() AS pid")).pid
    owner = await asyncpg.connect(server.dsn_owner)
    await owner.execute("SELECT pg_terminate_backend($1)", pid)
    await owner.close()
    await asyncio.sleep(0.05)


async def test_a_lost_connection_is_told_and_replaced(server):
    with tenant_scope(A):
        for _ in range(2):
            with pytest.raises(DatabaseDown):
                async with unit_of_work():
                    await add("lost")
                    await hang_up(server)
                    await countries()
        with pytest.raises(DatabaseDown, match="before the commit"):
            async with unit_of_work():
                after_commit(lambda: pytest.fail("nothing was committed"))
                await add("lost too")
                await hang_up(server)
        assert len(await sql("SELECT FROM shelf_book")) == 1  # a fresh connection, in the tenant's scope
    assert await countries() == []


async def test_full_pool_is_told(monkeypatch):
    monkeypatch.setattr(client, "ACQUIRE_TIMEOUT", 0.05)
    go = asyncio.Event()

    async def hold() -> None:
        async with unit_of_work():
            await go.wait()

    holders = [asyncio.create_task(hold()) for _ in range(4)]
    await asyncio.sleep(0.05)
    with pytest.raises(DatabaseDown, match="cannot be reached"):
        await countries()
    go.set()
    await asyncio.gather(*holders)


async def test_no_server(tmp_path):
    """No socket at all: told as such, by whoever opens the database."""
    dsn = f"postgresql://greenroom_app@/greenroom?host={tmp_path}"
    probe = client.Client(connection_name="default", dsn=dsn)
    with pytest.raises(DatabaseDown):
        await probe.create_connection(with_db=True)


async def test_tenant_is_set_once_per_connection(monkeypatch):
    """The second statement of the same tenant costs no round trip of its own."""
    calls = 0
    original = client.TenantConnection.execute

    async def counting(self, query, *args, **kwargs):
        nonlocal calls
        calls += "set_config" in query
        return await original(self, query, *args, **kwargs)

    monkeypatch.setattr(client.TenantConnection, "execute", counting)
    with tenant_scope(A):
        await countries()
        before = calls
        for _ in range(5):
            await countries()
        async with unit_of_work():
            await countries()
    assert calls == before
    with tenant_scope(B):
        await countries()
    assert calls == before + 1


async def test_listen_connection():
    conn = await connection.connect()
    try:
        heard: asyncio.Queue[str] = asyncio.Queue()
        await conn.add_listener("bell", lambda *args: heard.put_nowait(args[-1]))
        name = str(new_id())
        async with unit_of_work():
            await sql("SELECT pg_notify('bell', $1)", name)
            assert heard.empty()
        assert await asyncio.wait_for(heard.get(), 2) == name
    finally:
        await conn.close()
