"""Keeps this process's snapshots in step: a bell for speed, a poll of one integer for certainty."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

from ..base.runtime import runtime
from ..engines.connection import DatabaseDown
from .snapshots import Snapshots

if TYPE_CHECKING:
    from ..engines.bus import Bus

log = logging.getLogger(__name__)

CHANNEL = "epoch"
_RETRY = (0.2, 5.0)  # seconds: first and longest pause before listening again


class Sync:
    """Background tasks of one process. The bell's content is ignored: whoever hears it reads the database."""

    def __init__(self, snapshots: Snapshots, bus: Bus, *, poll: float = 1.0) -> None:
        self._snapshots = snapshots
        self._bus = bus
        self._poll = poll
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Load everything once, then follow. Raises what the database raises."""
        await self._snapshots.refresh()
        loop = asyncio.get_running_loop()
        # An empty context: these tasks belong to no tenant and to no transaction of whoever started them.
        for work in (self._listen(), self._keep_polling()):
            self._tasks.append(loop.create_task(work, context=Context()))

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_polling(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            await self._catch_up()

    async def _listen(self) -> None:
        pause = _RETRY[0]
        while True:
            try:
                async with self._bus.subscribe(CHANNEL) as bells:
                    await self._catch_up()  # whatever was missed while deaf
                    async for _ in bells:
                        pause = _RETRY[0]
                        await self._catch_up()
            except Exception:
                log.warning("the bell cannot be heard; polling goes on", exc_info=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY[1])

    async def _catch_up(self) -> None:
        try:
            await self._snapshots.refresh()
        except Exception as fault:
            if self._snapshots.deaf_since is None:
                log.error("snapshots cannot be refreshed, the last known stay: %s", fault)
                if not isinstance(fault, DatabaseDown):
                    log.exception("unexpected fault while refreshing snapshots")
            self._snapshots.unreachable()


async def ring() -> None:
    """Bring this process up to date and tell the others. Never raises: their poll is the safety net."""
    engines = runtime()
    try:
        if engines.snapshots is not None:
            await engines.snapshots.refresh()
    except Exception:
        log.exception("snapshots could not be refreshed after a change; the poll will")
    try:
        if engines.bus is not None:
            async with asyncio.timeout(1):
                await engines.bus.publish(CHANNEL, "")
    except Exception:
        log.warning("the bell could not be rung; others follow by their poll", exc_info=True)
