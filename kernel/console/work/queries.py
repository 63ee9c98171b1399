"""What the job pages and the JSON interface read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ...auth.audit import masked
from ...base.context import current_tenant
from ...engines.connection import sql
from ...work.catalogue import catalogue
from ...work.faults import masked as masked_text
from ...work.models import Job

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A filter of the job list; empty strings: any."""

    state: str = ""
    plugin: str = ""
    queue: str = ""
    name: str = ""
    page: int = 1
    size: int = PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How many dead jobs of one kind there are."""

    name: str
    plugin: str
    count: int
    last_at: datetime | None


async def find(wanted: Wanted) -> list[Any]:
    """One page of jobs and one more row, what was touched last first."""
    return await sql(
        "SELECT id, plugin, name, queue, state, run_at, attempts, max_attempts, priority, event_id, created_at,"
        " finished_at, left(last_error, 2000) AS last_error FROM kernel_job WHERE tenant_id = $1"
        " AND ($2 = '' OR state = $2) AND ($3 = '' OR plugin = $3) AND ($4 = '' OR queue = $4)"
        " AND ($5 = '' OR name = $5) ORDER BY coalesce(finished_at, run_at) DESC, id DESC LIMIT $6 OFFSET $7",
        current_tenant().id, wanted.state, wanted.plugin, wanted.queue, wanted.name,
        wanted.size + 1, (wanted.page - 1) * wanted.size,
    )  # fmt: skip


async def dead_kinds() -> list[Kind]:
    """Kinds of which jobs failed for good, most first."""
    rows = await sql(
        "SELECT name, min(plugin) AS plugin, count(*) AS n, max(finished_at) AS at FROM kernel_job"
        " WHERE tenant_id = $1 AND state = 'dead' GROUP BY name ORDER BY n DESC, name LIMIT 50",
        current_tenant().id,
    )
    return [Kind(name=r.name, plugin=r.plugin, count=r.n, last_at=r.at) for r in rows]


async def holds() -> list[Any]:
    """What is paused."""
    return await sql(
        "SELECT h.kind, h.name, h.reason, h.since, h.actor_id, (SELECT count(*) FROM kernel_job j WHERE"
        " j.tenant_id = h.tenant_id AND j.state = 'parked' AND (h.kind = 'job' AND j.name = h.name OR"
        " h.kind = 'queue' AND j.queue = h.name)) AS parked"
        " FROM kernel_job_hold h WHERE h.tenant_id = $1 ORDER BY h.since",
        current_tenant().id,
    )


def names() -> list[str]:
    """Every kind of job there is."""
    return sorted(catalogue())


def queues() -> list[str]:
    return sorted({work.queue for work in catalogue().values()} | {"default"})


def shown_args(job: Job) -> str:
    """Its arguments for people: secrets blotted out, by name and by look."""
    return json.dumps(args_of(job), ensure_ascii=False, indent=2, sort_keys=True)[:20_000]


def args_of(job: Job) -> Any:
    """The same as data."""
    return _blotted(masked(job.args))


def _blotted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _blotted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blotted(item) for item in value]
    return masked_text(value) if isinstance(value, str) else value


async def deliveries(event_id: UUID) -> list[Any]:
    """How far the subscribers of one event are."""
    return await sql(
        "SELECT id, plugin, name, state, attempts, max_attempts, run_at, finished_at, left(last_error, 500)"
        " AS last_error FROM kernel_job WHERE tenant_id = $1 AND event_id = $2 ORDER BY name, created_at",
        current_tenant().id, event_id,
    )  # fmt: skip
