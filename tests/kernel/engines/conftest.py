"""One throw-away PostgreSQL per test run, and the little application `shelf` migrated into it."""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from kernel.base.context import TenantRef, every_tenant
from kernel.engines import connection, embedded
from kernel.plugging.migrate import AppModels, make_migration, migrate

APPS = {"shelf": AppModels(("shelf.models",), "shelf.migrations")}

A = TenantRef(UUID("0190a000-0000-7000-8000-00000000000a"), "a", "A")
B = TenantRef(UUID("0190b000-0000-7000-8000-00000000000b"), "b", "B")


@pytest.fixture(scope="session")
def throwaway() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="greenroom-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(throwaway: Path) -> Iterator[embedded.Embedded]:
    running = embedded.start(throwaway / "data", durable=False)
    yield running
    running.stop()


@pytest.fixture(scope="session")
async def shelf(throwaway: Path, server: embedded.Embedded) -> None:
    """The package `shelf` in a temporary folder, with a migration written for it, applied to the database."""
    source, code = Path(__file__).parent / "shelf", throwaway / "code"
    shutil.copytree(source, code / "shelf", ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(code))
    for name in [n for n in sys.modules if n.partition(".")[0] == "shelf"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    await make_migration("shelf", "initial", APPS)
    await migrate(server.dsn_owner, APPS)


@pytest.fixture(scope="session")
async def database(shelf: None, server: embedded.Embedded) -> AsyncIterator[None]:
    await connection.open_database(server.dsn_app, {"shelf": ["shelf.models"]}, pool_size=4)
    yield
    await connection.close_database()


@pytest.fixture
async def tables(database: None) -> None:
    """Empty tables with one author and one book in each of the tenants A and B."""
    models = sys.modules["shelf.models"]
    with every_tenant():
        for table in ("shelf_reader", "shelf_book", "shelf_author", "shelf_chore", "shelf_country"):
            await connection.execute(f"DELETE FROM {table}")
        for tenant in (A, B):
            author = await models.Author.create(tenant_id=tenant.id, name=f"Author {tenant.slug}")
            await models.Book.create(tenant_id=tenant.id, title=f"Book {tenant.slug}", author=author)
