"""What admins do with jobs: count, replay, discard, hold back and let go; and what is thrown away in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from ..base.clock import now
from ..base.context import current_actor, current_tenant
from ..base.contract import Job
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import execute, sql
from ..tenancy.settings import setting
from . import table
from .catalogue import catalogue, why_off
from .execution import PAUSED

STATES = ("ready", "running", "parked", "done", "dead")
HoldKind = Literal["queue", "job"]
_PORTION = 5000


async def job_counts() -> dict[str, int]:
    """How many jobs of the tenant in scope are in each state."""
    rows = await sql(
        "SELECT state, count(*) AS jobs FROM kernel_job WHERE tenant_id = $1 GROUP BY state", current_tenant().id
    )
    return dict.fromkeys(STATES, 0) | {row.state: row.jobs for row in rows}


async def replay(ids: Sequence[UUID] | None = None, *, name: str | None = None) -> int:
    """Try dead jobs of the tenant in scope again, with all their attempts: these, or all of one kind. How many were.

    What happened before stays in their history.
    """
    revived = await sql(
        "UPDATE kernel_job SET state = 'ready', attempts = 0, run_at = $4, finished_at = NULL "  # noqa: S608
        "WHERE tenant_id = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) AND ($3::text IS NULL OR name = $3) "
        f"AND state = 'dead' RETURNING {table.WAKE} AS told",
        current_tenant().id,
        None if ids is None else list(ids),
        name,
        now(),
    )
    return len(revived)


async def discard(ids: Sequence[UUID] | None = None, *, name: str | None = None) -> int:
    """Give dead jobs of the tenant in scope up for good: these, or all of one kind. How many were."""
    return await execute(
        "DELETE FROM kernel_job WHERE tenant_id = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) "
        "AND ($3::text IS NULL OR name = $3) AND state = 'dead'",
        current_tenant().id,
        None if ids is None else list(ids),
        name,
    )


async def hold(kind: HoldKind, name: str, reason: str = "") -> int:
    """Pause a queue or a kind of job for the tenant in scope: what waits is parked, what runs goes on to its end.

    Returns how many were parked now; those that come later park as they fall due.
    """
    actor = current_actor()
    await execute(
        "INSERT INTO kernel_job_hold (id, tenant_id, kind, name, reason, actor_id, since) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, kind, name) DO NOTHING",
        new_id(), current_tenant().id, kind, name, reason[:500], actor.id if actor else None, now(),
    )  # fmt: skip
    column = "queue" if kind == "queue" else "name"
    return await execute(
        f"UPDATE kernel_job SET state = 'parked', last_error = $3 "  # noqa: S608  constants
        f"WHERE tenant_id = $1 AND {column} = $2 AND state = 'ready'",
        current_tenant().id, name, PAUSED[kind],
    )  # fmt: skip


async def let_go(kind: HoldKind, name: str) -> bool:
    """End a pause; what was parked by it goes on at once. False: there was none."""
    tenant_id = current_tenant().id
    gone = await execute(
        "DELETE FROM kernel_job_hold WHERE tenant_id = $1 AND kind = $2 AND name = $3", tenant_id, kind, name
    )
    if not gone:
        return False
    snapshot, known = runtime().snapshots.of(tenant_id), catalogue()
    on = [n for n, work in known.items() if snapshot is not None and why_off(work, snapshot) is None]
    await sql(
        "UPDATE kernel_job j SET state = 'ready', last_error = NULL WHERE tenant_id = $1 AND state = 'parked' "  # noqa: S608
        f"AND name = ANY ($2::text[]) AND NOT EXISTS (SELECT FROM kernel_job_hold h WHERE {table.HELD}) "
        f"RETURNING {table.WAKE} AS told",
        tenant_id,
        on,
    )
    return True


# --- in time ----------------------------------------------------------------------------------------------------


async def purge() -> None:
    """Delete what the tenant in scope no longer keeps: jobs that are over, old events, forgotten troubles."""
    await _purge("kernel_job", "state = 'done' AND finished_at", _days("kernel.keep_done_days", 7))
    await _purge("kernel_job", "state = 'dead' AND finished_at", _days("kernel.keep_dead_days", 90))
    await _purge("kernel_event", "occurred_at", _days("kernel.keep_event_days", 0))
    await _purge("kernel_trouble", "open_until IS NULL AND last_at", 7)
    await execute("DELETE FROM kernel_incident WHERE at < $1", now() - timedelta(days=7))


def _days(key: str, default: int) -> int:
    try:
        return int(setting(key))
    except LookupError:  # a registry without the kernel's settings
        return default


async def _purge(of: str, column: str, days: int) -> None:
    """In portions, so that no lock is held for long. 0 days: kept for ever."""
    before: datetime = now() - timedelta(days=days)
    # An event with deliveries to come stays, however old.
    living = (
        "AND NOT EXISTS (SELECT FROM kernel_job j WHERE j.tenant_id = e.tenant_id AND j.event_id = e.id "
        "AND j.state <> 'done')"
        if of == "kernel_event"
        else ""
    )
    while days and await execute(
        f"DELETE FROM {of} WHERE id IN (SELECT id FROM {of} e WHERE tenant_id = $1 AND {column} < $2 {living} "  # noqa: S608
        f"LIMIT {_PORTION})",
        current_tenant().id,
        before,
    ):
        pass


def kernel_jobs() -> tuple[Job, ...]:
    """The kernel's own periodic jobs, for its declaration."""
    return (Job(name="kernel.purge_finished_jobs", func=purge, every=timedelta(hours=6), attempts=3),)
