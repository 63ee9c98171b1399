"""Counting: an event live, all events anew. The only writer of the read models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from kernel import (
    Happened,
    audit,
    current_snapshot,
    current_tenant,
    enqueue,
    execute,
    new_id,
    now,
    published_events,
    retrying,
    sql_one,
    unit_of_work,
)

from .counting import EVENTS, Increment, increments

#: Figures from events, and figures that were brought in; a recount touches the first alone.
FROM_EVENTS: Final = "event"
IMPORTED: Final = "import"
_BATCH: Final = 2000

_Key = tuple[date, str, str, str]


async def rollup_zone() -> str:
    """The zone in which this tenant's days are counted; the tenant's own until the first count fixes it."""
    row = await sql_one("SELECT zone FROM analytics_rollup WHERE tenant_id = $1", current_tenant().id)
    return str(row.zone) if row is not None else current_snapshot().zone


async def _take_rollup(lock: str) -> str:
    """Hold the tenant's rollup row until the commit. Counting shares it, a recount has it alone. Gives its zone."""
    tenant = current_tenant().id
    query = f"SELECT zone FROM analytics_rollup WHERE tenant_id = $1 FOR {lock}"  # noqa: S608  a constant
    row = await sql_one(query, tenant)
    if row is None:
        await execute(
            "INSERT INTO analytics_rollup (id, tenant_id, zone, events) VALUES ($1, $2, $3, 0)"
            " ON CONFLICT (tenant_id) DO NOTHING",
            new_id(),
            tenant,
            current_snapshot().zone,
        )
        row = await sql_one(query, tenant)
    if row is None:
        raise RuntimeError("the rollup of this tenant cannot be made")
    return str(row.zone)


async def count(event: Happened) -> bool:
    """Count one event; False when it is counted already. Delivered twice, out of order, at once: all the same."""

    async def work() -> bool:
        async with unit_of_work():
            zone = await _take_rollup("SHARE")
            fresh = await execute(
                "INSERT INTO analytics_applied (id, event_id, tenant_id, at) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (tenant_id, event_id) DO NOTHING",
                new_id(),
                event.id,
                current_tenant().id,
                now(),
            )
            if not fresh:
                return False
            await _add(increments(event, zone))
            return True

    return await retrying(work)


async def rebuild() -> int:
    """Count all published events anew, in the tenant's zone of now; how many there were.

    All or nothing: until the commit readers see the old figures, and live counting waits.
    """
    async with unit_of_work():
        await _take_rollup("UPDATE")
        tenant, zone = current_tenant().id, current_snapshot().zone
        await execute("DELETE FROM analytics_applied WHERE tenant_id = $1", tenant)
        await execute("DELETE FROM analytics_daily_metric WHERE tenant_id = $1 AND origin = $2", tenant, FROM_EVENTS)
        sums: Counter[_Key] = Counter()
        total = 0
        for name in EVENTS:
            ids: list[UUID] = []
            async for event in published_events(name):
                ids.append(event.id)
                for found in increments(event, zone):
                    sums[found.day, found.metric, found.dimension, found.currency] += found.value
                if len(ids) >= _BATCH:
                    await _mark(ids)
                    total += len(ids)
                    ids = []
            await _mark(ids)
            total += len(ids)
        await _add(Increment(*key, value) for key, value in sums.items())
        await execute(
            "UPDATE analytics_rollup SET zone = $2, rebuilt_at = $3, events = $4 WHERE tenant_id = $1",
            tenant,
            zone,
            now(),
            total,
        )
    return total


async def ask_rebuild() -> None:
    """Have everything counted anew in the background; asked again while one waits: still one."""
    async with unit_of_work():
        await enqueue("analytics.rebuild", key="analytics.rebuild")
        await audit.record("analytics.rebuild_asked", subject="rollup", subject_id=str(current_tenant().id))


async def import_figures(found: Iterable[Increment]) -> None:
    """Bring in figures from before, or from elsewhere; they stay through a recount."""
    async with unit_of_work():
        await _take_rollup("SHARE")
        await _add(found, IMPORTED)


async def _mark(ids: list[UUID]) -> None:
    if ids:
        await execute(
            "INSERT INTO analytics_applied (id, event_id, tenant_id, at)"
            " SELECT x.id, x.event_id, $1::uuid, $2::timestamptz"
            " FROM unnest($3::uuid[], $4::uuid[]) AS x (id, event_id)"
            " ON CONFLICT (tenant_id, event_id) DO NOTHING",
            current_tenant().id,
            now(),
            [new_id() for _event in ids],
            ids,
        )


async def _add(found: Iterable[Increment], origin: str = FROM_EVENTS) -> None:
    """Add to the rollup. Sorted: two that count at once take their rows in the same order."""
    rows = sorted(found)
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        await execute(
            "INSERT INTO analytics_daily_metric AS m (id, tenant_id, day, metric, dimension, currency, origin, value)"
            " SELECT x.id, $1::uuid, x.day, x.metric, x.dimension, x.currency, $2::text, x.value"
            " FROM unnest($3::uuid[], $4::date[], $5::text[], $6::text[], $7::text[], $8::bigint[])"
            " AS x (id, day, metric, dimension, currency, value)"
            " ON CONFLICT (tenant_id, day, metric, dimension, currency, origin)"
            " DO UPDATE SET value = m.value + excluded.value",
            current_tenant().id,
            origin,
            [new_id() for _row in part],
            [row.day for row in part],
            [row.metric for row in part],
            [row.dimension for row in part],
            [row.currency for row in part],
            [row.value for row in part],
        )
