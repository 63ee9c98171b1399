"""Hears PostgreSQL's notifications on a connection of its own, so that a queued job starts at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..base.log import get_logger
from ..engines.connection import DatabaseDown, connect
from . import table

log = get_logger(__name__)

_CHECK_EVERY = 30.0
_AWAY: tuple[type[Exception], ...] = (*DatabaseDown, OSError, TimeoutError)


async def listen_for_jobs(ring: Callable[[], None], drain: Callable[[], None] = lambda: None) -> None:
    """Call `ring` for every notification, until cancelled. Reconnects; the poll covers what is missed meanwhile.

    `drain` is called when all workers are asked to finish what they have and leave.
    """
    pause = 0.5
    while True:
        try:
            await _listen_once(ring, drain)
            pause = 0.5
        except _AWAY as exc:
            log.warning("not hearing of new jobs (%s); polling, and trying again in %.1f s", exc, pause)
        except Exception:
            log.exception("not hearing of new jobs; polling, and trying again in %.1f s", pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 15.0)


async def _listen_once(ring: Callable[[], None], drain: Callable[[], None]) -> None:
    """Until the connection ends."""
    connection: Any = await connect()
    ended = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _connection: ended.set())
        await connection.add_listener(table.CHANNEL, lambda *_: ring())
        await connection.add_listener(table.DRAIN, lambda *_: drain())
        ring()  # for what was queued while nobody listened
        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_EVERY):
                    await ended.wait()
            if not ended.is_set():  # a dead peer says nothing: ask
                await connection.execute("SELECT 1", timeout=10)
    finally:
        connection.terminate()
