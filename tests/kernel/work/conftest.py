"""One PostgreSQL for this folder, with this wing's tables behind the tenant wall."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tortoise.context import get_current_context

from kernel.base.context import every_tenant
from kernel.engines import embedded, rls
from kernel.engines.connection import close_database, execute, open_database
from kernel.work import isolation, models, schedule

MODULES = {"kernel": ["kernel.work.models"]}


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Embedded]:
    with tempfile.TemporaryDirectory(prefix="greenroom-work-") as folder:
        Path(folder).chmod(0o755)
        running = embedded.start(Path(folder) / "data", durable=False)
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="session")
async def dsn(server: embedded.Embedded) -> str:
    """The application's DSN of a database with the tables in place."""
    await open_database(server.dsn_owner, MODULES)
    context = get_current_context()
    assert context is not None
    await context.generate_schemas()
    await close_database()
    owner = await asyncpg.connect(server.dsn_owner)
    try:
        await rls.secure(owner, [models.Event, models.Job, models.Schedule, models.Hold, models.Trouble])
        assert await rls.leaks(owner) == []
    finally:
        await owner.close()
    return server.dsn_app


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[str]:
    """The open, empty database."""
    await open_database(dsn, MODULES)
    with every_tenant():
        for table in (
            "kernel_job",
            "kernel_event",
            "kernel_schedule",
            "kernel_job_hold",
            "kernel_trouble",
            "kernel_incident",
        ):
            await execute(f"DELETE FROM {table}")
    schedule.forget()
    isolation.forgive()
    yield dsn
    await close_database()
