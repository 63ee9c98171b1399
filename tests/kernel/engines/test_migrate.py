"""Migrations: from nothing, again, changed models, and what Tortoise leaves out."""

from __future__ import annotations

import importlib
import sys
import textwrap
import time

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from kernel.engines.embedded import create_database, drop_database
from kernel.plugging.migrate import (
    _KEPT_FOR_PLUGINS,
    AppModels,
    apps_of,
    drift,
    make_migration,
    migrate,
    model_modules,
    purge,
)

BOXES = """
    from tortoise import fields
    from kernel.engines.models import TenantModel

    class Box(TenantModel):
        label = fields.CharField(max_length=20)
        {field}

        class Meta:
            table = "crates_box"
"""


class Crates:
    """A second little application whose models change during the test; it refers to the first."""

    def __init__(self, folder, server):
        self.folder = folder / "crates"
        self.folder.mkdir()
        (self.folder / "__init__.py").write_text("")
        self.server = server
        self.dsn = ""
        from .conftest import APPS

        self.apps = {**APPS, "crates": AppModels(("crates.models",), "crates.migrations")}

    def models(self, field=""):
        (self.folder / "models.py").write_text(textwrap.dedent(BOXES).format(field=field))
        for name in [n for n in sys.modules if n.partition(".")[0] == "crates"]:
            del sys.modules[name]
        importlib.invalidate_caches()

    async def make(self, name):
        path = await make_migration("crates", name, self.apps)
        importlib.invalidate_caches()
        return path

    async def fetch(self, query, *args):
        conn = await asyncpg.connect(self.dsn)
        try:
            return [tuple(row) for row in await conn.fetch(query, *args)]
        finally:
            await conn.close()


@pytest.fixture
async def crates(tmp_path, server, shelf, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    app = Crates(tmp_path, server)
    app.models()
    app.dsn = await create_database(server.dsn_owner, "crates")
    yield app
    await drop_database(server.dsn_owner, "crates")


async def test_from_nothing_and_again(crates):
    assert any("crates: models without migrations" in line for line in await drift(crates.apps))
    path = await crates.make("first")
    assert path.name == "0001_first.py"
    text = path.read_text()
    assert str(crates.folder) not in text and "TenantModel" not in text
    assert await crates.make("nothing") is None
    assert await drift(crates.apps) == []

    assert await migrate(crates.dsn, crates.apps) == ["shelf.0001_initial", "crates.0001_first"]
    assert await drift(crates.apps, crates.dsn) == []
    began = time.perf_counter()
    assert await migrate(crates.dsn, crates.apps) == []
    assert time.perf_counter() - began < 0.15
    walled = await crates.fetch("SELECT relname FROM pg_class WHERE relforcerowsecurity ORDER BY 1")
    assert ("crates_box",) in walled and ("shelf_book",) in walled and ("shelf_chore",) in walled
    assert ("shelf_country",) not in walled


async def test_changes(crates):
    await crates.make("first")
    await migrate(crates.dsn, crates.apps)
    await crates.fetch("INSERT INTO crates_box VALUES (gen_random_uuid(), gen_random_uuid(), 'old')")
    crates.models(
        'note = fields.CharField(max_length=9, db_default="-", db_index=True)\n'
        '    shelf = fields.ForeignKeyField("shelf.Book", null=True)'
    )
    assert any("Add field note" in line for line in await drift(crates.apps))
    path = await crates.make("note, Shelf!")
    assert path.name == "0002_note_shelf.py" and "('shelf', '0001_initial')" in path.read_text()
    assert "crates.0002_note_shelf has not been applied" in await drift(crates.apps, crates.dsn)
    assert await migrate(crates.dsn, crates.apps) == ["crates.0002_note_shelf"]
    assert await drift(crates.apps, crates.dsn) == []
    assert await crates.fetch("SELECT label, note FROM crates_box") == [("old", "-")]
    # Tortoise's AddField forgets the index; it has been made up for, and the reference carries the tenant
    assert len(await crates.fetch("SELECT 1 FROM pg_indexes WHERE indexdef LIKE '%crates_box%(note)'")) == 1
    assert await crates.fetch("SELECT 1 FROM pg_constraint WHERE conname = 'crates_box_shelf_tenant_fkey'") == [(1,)]


async def test_failing_migration_leaves_nothing(crates):
    path = await crates.make("first")
    good = path.read_text()
    path.write_text(
        good.replace("    ]\n", "        Sql('CREATE TABLE crates_extra (n int); SELECT 1/0'),\n    ]\n").replace(
            "from tortoise import migrations\n",
            "from tortoise import migrations\nfrom kernel.plugging.migrate import Sql\n",
            1,
        )
    )
    sys.modules.pop("crates.migrations.0001_first", None)
    with pytest.raises(OperationalError, match="division by zero"):
        await migrate(crates.dsn, crates.apps)
    assert await crates.fetch("SELECT app FROM tortoise_migrations") == [("shelf",)]
    assert await crates.fetch("SELECT 1 FROM pg_class WHERE relname LIKE 'crates%'") == []

    path.write_text(path.read_text().replace("1/0", "1"))
    sys.modules.pop("crates.migrations.0001_first", None)
    assert await migrate(crates.dsn, crates.apps) == ["crates.0001_first"]
    assert await crates.fetch("SELECT 1 FROM pg_class WHERE relname = 'crates_extra'") == [(1,)]


async def test_unwalled_table_stops_the_start(crates):
    path = await crates.make("first")
    path.write_text(
        path.read_text()
        .replace("    ]\n", "        Sql('CREATE TABLE crates_leak (tenant_id uuid)'),\n    ]\n")
        .replace("from tortoise import fields", "from tortoise import fields\nfrom kernel.plugging.migrate import Sql")
    )
    sys.modules.pop("crates.migrations.0001_first", None)
    with pytest.raises(TypeError, match="crates_leak"):
        await migrate(crates.dsn, crates.apps)


async def test_two_at_once(crates):
    import asyncio

    await crates.make("first")
    done = await asyncio.gather(*(migrate(crates.dsn, crates.apps) for _ in range(3)))
    assert sorted(map(len, done)) == [0, 0, 2]


async def test_purge(crates):
    await crates.make("first")
    await migrate(crates.dsn, crates.apps)
    for table, column in _KEPT_FOR_PLUGINS:
        await crates.fetch(f'CREATE TABLE {table} ("{column}" text)')
        await crates.fetch(f"INSERT INTO {table} VALUES ('crates'), ('crates.box'), ('crates_of_beer')")
    assert await purge(crates.dsn, crates.apps, "crates") == ["crates_box"]
    for table, _column in _KEPT_FOR_PLUGINS:
        assert await crates.fetch(f"SELECT * FROM {table}") == [("crates_of_beer",)], table
    assert await crates.fetch("SELECT app FROM tortoise_migrations") == [("shelf",)]
    assert await migrate(crates.dsn, crates.apps) == ["crates.0001_first"]
    with pytest.raises(ValueError, match="kernel"):
        await purge(crates.dsn, crates.apps, "kernel")


async def test_an_owner_who_is_no_superuser(crates):
    """As on a hosted server: held by FORCE ROW LEVEL SECURITY like everybody, and still able to migrate."""
    await crates.fetch("DROP ROLE IF EXISTS landlord")
    await crates.fetch("CREATE ROLE landlord LOGIN CREATEROLE")
    await crates.fetch("ALTER DATABASE crates OWNER TO landlord")
    await crates.fetch("ALTER SCHEMA public OWNER TO landlord")
    dsn = crates.dsn.replace("postgres@", "landlord@")
    await crates.make("first")
    assert len(await migrate(dsn, crates.apps)) == 2
    assert await drift(crates.apps, dsn) == []
    await crates.fetch("DROP OWNED BY landlord CASCADE")
    await crates.fetch("ALTER DATABASE crates OWNER TO postgres")
    await crates.fetch("DROP ROLE landlord")


def test_apps_of():
    from kernel.base.contract import ModelModule

    apps = apps_of({"crates": ModelModule(models="crates.models", migrations="crates.migrations")})
    assert list(apps) == ["kernel", "crates"]
    assert model_modules(apps)["crates"] == ["crates.models"]
