"""Statements on the job table: insert, claim under a lease, settle. Nothing else writes it.

Every settling statement names owner and attempt: a process that lost its lease can no longer change the row.
Leases run on the server's clock, which all processes share; `run_at` runs on ours, which tests can move.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ..base.clock import now
from ..base.context import every_tenant
from ..base.ids import new_id
from ..engines.connection import execute, sql

CHANNEL: Final = "greenroom_jobs"
DRAIN: Final = "greenroom_drain"
#: An expression that wakes the workers when the transaction commits.
WAKE: Final = f"pg_notify('{CHANNEL}', '') IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A row to be."""

    tenant_id: UUID
    plugin: str
    name: str
    args: str  # JSON object
    run_at: datetime
    max_attempts: int
    queue: str = "default"
    priority: int = 0
    dedupe_key: str | None = None
    event_id: UUID | None = None
    request_id: str = ""
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row that `owner` may run until its lease ends; `attempts` counts this one.

    `held`: its queue or kind is paused. `broken_until`: the breaker of this subscriber is open, or was and nobody
    has tried since.
    """

    id: UUID
    tenant_id: UUID
    plugin: str
    name: str
    args: dict[str, Any]
    attempts: int
    max_attempts: int
    event_id: UUID | None
    request_id: str
    owner: str
    queue: str = "default"
    held: str | None = None
    broken_until: datetime | None = None


_INSERT = f"""
WITH fresh AS (
  INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts, max_attempts,
                          dedupe_key, event_id, request_id, created_at, priority, history)
  SELECT n.id, n.tenant_id, n.plugin, n.name, n.args::jsonb, n.queue, 'ready', n.run_at, 0, n.max_attempts,
         n.dedupe_key, n.event_id, n.request_id, $13,
         n.priority, '[]'
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
              $8::int[], $9::text[], $10::uuid[], $11::text[], $12::int[])
       AS n(id, tenant_id, plugin, name, args, queue, run_at, max_attempts, dedupe_key, event_id, request_id, priority)
  ON CONFLICT (tenant_id, dedupe_key) DO NOTHING
  RETURNING id)
SELECT id, {WAKE} AS told FROM fresh"""  # noqa: S608  a constant


async def insert(rows: Sequence[NewJob]) -> set[UUID]:
    """Write rows in one statement, joining the open transaction; workers are woken at its commit.

    Returns the ids that went in: a row whose `dedupe_key` is taken by a living job does not.
    """
    if not rows:
        return set()
    written = await sql(
        _INSERT,
        [r.id for r in rows],
        [r.tenant_id for r in rows],
        [r.plugin for r in rows],
        [r.name for r in rows],
        [r.args for r in rows],
        [r.queue for r in rows],
        [r.run_at for r in rows],
        [r.max_attempts for r in rows],
        [r.dedupe_key for r in rows],
        [r.event_id for r in rows],
        [r.request_id for r in rows],
        [r.priority for r in rows],
        now(),
    )
    return {row.id for row in written}


# Fair between tenants: each one's first due job comes before anybody's second, and what a tenant has running already
# counts as its earlier turns. The lanes (tenant, queue, priority) come from the due jobs themselves; with more than a
# thousand of those, from a walk over the distinct entries of the index: a heap of jobs of one tenant then costs
# nothing to the others. `due` is evaluated once; as a plain sub-select the planner may run it again and lock more
# than the limit. Rows that another process holds are skipped, hence more waiting than wanted.
_CLAIM = """
WITH RECURSIVE peek AS MATERIALIZED (
  SELECT tenant_id, queue, priority FROM kernel_job
  WHERE state = 'ready' AND run_at <= $3 AND ($4::uuid IS NULL OR tenant_id = $4) ORDER BY run_at, id LIMIT 1000
), heads AS (
  (SELECT tenant_id, queue, priority FROM kernel_job
   WHERE state = 'ready' AND ($4::uuid IS NULL OR tenant_id = $4) AND (SELECT count(*) FROM peek) = 1000
   ORDER BY tenant_id, queue, priority LIMIT 1)
  UNION ALL
  SELECT n.tenant_id, n.queue, n.priority FROM heads h CROSS JOIN LATERAL (
    SELECT tenant_id, queue, priority FROM kernel_job
    WHERE state = 'ready' AND (tenant_id, queue, priority) > (h.tenant_id, h.queue, h.priority)
      AND ($4::uuid IS NULL OR tenant_id = $4) ORDER BY tenant_id, queue, priority LIMIT 1) n
), lanes AS MATERIALIZED (
  SELECT * FROM (SELECT * FROM heads UNION SELECT * FROM peek) every WHERE $5::text[] IS NULL OR queue = ANY ($5)
), busy AS MATERIALIZED (
  SELECT tenant_id, count(*) AS n FROM kernel_job WHERE state = 'running' GROUP BY tenant_id
), waiting AS MATERIALIZED (
  SELECT c.id, row_number() OVER (PARTITION BY l.tenant_id ORDER BY l.priority DESC, c.run_at, c.id)
               + coalesce((SELECT b.n FROM busy b WHERE b.tenant_id = l.tenant_id), 0) AS turn, l.priority, c.run_at
  FROM lanes l CROSS JOIN LATERAL (
    SELECT j.id, j.run_at FROM kernel_job j
    WHERE j.state = 'ready' AND j.tenant_id = l.tenant_id AND j.queue = l.queue AND j.priority = l.priority
      AND j.run_at <= $3 AND NOT j.id = ANY ($6::uuid[])
    ORDER BY j.run_at, j.id
    LIMIT greatest(2, least($7 + 64, 4 * ($7 + 64) / greatest(1, (SELECT count(*) FROM lanes))))) c
  ORDER BY turn, l.priority DESC, c.run_at, c.id LIMIT $7 + 64
), due AS MATERIALIZED (
  SELECT j.id, c.turn FROM waiting c JOIN kernel_job j ON j.id = c.id WHERE j.state = 'ready'
  ORDER BY c.turn, c.priority DESC, c.run_at, c.id LIMIT $7 FOR UPDATE OF j SKIP LOCKED
)
UPDATE kernel_job j SET state = 'running', attempts = attempts + 1, lease_owner = $1, started_at = $8,
       lease_until = clock_timestamp() + make_interval(secs => $2)
FROM due WHERE j.id = due.id
RETURNING j.id, j.tenant_id, j.plugin, j.name, j.args, j.attempts, j.max_attempts, j.event_id, j.request_id, j.run_at,
  j.queue, j.priority, due.turn,
  (SELECT h.kind FROM kernel_job_hold h WHERE {held} LIMIT 1) AS held,
  CASE WHEN j.event_id IS NOT NULL THEN (SELECT t.open_until FROM kernel_trouble t WHERE t.tenant_id = j.tenant_id
    AND t.plugin = j.plugin AND t.what = j.name AND t.open_until IS NOT NULL) END AS broken_until"""

#: Whether the hold `h` stops the job `j`.
HELD: Final = (
    "h.tenant_id = j.tenant_id AND (h.kind = 'job' AND h.name = j.name OR h.kind = 'queue' AND h.name = j.queue)"
)
_CLAIM = _CLAIM.format(held=HELD)


async def claim(
    owner: str,
    limit: int,
    *,
    lease: float,
    due: datetime,
    tenant_id: UUID | None = None,
    queues: Sequence[str] | None = None,
    but_not: Iterable[UUID] = (),
) -> list[Claimed]:
    """Take up to `limit` jobs that are due at `due`: tenants in turn, each one's most urgent and oldest first.

    Every job goes to one process only.
    """
    with every_tenant():
        rows = await sql(
            _CLAIM,
            owner,
            lease,
            due,
            tenant_id,
            None if queues is None else list(queues),
            list(but_not),
            limit,
            now(),
        )
    rows = sorted(rows, key=lambda r: (r.turn, -r.priority, r.run_at, r.id))  # RETURNING keeps no order
    return [
        Claimed(
            id=r.id,
            tenant_id=r.tenant_id,
            plugin=r.plugin,
            name=r.name,
            args=json.loads(r.args) if isinstance(r.args, str) else dict(r.args),
            attempts=r.attempts,
            max_attempts=r.max_attempts,
            event_id=r.event_id,
            request_id=r.request_id,
            owner=owner,
            queue=r.queue,
            held=r.held,
            broken_until=r.broken_until,
        )
        for r in rows
    ]


async def extend(owner: str, ids: Sequence[UUID], lease: float) -> set[UUID]:
    """Renew the leases of `owner`; returns the ids it still holds."""
    with every_tenant():
        rows = await sql(
            "UPDATE kernel_job SET lease_until = clock_timestamp() + make_interval(secs => $3) "
            "WHERE id = ANY ($2::uuid[]) AND lease_owner = $1 AND state = 'running' RETURNING id",
            owner,
            list(ids),
            lease,
        )
    return {r.id for r in rows}


_NOTED = (
    "history = (CASE WHEN jsonb_typeof(history) = 'array' THEN history ELSE '[]' END) || jsonb_build_array("
    "jsonb_build_object('at', {at}::timestamptz, 'attempt', attempts, 'what', '{what}', 'error', {error}::text, "
    "'by', lease_owner))"
)
_KILLED = "'The process that ran this job ended without finishing it (' || lease_owner || ').'"


async def reap() -> int:
    """Give back the jobs of processes that died: their lease ran out. The lost attempt counts."""
    with every_tenant():
        return await execute(
            "WITH lost AS MATERIALIZED (SELECT id FROM kernel_job WHERE state = 'running' "  # noqa: S608  constants
            "  AND lease_until < clock_timestamp() LIMIT 500 FOR UPDATE SKIP LOCKED) "
            "UPDATE kernel_job j SET lease_owner = NULL, lease_until = NULL, "
            "  state = CASE WHEN max_attempts = 0 THEN 'done' WHEN attempts >= max_attempts THEN 'dead' "
            "               ELSE 'ready' END, "
            "  dedupe_key = CASE WHEN attempts >= max_attempts THEN NULL ELSE dedupe_key END, "
            "  finished_at = CASE WHEN attempts >= max_attempts THEN $1::timestamptz END, "
            f"  {_NOTED.format(at='$1', what='lost', error=_KILLED)}, last_error = {_KILLED} "
            "FROM lost WHERE j.id = lost.id",
            now(),
        )


async def settle_done(job: Claimed, note: str | None = None) -> bool:
    """Over; `note` says what was peculiar, such as that it was dropped."""
    return await _settle(
        job, "state = 'done', dedupe_key = NULL, last_error = $5, finished_at = $4::timestamptz", now(), note
    )


async def settle_failed(job: Claimed, error: str, retry_at: datetime) -> bool:
    """Back to ready at `retry_at`, or dead after the last attempt."""
    return await _settle(
        job,
        "state = CASE WHEN max_attempts = 0 THEN 'done' WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END, "
        "dedupe_key = CASE WHEN attempts >= max_attempts THEN NULL ELSE dedupe_key END, "
        "finished_at = CASE WHEN attempts >= max_attempts THEN $6::timestamptz END, "
        f"{_NOTED.format(at='$6', what='failed', error='$4')}, last_error = $4, run_at = $5",
        error,
        retry_at,
        now(),
    )


async def put_off(job: Claimed, until: datetime, reason: str) -> bool:
    """Hand back until then, not as an attempt: the breaker of its subscriber is open."""
    return await _settle(job, f"{_UNTRIED.format(state='ready')}, run_at = $4, last_error = $5", until, reason)


async def park(job: Claimed, reason: str) -> bool:
    """Set aside until its plugin is on again; not an attempt."""
    return await _settle(job, f"{_UNTRIED.format(state='parked')}, last_error = $4", reason)


async def release(job: Claimed) -> bool:
    """Hand back unfinished, at once and not as an attempt: this process is stopping."""
    return await _settle(job, _UNTRIED.format(state="ready"), wake=True)


_UNTRIED = (
    "attempts = attempts - 1, state = CASE WHEN max_attempts = 0 THEN 'done' ELSE '{state}' END, "
    "finished_at = CASE WHEN max_attempts = 0 THEN clock_timestamp() END"
)


async def _settle(job: Claimed, change: str, *args: object, wake: bool = False) -> bool:
    """Change the row if it is still ours. False: the lease was lost, somebody else answers for it now."""
    with every_tenant():
        changed = await sql(
            f"UPDATE kernel_job SET lease_owner = NULL, lease_until = NULL, {change} "  # noqa: S608  constants
            "WHERE id = $1 AND lease_owner = $2 AND attempts = $3 AND state = 'running' "
            f"RETURNING {WAKE if wake else 'true'} AS settled",
            job.id,
            job.owner,
            job.attempts,
            *args,
        )
    return bool(changed)
