"""The Tortoise client of this application: asyncpg, with every statement run as the tenant in scope.

Named in the Tortoise configuration as the engine `kernel.engines.client`. Beyond the stock client it
- keeps `app.tenant`, on which the row-level policies look, equal to the scope, at the price of a round trip
  only when the value on that connection is another one;
- takes from the pool with a time limit and turns an unreachable server into DatabaseUnavailable;
- lets a task that outlives the transaction it was begun in go on with the pool.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.connection import ConnectionToken, get_connections
from tortoise.exceptions import DBConnectionError

from ..base.context import EVERY, TenantRef, tenant_in_scope

#: Seconds a statement waits for a free connection before the caller is told that the database is too busy.
ACQUIRE_TIMEOUT = 10.0

_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    ConnectionError,
)
#: While connecting also: no socket file, no route, no answer in time, the pool is being closed.
UNREACHABLE = (*_GONE, OSError, TimeoutError, asyncpg.InterfaceError)


class DatabaseUnavailable(DBConnectionError):
    """The server cannot be reached, is shutting down, or has no connection free."""


class Row(asyncpg.Record):  # type: ignore[misc]
    """A result row: `row.name` or `row["name"]`. Columns named keys, values, items or get: by brackets only."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the query has no column {name!r}") from None


class TenantConnection(asyncpg.Connection):  # type: ignore[misc]
    """A server connection that remembers which tenant its `app.tenant` names."""

    __slots__ = ("_tenant",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant: str | None = ""  # unset on the server, which the policies read as: no tenant

    @property
    def tenant(self) -> str | None:
        return self._tenant

    @property
    def itself(self) -> TenantConnection:
        """The connection behind the pool's proxy, which forgets it once the server has hung up."""
        return self

    def recall(self, value: str | None) -> None:
        """Note what the server went back to by itself, at the end of a transaction or savepoint."""
        self._tenant = value

    async def enter(self, value: str) -> None:
        """Make `app.tenant` be `value`: for the transaction when one is open, else for the session."""
        if self._tenant == value:
            return
        local = self.is_in_transaction()
        # Unknown while under way: if we are cancelled here, the next user asks the server again.
        self._tenant = None
        await self.execute("SELECT set_config('app.tenant', $1, $2)", value, local)
        self._tenant = value


def tenant_setting() -> str:
    """What `app.tenant` must be for the scope: '' for none, '*' for every tenant, else the id."""
    tenant = tenant_in_scope()
    if isinstance(tenant, TenantRef):
        return str(tenant.id)
    return "*" if tenant is EVERY else ""


async def _keep(connection: Any) -> None:
    """The pool's reset: keep the session as it is. RESET ALL would cost a round trip and forget the tenant.

    asyncpg itself has already dropped listeners and rolled back what was left open; session settings other
    than app.tenant and session-level locks are not for pooled connections.
    """


class Client(AsyncpgDBClient):
    """The client behind the connection name "default"."""

    connection_class = TenantConnection
    #: Statements and transactions that wait for a connection of the pool just now.
    waiting = 0

    async def create_pool(self, **kwargs: Any) -> Any:
        # asyncpg reads the whole DSN itself (socket folder, sslmode, password file); Tortoise knows only parts.
        for part in ("host", "port", "user", "password", "database"):
            kwargs.pop(part, None)
        return await asyncpg.create_pool(**kwargs, reset=_keep)

    async def create_connection(self, with_db: bool) -> None:
        try:
            await super().create_connection(with_db)
        except UNREACHABLE as exc:
            raise DatabaseUnavailable(f"the database cannot be reached: {exc}") from exc

    async def checkout(self) -> Any:
        """A connection of the pool, running as the tenant in scope."""
        try:
            if not self._pool:
                async with self._pool_init_lock:
                    if not self._pool:
                        await self.create_connection(with_db=True)
            self.waiting += 1
            try:
                connection = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT)  # type: ignore[union-attr]
            finally:
                self.waiting -= 1
            try:
                await connection.enter(tenant_setting())
            except BaseException:
                await self.give_back(connection)
                raise
        except UNREACHABLE as exc:
            raise DatabaseUnavailable(f"the database cannot be reached: {exc or type(exc).__name__}") from exc
        return connection

    @property
    def crowded(self) -> bool:
        """Whether who asks now has to wait for a connection."""
        pool = self._pool
        return self.waiting > 0 or (
            pool is not None and pool.get_idle_size() == 0 and pool.get_size() == pool.get_max_size()
        )

    async def give_back(self, connection: Any) -> None:
        if self._pool:
            await self._pool.release(connection)

    def acquire_connection(self) -> Any:
        return _Pooled(self)

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(Transaction(self), self)

    @translate_exceptions
    async def fetch_rows(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        async with self.acquire_connection() as connection:
            found: list[Any] = await connection.fetch(query, *values, record_class=Row)
            return found

    @translate_exceptions
    async def run(self, query: str, values: tuple[Any, ...]) -> str:
        async with self.acquire_connection() as connection:
            return str(await connection.execute(query, *values))

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except _GONE as exc:
            raise DatabaseUnavailable(f"the database went away: {exc or type(exc).__name__}") from exc


class Transaction(TransactionWrapper, Client):
    """An open transaction or savepoint: one connection, one statement at a time."""

    def __init__(self, parent: Client) -> None:
        super().__init__(parent)
        self._before: str | None = ""
        self.server: TenantConnection | None = None
        if isinstance(parent, Transaction):
            self._lock = parent._lock  # one connection, one lock, however deep
            self.server = parent.server

    @property
    def over(self) -> bool:
        return self._finalized

    def _nested(self) -> bool:
        return isinstance(self._parent, Transaction)

    def acquire_connection(self) -> Any:
        # A task begun inside inherits us through its context; afterwards it must not use a released connection.
        return self._parent.acquire_connection() if self.over else _Held(self)

    def _in_transaction(self) -> TransactionContext:
        if self.over:
            return self._parent._in_transaction()
        return NestedTransactionContext(Transaction(self))

    async def begin(self) -> None:
        self._before = self.server.tenant if self.server else None
        await super().begin()

    async def commit(self) -> None:
        try:
            await super().commit()
        finally:
            if not self._nested():
                self._recall(self._before)

    async def rollback(self) -> None:
        try:
            await super().rollback()
        finally:
            self._recall(self._before)

    def _recall(self, tenant: str | None) -> None:
        if self.server is not None:
            self.server.recall(tenant)


class _Pooled:
    """`async with`: a pooled connection for one statement."""

    __slots__ = ("_client", "_connection")

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __aenter__(self) -> Any:
        self._connection = await self._client.checkout()
        return self._connection

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.give_back(self._connection)


class _Held:
    """`async with`: the transaction's connection for one statement, again as the tenant in scope."""

    __slots__ = ("_client",)

    def __init__(self, client: Transaction) -> None:
        self._client = client

    async def __aenter__(self) -> Any:
        await self._client._lock.acquire()
        server = self._client.server
        try:
            if server is None or server.is_closed():
                raise DatabaseUnavailable("the database went away in the middle of a transaction")
            await server.enter(tenant_setting())
        except BaseException:
            self._client._lock.release()
            raise
        return self._client._connection

    async def __aexit__(self, *exc_info: object) -> None:
        self._client._lock.release()


class _Transaction(TransactionContext):
    """`async with`: begin, then commit or roll back; the work inside finds the transaction by itself."""

    __slots__ = ("_pool", "_token", "client")

    def __init__(self, client: Transaction, pool: Client) -> None:
        self.client: Transaction = client
        self._pool = pool
        self._token: ConnectionToken | None = None

    async def __aenter__(self) -> Transaction:
        connection = await self._pool.checkout()
        self.client._connection = connection
        self.client.server = connection.itself
        try:
            await self.client.begin()
        except BaseException:
            self.client._finalized = True
            await self._pool.give_back(connection)
            raise
        self._token = get_connections().set(self.client.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            # Wait for a statement of a sibling task that is still on the wire.
            async with self.client._lock:
                if not self.client._finalized:
                    await self._end(exc_type is None)
        finally:
            if not self.client._finalized:  # cancelled before we could: the pool rolls back
                self.client._recall(None)
            self.client._finalized = True
            get_connections().reset(self._token)
            await asyncio.shield(self._pool.give_back(self.client._connection))

    async def _end(self, well: bool) -> None:
        try:
            await (self.client.commit() if well else self.client.rollback())
        except (asyncpg.InterfaceError, *_GONE) as exc:
            if well:
                raise DatabaseUnavailable(f"the database went away before the commit: {exc}") from exc
            # Rolling back on a dead connection: the server has done so, and the first error matters more.


client_class = Client
