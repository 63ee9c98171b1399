"""Who and where we are: tenant, actor, request id, language and zone of the work in hand.

Carried by context variables, so that a task started by a request inherits them. Threads started with
`run_in_executor` do not; use `asyncio.to_thread`, which does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID


class NoTenant(RuntimeError):
    """Tenant data was touched with no tenant in scope: a fault in our code, never in the input."""


class CrossTenant(RuntimeError):
    """Code in one tenant's scope touched another tenant's row."""


class _Every(Enum):
    EVERY = "*"


#: Scope of the platform's own work over all tenants (claiming jobs, loading snapshots).
EVERY: Final = _Every.EVERY


@dataclass(frozen=True, slots=True)
class TenantRef:
    """The tenant in scope. `slug` is unique and safe in paths and keys; `name` is for people."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Actor:
    """The account on whose behalf we act. Built once per request by the auth wing."""

    id: UUID
    email: str
    name: str
    locale: str
    zone: str
    roles: frozenset[str]
    permissions: frozenset[str]
    session_id: UUID | None = None
    picture_id: UUID | None = None
    #: Set when a program acts with an API token; `permissions` are then those that `scopes` leave.
    token_id: UUID | None = None
    scopes: frozenset[str] | None = None
    via: str = ""


_tenant: ContextVar[TenantRef | _Every | None] = ContextVar("tenant", default=None)
_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_request_id: ContextVar[str] = ContextVar("request_id", default="")
#: Plugin, "route" or "job", and its name: what the log says of the work in hand.
_part: ContextVar[tuple[str, str, str] | None] = ContextVar("part", default=None)
_locale: ContextVar[str] = ContextVar("locale", default="en")
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


def tenant_in_scope() -> TenantRef | _Every | None:
    """The raw scope: a tenant, EVERY, or None."""
    return _tenant.get()


def current_tenant() -> TenantRef:
    """The tenant in scope. Raises NoTenant when there is none, or when the scope is EVERY."""
    tenant = _tenant.get()
    if isinstance(tenant, TenantRef):
        return tenant
    raise NoTenant("no single tenant in scope")


def current_actor() -> Actor | None:
    """The account we act for, or None (anonymous, or a job)."""
    return _actor.get()


def request_id() -> str:
    return _request_id.get()


def current_locale() -> str:
    return _locale.get()


def current_zone() -> str:
    """IANA name of the time zone in which times are shown."""
    return _zone.get()


@contextmanager
def tenant_scope(tenant: TenantRef) -> Iterator[None]:
    """Everything within acts inside `tenant`."""
    token = _tenant.set(tenant)
    try:
        yield
    finally:
        _tenant.reset(token)


@contextmanager
def every_tenant() -> Iterator[None]:
    """Platform work across tenants. Never on a request path; the architecture test lists its users."""
    token = _tenant.set(EVERY)
    try:
        yield
    finally:
        _tenant.reset(token)


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def with_request_id(value: str) -> Iterator[None]:
    token = _request_id.set(value)
    try:
        yield
    finally:
        _request_id.reset(token)


@contextmanager
def at_work(plugin: str, job: str) -> Iterator[None]:
    """Log lines within name the plugin and its job."""
    token = _part.set((plugin, "job", job))
    try:
        yield
    finally:
        _part.reset(token)


@contextmanager
def speaking(locale: str, zone: str) -> Iterator[None]:
    """Language and zone for what is said within: a page for its reader, a mail for its recipient."""
    tokens = _locale.set(locale), _zone.set(zone)
    try:
        yield
    finally:
        _locale.reset(tokens[0])
        _zone.reset(tokens[1])


def tenant_key(*parts: str) -> str:
    """`t:<tenant id>:a:b`: the one way to name a cache entry, channel, lock or rate-limit of a tenant."""
    return ":".join(("t", str(current_tenant().id), *parts))
