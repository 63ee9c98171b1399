"""Greenroom as operators run it: processes of its own, to be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
from aiohttp.test_utils import unused_port

from kernel.app import started
from kernel.base.config import Config, load_config
from kernel.engines import embedded
from kernel.engines.rls import with_database
from kernel.tenancy.tenants import create_tenant
from kernel.testing.people import TenantKit

ROOT = Path(__file__).resolve().parents[1]
#: Seconds for a process to come up; the machine may be busy with other things.
START = 60.0


class Program:
    """`python -m kernel <arguments>`, with its words in a file. Ended at the end of its `running` block."""

    def __init__(self, *arguments: str, report: Path, **env: str) -> None:
        self.report = report
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")}
        if manifest := os.environ.get("GREENROOM_MANIFEST"):
            clean["GREENROOM_MANIFEST"] = manifest
        with report.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kernel", *arguments],
                cwd=ROOT, env=clean | env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    @property
    def words(self) -> str:
        return self.report.read_text(errors="replace")

    async def says(self, words: str, seconds: float = START) -> None:
        """Wait until it has printed `words`."""
        until = time.monotonic() + seconds
        while words not in self.words:
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{words!r} was not said ({self.process.poll()}):\n{self.words[-4000:]}")
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def ended(self, seconds: float) -> int:
        """Its exit status, within so many seconds."""
        async with asyncio.timeout(seconds):
            while (status := self.process.poll()) is None:
                await asyncio.sleep(0.02)
        return status


@contextmanager
def running(*arguments: str, report: Path, **env: str) -> Iterator[Program]:
    program = Program(*arguments, report=report, **env)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.kill()


def weak(dsn: str) -> str:
    """The application's DSN for an owner's."""
    return dsn.replace("//postgres@", "//greenroom_app@", 1)


def serve(dsn: str, port: int, folder: Path, *more: str, **env: str) -> Any:
    """`greenroom serve` on a database of the tests."""
    return running(
        "serve", *more, "--port", str(port), "--data", str(folder / f"data-{port}"),
        report=folder / f"serve-{port}.log",
        GREENROOM_MODE="test", GREENROOM_DATABASE_URL=dsn, GREENROOM_APP_DATABASE_URL=weak(dsn), **env,
    )  # fmt: skip


@asynccontextmanager
async def own_database(cluster: embedded.Embedded, name: str) -> AsyncIterator[str]:
    """The owner's DSN of a migrated database of one test's own. Needs the fixture `database`, which makes its model."""
    conn = await asyncpg.connect(with_database(cluster.dsn_owner, embedded.OWNER_ROLE))
    try:
        templates = await conn.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'")
    finally:
        await conn.close()
    template = next(row["datname"] for row in templates if row["datname"] not in ("template0", "template1"))
    full = f"run_{os.getpid()}_{name}"
    await embedded.drop_database(cluster.dsn_owner, full)
    yield await embedded.create_database(cluster.dsn_owner, full, template)
    await embedded.drop_database(cluster.dsn_owner, full)


@asynccontextmanager
async def here(dsn: str, port: int, data: Path, *, migrating: bool = False) -> AsyncIterator[Callable[..., Any]]:
    """The application in this process, to prepare what the others shall find: `await make("acme")` is a tenant."""
    kits: list[TenantKit] = []
    async with started(config_of(port, data), migrating=migrating, database=(dsn, weak(dsn))):

        async def make(slug: str) -> TenantKit:
            ref = await create_tenant(slug, slug.title(), hosts=[f"{slug}.localhost"])
            kits.append(TenantKit(ref, f"{slug}.localhost", port))
            return kits[-1]

        yield make
    # Their browsers stay open for the processes to come; the test closes the tenants.


def config_of(port: int, data: Path) -> Config:
    env: Mapping[str, str] = {k: v for k, v in os.environ.items() if k == "GREENROOM_MANIFEST"}
    return load_config(env, mode="test", port=port, data=data)


async def put_job(conn: asyncpg.Connection, tenant_id: UUID, plugin: str, name: str) -> UUID:
    """A job that is due now, as if another process had put it in."""
    return await conn.fetchval(
        "INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts, max_attempts,"
        " request_id, created_at)"
        " VALUES (gen_random_uuid(), $1, $2, $3, '{}', 'default', 'ready', now(), 0, 3, '', now()) RETURNING id",
        tenant_id, plugin, name,
    )  # fmt: skip


async def job_is(conn: asyncpg.Connection, job: UUID, state: str) -> bool:
    return await conn.fetchval("SELECT state FROM kernel_job WHERE id = $1", job) == state


async def until(true: Callable[[], Awaitable[bool]], seconds: float, pause: float = 0.02) -> float:
    """How many seconds it took until `true()`."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(pause)
    return time.monotonic() - began


async def answers(port: int, path: str = "/health/live") -> bool:
    """Whether somebody answers there with 200."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as http,
            http.get(f"http://127.0.0.1:{port}{path}") as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


class Redis:
    """A redis-server of one test's own, to be frozen and killed."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.port = unused_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process = subprocess.Popen(
            [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            stdout=subprocess.DEVNULL,
        )

    def freeze(self, frozen: bool = True) -> None:
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)
