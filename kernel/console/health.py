"""Probes for whoever runs the platform. They answer on any host, without tenant, session or plugin."""

from __future__ import annotations

import asyncio
import hmac
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from ..base.clock import now
from ..base.context import every_tenant
from ..base.contract import HealthCheck
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import sql_one
from ..tenancy.hosts import normalise_host
from ..web.views import json_answer

log = get_logger(__name__)

_PATIENCE = 2.0
_BEHIND = timedelta(minutes=5)


async def live(request: web.Request) -> web.StreamResponse:
    """The process answers. Says nothing about what it needs: a restart would not mend that."""
    return json_answer({"status": "ok"})


async def tls(request: web.Request) -> web.StreamResponse:
    """`GET /health/tls?domain=<host>`: 200 when a certificate for the host is worth getting, else 404.

    For proxies that get certificates on demand (Caddy's `ask`): only hosts that lead to a tenant, so that nobody
    can have the proxy ask for thousands by pointing names at it.
    """
    host = normalise_host(request.query.get("domain", ""))
    known = host is not None and host in runtime().snapshots.by_host
    return json_answer({"served": known}, 200 if known else 404)


async def ready(request: web.Request) -> web.StreamResponse:
    """Whether to send people here: 503 without a database; `degraded` when jobs or a plugin are unwell."""
    registry = runtime().registry
    declared = [(pid, check) for pid, checks in registry.health.items() for check in checks if not check.mend]
    names = ["database", "jobs", *(f"{pid}.{check.name}" for pid, check in declared)]
    found = await asyncio.gather(
        _within(_database()), _within(_jobs()), *(_within(_plugin(check)) for _pid, check in declared)
    )
    troubles = {name: trouble for name, trouble in zip(names, found, strict=True) if trouble}
    for pid, info in registry.plugins.items():
        if info.state in ("broken", "blocked"):
            names.append(pid)
            troubles[pid] = info.reason
    for name, trouble in troubles.items():
        log.warning("readiness: %s: %s", name, trouble)
    status = "down" if "database" in troubles else "degraded" if troubles else "ok"
    answer: dict[str, Any] = {"status": status}
    if _confided(request):  # what is wrong may tell of the inside; strangers hear only whether
        answer["checks"] = {name: name not in troubles for name in names}
        answer["troubles"] = troubles
        answer["plugins"] = {pid: {"version": p.version, "state": p.state} for pid, p in registry.plugins.items()}
    return json_answer(answer, 503 if status == "down" else 200)


def _confided(request: web.Request) -> bool:
    """Asked from this machine itself (no proxy in between), or with the token of the metrics."""
    config = runtime().config
    given = request.headers.get("Authorization", "").encode()
    if config.metrics_token and hmac.compare_digest(given, b"Bearer " + config.metrics_token):
        return True
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    with suppress(ValueError):
        return ip_address((request.remote or "").partition("%")[0]).is_loopback
    return False


async def _within(check: Any) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            result: str | None = await check
            return result
    except TimeoutError:
        return f"no answer within {_PATIENCE:g} seconds"
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"


async def _database() -> str | None:
    row = await sql_one("SELECT 1 AS yes")
    return None if row is not None else "no answer"


async def _jobs() -> str | None:
    with every_tenant():
        row = await sql_one(
            "SELECT count(*) AS late FROM kernel_job WHERE state = 'ready' AND run_at < $1", now() - _BEHIND
        )
    return f"{row.late} jobs have waited for more than 5 minutes" if row is not None and row.late else None


async def _plugin(check: HealthCheck) -> str | None:
    return await check.check()
