"""One PostgreSQL for this folder with this floor's tables behind the tenant wall, and three small plugins."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import asyncpg
import pytest
from tortoise.context import get_current_context

from kernel.base import contract as c
from kernel.base.config import Config
from kernel.base.context import TenantRef, every_tenant
from kernel.base.runtime import Runtime, use_runtime
from kernel.engines import embedded, rls
from kernel.engines.connection import close_database, execute, open_database
from kernel.engines.models import GlobalModel, TenantModel
from kernel.tenancy import events, models
from kernel.tenancy.snapshots import Snapshots
from kernel.tenancy.tenants import create_tenant

from ..plugging.fakes import entry, recorder, registry_of, route, work

MODULES = {"kernel": ["kernel.tenancy.models"]}


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Embedded]:
    with tempfile.TemporaryDirectory(prefix="greenroom-tenancy-") as folder:
        Path(folder).chmod(0o755)
        running = embedded.start(Path(folder) / "data", durable=False)
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="session")
async def dsn(server: embedded.Embedded) -> str:
    await open_database(server.dsn_owner, MODULES)
    context = get_current_context()
    assert context is not None
    await context.generate_schemas()
    await close_database()
    owner = await asyncpg.connect(server.dsn_owner)
    try:
        mine = [
            m
            for m in vars(models).values()
            if isinstance(m, type) and issubclass(m, TenantModel) and m is not TenantModel
        ]
        await rls.secure(owner, [models.Domain, *mine])
        assert await rls.leaks(owner) == []
    finally:
        await owner.close()
    return server.dsn_app


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[str]:
    await open_database(dsn, MODULES)
    with every_tenant():
        for model in vars(models).values():
            if isinstance(model, type) and issubclass(model, TenantModel | GlobalModel) and model._meta.db_table:
                await execute(f"DELETE FROM {model._meta.db_table}")
    yield dsn
    await close_database()


class Bell:
    """A bus for one process that remembers what was rung and can be made to fail."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.broken = False
        self._ears: list[asyncio.Queue[str]] = []

    async def publish(self, channel: str, payload: str) -> None:
        if self.broken:
            raise ConnectionError("no bell")
        self.rung.append(channel)
        for ear in self._ears:
            ear.put_nowait(payload)

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        return self._subscribe()

    @asynccontextmanager
    async def _subscribe(self) -> AsyncIterator[AsyncIterator[str]]:
        if self.broken:
            raise ConnectionError("no bell")
        ear: asyncio.Queue[str] = asyncio.Queue()
        self._ears.append(ear)

        async def heard() -> AsyncIterator[str]:
            while True:
                yield await ear.get()

        try:
            yield heard()
        finally:
            self._ears.remove(ear)


@dataclass
class World:
    """The engines of a test, what plugins were told, and what was announced."""

    runtime: Runtime
    bell: Bell
    log: list[str] = field(default_factory=list)
    announced: list[object] = field(default_factory=list)

    @property
    def snapshots(self) -> Snapshots:
        return self.runtime.snapshots


def _settings() -> list[c.Setting]:
    return [
        c.Setting(key="base.size", type=int, default=30, label="Size", minimum=5, maximum=120),
        c.Setting(key="base.words", type=list, default=["a"], label="Words"),
        c.Setting(key="base.secret", type=str, default="", label="Key", secret=True),
        c.Setting(key="base.fee", type=int, default=1, label="Fee", scope="platform"),
        c.Setting(key="base.digest", type=bool, default=True, label="Digest", scope="account"),
    ]


def _hooks(log: list[str], pid: str) -> dict[str, Callable[[TenantRef], Awaitable[None]]]:
    names = ("on_enable", "on_disable", "on_tenant_created")
    return {name: recorder(log, f"{pid}.{name}") for name in names}


@pytest.fixture
async def world(db: str, tmp_path: Path) -> AsyncIterator[World]:
    """Plugins: base; upper, which requires it and has a feature; spare, off by default; firm, locked."""
    log: list[str] = []
    upper = {
        "features": [c.Feature(id="upper.extra", label="Extra"), c.Feature(id="upper.rare", label="R", default=False)],
        "routes": [route("upper.home", "/upper"), route("upper.extra", "/upper/extra", feature="upper.extra"),
                   route("upper.hook", "/upper/hook", always="a provider calls it")],
        "menu": [c.MenuItem(section="workspace", label="Upper", route="upper.home", icon="x")],
        "jobs": [c.Job(name="upper.tidy", func=work)],
    }  # fmt: skip
    registry = registry_of(
        ("base", {"settings": _settings(), **_hooks(log, "base")}),
        (entry("upper", "base"), {**upper, **_hooks(log, "upper")}),
        (entry("spare", "upper", default=False), _hooks(log, "spare")),
        (entry("firm", locked=True), _hooks(log, "firm")),
        (entry("ill"), {"register_jobs": lambda: 1}),
        strict=False,
    )
    config = Config(
        mode="test", data_dir=tmp_path, secret=b"s" * 32, manifest=tmp_path, scheme="http", public_port=8080, port=8080
    )
    bell = Bell()
    engines = Runtime(config, registry=registry, snapshots=Snapshots(registry, config), bus=cast(object, bell))  # type: ignore[arg-type]
    made = World(engines, bell, log)

    async def hear(happened: object) -> None:
        made.announced.append(happened)

    events.listeners.append(hear)
    with use_runtime(engines):
        yield made
    events.listeners.remove(hear)


@pytest.fixture
async def acme(world: World) -> TenantRef:
    tenant = await create_tenant("acme", "Acme", hosts=["acme.localhost", "www.acme.test"])
    world.log.clear()
    world.announced.clear()
    return tenant


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """This floor stands alone here: whoever listens from above was started by another test of the process."""
    from kernel.tenancy import events

    monkeypatch.setattr(events, "listeners", [])
