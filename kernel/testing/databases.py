"""Databases of test runs: one cluster kept between runs, one copy of a migrated template a run."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from ..engines import embedded
from ..engines.rls import with_database
from ..plugging.migrate import Apps, migrate


def cluster_folder() -> Path:
    """GREENROOM_TEST_DATA, or .greenroom/tests in the current folder."""
    return Path(os.environ.get("GREENROOM_TEST_DATA") or ".greenroom/tests").absolute()


def open_cluster(folder: Path) -> embedded.Embedded:
    """The first cluster below `folder` that no other run holds; up to eight runs side by side."""
    fault: embedded.EmbeddedError | None = None
    for number in range(8):
        try:
            return embedded.start(folder / f"cluster-{number}", durable=False)
        except embedded.EmbeddedError as exc:
            if "in use" not in str(exc):
                raise
            fault = exc
    raise fault or embedded.EmbeddedError(f"No cluster below {folder} is free.")


@asynccontextmanager
async def run_database(cluster: embedded.Embedded, apps: Apps) -> AsyncIterator[tuple[str, str]]:
    """DSNs (owner, application) of a fresh migrated database; dropped at the end."""
    template = f"template_{_fingerprint(apps)}"
    names = await _databases(cluster)
    for old in names:
        # Left by runs that were killed, or made from migrations of yesterday. Nobody else uses this cluster.
        if old.startswith(("run_", "template_")) and old != template:
            await embedded.drop_database(cluster.dsn_owner, old)
    if template not in names:
        try:
            owner = await embedded.create_database(cluster.dsn_owner, template)
            await migrate(owner, apps, dsn_app=with_database(cluster.dsn_app, template))
        except BaseException:
            await embedded.drop_database(cluster.dsn_owner, template)
            raise
    name = f"run_{os.getpid()}"
    owner = await embedded.create_database(cluster.dsn_owner, name, template)
    yield owner, with_database(cluster.dsn_app, name)
    await embedded.drop_database(cluster.dsn_owner, name)


async def _databases(cluster: embedded.Embedded) -> list[str]:
    conn = await asyncpg.connect(with_database(cluster.dsn_owner, embedded.OWNER_ROLE))
    try:
        return [row["datname"] for row in await conn.fetch("SELECT datname FROM pg_database")]
    finally:
        await conn.close()


def _fingerprint(apps: Apps) -> str:
    """Changes with any migration, and with what secures the tables after them."""
    digest = hashlib.sha256()
    for module in (*(app.migrations for app in apps.values()), "kernel.engines.rls", "kernel.plugging.migrate"):
        spec = importlib.util.find_spec(module)
        places = [Path(p) for p in spec.submodule_search_locations or ()] if spec else []
        files = sorted(f for p in places for f in p.glob("*.py")) or (
            [Path(spec.origin)] if spec and spec.origin else []
        )
        for file in files:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]
