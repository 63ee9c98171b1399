"""The row-level wall around every table of the whole application, tried with plain SQL from the inside."""

from __future__ import annotations

import contextlib
import json

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from kernel.base.context import every_tenant
from kernel.base.ids import new_id
from kernel.engines.connection import execute, rolled_back, sql, sql_one, unit_of_work
from kernel.engines.models import GlobalModel, all_models

from .conftest import Pair


async def test_every_table_with_a_tenant_is_walled(pair: Pair, tables: list[str], database: tuple[str, str]) -> None:
    conn = await asyncpg.connect(database[0])
    try:
        found = await conn.fetch(
            "SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        )
        role = await conn.fetchrow("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'greenroom_app'")
    finally:
        await conn.close()
    walled = {row["name"] for row in found if row["walled"]}
    declared = {m._meta.db_table for m in all_models() if issubclass(m, GlobalModel) and not m.tenant_wall}
    assert {row["name"] for row in found} == walled
    assert declared == set()  # whoever adds one has to say here why
    assert set(tables) <= walled
    assert tuple(role) == (False, False)


async def test_nobody_sees_rows_of_another_tenant(pair: Pair, tables: list[str]) -> None:
    faults, filled = [], 0
    for table in tables:
        with pair.theirs.scope():
            filled += (await sql_one(f'SELECT EXISTS (SELECT FROM "{table}") AS yes')).yes
        with pair.ours.scope():
            row = await sql_one(
                f'SELECT count(*) FILTER (WHERE tenant_id = $1) AS theirs,'
                f' count(*) FILTER (WHERE tenant_id IS DISTINCT FROM $2) AS foreign FROM "{table}"',
                pair.theirs.ref.id, pair.ours.ref.id,
            )  # fmt: skip
        if row["theirs"] or row["foreign"]:
            faults.append((table, row["theirs"], row["foreign"]))
        row = await sql_one(f'SELECT count(*) AS many FROM "{table}"')
        if row.many:
            faults.append((table, "seen without a tenant", row.many))
    assert faults == []
    assert filled > len(tables) * 0.5, f"only {filled} of {len(tables)} tables have demo rows to hide"


async def test_nobody_changes_or_deletes_rows_of_another_tenant(pair: Pair, tables: list[str]) -> None:
    faults = []
    for table in tables:
        with every_tenant():
            theirs = await sql_one(f'SELECT id FROM "{table}" WHERE tenant_id = $1 LIMIT 1', pair.theirs.ref.id)
        where = "tenant_id = $1" if theirs is None else "id = $1"
        key = pair.theirs.ref.id if theirs is None else theirs.id
        with pair.ours.scope():
            for statement in (f'UPDATE "{table}" SET tenant_id = tenant_id', f'DELETE FROM "{table}"'):
                touched = await _tried(f"{statement} WHERE {where}", key)
                if isinstance(touched, int) and touched:
                    faults.append((statement, touched))
        if theirs is not None:
            with pair.theirs.scope():
                if await sql_one(f'SELECT FROM "{table}" WHERE id = $1', theirs.id) is None:
                    faults.append((table, "a row is gone"))
    assert faults == []


async def test_nobody_puts_rows_into_another_tenant(pair: Pair, tables: list[str]) -> None:
    faults = []
    for table in tables:
        columns = await sql(
            "SELECT column_name AS name FROM information_schema.columns"
            " WHERE table_name = $1 AND table_schema = 'public' AND is_generated = 'NEVER'",
            table,
        )
        names = ", ".join(f'"{row.name}"' for row in columns)
        forged = json.dumps({"id": str(new_id()), "tenant_id": str(pair.theirs.ref.id)})
        with pair.ours.scope():
            made = f'jsonb_populate_record(NULL::"{table}", $1::text::jsonb)'
            answer = await _tried(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {made}', forged)
            if "row-level security" not in str(answer) and "permission denied" not in str(answer):
                faults.append((table, "insert", answer))
            mine = await sql_one(f'SELECT id FROM "{table}" LIMIT 1')
            if mine is not None:
                answer = await _tried(f'UPDATE "{table}" SET tenant_id = $2 WHERE id = $1', mine.id, pair.theirs.ref.id)
                if isinstance(answer, int):
                    faults.append((table, "moved away", answer))
    assert faults == []


async def test_references_do_not_reach_into_another_tenant(pair: Pair, database: tuple[str, str]) -> None:
    """Foreign keys are checked by PostgreSQL above the wall: each of them has to carry the tenant itself."""
    conn = await asyncpg.connect(database[0])
    try:
        loose = await conn.fetch(
            """
            SELECT k.conname, k.conrelid::regclass::text AS source, k.confrelid::regclass::text AS target
            FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
              AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.conrelid AND attname = 'tenant_id')
              AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.confrelid AND attname = 'tenant_id')
              AND NOT EXISTS (
                SELECT FROM pg_constraint w WHERE w.contype = 'f' AND w.conrelid = k.conrelid
                   AND w.confrelid = k.confrelid AND w.conkey @> k.conkey
                   AND w.conkey @> ARRAY[(SELECT attnum FROM pg_attribute
                                          WHERE attrelid = k.conrelid AND attname = 'tenant_id')]::smallint[])
            """
        )
    finally:
        await conn.close()
    assert [tuple(row) for row in loose] == []


async def _tried(statement: str, *args: object) -> int | str:
    """Rows touched, or what PostgreSQL said; nothing stays."""
    try:
        async with rolled_back(), unit_of_work():
            return await execute(statement, *args)
    except BaseORMException as exc:
        return str(exc)


@pytest.mark.parametrize("setting", ["", "garbage", "*'"])
async def test_a_bad_scope_shows_nothing(
    pair: Pair, tables: list[str], database: tuple[str, str], setting: str
) -> None:
    conn = await asyncpg.connect(database[1])
    try:
        await conn.execute("SELECT set_config('app.tenant', $1, false)", setting)
        for table in tables:
            with contextlib.suppress(asyncpg.DataError):  # refused is as good as nothing
                assert await conn.fetchval(f'SELECT count(*) FROM "{table}"') == 0, table
    finally:
        await conn.close()
