"""The whole wiring, on one page: engines, registry, snapshots, jobs, web. Read this first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from .base import tracing
from .base.config import Config
from .base.i18n import Catalogs, use_catalogs
from .base.runtime import Runtime, set_runtime
from .console.work.pausing import pause
from .engines import embedded, rls, storage
from .engines.bus import open_bus
from .engines.cache import open_cache
from .engines.connection import close_database, open_database
from .engines.names import open_names
from .engines.storage import open_storage
from .plugging.manifest import load_manifest
from .plugging.migrate import apps_of, migrate, model_modules
from .plugging.registry import Registry, build_registry
from .tenancy.quotas import admit_file
from .tenancy.snapshots import Snapshots
from .tenancy.sync import Sync
from .tenancy.usage import counters
from .web.application import build_web
from .work import leaks
from .work.events import hear_tenancy
from .work.troubles import Recorder
from .work.worker import Worker, make_broker


@dataclass(slots=True)
class Greenroom:
    """A started process: its engines, and what to stop at the end, in order."""

    runtime: Runtime
    sync: Sync
    server: embedded.Embedded | None = None
    worker: Worker | None = None
    _stops: list[object] = field(default_factory=list, repr=False)

    @property
    def app(self) -> web.Application:
        return self.runtime.app


def installed(config: Config) -> Registry:
    """Every plugin of the manifest, imported and checked."""
    return build_registry(load_manifest(config.manifest), strict=config.strict, safe_mode=config.safe_mode)


@asynccontextmanager
async def started(
    config: Config,
    *,
    jobs: bool = False,
    migrating: bool = True,
    database: tuple[str, str] | None = None,
    queues: Mapping[str, int | None] | None = None,
    concurrency: int = 10,
) -> AsyncIterator[Greenroom]:
    """Start everything a process needs and stop it again, in the opposite order.

    `jobs` also executes jobs here, of these `queues` only and at most so many at once. `database` gives the DSNs
    of owner and application role, for tests; else they come from the configuration, or from a private server that
    is started now.
    """
    if config.traces:  # before the application is made: a route is traced from its mounting on or never
        tracing.start()
    registry = installed(config)
    runtime = Runtime(config, registry=registry)
    runtime.catalogs = Catalogs(_catalog_folders(registry))
    use_catalogs(runtime.catalogs)
    set_runtime(runtime)
    server = None
    if database is None:
        server, database = await _database_of(config)
    owner, application = database
    runtime.owner_dsn = owner
    apps = apps_of({pid: found[0] for pid, found in registry.models.items() if found})
    try:
        if migrating:
            await migrate(owner, apps, dsn_app=application)
        await open_database(application, model_modules(apps))
        runtime.bus = await open_bus(config)
        runtime.cache = await open_cache(config)
        runtime.storage = open_storage(config)
        runtime.names = open_names(config)
        runtime.snapshots = Snapshots(registry, config)
        hear_tenancy()
        storage.admissions[:] = [admit_file]
        counters.start()
        sync = Sync(runtime.snapshots, runtime.bus)
        await sync.start()
        runtime.broker = make_broker(queues=queues, concurrency=concurrency)
        runtime.app = build_web(runtime)
        room = Greenroom(runtime, sync, server)
        recorder = Recorder(pause)
        recorder.start()
        unwatch = leaks.watch_switches()
        if jobs:
            room.worker = Worker(runtime.broker)
            await room.worker.start()
        try:
            yield room
        finally:
            if room.worker is not None:
                await room.worker.stop()
            unwatch()
            await leaks.report(registry.ready)
            await recorder.stop()
            await sync.stop()
            await counters.stop()
    finally:
        for engine in (runtime.cache, runtime.bus, runtime.storage):
            if engine is not None:
                await engine.close()
        await close_database()
        if server is not None:
            await asyncio.to_thread(server.stop)
        set_runtime(None)


@asynccontextmanager
async def database(config: Config) -> AsyncIterator[tuple[str, str]]:
    """DSNs of owner and application role, for work on the database itself; a private server runs meanwhile."""
    server, dsns = await _database_of(config)
    try:
        yield dsns
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


async def _database_of(config: Config) -> tuple[embedded.Embedded | None, tuple[str, str]]:
    if config.database_url is None:
        server = await asyncio.to_thread(embedded.start, config.data_dir)
        return server, (server.dsn_owner, server.dsn_app)
    application = config.app_database_url or rls.app_dsn(config.database_url, config.secret)
    return None, (config.database_url, application)


def _catalog_folders(registry: Registry) -> list[Path]:
    """`locales` of the kernel, then of each plugin; the first translation of a message counts."""
    own = Path(__file__).resolve().parent / "locales"
    others = [info.folder / "locales" for info in registry.plugins.values() if info.folder and info.id != "kernel"]
    return [own, *others]
