"""Asking for work, calling it off, and bringing it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeAlias, TypeVar, Union
from uuid import UUID

from ..base.clock import now
from ..base.context import current_tenant, every_tenant, request_id
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import sql, sql_one
from ..engines.models import TenantModel
from ..tenancy.quotas import room_for
from . import table
from .broker import JobBroker
from .catalogue import catalogue, why_off
from .execution import Dropped

__all__ = [
    "JSON",
    "Dropped",
    "JobBroker",
    "cancel_jobs",
    "enqueue",
    "enqueue_batches",
    "unchanged",
    "unpark",
    "unpark_effective",
]

JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]
M = TypeVar("M", bound=TenantModel)


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
        priority=work.priority,
        dedupe_key=_checked(key),
        request_id=request_id()[:80],
    )
    if not work.drain:
        await room_for("kernel.jobs_waiting", status=429, exact=False)
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


async def enqueue_batches(
    name: str,
    ids: Iterable[UUID | str],
    args: Mapping[str, JSON] | None = None,
    *,
    size: int = 500,
    run_at: datetime | None = None,
) -> int:
    """Queue one job per `size` ids, which reach the function as `ids: list[str]` beside `args`; returns how many.

    A message for each of thousands would cost more than the work: a batch claims, loads and writes its ids at once.
    The function has to bear being repeated as a whole, so mark what is done as you go.
    """
    work = catalogue().get(name)
    if work is None:
        raise LookupError(f"no installed plugin declares a job named {name!r}")
    if size < 1:
        raise ValueError("a batch holds at least one id")
    row = table.NewJob(
        tenant_id=current_tenant().id, plugin=work.plugin, name=name, args="", run_at=_when(run_at, None),
        max_attempts=work.attempts, queue=work.queue, priority=work.priority, request_id=request_id()[:80],
    )  # fmt: skip
    shared = dict(args or {})
    left, rows = iter(ids), []
    while chunk := [str(i) for i in islice(left, size)]:
        rows.append(replace(row, id=new_id(), args=json.dumps({**shared, "ids": chunk}, allow_nan=False)))
    await table.insert(rows)
    return len(rows)


async def unchanged(source: type[M], id: UUID | str, *, version: int | None = None, **expected: object) -> M:
    """The row a job is about, as it was expected when the job was queued; else the job is dropped, done for good.

    `version` is that of a `VersionedModel`, `expected` any other fields. A reminder of something that was moved
    meanwhile thus ends by itself, whoever forgot to call it off.
    """
    found = await source.get_or_none(id=id)
    if found is None:
        raise Dropped(f"{source.__name__} {id} is gone")
    wanted = expected if version is None else {"version": version, **expected}
    for field, value in wanted.items():
        if getattr(found, field) != value:
            raise Dropped(f"{source.__name__} {id} has another {field} by now")
    return found


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


async def cancel_jobs(*keys: str, prefix: bool = False) -> int:
    """Call off the living jobs of the tenant in scope with these keys, or with keys that begin with one of them.

    Waiting and parked ones are deleted. A running one goes on to its end but is not tried again, and its key
    is free. End a prefix with your separator, else `a:1` also cancels `a:12`. Returns how many were hit.
    Whole keys are found by the index; prefixes look at every living key of the tenant.
    """
    match = "EXISTS (SELECT FROM unnest($2::text[]) k WHERE starts_with(dedupe_key, k))"
    row = await sql_one(
        _CANCEL.format(match=match if prefix else "dedupe_key = ANY ($2::text[])"),
        current_tenant().id,
        [_checked(key) for key in keys],
    )
    return int(row.n) if row is not None else 0


_CANCEL = """
WITH running AS (
  UPDATE kernel_job SET dedupe_key = NULL, max_attempts = 0
  WHERE tenant_id = $1 AND {match} AND state = 'running' RETURNING id
), waiting AS (
  DELETE FROM kernel_job WHERE tenant_id = $1 AND {match} AND state IN ('ready', 'parked') RETURNING id
)
SELECT (SELECT count(*) FROM running) + (SELECT count(*) FROM waiting) AS n"""

#: Not held back by an admin.
_FREE = f"NOT EXISTS (SELECT FROM kernel_job_hold h WHERE {table.HELD})"


async def unpark(tenant_id: UUID, plugin_id: str) -> int:
    """Make the parked jobs of a plugin that was switched on runnable again. Those still off park once more."""
    with every_tenant():
        woken = await sql(
            f"UPDATE kernel_job j SET state = 'ready', last_error = NULL "  # noqa: S608  constants
            f"WHERE tenant_id = $1 AND plugin = $2 AND state = 'parked' AND {_FREE} RETURNING {table.WAKE} AS told",
            tenant_id,
            plugin_id,
        )
    return len(woken)


async def unpark_effective() -> int:
    """Wake every parked job whose reason is gone. Run now and then, so that no missed signal strands a job."""
    with every_tenant():
        parked = await sql(
            f"SELECT DISTINCT tenant_id, name FROM kernel_job j WHERE state = 'parked' AND {_FREE} LIMIT 2000"  # noqa: S608
        )
    known, snapshots = catalogue(), runtime().snapshots
    woken = 0
    for row in parked:
        work, snapshot = known.get(row.name), snapshots.of(row.tenant_id)
        if work is None or snapshot is None or why_off(work, snapshot) is not None:
            continue
        with every_tenant():
            woken += len(
                await sql(
                    f"UPDATE kernel_job j SET state = 'ready', last_error = NULL "  # noqa: S608  constants
                    f"WHERE tenant_id = $1 AND name = $2 AND state = 'parked' AND {_FREE} "
                    f"RETURNING {table.WAKE} AS told",
                    row.tenant_id,
                    row.name,
                )
            )
    return woken
