"""The real database of the whole application, asked about every hole that SECURITY knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kernel.app import Greenroom
from kernel.base.context import tenant_scope
from kernel.engines import rls
from kernel.engines.connection import execute, sql_one, unit_of_work
from kernel.engines.models import GlobalModel, all_models
from kernel.testing.people import TenantKit

#: Unique indexes of tenants' tables that look across tenants. Whoever collides there learns that somebody has it.
ACROSS = {
    "kernel_domain_host_key": "a host leads to one tenant; its claims (kernel_domain_claim) do not collide",
    "scheduling_calendar_number_key": "numbers come from a sequence, nobody can choose one",
}
#: Exclusion constraints, for the same reason.
NUMBERED = {"scheduling_booking": "ranges begin with a number from the sequence of calendars"}
#: Tables without tenants: every scope may read them.
OPEN = {
    "kernel_tenant": "names and hosts of tenants, for snapshots", "kernel_epoch": "two counters",
    "kernel_offer": "what the operator withholds", "kernel_platform_setting": "the operator's values, secrets sealed",
    "kernel_setting_rule": "the operator's locks and bounds", "kernel_canary": "the operator's trials of plugins",
    "kernel_incident": "failures of plugins, told to operators", "kernel_operator_act": "the operator's own log",
    "tortoise_migrations": "names of migrations; read only",
}  # fmt: skip


@pytest.fixture
async def owner(greenroom: Greenroom, database: tuple[str, str]) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database[0])
    yield conn
    await conn.close()


async def test_the_catalogue_knows_of_no_hole(owner: asyncpg.Connection) -> None:
    assert await rls.leaks(owner) == []


async def test_every_policy_is_the_same_rule(owner: asyncpg.Connection) -> None:
    rules = await owner.fetch(
        "SELECT DISTINCT pg_get_expr(polqual, polrelid) AS seen, pg_get_expr(polwithcheck, polrelid) AS written"
        " FROM pg_policy"
    )
    assert len(rules) == 1 and rules[0]["seen"] == rules[0]["written"], [tuple(r) for r in rules]
    assert "tenant_id = " in rules[0]["seen"]


async def test_every_table_is_a_model_with_tenants_or_has_a_reason(owner: asyncpg.Connection) -> None:
    found = {
        row["name"]: row["whose"]
        for row in await owner.fetch(
            "SELECT c.relname AS name, (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = c.oid"
            "  AND a.attname = 'tenant_id') AS whose FROM pg_class c"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')"
        )
    }
    assert {name for name, whose in found.items() if whose is None} == set(OPEN)
    models = {m._meta.db_table: m for m in all_models()}
    assert set(found) - {"tortoise_migrations"} == set(models), "tables and models differ"
    # A row of nobody would be the platform's: only the kernel's own tables may have them.
    loose = {name for name, whose in found.items() if whose is False}
    assert all(issubclass(models[name], GlobalModel) for name in loose), loose
    elsewhere = await owner.fetch(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname"
        " NOT IN ('public', 'information_schema')"
    )
    assert elsewhere == [], "tables outside of the schema that the wall surrounds"


async def test_every_unique_index_begins_with_the_tenant(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """
        SELECT c.relname AS name, x.relname AS index, pg_get_indexdef(i.indexrelid) AS how
          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND a.attnum <> i.indkey[0]
           AND NOT (i.indisprimary AND pg_get_indexdef(i.indexrelid) LIKE '%(id)')
        """
    )  # primary keys are drawn by us and never taken from outside
    assert {row["index"] for row in rows} == set(ACROSS), [row["how"] for row in rows]
    ranges = await owner.fetch(
        "SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'x'"
    )
    assert {row["name"] for row in ranges} == set(NUMBERED)


async def test_nothing_counts_across_tenants_in_the_open(owner: asyncpg.Connection) -> None:
    """A sequence behind a number that people see would tell them how busy the others are."""
    rows = await owner.fetch(
        "SELECT c.relname AS name, t.relname AS used_by FROM pg_class c"
        " LEFT JOIN pg_depend d ON d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass"
        " LEFT JOIN pg_class t ON t.oid = d.refobjid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'"
    )
    found = {row["name"]: row["used_by"] for row in rows}
    assert {name for name, table in found.items() if table not in OPEN} == {"scheduling_calendar_number"}, found


async def test_partitions_and_heirs_have_walls_of_their_own(owner: asyncpg.Connection) -> None:
    bare = await owner.fetch(
        "SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    assert bare == []


async def test_no_trigger_carries_rows_to_another_tenant(owner: asyncpg.Connection) -> None:
    """Functions run as whoever writes, hence inside the wall; none may move the scope itself."""
    meddling = await owner.fetch(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND (p.prosrc ~* 'set_config|app\\.tenant|row_security|set\\s+role' OR p.proconfig IS NOT NULL)"
    )
    assert meddling == []


async def _said() -> str:
    row = await sql_one("SELECT coalesce(current_setting('app.tenant', true), '') AS tenant, pg_backend_pid() AS pid")
    return str(row.tenant)  # type: ignore[union-attr]


async def test_no_connection_keeps_a_tenant_after_the_commit(tenant: TenantKit, other_tenant: TenantKit) -> None:
    """More tasks than the pool has connections: commits, failures and a scope that was left in between."""

    async def one(number: int) -> list[str]:
        kit = (tenant, other_tenant)[number % 2]
        seen = []
        try:
            with tenant_scope(kit.ref):
                async with unit_of_work():
                    seen.append(await _said() == str(kit.ref.id))
                    await asyncio.sleep(0)
                    if number % 5 == 0:
                        raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        seen.append(await _said() == "")
        async with unit_of_work():  # the same inside a transaction without a tenant
            seen.append(await _said() == "")
            seen.append((await sql_one("SELECT count(*) AS n FROM kernel_account")).n == 0)  # type: ignore[union-attr]
        return [str(number)] * seen.count(False)

    wrong = await asyncio.gather(*(asyncio.create_task(one(n)) for n in range(60)))
    assert [w for found in wrong for w in found] == []


async def test_the_application_cannot_lower_the_wall(database: tuple[str, str], greenroom: Greenroom) -> None:
    conn = await asyncpg.connect(database[1])
    try:
        for forbidden in (
            "SET row_security = off; SELECT count(*) FROM kernel_account",
            "ALTER TABLE kernel_account NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY tenant_wall ON kernel_account",
            "CREATE POLICY wide ON kernel_account USING (true)",
            "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
            "CREATE VIEW peek AS SELECT * FROM kernel_account",
            "TRUNCATE kernel_account CASCADE",
            "SET session_replication_role = replica",
            "ALTER ROLE greenroom_app BYPASSRLS",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(forbidden)
    finally:
        await conn.close()


async def test_a_statement_without_a_tenant_changes_nothing(tenant: TenantKit) -> None:
    assert await execute("UPDATE kernel_account SET name = name") == 0
    assert await execute("DELETE FROM kernel_session") == 0
