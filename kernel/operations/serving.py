"""`greenroom serve` and `greenroom worker`: run until told to stop, then finish what is under way."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from ..app import Greenroom, started
from ..base.config import Config, ConfigError
from ..web.application import GreenroomRunner, listen


def free_port(host: str, port: int) -> None:
    """Raises ConfigError when the port is taken: said before anything is started."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise ConfigError(f"Port {port} is in use by another program; choose another one with --port.") from exc


@asynccontextmanager
async def listening(room: Greenroom) -> AsyncIterator[GreenroomRunner]:
    """The application on its port. At the end no new connections, then up to 10 s for the open ones."""
    runner = await listen(room.app, room.runtime.config)
    try:
        yield runner
    finally:
        await runner.cleanup()


async def until_told() -> None:
    """Wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def serve(config: Config, *, jobs: bool, ready: Callable[[Greenroom], Awaitable[None]] | None = None) -> int:
    """Serve until told to stop. `ready` runs before the port opens."""
    free_port(config.host, config.port)
    async with started(config, jobs=jobs) as room:
        if ready is not None:
            await ready(room)
        async with listening(room):
            print(f"Greenroom serves on {config.host}:{config.port}", flush=True)
            await until_told()
    return 0


async def work(config: Config) -> int:
    async with started(config, jobs=True):
        print("Greenroom executes jobs", flush=True)
        await until_told()
    return 0
