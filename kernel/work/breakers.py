"""What fails is written down for the admin; a subscriber that keeps failing is left alone for a while.

The state is in the database, so that every worker and every page sees the same. Closed: all deliveries run. Open:
they wait, uncounted. Half open, once the pause is over: one delivery tries, and its result decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ..base.clock import now
from ..base.context import every_tenant
from ..base.ids import new_id
from ..base.log import get_logger
from ..engines.connection import execute, sql, sql_one
from ..tenancy.settings import setting
from . import table

log = get_logger(__name__)

WINDOW: Final = timedelta(seconds=60)
PAUSE: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(minutes=30)
#: How `last_error` of a delivery begins that waits for its breaker.
PUT_OFF: Final = "Put off: "


def errors_allowed() -> int:
    """Errors within a minute that open a breaker of the tenant in scope."""
    try:
        return int(setting("kernel.breaker_errors"))
    except LookupError:  # a registry without the kernel's settings
        return 5


_NOTE = """
INSERT INTO kernel_trouble AS t
  (id, tenant_id, plugin, what, errors, recent, since, last_error, last_at, trips, open_until)
VALUES ($1, $2, $3, $4, $6, $6, $7, $5, $7, 0, $8)
ON CONFLICT (tenant_id, plugin, what) DO UPDATE SET errors = t.errors + $6, last_error = $5, last_at = $7,
  recent = CASE WHEN t.since < $9 THEN $6 ELSE t.recent + $6 END,
  since = CASE WHEN t.since < $9 THEN $7 ELSE t.since END,
  open_until = coalesce($8, t.open_until)
RETURNING recent, trips, open_until"""


async def note(
    tenant_id: UUID, plugin: str, what: str, error: str, *, times: int = 1, open_until: datetime | None = None
) -> tuple[int, int, datetime | None]:
    """Write a failure down; gives the errors of the last minute, the trips, and until when its breaker is open."""
    with every_tenant():
        row = await sql_one(
            _NOTE, new_id(), tenant_id, plugin[:60], what[:250], error[:4000], times, now(), open_until, now() - WINDOW
        )
    assert row is not None  # noqa: S101  an upsert returns its row
    return row.recent, row.trips, row.open_until


async def failed(job: table.Claimed, error: str) -> bool:
    """A delivery failed. True when that opened the breaker of its subscriber, or kept it open."""
    recent, trips, opened = await note(job.tenant_id, job.plugin, job.name, error)
    if opened is None and recent < errors_allowed():
        return False
    pause = min(PAUSE * 2 ** min(trips, 10), LONGEST)
    with every_tenant():
        await execute(
            "UPDATE kernel_trouble SET open_until = $4, trips = trips + 1, recent = 0, probe_until = NULL "
            "WHERE tenant_id = $1 AND plugin = $2 AND what = $3",
            job.tenant_id,
            job.plugin,
            job.name,
            now() + pause,
        )
    log.error("%s keeps failing: its events wait for %d s", job.name, pause.total_seconds())
    return True


async def may_probe(job: table.Claimed, seconds: float) -> bool:
    """Whether this delivery is the one that tries, now that the pause is over; at most one at a time."""
    with every_tenant():
        return bool(
            await execute(
                "UPDATE kernel_trouble SET probe_until = $4 WHERE tenant_id = $1 AND plugin = $2 AND what = $3 "
                "AND open_until <= $5 AND (probe_until IS NULL OR probe_until < $5)",
                job.tenant_id,
                job.plugin,
                job.name,
                now() + timedelta(seconds=seconds),
                now(),
            )
        )


async def succeeded(job: table.Claimed) -> None:
    """The delivery that tried went well: close the breaker, and let go what waited for it."""
    await close(job.tenant_id, job.plugin, job.name)


async def close(tenant_id: UUID, plugin: str, what: str) -> bool:
    """Close a breaker, by success or by an admin. False: it was not open."""
    with every_tenant():
        changed = await execute(
            "UPDATE kernel_trouble SET open_until = NULL, probe_until = NULL, recent = 0, trips = 0 "
            "WHERE tenant_id = $1 AND plugin = $2 AND what = $3 AND open_until IS NOT NULL",
            tenant_id,
            plugin,
            what,
        )
        await sql(
            f"UPDATE kernel_job SET run_at = $3, last_error = NULL WHERE tenant_id = $1 AND name = $2 "  # noqa: S608
            f"AND state = 'ready' AND starts_with(last_error, $4) RETURNING {table.WAKE} AS told",
            tenant_id,
            what,
            now(),
            PUT_OFF,
        )
    return bool(changed)
