"""The open database of this process: transactions with work after the commit, and plain SQL.

Reads and writes run as the tenant in scope (client.py); row-level security (rls.py) holds them to it.
"""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError

from ..base.config import Config
from ..base.context import EVERY, TenantRef, every_tenant, tenant_in_scope, tenant_scope
from ..base.log import get_logger
from ..base.tracing import span
from .client import Client, DatabaseUnavailable, Row, tenant_setting

ServerConnection: TypeAlias = asyncpg.Connection

T = TypeVar("T")
Callback = Callable[[], Any]  # sync, or giving an awaitable
ModelModules = Mapping[str, Iterable[str | ModuleType]]

log = get_logger(__name__)

#: What code sees while the database is away; the web floor answers 503.
DatabaseDown: tuple[type[Exception], ...] = (DatabaseUnavailable, DBConnectionError)

#: Set for each connection. A statement or an idle transaction that hangs must not hold its locks for ever.
SERVER_SETTINGS: Mapping[str, str] = {
    "application_name": "greenroom",
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
}


@dataclass(slots=True)
class _Open:
    context: TortoiseContext
    dsn: str


_open: _Open | None = None


def tortoise_config(dsn: str, modules: ModelModules, *, pool_size: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for our client under the connection name "default"."""
    credentials = {"dsn": dsn, "minsize": 1, "maxsize": pool_size, "server_settings": dict(SERVER_SETTINGS)}
    return {
        "connections": {"default": {"engine": Client.__module__, "credentials": credentials}},
        "apps": {
            label: {"models": list(found), "default_connection": "default", "migrations": None}
            for label, found in modules.items()
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(target: Config | str, model_modules: ModelModules, *, pool_size: int = 10) -> None:
    """Make the database usable from every task and thread of this process. Raises DatabaseUnavailable.

    `target` is the DSN of the application role, or a Config that says where it is.
    """
    global _open
    await close_database()
    dsn = target if isinstance(target, str) else _dsn_of(target)
    context = TortoiseContext()
    try:
        config = tortoise_config(dsn, model_modules, pool_size=pool_size)
        with context:
            # Afterwards found by the global fallback: the context variable is seen by our own task alone.
            await context.init(config=config, _enable_global_fallback=True)
        await context.connections.get("default").create_connection(with_db=True)
    except BaseException:
        await context.close_connections()
        raise
    _open = _Open(context, dsn)


async def close_database() -> None:
    """Close the pool. Does nothing when none is open."""
    global _open
    closing, _open = _open, None
    if closing is not None:
        await closing.context.close_connections()


def crowded() -> bool:
    """Whether work waits for a connection just now: who is late then is not to blame."""
    return _open is not None and cast(Client, _open.context.connections.get("default")).crowded


def _dsn_of(config: Config) -> str:
    from . import embedded, rls

    if config.database_url is None:
        running = embedded.attach(config.data_dir)
        if running is None:
            raise DatabaseUnavailable(f"no private PostgreSQL is running in {config.data_dir}")
        return running.dsn_app
    return config.app_database_url or rls.app_dsn(config.database_url, config.secret)


def _client() -> Client:
    """The transaction of the work in hand, or the pool."""
    return cast(Client, get_connection("default"))


async def connect() -> ServerConnection:
    """A connection of its own, outside the pool, as the application role: for LISTEN and session locks.

    It does not follow the scope: `app.tenant` is what the scope says now. The caller closes it.
    """
    if _open is None:
        raise DatabaseUnavailable("no database is open")
    settings = {**SERVER_SETTINGS, "app.tenant": tenant_setting()}
    try:
        conn: ServerConnection = await asyncpg.connect(_open.dsn, server_settings=settings, timeout=10)
        return conn
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        raise DatabaseUnavailable(f"the database cannot be reached: {exc}") from exc


def pool_state() -> tuple[int, int]:
    """Connections of the pool, and how many of them are idle; zeros while there is none."""
    pool = getattr(_open.context.connections.get("default"), "_pool", None) if _open is not None else None
    return (pool.get_size(), pool.get_idle_size()) if pool is not None else (0, 0)


# --- transactions -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Unit:
    """The outermost open unit of work of a task and its children."""

    callbacks: list[tuple[Callback, TenantRef | object | None]] = field(default_factory=list)
    open: bool = True


_unit: ContextVar[_Unit | None] = ContextVar("unit_of_work", default=None)
_running: set[asyncio.Task[None]] = set()


def _current() -> _Unit | None:
    unit = _unit.get()
    return unit if unit is not None and unit.open else None


def in_unit_of_work() -> bool:
    return _current() is not None


@asynccontextmanager
async def unit_of_work() -> AsyncIterator[None]:
    """All or nothing: a transaction, or a savepoint when one is open already.

    Waiting for the network inside is a fault: it holds locks and a connection. Say `after_commit()`.
    """
    outer = _current()
    if outer is not None:
        kept = len(outer.callbacks)
        try:
            async with _client()._in_transaction():
                yield
        except BaseException:
            del outer.callbacks[kept:]  # what they would announce has not happened
            raise
        return
    unit = _Unit()
    token = _unit.set(unit)
    try:
        with span("unit of work"):
            async with _client()._in_transaction():
                yield
    finally:
        unit.open = False
        _unit.reset(token)
    if unit.callbacks:
        # Committed is committed: a caller who is cancelled now must not lose what follows.
        await asyncio.shield(_start(_run_all(unit.callbacks)))


def after_commit(callback: Callback) -> None:
    """Call `callback` once the outermost unit of work has committed, outside of it; never if it fails.

    Outside a unit of work it runs at once (what it awaits goes on in a task). It runs in the tenant scope
    of now. Its errors are logged: the work itself is done.
    """
    unit = _current()
    if unit is not None:
        unit.callbacks.append((callback, tenant_in_scope()))
        return
    try:
        result = callback()
    except Exception:
        log.exception("a callback after the commit failed")
        return
    if inspect.isawaitable(result):
        _start(_run_all([(lambda: result, tenant_in_scope())]))


def _start(work: Any) -> asyncio.Task[None]:
    task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
    _running.add(task)  # the loop itself holds tasks only weakly
    task.add_done_callback(_running.discard)
    return task


async def _run_all(callbacks: list[tuple[Callback, TenantRef | object | None]]) -> None:
    for callback, scope in callbacks:
        try:
            with _scope_again(scope):
                result = callback()
                if inspect.isawaitable(result):
                    await result
        except Exception:
            log.exception("a callback after the commit failed")


def _scope_again(scope: object) -> AbstractContextManager[None]:
    if isinstance(scope, TenantRef):
        return tenant_scope(scope)
    return every_tenant() if scope is EVERY else nullcontext()


@asynccontextmanager
async def rolled_back() -> AsyncIterator[None]:
    """Everything inside is undone at the end, units of work included; for tests and rehearsals.

    Their `after_commit` callbacks do run, as they would in earnest.
    """
    transaction = _client()._in_transaction()
    client = await transaction.__aenter__()
    try:
        yield
    finally:
        if not client._finalized:
            await client.rollback()
        await transaction.__aexit__(None, None, None)


async def retrying(work: Callable[[], Awaitable[T]], attempts: int = 3) -> T:
    """Run `work`, which opens its own unit of work, again when PostgreSQL asks for that.

    Inside an open unit of work the first failure is final: that transaction is lost as a whole.
    """
    for attempt in range(1, attempts + 1):
        try:
            return await work()
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            if attempt == attempts or in_unit_of_work():
                raise
            await asyncio.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)  # noqa: S311 - jitter
    raise ValueError("attempts must be at least 1")


# --- plain SQL --------------------------------------------------------------------------------------------


async def sql(query: str, *args: Any) -> list[Row]:
    """All rows of a query with `$1` parameters. JSON columns come as text. Fast path for lists and reports."""
    rows: list[Row] = await _client().fetch_rows(query, args)
    return rows


async def sql_one(query: str, *args: Any) -> Row | None:
    """The first row, or None."""
    rows = await _client().fetch_rows(query, args)
    return rows[0] if rows else None


async def execute(query: str, *args: Any) -> int:
    """Run a statement; the number of rows it touched (0 for DDL and the like)."""
    count = (await _client().run(query, args)).rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0


def violated(exc: BaseException) -> str:
    """Name of the constraint that an IntegrityError is about, or ''."""
    cause: BaseException | None = exc
    while cause is not None and not isinstance(cause, asyncpg.PostgresError):
        cause = cause.__cause__
    return str(getattr(cause, "constraint_name", None) or "")
