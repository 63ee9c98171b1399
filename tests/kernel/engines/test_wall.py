"""The second wall: PostgreSQL itself, reached with plain SQL."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from kernel.base.context import TenantRef, every_tenant, tenant_scope
from kernel.base.ids import new_id
from kernel.engines import rls
from kernel.engines.connection import connect, execute, rolled_back, sql, sql_one, unit_of_work, violated

from .conftest import A, B

pytestmark = pytest.mark.usefixtures("tables")


async def seen() -> list[str]:
    return sorted(row.title for row in await sql("SELECT title FROM shelf_book"))


async def test_plain_sql_sees_one_tenant():
    with tenant_scope(A):
        assert await seen() == ["Book a"]
    with tenant_scope(B):
        assert await seen() == ["Book b"]
    assert await seen() == []
    with every_tenant():
        assert await seen() == ["Book a", "Book b"]


async def test_writes_are_held_too():
    with tenant_scope(A):
        assert await execute("UPDATE shelf_book SET title = 'x' WHERE tenant_id = $1", B.id) == 0
        assert await execute("DELETE FROM shelf_book WHERE title = 'Book b'") == 0
        with pytest.raises(OperationalError, match="row-level security"):
            await execute("INSERT INTO shelf_author (id, tenant_id, name) VALUES ($1, $2, 'forged')", new_id(), B.id)
        with pytest.raises(OperationalError, match="row-level security"):
            await execute("UPDATE shelf_book SET tenant_id = $1", B.id)


async def test_reference_to_another_tenants_row_is_refused():
    with every_tenant():
        other = await sql_one("SELECT id FROM shelf_author WHERE tenant_id = $1", B.id)
    with tenant_scope(A):
        with pytest.raises(IntegrityError) as caught:
            await execute("UPDATE shelf_book SET author_id = $1", other.id)
        assert violated(caught.value) == "shelf_book_author_tenant_fkey"
        with pytest.raises(IntegrityError):  # by id through the ORM, where the guard cannot see it
            import shelf.models

            await shelf.models.Book.create(title="x", author_id=other.id)


async def test_actions_of_references():
    import shelf.models

    with tenant_scope(A):
        book = await shelf.models.Book.get()
        reader = await shelf.models.Reader.create(favourite=book)
        await shelf.models.Author.all().delete()  # cascades to the book, which sets the reader's to null
        await reader.refresh_from_db()
        assert await seen() == [] and reader.favourite_id is None and reader.tenant_id == A.id


async def test_rows_without_tenant_are_the_platforms():
    with every_tenant():
        await execute("INSERT INTO shelf_chore (tenant_id, name) VALUES (NULL, 'p'), ($1, 'a')", A.id)
        assert len(await sql("SELECT FROM shelf_chore")) == 2
    with tenant_scope(A):
        assert [row.name for row in await sql("SELECT name FROM shelf_chore")] == ["a"]
        with pytest.raises(OperationalError, match="row-level security"):
            await execute("INSERT INTO shelf_chore (tenant_id, name) VALUES (NULL, 'p')")
    await execute("INSERT INTO shelf_country (name) VALUES ('x')")  # has no tenants: open


async def test_scope_may_change_inside_a_transaction():
    with tenant_scope(A):
        async with unit_of_work():
            assert await seen() == ["Book a"]
            with every_tenant():
                assert await seen() == ["Book a", "Book b"]
            with pytest.raises(ZeroDivisionError):
                async with unit_of_work():
                    with tenant_scope(B):
                        assert await seen() == ["Book b"]
                    raise ZeroDivisionError
            assert await seen() == ["Book a"]
            with tenant_scope(B):
                async with unit_of_work():
                    assert await seen() == ["Book b"]
            assert await seen() == ["Book a"]
        assert await seen() == ["Book a"]
    assert await seen() == []


async def test_nobody_gets_anothers_connection():
    """Many tasks, four connections, transactions that fail or are cancelled in between."""
    wrong = 0

    async def one(number: int) -> None:
        nonlocal wrong
        dice = random.Random(number)
        for _ in range(10):
            tenant = dice.choice([A, B])
            with tenant_scope(tenant):
                try:
                    async with asyncio.timeout(dice.choice([None, 0.002])), unit_of_work():
                        wrong += await seen() != [f"Book {tenant.slug}"]
                        if dice.random() < 0.3:
                            raise ZeroDivisionError
                        with tenant_scope(B):
                            wrong += await seen() != ["Book b"]
                except (ZeroDivisionError, TimeoutError):
                    pass
                wrong += await seen() != [f"Book {tenant.slug}"]
            wrong += await seen() != []

    await asyncio.gather(*(asyncio.create_task(one(n)) for n in range(30)))
    assert wrong == 0


async def test_bad_tenant_setting_shows_nothing():
    nobody = TenantRef(new_id(), "nobody", "Nobody")
    with tenant_scope(nobody):
        assert await seen() == []


async def test_application_role_is_weak(server):
    conn = await connect()
    try:
        for forbidden in (
            "DROP TABLE shelf_book",
            "ALTER TABLE shelf_book DISABLE ROW LEVEL SECURITY",
            "CREATE TABLE mine (id int)",
            "DELETE FROM tortoise_migrations",
            "TRUNCATE shelf_book",
            "SET ROLE postgres",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(forbidden)
    finally:
        await conn.close()


HOLES = {
    "Table shelf_hole has tenants but no forced": ("CREATE TABLE shelf_hole (tenant_id uuid)", "DROP TABLE shelf_hole"),
    "View shelf_hole runs with its owner": ("CREATE VIEW shelf_hole AS TABLE shelf_book", "DROP VIEW shelf_hole"),
    "Table shelf_hole is a materialised": (
        "CREATE MATERIALIZED VIEW shelf_hole AS TABLE shelf_book", "DROP MATERIALIZED VIEW shelf_hole",
    ),
    "Table shelf_book has a policy besides ours": (
        "CREATE POLICY wide ON shelf_book USING (true)", "DROP POLICY wide ON shelf_book",
    ),
    "Table shelf_book has tenants but no forced": (
        "ALTER TABLE shelf_book NO FORCE ROW LEVEL SECURITY", "ALTER TABLE shelf_book FORCE ROW LEVEL SECURITY",
    ),
    "Table shelf_reader may point into another tenant: its reference loose": (
        "ALTER TABLE shelf_reader ADD CONSTRAINT loose FOREIGN KEY (id) REFERENCES shelf_author (id) NOT VALID",
        "ALTER TABLE shelf_reader DROP CONSTRAINT loose",
    ),
    "Function shelf_hole() runs with its owner": (
        "CREATE FUNCTION shelf_hole() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
        "DROP FUNCTION shelf_hole()",
    ),
    "Role greenroom_app may truncate table shelf_book": (
        "GRANT TRUNCATE ON shelf_book TO greenroom_app", "REVOKE TRUNCATE ON shelf_book FROM greenroom_app",
    ),
    "Role greenroom_app owns table shelf_country": (
        "ALTER TABLE shelf_country OWNER TO greenroom_app",
        "ALTER TABLE shelf_country OWNER TO CURRENT_USER; GRANT ALL ON shelf_country TO greenroom_app;"
        " REVOKE TRUNCATE ON shelf_country FROM greenroom_app",
    ),
    "Role greenroom_app may become shelf_mighty": (
        "CREATE ROLE shelf_mighty BYPASSRLS; GRANT shelf_mighty TO greenroom_app", "DROP ROLE shelf_mighty",
    ),
}  # fmt: skip


@pytest.mark.parametrize("hole", HOLES)
async def test_leaks_are_found(server, hole):
    make, mend = HOLES[hole]
    conn = await asyncpg.connect(server.dsn_owner)
    try:
        assert await rls.leaks(conn) == []
        await conn.execute(make)
        try:
            found = await rls.leaks(conn)
            assert found and all(line.startswith((hole, "Role greenroom_app may truncate")) for line in found), found
        finally:
            await conn.execute(mend)
        assert await rls.leaks(conn) == []
    finally:
        await conn.close()


async def test_a_view_with_its_readers_rights_is_no_leak(server):
    conn = await asyncpg.connect(server.dsn_owner)
    try:
        await conn.execute("CREATE VIEW shelf_peek WITH (security_invoker) AS SELECT * FROM shelf_book")
        assert await rls.leaks(conn) == []
        await conn.execute("GRANT SELECT ON shelf_peek TO greenroom_app")
        with tenant_scope(A):
            assert [row.title for row in await sql("SELECT title FROM shelf_peek")] == ["Book a"]
    finally:
        await conn.execute("DROP VIEW IF EXISTS shelf_peek")
        await conn.close()


async def test_app_dsn_and_role(server):
    dsn = rls.app_dsn("postgresql://own:pw@db.example:5433/green?sslmode=require", b"s" * 32)
    assert dsn.startswith("postgresql://greenroom_app:") and dsn.endswith("@db.example:5433/green?sslmode=require")
    assert "pw" not in dsn.split("@")[0].split(":")[2]
    conn = await asyncpg.connect(server.dsn_owner)
    try:
        assert await rls.ensure_app_role(conn, server.dsn_app) == "greenroom_app"
        with pytest.raises(PermissionError, match="owner"):
            await rls.ensure_app_role(conn, server.dsn_owner)
        await conn.execute("CREATE ROLE mighty BYPASSRLS LOGIN")
        with pytest.raises(PermissionError, match="BYPASSRLS"):
            await rls.ensure_app_role(conn, "postgresql://mighty@/x")
        await conn.execute("CREATE ROLE small LOGIN; SET ROLE small")
        with pytest.raises(PermissionError, match="GREENROOM_APP_DATABASE_URL"):
            await rls.ensure_app_role(conn, "postgresql://another:pw@/x")
    finally:
        await conn.execute("RESET ROLE; DROP ROLE IF EXISTS mighty; DROP ROLE IF EXISTS small")
        await conn.close()


async def test_rehearsal_leaves_nothing():
    with tenant_scope(A):
        async with rolled_back():
            async with unit_of_work():
                await execute("DELETE FROM shelf_book")
            assert await seen() == []
        assert await seen() == ["Book a"]
