"""Schema changes: each plugin's migrations in order, as the owner of the tables, then the wall around them.

Tortoise's own migration engine plans and applies; this module adds what it leaves out: the record of a
migration in the same transaction as its work, one process at a time, indexes that `AddField` forgets, and
row-level security. The application role never comes here.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.fields.data import JSON_DUMPS, JSON_LOADS, IntField, JSONField
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.operations import CreateModel
from tortoise.migrations.writer import ImportManager, MigrationWriter, _render_call, format_migration_name
from tortoise.models import Model
from tortoise.utils import get_schema_sql

from ..base.context import every_tenant
from ..base.contract import ModelModule
from ..base.log import get_logger
from ..engines import rls
from ..engines.client import UNREACHABLE, DatabaseUnavailable
from ..engines.models import check_models
from .applying import LOCK_TIMEOUT, Executor, patiently
from .applying import Sql as Sql

log = get_logger(__name__)

RECORDS = "tortoise_migrations"
_LOCK = 0x6772656E  # "gren": the advisory lock of whoever migrates
_HEADER = '"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""\n\n'


@dataclass(frozen=True, slots=True)
class AppModels:
    """Where one app label keeps its models and their migrations: dotted names."""

    modules: tuple[str, ...]
    migrations: str


Apps = Mapping[str, AppModels]

#: What the kernel itself keeps for a plugin: tables, and the column that begins with its id.
_KEPT_FOR_PLUGINS = (
    ("kernel_job", "plugin"),
    ("kernel_schedule", "name"),
    ("kernel_toggle", "key"),
    ("kernel_planned_switch", "key"),
    ("kernel_canary", "key"),
    ("kernel_offer", "key"),
    ("kernel_setting_value", "key"),
    ("kernel_platform_setting", "key"),
)


KERNEL = AppModels(
    modules=(
        "kernel.tenancy.models",
        "kernel.auth.models",
        "kernel.work.models",
        "kernel.engines.storage",
        "kernel.web.models",
    ),
    migrations="kernel.migrations",
)


def apps_of(plugins: Mapping[str, ModelModule]) -> dict[str, AppModels]:
    """The kernel's app, then one per plugin that has models, in the order given (topological)."""
    return {"kernel": KERNEL} | {label: AppModels((m.models,), m.migrations) for label, m in plugins.items()}


def model_modules(apps: Apps) -> dict[str, list[str]]:
    """What `open_database` wants."""
    return {label: list(app.modules) for label, app in apps.items()}


async def migrate(dsn_owner: str, apps: Apps, *, dsn_app: str | None = None) -> list[str]:
    """Bring the database up to date; the migrations applied, `<app>.<name>`.

    Nothing pending costs one connection and one query. `dsn_app` says name and password of the application
    role. Raises PermissionError (one sentence) when that role cannot be made, TypeError for an unguarded model.
    """
    conn = await _owner(dsn_owner)
    try:
        mark = _mark(apps, dsn_app)
        if await _marked(conn) == mark:
            return []
        await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await conn.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        if await _marked(conn) == mark:  # another process did it while we waited
            return []
        role = await rls.ensure_app_role(conn, dsn_app)
        async with _tortoise(apps, dsn_owner) as context:
            applied = await _apply(context, apps)
            models = _models(context)
            check_models(models)
            await patiently("the indexes", lambda: _repair_indexes(conn, context))
            await patiently("the walls between tenants", lambda: rls.secure(conn, models, role=role))
        if holes := await rls.leaks(conn, role=role):
            raise TypeError("The database would let tenants see each other: " + " ".join(holes))
        await conn.execute(f"COMMENT ON TABLE {RECORDS} IS '{mark}'")
        return applied
    finally:
        await conn.close()


def known_migrations(apps: Apps) -> set[tuple[str, str]]:
    """(app, name) of every migration that is installed."""
    return {
        (label, path.stem)
        for label, app in apps.items()
        if _has_init(app.migrations)
        for path in _files(app.migrations)
    }


async def migrate_to(dsn_owner: str, apps: Apps, wanted: Iterable[tuple[str, str]]) -> list[str]:
    """Apply just the migrations `wanted` and nothing around them: the schema as it was at an earlier time."""
    async with _tortoise(apps, dsn_owner) as context:
        executor = Executor(context.connections.get("default"), _config(apps))
        targets = [MigrationTarget(label, name) for label, name in wanted]
        return [str(key) for key in await executor.forward(targets)]


async def unwritten(apps: Apps) -> list[str]:
    """What is in the models but in no migration, one line each; takes seconds and asks no database."""
    async with _tortoise(apps, None) as context:
        found = [f"{label}: models without migrations" for label, app in apps.items() if not _has_init(app.migrations)]
        return found + [
            f"{writer.app_label}: {operation.describe()} is in the models but in no migration"
            for writer in await _detector(context, apps).changes()
            for operation in writer.operations
        ]


async def drift(apps: Apps, dsn_owner: str | None = None) -> list[str]:
    """What models, migrations and (if given) database disagree about, one line each; empty when all is well."""
    found = await unwritten(apps)
    if dsn_owner is None:
        return found
    async with _tortoise(apps, dsn_owner) as context:
        client = context.connections.get("default")
        plan = await MigrationExecutor(client, _config(apps)).plan()
        found += [f"{step.migration.app_label}.{step.migration.name} has not been applied" for step in plan]
        _, rows = await client.execute_query(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        present = {(row["table_name"], row["column_name"]) for row in rows}
        for model in _models(context):
            meta = model._meta
            found += [
                f"{meta.db_table}.{column} is missing in the database"
                for column in meta.fields_db_projection.values()
                if (meta.db_table, column) not in present
            ]
    conn = await _owner(dsn_owner)
    try:
        return found + await rls.leaks(conn)
    finally:
        await conn.close()


async def make_migration(app_label: str, name: str, apps: Apps) -> Path | None:
    """Write the migration that takes `app_label` to its present models; its file, or None without a change."""
    app = apps[app_label]
    _package(app.migrations)
    async with _tortoise({app_label: app} if app_label == "kernel" else apps, None) as context:
        inside = {label: a for label, a in apps.items() if label in (context.apps or {})}
        for writer in await _detector(context, inside).changes():
            if writer.app_label != app_label:
                continue
            number = int(writer.name.partition("_")[0])
            plain = _Writer(
                format_migration_name(number, name),
                app_label,
                writer.operations,
                dependencies=writer.dependencies,
                initial=writer.initial,
                migrations_module=app.migrations,
            )
            plain.path().write_text(_HEADER + _by_public_names(app_label, plain.as_string()), encoding="utf-8")
            return plain.path()
    return None


async def purge(dsn_owner: str, apps: Apps, app_label: str) -> list[str]:
    """Drop every table of `app_label` with its data, and all that the kernel keeps for it; the tables dropped.

    Its events stay: they are the history of the tenants, and others may have built on them.
    """
    if app_label == "kernel":
        raise ValueError("the kernel's tables cannot be purged")
    async with _tortoise(apps, None) as context:
        tables = [model._meta.db_table for model in _models(context) if model._meta.app == app_label]
    conn = await _owner(dsn_owner)
    try:
        async with conn.transaction():
            for table in tables:
                await conn.execute(f'DROP TABLE IF EXISTS "{table}" CASCADE')
            for name in await _sequences(conn, app_label, apps):
                await conn.execute(f'DROP SEQUENCE IF EXISTS "{name}"')
            for table, column in _KEPT_FOR_PLUGINS:
                await conn.execute(
                    f"DELETE FROM {table} WHERE {column} = $1 OR starts_with({column}, $1 || '.')",  # noqa: S608
                    app_label,
                )
            await conn.execute(f"DELETE FROM {RECORDS} WHERE app = $1", app_label)  # noqa: S608 - a constant
            await conn.execute(f"COMMENT ON TABLE {RECORDS} IS NULL")
    finally:
        await conn.close()
    return tables


async def _sequences(conn: rls.ServerConnection, app_label: str, apps: Apps) -> list[str]:
    """Sequences that a migration of the plugin made by hand; the longest label that fits a name owns it."""
    rows = await conn.fetch("SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE $1", app_label + "\\_%")
    longer = [label + "_" for label in apps if label.startswith(app_label + "_")]
    return [row["relname"] for row in rows if not row["relname"].startswith(tuple(longer))]


# --- steps ------------------------------------------------------------------------------------------------


async def _owner(dsn: str) -> rls.ServerConnection:
    """A connection that sees every tenant. Raises DatabaseUnavailable."""
    settings = {"application_name": "greenroom-migrate", "app.tenant": "*"}
    try:
        return await asyncpg.connect(dsn, server_settings=settings, timeout=30)
    except UNREACHABLE as exc:
        raise DatabaseUnavailable(f"the database cannot be reached: {exc or type(exc).__name__}") from exc


def _mark(apps: Apps, dsn_app: str | None) -> str:
    """Fingerprint of everything that decides what the schema looks like."""
    role = urlsplit(dsn_app or "").netloc.rpartition("@")[0]  # its name and password; the place does not matter
    digest = hashlib.sha256(f"{rls.fingerprint()}|{role}".encode())
    for label, app in apps.items():
        for path in _files(app.migrations):
            digest.update(f"|{label}/{path.name}|".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(package: str) -> list[Path]:
    found = importlib.util.find_spec(package)
    folders = (found.submodule_search_locations if found else None) or []
    return sorted(path for folder in folders for path in Path(folder).glob("[!_~]*.py"))


async def _marked(conn: rls.ServerConnection) -> str | None:
    value = await conn.fetchval(f"SELECT obj_description(to_regclass('public.{RECORDS}'), 'pg_class')")
    return None if value is None else str(value)


def _config(apps: Apps) -> dict[str, dict[str, Any]]:
    return {
        label: {
            "models": list(app.modules),
            "migrations": app.migrations if _has_init(app.migrations) else None,
            "default_connection": "default",
        }
        for label, app in apps.items()
    }


@asynccontextmanager
async def _tortoise(apps: Apps, dsn: str | None) -> AsyncIterator[TortoiseContext]:
    """Tortoise for this task alone, beside whatever the process has open; without `dsn` it knows models only."""
    settings = {"application_name": "greenroom-migrate", "lock_timeout": LOCK_TIMEOUT}
    credentials = {"dsn": dsn or "", "minsize": 1, "maxsize": 2, "server_settings": settings}
    config = {
        "connections": {"default": {"engine": "kernel.engines.client", "credentials": credentials}},
        "apps": _config(apps),
    }
    with every_tenant():
        async with TortoiseContext() as context:
            await context.init(config=config, init_connections=dsn is not None)
            yield context


def _models(context: TortoiseContext) -> list[type[Model]]:
    return [model for models in (context.apps or {}).values() for model in models.values()]


def _detector(context: TortoiseContext, apps: Apps) -> MigrationAutodetector:
    if context.apps is None:
        raise RuntimeError("Tortoise has no models")
    return MigrationAutodetector(context.apps, _config(apps))


class _Writer(MigrationWriter):
    """Writes fields as one would by hand: what is a default anyway stays out, what Tortoise forgets goes in."""

    def _render_field(self, field: Any, imports: ImportManager) -> str:
        path, args, kwargs = field.deconstruct()
        if field.pk:
            kwargs.pop("unique", None)
            kwargs.pop("db_index", None)
            if isinstance(field, IntField) and not field.generated:
                kwargs["generated"] = False  # left out by Tortoise, which then reads the key as a serial
        for name in ("auto_now", "auto_now_add", "unique"):
            if kwargs.get(name) is False:
                del kwargs[name]
        if isinstance(field, JSONField) and (field.encoder, field.decoder) == (JSON_DUMPS, JSON_LOADS):
            del kwargs["encoder"], kwargs["decoder"]
        return _render_call(path, args, kwargs, imports)

    def _format_create_model(self, operation: CreateModel, imports: ImportManager, *, indent: str) -> list[str]:
        operation.bases = None  # names without a module, which nothing reads
        return super()._format_create_model(operation, imports, indent=indent)


async def _apply(context: TortoiseContext, apps: Apps) -> list[str]:
    client: BaseDBAsyncClient = context.connections.get("default")
    targets = [MigrationTarget(label, "__latest__") for label in apps]
    return [str(key) for key in await Executor(client, _config(apps)).forward(targets)]


async def _repair_indexes(conn: rls.ServerConnection, context: TortoiseContext) -> None:
    """Create what `AddField(db_index=True)` left out."""
    schema = get_schema_sql(context.connections.get("default"), True)
    present = {row["indexname"] for row in await conn.fetch("SELECT indexname FROM pg_indexes")}
    for line in schema.splitlines():
        if line.startswith(("CREATE INDEX IF NOT EXISTS", "CREATE UNIQUE INDEX IF NOT EXISTS")):
            name = line.split('"')[1]
            if name not in present:
                log.info("index %s was missing", name)
                await conn.execute(line)


def _by_public_names(app_label: str, text: str) -> str:
    """Migrations stay for ever, so those of plugins name nothing that may move."""
    if app_label == "kernel":
        return text
    for module, name in (("base.clock", "now"), ("base.ids", "new_id")):
        text = text.replace(f"from kernel.{module} import {name}\n", f"from kernel import {name}\n")
    return text


def _package(dotted: str) -> None:
    """Make sure that a migrations package is there to be written to."""
    if _has_init(dotted):
        return
    parent = importlib.import_module(dotted.rpartition(".")[0])
    folder = Path(next(iter(parent.__path__))) / dotted.rpartition(".")[2]
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").write_text('"""Schema changes, oldest first."""\n', encoding="utf-8")
    importlib.invalidate_caches()


def _has_init(dotted: str) -> bool:
    found = importlib.util.find_spec(dotted)
    return found is not None and found.origin is not None
