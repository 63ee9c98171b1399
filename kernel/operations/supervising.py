"""`greenroom serve --workers N`: several processes on one port under a small parent that keeps them running.

The kernel shares new connections among all who listen on a port with SO_REUSEPORT. The parent starts what there
must be one of (the private PostgreSQL, migrations), hears no request and opens no pool, so that it has nothing
to die of. A child ends when the parent does: it holds the other end of its standard input.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from ..app import installed
from ..base.config import Config, ConfigError
from ..base.log import get_logger
from ..engines import embedded, rls
from ..plugging.migrate import apps_of, migrate
from .serving import free_port, until_told

log = get_logger(__name__)

#: Seconds before a child that ended is started again: first and longest; the first again once it ran `STEADY`.
PAUSES: Final = (0.5, 15.0)
STEADY: Final = 30.0
#: Seconds in which a first start that fails is a fault of the installation, not of the moment.
BOOT: Final = 10.0
#: Seconds that children have to end; within ten with what is left.
GRACE: Final = 9.0


async def supervise(config: Config, workers: int, *, jobs: bool) -> int:
    """Serve with so many processes until told to stop. Raises ConfigError when that cannot be."""
    if config.redis_url is None:
        raise ConfigError("--workers needs Redis, through which processes hear of each other: set GREENROOM_REDIS_URL.")
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigError("--workers needs an operating system on which processes can share a port.")
    free_port(config.host, config.port)
    server = None if config.database_url else await asyncio.to_thread(embedded.start, config.data_dir)
    try:
        extra = {}
        owner = config.database_url or ""
        application = config.app_database_url or (rls.app_dsn(owner, config.secret) if owner else "")
        if server is not None:
            owner, application = server.dsn_owner, server.dsn_app
            extra = {"GREENROOM_DATABASE_URL": owner, "GREENROOM_APP_DATABASE_URL": application}
        apps = apps_of({pid: found[0] for pid, found in installed(config).models.items() if found})
        for name in await migrate(owner, apps, dsn_app=application):
            log.info("migrated %s", name)
        command = [sys.executable, "-m", "kernel", "serve", "--port", str(config.port)]
        command += ["--data", str(config.data_dir), *(() if jobs else ("--no-jobs",))]
        print(f"Greenroom starts {workers} processes on {config.host}:{config.port}", flush=True)
        return await _Family(command, {**os.environ, **extra}, workers).run()
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


@dataclass(slots=True)
class _Family:
    command: list[str]
    env: Mapping[str, str]
    size: int
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    children: dict[int, asyncio.subprocess.Process] = field(default_factory=dict)
    status: int = 0

    async def run(self) -> int:
        keepers = [asyncio.ensure_future(self._keep(number)) for number in range(1, self.size + 1)]
        told = asyncio.ensure_future(until_told())
        gave_up = asyncio.ensure_future(self.ending.wait())
        await asyncio.wait({told, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        self.ending.set()
        told.cancel()
        self._tell(signal.SIGTERM)
        _ended, late = await asyncio.wait(keepers, timeout=GRACE)
        if late:
            log.warning("%d processes did not end in time and are killed", len(late))
            self._tell(signal.SIGKILL)
            await asyncio.wait(late)
        return self.status

    def _tell(self, number: signal.Signals) -> None:
        for child in self.children.values():
            with suppress(ProcessLookupError):
                child.send_signal(number)

    async def _keep(self, number: int) -> None:
        """Start one child again and again, later each time it does not last."""
        pause, first = PAUSES[0], True
        while not self.ending.is_set():
            began = time.monotonic()
            child = await asyncio.create_subprocess_exec(
                *self.command, "--child", str(number), env=self.env, stdin=asyncio.subprocess.PIPE
            )
            self.children[number] = child
            if self.ending.is_set():  # told while it was being made
                child.terminate()
            status = await child.wait()
            del self.children[number]
            if self.ending.is_set():
                return
            lasted = time.monotonic() - began
            if first and lasted < BOOT and status > 0:
                self.status = status  # it said why; the others would say the same
                self.ending.set()
                return
            first = False
            pause = PAUSES[0] if lasted >= STEADY else pause
            log.error(
                "process %d of %d ended with status %d; starting it again in %.1f s", number, self.size, status, pause
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.ending.wait()
            pause = min(pause * 2, PAUSES[1])
