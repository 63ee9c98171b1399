"""Erasing a tenant: every row, every file, in bounded steps that may be broken off and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from ..base.context import TenantRef, tenant_scope
from ..base.errors import Conflict
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import execute, sql, sql_one, unit_of_work
from ..tenancy import acts
from ..tenancy.epoch import bump_platform
from ..tenancy.tenants import set_state
from ..tenancy.toggles import run_lifecycle

log = get_logger(__name__)

#: Rows that one transaction deletes: locks are short, and a broken-off run loses little.
BATCH: Final = 5_000

_TABLES = """
SELECT c.relname AS name, EXISTS (
  SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND (t.tgtype & 8) <> 0
) AS guarded
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""


class NotErased(RuntimeError):
    """Something is left; the message says what. Running it again goes on from there."""


@dataclass(slots=True)
class Erased:
    """What went. `rows` by table, only where there were any."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0


async def erase_tenant(tenant: TenantRef, owner_dsn: str, *, reason: str = "") -> Erased:
    """Erase a suspended tenant. Raises Conflict for one that is in use, NotErased when a plugin or a row resists.

    Tables that only grow (audit log, ledger) refuse deletion to the application; hence the owner of the tables
    does it, with those triggers aside for the moment of each step.
    """
    state = await sql_one("SELECT state FROM kernel_tenant WHERE id = $1", tenant.id)
    if state is None or state.state == "active":
        raise Conflict("Suspend the tenant first: greenroom tenant suspend.")
    await set_state(tenant, "erasing", reason=reason)
    await _nobody_works(tenant)
    failed = await run_lifecycle("on_tenant_erased", tenant, runtime().registry.ready)
    if failed:
        raise NotErased(f"these plugins could not let go of the tenant: {', '.join(failed)}; see the log, try again")
    done = Erased()
    done.files = await _files(tenant)
    async with _as_owner(owner_dsn, tenant) as conn:
        await _rows(conn, tenant, done)
        left = await _left(conn, tenant)
    if left:
        raise NotErased("rows are left in " + ", ".join(f"{name} ({n})" for name, n in left.items()))
    await _last(tenant, done, reason)
    return done


async def undo_creation(tenant: TenantRef) -> None:
    """Take back a tenant that was made a moment ago and came out wrong. Never raises: the fault itself is told."""
    owner = runtime().owner_dsn
    try:
        await set_state(tenant, "suspended", reason="its bundle could not be applied")
        if owner:
            await erase_tenant(tenant, owner, reason="its bundle could not be applied")
    except Exception:
        log.exception("the half-made tenant %s stays suspended: greenroom tenant delete %s", tenant.slug, tenant.slug)


async def _nobody_works(tenant: TenantRef) -> None:
    """Wait a moment for jobs of the tenant that run: new ones are not begun any more."""
    for _ in range(20):
        with tenant_scope(tenant):
            row = await sql_one(
                "SELECT count(*) AS n FROM kernel_job WHERE tenant_id = $1 AND state = 'running'"
                " AND lease_until > clock_timestamp()",
                tenant.id,
            )
        if row is None or not row.n:
            return
        await asyncio.sleep(0.5)
    raise Conflict("Jobs of the tenant are still running. Try again in a moment.")


async def _files(tenant: TenantRef) -> int:
    """Bytes first, rows later: a row without bytes can be found again, bytes without a row cannot."""
    storage, count = runtime().storage, 0
    with tenant_scope(tenant):
        after = None
        while rows := await sql(
            "SELECT id, key FROM kernel_file WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id"
            " LIMIT 500",
            tenant.id, after,
        ):  # fmt: skip
            for row in rows:
                await storage.delete(row.key)
            count, after = count + len(rows), rows[-1].id
    return count


@asynccontextmanager
async def _as_owner(dsn: str, tenant: TenantRef) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(dsn, timeout=10, server_settings={"lock_timeout": "5s", "app.tenant": str(tenant.id)})
    try:
        yield conn
    finally:
        await conn.close()


async def _rows(conn: Any, tenant: TenantRef, done: Erased) -> None:
    """Empty every table of the tenant. What others point to has to wait; each round at least one gets empty."""
    waiting = {row["name"]: row["guarded"] for row in await conn.fetch(_TABLES)}
    while waiting:
        blocked: dict[str, bool] = {}
        for name, guarded in waiting.items():
            try:
                gone = await _empty(conn, tenant, name, guarded)
            except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
                blocked[name] = guarded
                continue
            if gone:
                done.rows[name] = done.rows.get(name, 0) + gone
        if len(blocked) == len(waiting):
            raise NotErased(f"rows of other tenants or cycles hold {', '.join(sorted(blocked))}")
        waiting = blocked


async def _empty(conn: Any, tenant: TenantRef, name: str, guarded: bool) -> int:
    """Delete in steps of BATCH; how many went. `name` comes from the catalogue of the database."""
    table, gone = f'"{name}"', 0
    while True:
        async with conn.transaction():
            if guarded:
                await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            tag = await conn.execute(
                f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table}"  # noqa: S608
                f" WHERE tenant_id = $1 LIMIT {BATCH}))",
                tenant.id,
            )
            if guarded:
                await conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        count = int(tag.rpartition(" ")[2])
        gone += count
        if count < BATCH:
            return gone


async def _left(conn: Any, tenant: TenantRef) -> dict[str, int]:
    """The proof: rows of the tenant by table, anywhere. Domains are told of with the tenant's own row."""
    found = {}
    for row in await conn.fetch(_TABLES):
        count = await conn.fetchval(f'SELECT count(*) FROM "{row["name"]}" WHERE tenant_id = $1', tenant.id)  # noqa: S608
        if count:
            found[row["name"]] = count
    return found


async def _last(tenant: TenantRef, done: Erased, reason: str) -> None:
    """The tenant's own row and what the operator said about it; the line in the log stays."""
    async with unit_of_work():
        await bump_platform()
        for table in ("kernel_offer", "kernel_setting_rule"):
            await execute(f"DELETE FROM {table} WHERE scope = $1", str(tenant.id))  # noqa: S608
        await execute("DELETE FROM kernel_tenant WHERE id = $1", tenant.id)
        await acts.note(
            "tenant.erased", tenant.slug, tenant_slug=tenant.slug, reason=reason, before=str(tenant.id),
            after=f"{sum(done.rows.values())} rows in {len(done.rows)} tables, {done.files} files",
        )  # fmt: skip


def summary(done: Erased) -> Iterable[str]:
    """What went, for the command line."""
    yield from (f"  {count:8} {name}" for name, count in sorted(done.rows.items()))
    yield f"  {done.files:8} files"
