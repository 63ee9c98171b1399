"""`greenroom serve` and `greenroom worker`: run until told to stop, then finish what is under way."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from ..app import Greenroom, started
from ..base.config import Config, ConfigError
from ..base.context import every_tenant
from ..console.metrics import measured
from ..engines.connection import sql
from ..web.application import GreenroomRunner, listen
from ..work.table import DRAIN
from ..work.watchdog import watching


def free_port(host: str, port: int) -> None:
    """Raises ConfigError when the port is taken: said before anything is started."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise ConfigError(f"Port {port} is in use by another program; choose another one with --port.") from exc


@asynccontextmanager
async def listening(room: Greenroom, *, child: int = 0) -> AsyncIterator[GreenroomRunner]:
    """The application on its port. At the end no new connections, then up to 10 s for the open ones."""
    async with measured(max(child - 1, 0)):
        runner = await listen(room.app, room.runtime.config, shared=bool(child))
        try:
            yield runner
        finally:
            await runner.cleanup()


async def until_told(*, parent: bool = False) -> None:
    """Wait for SIGINT or SIGTERM; with `parent`, also for the end of the process that holds our standard input."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if parent:
        loop.add_reader(sys.stdin.fileno(), stop.set)  # nothing is ever written there: readable means gone
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
    if parent:
        loop.remove_reader(sys.stdin.fileno())


async def serve(
    config: Config,
    *,
    jobs: bool,
    child: int = 0,
    ready: Callable[[Greenroom], Awaitable[None]] | None = None,
) -> int:
    """Serve until told to stop. `ready` runs before the port opens. `child`: which of several, from 1."""
    if not child:
        free_port(config.host, config.port)
    async with started(config, jobs=jobs, migrating=not child) as room:
        if ready is not None:
            await ready(room)
        async with listening(room, child=child):
            print(f"Greenroom serves on {config.host}:{config.port}", flush=True)
            with watching(supervised=bool(child)):
                await until_told(parent=bool(child))
    return 0


async def work(config: Config, *, queues: Mapping[str, int | None] | None = None, concurrency: int = 10) -> int:
    """Execute jobs until told to stop, or until somebody drains the workers."""
    async with started(config, jobs=True, queues=queues, concurrency=concurrency) as room:
        with watching(supervised=False):
            return await _work(room)


async def _work(room: Greenroom) -> int:
    print("Greenroom executes jobs", flush=True)
    assert room.worker is not None  # noqa: S101  asked for above
    told = asyncio.ensure_future(until_told())
    drained = asyncio.ensure_future(room.worker.drained.wait())
    await asyncio.wait({told, drained}, return_when=asyncio.FIRST_COMPLETED)
    if drained.done():
        print("Greenroom finishes the jobs it has and ends", flush=True)
        ended = asyncio.ensure_future(room.worker.drain())
        await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
    for waiting in (told, drained):
        waiting.cancel()
    return 0


async def drain(config: Config) -> int:
    """Tell every `greenroom worker` on this database to claim nothing more, finish what runs, and end."""
    async with started(config, migrating=False):
        with every_tenant():
            await sql("SELECT pg_notify($1, '')", DRAIN)
    print("Workers finish what they have and end.")
    return 0
