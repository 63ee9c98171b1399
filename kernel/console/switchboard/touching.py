"""What a switch touches besides pages: work in the queue, open connections, and what plugins themselves count."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ...base.context import current_tenant
from ...base.i18n import _
from ...base.runtime import runtime
from ...engines.connection import sql
from ...tenancy.planning import Rehearsal
from ...web.sockets import CONNECTIONS
from ...work.catalogue import catalogue
from ...work.isolation import guarded

#: Seconds that a plugin has for counting what of its own is touched.
TIME_LIMIT: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """`own`: title of a plugin and its sentences. Jobs: `waiting` would be parked, `parked` come back, `finishing`
    go on to their end although it is off. `sockets` are those of the process that answers."""

    own: tuple[tuple[str, tuple[str, ...]], ...]
    waiting: int
    parked: int
    finishing: int
    sockets: int


async def touched_by(what: Rehearsal, app: web.Application) -> Touched:
    """For the tenant in scope."""
    own = () if what.on else await _own(what)
    counts = await _jobs(what)
    return Touched(
        own=own,
        waiting=counts.get("waiting", 0),
        parked=counts.get("parked", 0),
        finishing=counts.get("finishing", 0),
        sockets=0 if what.on else app[CONNECTIONS].on(current_tenant().id, what.touched),
    )


async def _own(what: Rehearsal) -> tuple[tuple[str, tuple[str, ...]], ...]:
    registry = runtime().registry
    asked = [
        (pid, impact)
        for pid, impacts in registry.impacts.items()
        for impact in impacts
        if (pid in what.plugins if impact.feature is None else impact.feature in what.features)
    ]
    said = await asyncio.gather(
        *(
            guarded(
                pid, f"switch impact {impact.name}", impact.tell(), TIME_LIMIT, default=[_("It could not be counted.")]
            )
            for pid, impact in asked
        )
    )
    found: dict[str, list[str]] = {}
    for (pid, _impact), sentences in zip(asked, said, strict=True):
        found.setdefault(pid, []).extend(sentences or ())
    return tuple((_(registry.plugins[pid].title), tuple(lines)) for pid, lines in found.items() if lines)


async def _jobs(what: Rehearsal) -> dict[str, int]:
    works = [w for w in catalogue().values() if w.plugin in what.plugins or w.feature in what.features]
    draining = {work.name for work in works if work.drain}
    rows = await sql(
        "SELECT name, state, count(*) AS many FROM kernel_job WHERE tenant_id = $1 AND name = ANY($2)"
        " AND state IN ('ready', 'running', 'parked') GROUP BY name, state",
        current_tenant().id,
        [work.name for work in works],
    )
    counts: dict[str, int] = {}
    for row in rows:
        kind = "finishing" if row.name in draining or row.state == "running" else row.state
        kind = "waiting" if kind == "ready" else kind
        counts[kind] = counts.get(kind, 0) + row.many
    return counts
