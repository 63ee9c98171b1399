"""Asking for work, calling it off, and bringing it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias, Union
from uuid import UUID

from ..base.clock import now
from ..base.context import current_tenant, every_tenant, request_id
from ..base.contract import Job
from ..base.runtime import runtime
from ..engines.connection import execute, sql, sql_one
from . import table
from .broker import JobBroker
from .catalogue import catalogue, why_off

__all__ = [
    "JSON",
    "JobBroker",
    "cancel_jobs",
    "enqueue",
    "job_counts",
    "kernel_jobs",
    "purge_finished",
    "replay",
    "unpark",
    "unpark_effective",
]

JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]

KEEP_DONE = timedelta(days=7)


async def enqueue(
    name: str,
    args: Mapping[str, JSON] | None = None,
    *,
    run_at: datetime | None = None,
    delay: timedelta | None = None,
    key: str | None = None,
) -> UUID:
    """Queue the declared job `name` for the tenant in scope; it joins the open transaction. Returns its id.

    `args` are JSON values, handed to the function as keywords. It runs at once, at `run_at` (aware), or after
    `delay`. With `key`, at most one such job lives per tenant: while it waits, runs or is parked, the same key
    gives back its id and changes nothing. Raises LookupError for a name no installed plugin declares.
    """
    work = catalogue().get(name)
    if work is None:
        raise LookupError(f"no installed plugin declares a job named {name!r}")
    row = table.NewJob(
        tenant_id=current_tenant().id,
        plugin=work.plugin,
        name=name,
        args=json.dumps(dict(args or {}), allow_nan=False),
        run_at=_when(run_at, delay),
        max_attempts=work.attempts,
        queue=work.queue,
        dedupe_key=_checked(key),
        request_id=request_id()[:80],
    )
    for _ in range(3):
        if await table.insert([row]):
            return row.id
        living = await sql_one(
            "SELECT id FROM kernel_job WHERE tenant_id = $1 AND dedupe_key = $2", row.tenant_id, row.dedupe_key
        )
        if living is not None:
            return UUID(str(living.id))
        # It ended between the two statements: the key is free again.
    raise RuntimeError(f"job key {key!r} keeps being taken and freed; try later")


def _when(run_at: datetime | None, delay: timedelta | None) -> datetime:
    if run_at is not None and delay is not None:
        raise ValueError("give run_at or delay, not both")
    if run_at is not None and run_at.tzinfo is None:
        raise ValueError("run_at must be aware: a naive time is no instant")
    return run_at or now() + (delay or timedelta())


def _checked(key: str | None) -> str | None:
    if key is not None and not 0 < len(key) <= 200:
        raise ValueError("a job key has 1 to 200 characters")
    return key


async def cancel_jobs(key: str, *, prefix: bool = False) -> int:
    """Call off the living jobs of the tenant in scope with this key, or with keys that begin with it.

    Waiting and parked ones are deleted. A running one goes on to its end but is not tried again, and its key
    is free. End a prefix with your separator, else `a:1` also cancels `a:12`. Returns how many were hit.
    """
    tenant_id = current_tenant().id
    match = "starts_with(dedupe_key, $2)" if prefix else "dedupe_key = $2"
    running = await execute(
        f"UPDATE kernel_job SET dedupe_key = NULL, max_attempts = 0 "  # noqa: S608  constants
        f"WHERE tenant_id = $1 AND {match} AND state = 'running'",
        tenant_id,
        _checked(key),
    )
    waiting = await execute(
        f"DELETE FROM kernel_job WHERE tenant_id = $1 AND {match} AND state IN ('ready', 'parked')",  # noqa: S608
        tenant_id,
        key,
    )
    return running + waiting


async def replay(job_id: UUID) -> bool:
    """Try a dead job of the tenant in scope again, with all its attempts. False: it is not dead."""
    revived = await sql(
        "UPDATE kernel_job SET state = 'ready', attempts = 0, run_at = $3, finished_at = NULL "  # noqa: S608
        f"WHERE tenant_id = $1 AND id = $2 AND state = 'dead' RETURNING {table.WAKE} AS told",
        current_tenant().id,
        job_id,
        now(),
    )
    return bool(revived)


async def unpark(tenant_id: UUID, plugin_id: str) -> int:
    """Make the parked jobs of a plugin that was switched on runnable again. Those still off park once more."""
    with every_tenant():
        woken = await sql(
            f"UPDATE kernel_job SET state = 'ready', last_error = NULL "  # noqa: S608  constants
            f"WHERE tenant_id = $1 AND plugin = $2 AND state = 'parked' RETURNING {table.WAKE} AS told",
            tenant_id,
            plugin_id,
        )
    return len(woken)


async def unpark_effective() -> int:
    """Wake every parked job whose reason is gone. Run now and then, so that no missed signal strands a job."""
    with every_tenant():
        parked = await sql("SELECT DISTINCT tenant_id, name FROM kernel_job WHERE state = 'parked' LIMIT 2000")
    known, snapshots = catalogue(), runtime().snapshots
    woken = 0
    for row in parked:
        work, snapshot = known.get(row.name), snapshots.of(row.tenant_id)
        if work is None or snapshot is None or why_off(work, snapshot) is not None:
            continue
        with every_tenant():
            woken += len(
                await sql(
                    f"UPDATE kernel_job SET state = 'ready', last_error = NULL "  # noqa: S608  constants
                    f"WHERE tenant_id = $1 AND name = $2 AND state = 'parked' RETURNING {table.WAKE} AS told",
                    row.tenant_id,
                    row.name,
                )
            )
    return woken


async def job_counts() -> dict[str, int]:
    """How many jobs of the tenant in scope are in each state."""
    rows = await sql(
        "SELECT state, count(*) AS jobs FROM kernel_job WHERE tenant_id = $1 GROUP BY state", current_tenant().id
    )
    counts = dict.fromkeys(("ready", "running", "parked", "done", "dead"), 0)
    return counts | {row.state: row.jobs for row in rows}


async def purge_finished() -> None:
    """Delete jobs of the tenant in scope that were done a week ago. Dead ones stay until somebody decides."""
    while await execute(
        "DELETE FROM kernel_job WHERE id IN (SELECT id FROM kernel_job WHERE tenant_id = $1 AND state = 'done' "
        "AND finished_at < $2 LIMIT 5000)",
        current_tenant().id,
        now() - KEEP_DONE,
    ):
        pass


def kernel_jobs() -> tuple[Job, ...]:
    """The kernel's own periodic jobs, for its declaration."""
    return (Job(name="kernel.purge_finished_jobs", func=purge_finished, every=timedelta(hours=6), attempts=3),)
