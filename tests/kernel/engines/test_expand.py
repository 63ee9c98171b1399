"""Migrations on filled databases: short locks, additive, all or nothing, and the version before goes on working.

Every migration that ships is applied, step by step, to a database whose tables have rows.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from kernel.app import installed
from kernel.base.config import Config
from kernel.engines import embedded
from kernel.plugging import applying
from kernel.plugging.applying import MigrationBlocked
from kernel.plugging.migrate import AppModels, Apps, apps_of, known_migrations, make_migration, migrate, migrate_to

#: What takes something away or rewrites a table: allowed only in a module that says `CONTRACT = "<why it is safe>"`.
CONTRACTING = re.compile(
    r"\b(RemoveField|DeleteModel|RenameField|RenameModel)\(|DROP (COLUMN|TABLE)|SET NOT NULL"
    r"|ALTER COLUMN \S+ TYPE",
    re.IGNORECASE,
)
COLUMNS = """
SELECT table_name, column_name, is_nullable = 'NO' AND column_default IS NULL AS needed, data_type
FROM information_schema.columns WHERE table_schema = 'public' AND is_generated = 'NEVER' ORDER BY 1, ordinal_position"""


@pytest.fixture(scope="module")
def apps(test_config: Config) -> Apps:
    registry = installed(test_config)
    return apps_of({pid: found[0] for pid, found in registry.models.items() if found})


def steps(apps: Apps) -> list[list[tuple[str, str]]]:
    """Every 0001 first, then the second ones, and so on: each step is a release."""
    known = sorted(known_migrations(apps), key=lambda key: (key[1], list(apps).index(key[0])))
    numbers = sorted({name[:4] for _app, name in known})
    return [[key for key in known if key[1] <= f"{number}~"] for number in numbers]


async def columns(conn: asyncpg.Connection) -> dict[str, dict[str, tuple[bool, str]]]:
    found: dict[str, dict[str, tuple[bool, str]]] = {}
    for row in await conn.fetch(COLUMNS):
        found.setdefault(row["table_name"], {})[row["column_name"]] = (row["needed"], row["data_type"])
    return found


#: A table that is rewritten lies in another file afterwards.
_FILES = "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"

_VALUES: dict[str, Any] = {
    "uuid": "gen_random_uuid()", "boolean": "false", "timestamp with time zone": "now()", "date": "current_date",
    "jsonb": "'{}'", "bytea": "'\\x00'", "double precision": "1", "numeric": "1", "interval": "'1 day'",
    "time without time zone": "'10:00'", "ARRAY": "'{}'", "int8range": "'[1,2)'",
}  # fmt: skip


async def fill(conn: asyncpg.Connection, known: dict[str, dict[str, tuple[bool, str]]], rows: int) -> dict[str, int]:
    """Rows in every table, naming just the columns `known`, as code that knows no others would. By table."""
    done = {}
    await conn.execute("SET session_replication_role = replica")  # as if what they refer to were there
    for table, found in known.items():
        if table == "tortoise_migrations":
            continue
        limits = dict(
            await conn.fetch(
                "SELECT column_name, character_maximum_length FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name = $1 AND data_type = 'character varying'",
                table,
            )
        )
        wanted = [name for name, (needed, _kind) in found.items() if needed]
        values = []
        for name in wanted:
            kind = found[name][1]
            if kind in ("character varying", "text", "character"):
                values.append(f"left(md5(random()::text || n), {limits.get(name) or 32})")
            elif kind in ("smallint", "integer", "bigint"):
                values.append("(random() * 30000)::int")
            else:
                values.append(_VALUES[kind])
        for _ in range(rows):
            names = ", ".join(f'"{name}"' for name in wanted)
            try:
                done[table] = done.get(table, 0) + int(
                    (
                        await conn.execute(
                            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM generate_series(1, 1) n'
                        )
                    ).split()[-1]
                )
            except (
                asyncpg.CheckViolationError,
                asyncpg.UniqueViolationError,
                asyncpg.ExclusionViolationError,
                asyncpg.RaiseError,
            ):
                break  # random values that a rule refuses say nothing about migrations
    await conn.execute("SET session_replication_role = DEFAULT")
    return done


@pytest.mark.slow
async def test_every_step_on_filled_tables_and_the_version_before_goes_on(
    cluster: embedded.Embedded, apps: Apps
) -> None:
    name = "expanding"
    await embedded.drop_database(cluster.dsn_owner, name)
    dsn = await embedded.create_database(cluster.dsn_owner, name)
    conn = await asyncpg.connect(dsn)
    try:
        before: dict[str, dict[str, tuple[bool, str]]] = {}
        for number, step in enumerate(steps(apps), 1):
            told: list[str] = []
            if before:
                counts = await fill(conn, before, 20)
                assert sum(counts.values()) > 500, counts
            files = dict(await conn.fetch(_FILES))
            applied = await migrate_to(dsn, apps, step)
            rewritten = {table for table, file in (await conn.fetch(_FILES)) if files.get(table, file) != file}
            told += [f"{table} was rewritten, under a lock that stops everybody" for table in rewritten]
            assert len(applied) > 0, f"step {number}"
            after = await columns(conn)
            for table, found in before.items():
                gone = set(found) - set(after.get(table, {}))
                told += [f"{table}.{column} is gone" for column in gone]
                told += [
                    f"{table}.{column} must be given, which older code does not"
                    for column, (needed, _kind) in after.get(table, {}).items()
                    if needed and column not in found
                ]
                told += [
                    f"{table}.{c} has another type" for c in set(found) - gone if after[table][c][1] != found[c][1]
                ]
            assert told == [], f"step {number}: {told}"
            if before:  # N-1: reads and writes with the columns it knows
                await fill(conn, before, 2)
                for table, found in before.items():
                    names = ", ".join(f'"{column}"' for column in found)
                    await conn.fetch(f'SELECT {names} FROM "{table}" LIMIT 1')
            before = after
        assert len(before) > 50
        await conn.execute("SET session_replication_role = replica")
        for table in before:
            if table != "tortoise_migrations":
                await conn.execute(f'DELETE FROM "{table}"')  # rows without what they refer to
        await migrate(dsn, apps)  # walls and indexes go up around all of it
    finally:
        await conn.close()
        await embedded.drop_database(cluster.dsn_owner, name)


def test_migrations_add_or_say_why_not(apps: Apps) -> None:
    faults = []
    for app, name in sorted(known_migrations(apps)):
        if name.startswith("0001"):
            continue
        module = importlib.import_module(f"{apps[app].migrations}.{name}")
        forward = re.sub(r"backward=.*", "", Path(module.__file__ or "").read_text(encoding="utf-8"))
        found = CONTRACTING.search(forward)
        if found and not getattr(module, "CONTRACT", ""):
            faults.append(f"{app}.{name}: {found[0]} without CONTRACT = '<why it is safe>'")
    assert faults == []


# --- locks and faults, with an application of the test's own -----------------------------------------------------

MODEL = """
from tortoise import fields
from kernel.engines.models import TenantModel

class Box(TenantModel):
    label = fields.CharField(max_length=20)
    {field}

    class Meta:
        table = "expand_box"
"""


@pytest.fixture
async def crate(tmp_path: Any, cluster: embedded.Embedded, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """An app in version 1, its table filled; gives (dsn, apps, a function that makes version 2)."""
    import sys

    folder = tmp_path / "expand"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))

    def models(field: str = "") -> None:
        (folder / "models.py").write_text(MODEL.format(field=field))
        for module in [m for m in sys.modules if m.partition(".")[0] == "expand"]:
            del sys.modules[module]
        importlib.invalidate_caches()

    models()
    apps = {"expand": AppModels(("expand.models",), "expand.migrations")}
    await make_migration("expand", "first", apps)
    importlib.invalidate_caches()
    await embedded.drop_database(cluster.dsn_owner, "expand")
    dsn = await embedded.create_database(cluster.dsn_owner, "expand")
    await migrate(dsn, apps)
    conn = await asyncpg.connect(dsn)
    await conn.execute(
        "INSERT INTO expand_box SELECT gen_random_uuid(), gen_random_uuid(), 'x' FROM generate_series(1, 1000)"
    )
    await conn.close()

    async def second() -> Any:
        models('note = fields.CharField(max_length=9, db_default="-")')
        path = await make_migration("expand", "second", apps)
        importlib.invalidate_caches()
        return path

    yield dsn, apps, second
    await embedded.drop_database(cluster.dsn_owner, "expand")


async def test_a_busy_table_is_not_waited_for_with_everybody_behind(
    crate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a long transaction holds the table, the migration steps back every two seconds; nobody else waits."""
    dsn, apps, second = crate
    await second()
    monkeypatch.setattr(applying, "PAUSES", (0.1,))
    holder = await asyncpg.connect(dsn)
    other = await asyncpg.connect(dsn)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("UPDATE expand_box SET label = 'held'")
    with pytest.raises(MigrationBlocked, match="in use"):
        await migrate(dsn, apps)
    assert await other.fetchval("SELECT count(*) FROM expand_box") == 1000
    assert await other.fetchval("SELECT count(*) FROM tortoise_migrations") == 1
    # It waits only as long as it said, then others get through; once the table is free, the next attempt works.
    monkeypatch.setattr(applying, "PAUSES", (0.5,) * 20)
    migrating = asyncio.create_task(migrate(dsn, apps))
    await asyncio.sleep(1)
    async with asyncio.timeout(2.5):
        await other.fetch("SELECT id FROM expand_box LIMIT 1")
    await transaction.rollback()
    async with asyncio.timeout(15):
        assert await migrating == ["expand.0002_second"]
    assert await other.fetchval("SELECT count(*) FROM expand_box WHERE note = '-'") == 1000
    await holder.close()
    await other.close()


async def test_a_bad_migration_rolls_back_and_the_old_version_serves(crate: Any) -> None:
    dsn, apps, second = crate
    path = await second()
    text = path.read_text()
    path.write_text(
        text.replace("    ]\n", "        Sql('CREATE TABLE expand_half (n int); SELECT 1/0'),\n    ]\n").replace(
            "from tortoise import migrations\n",
            "from tortoise import migrations\nfrom kernel.plugging.migrate import Sql\n", 1,
        )
    )  # fmt: skip
    with pytest.raises(Exception, match="division by zero"):
        await migrate(dsn, apps)
    conn = await asyncpg.connect(dsn)
    # What version 1 does, it still does.
    await conn.execute("INSERT INTO expand_box (id, tenant_id, label) VALUES ($1, $2, 'old')", uuid4(), uuid4())
    assert await conn.fetchval("SELECT count(*) FROM expand_box") == 1001
    assert await conn.fetchval("SELECT to_regclass('expand_half')") is None
    assert [r["name"] for r in await conn.fetch("SELECT name FROM tortoise_migrations")] == ["0001_first"]
    assert (
        await conn.fetchval(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = 'expand_box' AND column_name = 'note'"
        )
        == 0
    )
    await conn.close()
