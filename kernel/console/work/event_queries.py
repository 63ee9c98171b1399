"""The catalogue of events, generated from the code, and how far each one's deliveries are."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ...auth import audit
from ...base import errors
from ...base.context import current_tenant
from ...base.contract import EVERY_EVENT
from ...base.events import event_name
from ...base.i18n import _
from ...base.runtime import runtime
from ...engines.connection import sql, unit_of_work
from ...engines.models import get_or_404
from ...tenancy.snapshots import current_snapshot
from ...work import breakers
from ...work.catalogue import Work, catalogue, why_off
from ...work.events import deliver_again
from ...work.models import Event
from ..landmarks import plugin_title


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    personal: bool
    optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A subscriber. `troubled` until when its breaker is open; `off` why it does not hear of events here."""

    plugin: str
    name: str
    off: str
    broken_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event as the catalogue shows it."""

    name: str
    version: str
    plugin: str
    about: str
    fields: tuple[Field, ...]
    listeners: tuple[Listener, ...]
    webhooks: bool
    last_at: datetime | None = None


async def entries() -> list[Entry]:
    """Every event that an installed plugin declares, by name."""
    rows = await sql(
        "SELECT n AS name, (SELECT max(occurred_at) FROM kernel_event WHERE tenant_id = $1 AND name = n) AS at"
        " FROM unnest($2::text[]) n",
        current_tenant().id, list(_classes()),
    )  # fmt: skip
    seen = {row.name: row.at for row in rows}
    broken = await open_breakers()
    return [_entry(pid, cls, seen.get(name), broken) for name, (pid, cls) in sorted(_classes().items())]


async def entry(name: str) -> Entry:
    """One of them. Raises NotFound."""
    found = _classes().get(name)
    if found is None:
        raise errors.NotFound()
    rows = await sql(
        "SELECT max(occurred_at) AS at FROM kernel_event WHERE tenant_id = $1 AND name = $2", current_tenant().id, name
    )
    return _entry(*found, rows[0].at, await open_breakers())


def _classes() -> dict[str, tuple[str, type]]:
    return {event_name(cls): (pid, cls) for pid, found in runtime().registry.events.items() for cls in found}


def _entry(pid: str, cls: type, last_at: datetime | None, broken: dict[str, datetime]) -> Entry:
    name = event_name(cls)
    snapshot = current_snapshot()
    heard = [work for work in catalogue().values() if work.event in (name, EVERY_EVENT)]
    return Entry(
        name=name,
        version=name.rpartition(".")[2],
        plugin=pid,
        about=" ".join((cls.__doc__ or "").split()) if not (cls.__doc__ or "").startswith(cls.__name__ + "(") else "",
        fields=tuple(_fields(cls)),
        listeners=tuple(
            Listener(plugin=w.plugin, name=w.name, off=why_off(w, snapshot) or "", broken_until=broken.get(w.name))
            for w in heard
        ),
        webhooks=bool(getattr(cls, "event_webhooks", True)),
        last_at=last_at,
    )


def _fields(cls: type) -> typing.Iterator[Field]:
    hints = typing.get_type_hints(cls)
    personal = getattr(cls, "event_personal", ())
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        optional = type(None) in typing.get_args(hint)
        plain = next((a for a in typing.get_args(hint) if a is not type(None)), hint) if optional else hint
        shown = getattr(plain, "__name__", str(plain)) if not typing.get_args(plain) else str(plain)
        yield Field(field.name, shown, field.name in personal, optional)


async def open_breakers() -> dict[str, datetime]:
    """Name of a subscriber -> until when its events wait."""
    rows = await sql(
        "SELECT what, open_until FROM kernel_trouble WHERE tenant_id = $1 AND open_until IS NOT NULL",
        current_tenant().id,
    )
    return {row.what: row.open_until for row in rows}


async def recent(name: str, limit: int = 50) -> list[Any]:
    """The last events of one name, with how many deliveries each has in which state."""
    return await sql(
        "SELECT e.id, e.occurred_at, e.request_id, count(j.id) AS all_jobs, count(j.id) FILTER (WHERE j.state = 'dead')"
        " AS dead, count(j.id) FILTER (WHERE j.state IN ('ready', 'running', 'parked')) AS open"
        " FROM (SELECT * FROM kernel_event WHERE tenant_id = $1 AND name = $2 ORDER BY occurred_at DESC, id DESC"
        " LIMIT $3) e LEFT JOIN kernel_job j ON j.tenant_id = e.tenant_id AND j.event_id = e.id"
        " GROUP BY e.id, e.occurred_at, e.request_id ORDER BY e.occurred_at DESC, e.id DESC",
        current_tenant().id, name, limit,
    )  # fmt: skip


async def deliver(event_id: str, subscriber: str) -> UUID:
    """Hand an event to one subscriber once more; the id of the job. Raises NotFound for either."""
    event = await get_or_404(Event, event_id)
    work = _subscriber(subscriber, event.name)
    async with unit_of_work():
        job_id = await deliver_again(event.id, work)
        await audit.record(
            "kernel.event_delivered_again", subject="event", subject_id=str(event.id), after={"subscriber": work.name}
        )
    return job_id


def _subscriber(name: str, event: str) -> Work:
    work = catalogue().get(name)
    if work is None or work.event not in (event, EVERY_EVENT):
        raise errors.NotFound()
    if off := why_off(work, current_snapshot()):
        raise errors.Conflict(
            _("{plugin} does not hear it: {reason}").format(plugin=plugin_title(work.plugin), reason=off)
        )
    return work


async def close_breaker(plugin: str, what: str) -> bool:
    """Let what waits for a breaker go on, after a repair."""
    async with unit_of_work():
        closed = await breakers.close(current_tenant().id, plugin, what)
        if closed:
            await audit.record("kernel.breaker_closed", subject="subscriber", subject_id=what)
    return closed
