"""Publishing: the event and one job per durable subscriber, in the transaction of the change itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from ..base.clock import now
from ..base.context import current_actor, current_tenant, request_id
from ..base.contract import EVERY_EVENT, Happened, NoticeSink
from ..base.events import event_name, to_data
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import execute, in_unit_of_work, sql, sql_one
from ..tenancy import events as tenancy_events
from ..tenancy.snapshots import current_snapshot
from . import table
from .catalogue import Work, catalogue, subscriber_job
from .isolation import guarded
from .notices import NOTICE_ATTEMPTS, notice_job

_PAGE = 500
#: Seconds for a subscriber to say whether it wants an event: its publisher waits.
_ASKING: Final = 1.0
_COLUMNS = "id, name, data, actor_id, request_id, occurred_at"


async def publish(ev: object) -> UUID:
    """Record that `ev` (an `@event` object) happened to the tenant in scope; returns its id.

    Needs an open `unit_of_work()`: event and deliveries appear with the change or not at all. Each subscriber
    of the tenant's effective plugins runs after the commit, at least once.
    """
    name, data = event_name(ev), json.dumps(to_data(ev), allow_nan=False)
    if not in_unit_of_work():
        raise RuntimeError(f"publish({name}) outside unit_of_work(): the event could part from its change")
    tenant, actor, instant = current_tenant(), current_actor(), now()
    event_id, rid = new_id(), request_id()[:80]
    await execute(
        "INSERT INTO kernel_event (id, tenant_id, name, data, actor_id, request_id, occurred_at) "
        "VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)",
        event_id,
        tenant.id,
        name,
        data,
        actor.id if actor else None,
        rid,
        instant,
    )
    args = json.dumps({"event_id": str(event_id)})
    await table.insert(
        [
            table.NewJob(
                tenant_id=tenant.id,
                plugin=plugin,
                name=job,
                args=args,
                run_at=instant,
                max_attempts=attempts,
                event_id=event_id,
                request_id=rid,
            )
            for plugin, job, attempts in await _deliveries(tenant.id, name)
        ]
    )
    return event_id


async def _deliveries(tenant_id: UUID, name: str) -> list[tuple[str, str, int]]:
    """(plugin, job name, attempts) per subscriber."""
    snapshot = runtime().snapshots.of(tenant_id)
    if snapshot is None:
        # A tenant in the making has no snapshot before its commit: ask when the jobs run, which park where off.
        return [(w.plugin, w.name, w.attempts) for w in catalogue().values() if w.event in (name, EVERY_EVENT)]
    hearing = snapshot.shape.subscribers
    found = []
    for plugin, subscriber in (*hearing.get(name, ()), *hearing.get(EVERY_EVENT, ())):
        job = subscriber_job(plugin, subscriber)
        # One that cannot say is told: better a job too many than an event lost.
        if subscriber.wanted is None or await guarded(plugin, job, subscriber.wanted(name), _ASKING, default=True):
            found.append((plugin, job, subscriber.attempts))
    if NoticeSink in snapshot.shape.services:
        for plugin, kind in snapshot.shape.notification_types.values():
            if kind.event == name and kind.compose is not None:
                found.append((plugin, notice_job(plugin, kind), NOTICE_ATTEMPTS))
    return found


async def _publish_for_tenancy(happened: object) -> None:
    await publish(happened)


def hear_tenancy() -> None:
    """Publish what the tenancy floor announces; it cannot import us. Once per process, at start-up."""
    if _publish_for_tenancy not in tenancy_events.listeners:
        tenancy_events.listeners.append(_publish_for_tenancy)


def _happened(row: Any) -> Happened:
    return Happened(
        id=row.id,
        name=row.name,
        occurred_at=row.occurred_at,
        actor_id=row.actor_id,
        data=json.loads(row.data) if isinstance(row.data, str) else row.data,
        request_id=row.request_id,
    )


async def happened(event_id: UUID) -> Happened | None:
    """One event of the tenant in scope, as its subscribers receive it."""
    row = await sql_one(
        f"SELECT {_COLUMNS} FROM kernel_event WHERE tenant_id = $1 AND id = $2",  # noqa: S608  a constant
        current_tenant().id,
        event_id,
    )
    return None if row is None else _happened(row)


async def deliver_again(event_id: UUID, work: Work) -> UUID:
    """Queue an event of the tenant in scope for one of its subscribers once more; gives the job's id."""
    row = table.NewJob(
        tenant_id=current_tenant().id,
        plugin=work.plugin,
        name=work.name,
        args=json.dumps({"event_id": str(event_id)}),
        run_at=now(),
        max_attempts=work.attempts,
        event_id=event_id,
        request_id=request_id()[:80],
    )
    await table.insert([row])
    return row.id


def event_types() -> dict[str, type]:
    """The event classes of the plugins that are on for the tenant in scope, by event name, sorted."""
    effective = current_snapshot().effective
    declared = runtime().registry.events.items()
    return dict(sorted((event_name(cls), cls) for pid, found in declared if pid in effective for cls in found))


async def published_events(name: str, after: UUID | None = None) -> AsyncIterator[Happened]:
    """All events of one name in the tenant in scope, in order of occurrence, from behind the event `after`.

    For rebuilding read models. An event is dated before its commit, so one of a long transaction may turn up
    behind a later one: do not tail with it, subscribe.
    """
    while True:
        rows = await sql(
            f"SELECT {_COLUMNS} FROM kernel_event WHERE tenant_id = $1 AND name = $2 AND ($3::uuid IS NULL OR "  # noqa: S608
            "(occurred_at, id) > (SELECT occurred_at, id FROM kernel_event WHERE tenant_id = $1 AND id = $3)) "
            "ORDER BY occurred_at, id LIMIT $4",
            current_tenant().id,
            name,
            after,
            _PAGE,
        )
        for row in rows:
            yield _happened(row)
        if len(rows) < _PAGE:
            return
        after = rows[-1].id
