"""Counts how what is tried on a tenant fares, so that a trial that fails is taken back without anybody's doing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from ..base.log import get_logger
from ..engines.connection import DatabaseDown
from ..tenancy import canary
from ..tenancy.snapshots import Snapshot
from .endpoints import Endpoint

log = get_logger(__name__)

#: Seconds between two looks: how late a failing trial is noticed.
EVERY: Final = 2.0
_seen: dict[str, tuple[int, int]] = {}


def note(snapshot: Snapshot, endpoint: Endpoint, status: int) -> None:
    """A request to something was answered; kept when it is there by a trial alone."""
    for key in (endpoint.plugin, endpoint.feature):
        if key is not None and key in snapshot.words.trial and key not in snapshot.choices:
            requests, errors = _seen.get(key, (0, 0))
            _seen[key] = (requests + 1, errors + (status >= 500))


async def flush() -> None:
    """Hand over what was counted since the last time; kept when the database is away."""
    for key in list(_seen):
        requests, errors = _seen.pop(key)
        try:
            await canary.count(key, requests, errors)
        except DatabaseDown:
            more, failed = _seen.get(key, (0, 0))
            _seen[key] = (requests + more, errors + failed)
            return


def setup_trials(app: web.Application) -> None:
    async def watch(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_keep_flushing())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    app.cleanup_ctx.append(watch)


async def _keep_flushing() -> None:
    while True:
        await asyncio.sleep(EVERY)
        try:
            await flush()
        except Exception:
            log.exception("the counts of a trial could not be kept")
