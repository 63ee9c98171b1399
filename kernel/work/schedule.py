"""Periodic jobs: once per tenant and planned instant, however many processes look after them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ..base.clock import now
from ..base.context import every_tenant
from ..base.contract import Job
from ..base.ids import new_id
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import sql, sql_one, unit_of_work
from . import cron, table

log = get_logger(__name__)

#: Any number that no other advisory lock of the application uses.
_LOCK: Final = 7_310_071
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# What this process has already compared with the database, so that a quiet second costs no query.
_seen: dict[tuple[UUID, str], datetime] = {}
_refused: set[tuple[str, str]] = set()


@dataclass(frozen=True, slots=True)
class _Planned:
    tenant_id: UUID
    plugin: str
    job: Job
    instant: datetime


def planned(job: Job, at: datetime, zone: str) -> datetime | None:
    """The last instant, not after `at`, for which a periodic job is planned; None when it never was."""
    if job.every is not None:
        return at - (at - _EPOCH) % job.every
    return cron.previous(job.cron, at, zone) if job.cron is not None else None


def _planned_safely(job: Job, at: datetime, zone: str) -> datetime | None:
    """One plugin's bad expression must not keep the others from being scheduled."""
    try:
        return planned(job, at, zone)
    except ValueError as exc:
        if (job.name, zone) not in _refused:
            _refused.add((job.name, zone))
            log.error("periodic job %s is not scheduled: %s", job.name, exc)
        return None


def _due(at: datetime) -> Iterator[_Planned]:
    for snapshot in runtime().snapshots.all():
        if snapshot.state != "active":
            continue
        for plugin, job in snapshot.shape.jobs.values():
            if job.every is None and job.cron is None:
                continue
            instant = _planned_safely(job, at, snapshot.zone)
            if instant is not None and _seen.get((snapshot.tenant.id, job.name)) != instant:
                yield _Planned(snapshot.tenant.id, plugin, job, instant)


async def tick(at: datetime | None = None) -> int:
    """Queue the periodic jobs that fell due by `at` (default: now); returns how many.

    Of instants missed while nothing ran, only the last is made up for. A job seen for the first time waits for
    its next instant. While an earlier run of the same job is still waiting or running, none is added.
    """
    found = list(_due(at or now()))
    if not found:
        return 0
    with every_tenant():
        async with unit_of_work():
            lock = await sql_one("SELECT pg_try_advisory_xact_lock($1::bigint) AS mine", _LOCK)
            if lock is None or not lock.mine:
                return 0  # another process is at it
            fresh = await _swap(found)
            added = await table.insert([_row(p) for p in fresh])
    # Only after the commit: a failed tick must be tried again.
    _seen.update({(p.tenant_id, p.job.name): p.instant for p in found})
    return len(added)


def forget() -> None:
    """Compare everything with the database again: for tests, and after restoring a backup."""
    _seen.clear()


_SWAP = """
WITH wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS w(id, tenant_id, name, planned)
), moved AS (
  UPDATE kernel_schedule s SET planned = w.planned FROM wanted w
  WHERE s.tenant_id = w.tenant_id AND s.name = w.name AND s.planned < w.planned
  RETURNING s.tenant_id, s.name
), begun AS (
  INSERT INTO kernel_schedule (id, tenant_id, name, planned) SELECT id, tenant_id, name, planned FROM wanted
  ON CONFLICT (tenant_id, name) DO NOTHING
)
SELECT m.tenant_id, m.name FROM moved m WHERE NOT EXISTS (
  SELECT FROM kernel_job j WHERE j.tenant_id = m.tenant_id AND j.name = m.name
    AND j.state IN ('ready', 'running', 'parked') AND starts_with(j.dedupe_key, m.name || '@'))"""


async def _swap(found: list[_Planned]) -> list[_Planned]:
    """Move the last planned instants forward; returns those that we moved and that nothing still occupies."""
    rows = await sql(
        _SWAP,
        [new_id() for _ in found],
        [p.tenant_id for p in found],
        [p.job.name for p in found],
        [p.instant for p in found],
    )
    moved = {(r.tenant_id, r.name) for r in rows}
    return [p for p in found if (p.tenant_id, p.job.name) in moved]


def _row(p: _Planned) -> table.NewJob:
    return table.NewJob(
        tenant_id=p.tenant_id,
        plugin=p.plugin,
        name=p.job.name,
        args=json.dumps({}),
        run_at=min(p.instant, now()),
        max_attempts=p.job.attempts,
        queue=p.job.queue,
        priority=p.job.priority,
        dedupe_key=f"{p.job.name}@{p.instant.isoformat(timespec='seconds')}",
    )
