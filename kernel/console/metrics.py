"""`/metrics` for Prometheus: off unless configured, and never for the public.

GREENROOM_METRICS_BIND=127.0.0.1:9464 opens a port of its own for it; of `serve --workers N` the first process takes
that port, the second the next, and so on, as each counts for itself. GREENROOM_METRICS_TOKEN lets
`Authorization: Bearer <token>` read it at `/metrics` of every host. To anybody else there is no such page.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from ..base.context import every_tenant
from ..base.contract import Metric
from ..base.errors import NotFound
from ..base.log import get_logger
from ..base.metrics import LIMIT, Family, Histogram, gauge, text
from ..base.runtime import runtime
from ..engines.connection import DatabaseDown, pool_state, sql
from ..web import headers, measuring
from ..web.deadlines import GreenroomRunner
from ..web.sockets import CONNECTIONS

log = get_logger(__name__)

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PATIENCE: Final = 2.0
_TICK: Final = 0.5
_JOBS = """
SELECT queue, state, count(*) AS jobs,
  coalesce(extract(epoch FROM clock_timestamp() - min(run_at) FILTER (WHERE state = 'ready')), 0)::float AS age
FROM kernel_job WHERE state <> 'done' GROUP BY queue, state LIMIT 500"""
_EVENTS = "SELECT greatest(reltuples, 0)::bigint AS events FROM pg_class WHERE oid = to_regclass('kernel_event')"
_BREAKERS = "SELECT plugin, count(*) AS breakers FROM kernel_trouble WHERE open_until > now() GROUP BY plugin LIMIT 200"


class Meter:
    """What this process counts, and how late its loop is."""

    def __init__(self, *, by_tenant: bool) -> None:
        self.requests = measuring.Requests(by_tenant=by_tenant)
        self.lag = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        measuring.listen(self.requests)
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="loop lag")

    def stop(self) -> None:
        measuring.listen(None)
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_TICK)
            late = time.monotonic() - asked - _TICK
            self.lag = max(late, self.lag * 0.8)  # a peak stays visible until the next scrape or two

    async def page(self) -> str:
        """Everything there is, as Prometheus reads it. Parts that fail are left out and counted."""
        found: list[Family | Histogram] = [*self.requests.families(), *self._process()]
        failed: dict[tuple[str, ...], float] = {}
        parts = [("kernel", _database()), *_plugin_parts()]
        for (name, _part), result in zip(
            parts, await asyncio.gather(*(_within(part) for _name, part in parts), return_exceptions=True), strict=True
        ):
            if isinstance(result, BaseException):
                failed[(name,)] = failed.get((name,), 0) + 1
                if not isinstance(result, DatabaseDown):
                    log.warning("metrics of %s cannot be read: %r", name, result)
            else:
                found += result
        found.append(gauge("greenroom_scrape_failures", "Parts that could not be read just now.", failed, ("plugin",)))
        return text(found)

    def _process(self) -> list[Family]:
        engines = runtime()
        size, idle = pool_state()
        cpu = time.process_time()
        return [
            gauge("greenroom_snapshot_epoch", "Epoch of the switches followed.", engines.snapshots.epoch),
            gauge("greenroom_tenants", "Tenants known.", len(engines.snapshots.all())),
            gauge("greenroom_sockets", "Open WebSockets and streams.", len(engines.app[CONNECTIONS])),
            gauge("greenroom_database_connections", "Connections of the pool.",
                  {("busy",): size - idle, ("idle",): idle}, ("state",)),
            gauge("greenroom_loop_lag_seconds", "How late the event loop was lately, at worst.", round(self.lag, 6)),
            gauge("process_resident_memory_bytes", "Memory in use.", _resident()),
            Family("process_cpu_seconds_total", "Processor time used.", "counter", (), {(): round(cpu, 3)}),
        ]  # fmt: skip


async def _within(part: Any) -> list[Family]:
    async with asyncio.timeout(_PATIENCE):
        found: list[Family] = await part
        return found


async def _database() -> list[Family]:
    with every_tenant():
        jobs, events, breakers = await sql(_JOBS), await sql(_EVENTS), await sql(_BREAKERS)
    ready = [row for row in jobs if row.state == "ready"]
    return [
        gauge("greenroom_jobs", "Jobs that are not done.",
              {(r.queue, r.state): r.jobs for r in jobs}, ("queue", "state")),
        gauge("greenroom_job_wait_seconds", "How long the oldest due job has waited.",
              {(r.queue,): max(r.age, 0.0) for r in ready}, ("queue",)),
        gauge("greenroom_events", "Events stored, as the planner estimates.", events[0].events if events else 0),
        gauge("greenroom_open_breakers", "Failing parts that are left out just now.",
              {(r.plugin,): r.breakers for r in breakers}, ("plugin",)),
    ]  # fmt: skip


def _plugin_parts() -> list[tuple[str, Any]]:
    return [(pid, _declared(metric)) for pid, found in runtime().registry.metrics.items() for metric in found]


async def _declared(metric: Metric) -> list[Family]:
    with every_tenant():
        values = await metric.read()
    if len(values) > LIMIT // 10:
        raise ValueError(f"{metric.name} has {len(values)} combinations of labels")
    return [Family(f"greenroom_{metric.name}", metric.help, metric.kind, metric.labels, dict(values))]


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


# --- who may read it -------------------------------------------------------------------------------------------

_meter: Meter | None = None


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /metrics` on the public port: with the token, else there is nothing here."""
    token = runtime().config.metrics_token
    given = request.headers.get("Authorization", "").encode()
    if _meter is None or not token or not hmac.compare_digest(given, b"Bearer " + token):
        raise NotFound
    return await _answer(_meter)


async def _answer(meter: Meter) -> web.Response:
    response = web.Response(text=await meter.page(), headers={"Cache-Control": "no-store"})
    response.headers["Content-Type"] = _TYPE
    return response


@asynccontextmanager
async def measured(number: int = 0) -> AsyncIterator[int]:
    """Count while inside, if configured; gives the port of its own, or 0. `number`: of this process, from 0."""
    global _meter
    config = runtime().config
    if config.metrics_bind is None and not config.metrics_token:
        yield 0
        return
    _meter = Meter(by_tenant=config.metrics_by_tenant)
    _meter.start()
    runner: GreenroomRunner | None = None
    port = 0
    try:
        if config.metrics_bind is not None:
            runner, port = await _open(_meter, config.metrics_bind[0], config.metrics_bind[1] + number)
        yield port
    finally:
        if runner is not None:
            await runner.cleanup()
        _meter.stop()
        _meter = None


async def _open(meter: Meter, host: str, port: int) -> tuple[GreenroomRunner, int]:
    async def page(request: web.Request) -> web.StreamResponse:
        return await _answer(meter)

    app = web.Application()
    app.on_response_prepare.append(headers.finish)
    app.router.add_get("/metrics", page)
    runner = GreenroomRunner(app)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner, int(runner.addresses[0][1])
