"""Notices that the event loop stands still, says whose code holds it, and ends a process that does not come back.

A thread, since nothing on the loop can. Code that keeps the interpreter's lock too (an extension that never returns)
stops this thread as well; only another process could notice that.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from ..base.clock import now
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import connect
from .troubles import process_name

log = get_logger(__name__)

#: Exit status of a process that its watchdog ended.
STUCK = 70


def owner_of(module: str) -> str | None:
    """The plugin whose package holds `module`; "kernel" for the kernel's; None for libraries."""
    best: tuple[int, str] | None = None
    for pid, info in runtime().registry.plugins.items():
        package = info.package
        if package and (module == package or module.startswith(package + ".") or module == info.module):
            best = max(best or (0, ""), (len(package), pid))
    return best[1] if best else None


def culprit(frame: FrameType | None) -> str:
    """The plugin whose code is innermost on this stack, else the kernel."""
    while frame is not None:
        owner = owner_of(str(frame.f_globals.get("__name__", "")))
        if owner is not None and owner != "kernel":
            return owner
        frame = frame.f_back
    return "kernel"


class Watchdog:
    """`blocked` seconds without a turn of the loop are reported, `restart` (None: never) end the process."""

    def __init__(self, *, blocked: float, restart: float | None, end: Callable[[int], object] = os._exit) -> None:
        self._blocked, self._restart, self._end = blocked, restart, end
        self._loop = asyncio.get_running_loop()
        self._of = threading.get_ident()
        self._beat = monotonic()
        self._told = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._beat = monotonic()
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(2)

    def _turn(self) -> None:
        if self._told:
            log.warning("the event loop goes on after %.1f s", monotonic() - self._beat)
        self._beat, self._told = monotonic(), False

    def _watch(self) -> None:
        pause = min(0.25, self._blocked / 4)
        while not self._over.wait(pause):
            try:
                self._loop.call_soon_threadsafe(self._turn)
            except RuntimeError:  # the loop is closed
                return
            stood = monotonic() - self._beat
            if stood > self._blocked and not self._told:
                self._told = True
                self._tell(stood)
            if self._restart is not None and stood > self._restart:
                log.critical("the event loop has stood still for %.1f s; this process ends", stood)
                logging.shutdown()
                sys.stderr.flush()
                self._end(STUCK)
                return

    def _tell(self, stood: float) -> None:
        frame = sys._current_frames().get(self._of)
        stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
        plugin = culprit(frame)
        log.error("the event loop has stood still for %.1f s, in code of %s:\n%s", stood, plugin, stack)
        try:
            asyncio.run(_write(plugin, stack))
        except Exception:
            log.exception("the standstill could not be written down")


async def _write(plugin: str, stack: str) -> None:
    """On a connection and a loop of the watchdog's own."""
    async with asyncio.timeout(5):
        connection = await connect()
        try:
            await connection.execute(
                "INSERT INTO kernel_incident (plugin, kind, text, process, at) VALUES ($1, 'blocked', $2, $3, $4)",
                plugin, stack[-20_000:], process_name(), now(),
            )  # fmt: skip
        finally:
            connection.terminate()


@contextmanager
def watching(*, supervised: bool) -> Iterator[Watchdog]:
    """Watch this process's loop within the block; a `supervised` process ends itself when it stands still for good."""
    config = runtime().config
    dog = Watchdog(blocked=config.blocked_seconds, restart=config.restart_seconds if supervised else None)
    dog.start()
    try:
        yield dog
    finally:
        dog.stop()
