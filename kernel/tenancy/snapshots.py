"""What each tenant has, as this process knows it: immutable snapshots that are swapped whole.

The database is the truth and one integer, the epoch, tells of any change. Nothing on the request path asks
the database which plugins are on, and while it is away the last known snapshots stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ..base.clock import now
from ..base.config import Config
from ..base.context import NoTenant, TenantRef, current_tenant
from ..base.runtime import runtime
from ..engines.connection import after_commit, in_unit_of_work
from ..plugging.registry import Registry
from .hosts import normalise_host, origin_of_host
from .loading import Loaded, Rows, load, read_epoch
from .resolve import Choice, SettingValues, Why, resolve
from .shapes import Shape, Shapes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Snapshot:
    """One tenant at one epoch. `effective` holds ids of plugins and features; `why` the reason of each other one.

    `state` is active, suspended, or erased (only ever seen as the `new` of a change callback).
    """

    tenant: TenantRef
    hosts: tuple[str, ...]
    origin: str
    state: str
    locale: str
    locales: tuple[str, ...]
    zone: str
    currency: str
    epoch: int
    effective: frozenset[str]
    why: Mapping[str, Why]
    choices: Mapping[str, Choice] = field(repr=False)
    withheld: Mapping[str, str] = field(repr=False)
    settings: SettingValues
    shape: Shape


Changed = Callable[[Snapshot, Snapshot], Any]


class Snapshots:
    """All tenants' snapshots. One per process; written by `refresh` alone."""

    def __init__(self, registry: Registry, config: Config | None = None) -> None:
        self.registry = registry
        self.shapes = Shapes(registry)
        #: Never replaced, so that routing may keep a reference; changed between two awaits only.
        self.by_host: dict[str, Snapshot] = {}
        #: Since when the database could not be asked; None while all is well.
        self.deaf_since: datetime | None = None
        self._by_id: dict[UUID, Snapshot] = {}
        self._callbacks: list[Changed] = []
        self._seen = -1
        self._platform: dict[str, Any] = {}
        self._turn = asyncio.Lock()
        self._scheme = config.scheme if config else "https"
        self._port = config.public_port if config else None
        self._ports = {self._port, config.port} - {None} if config else set()

    # --- reading -----------------------------------------------------------------------------------------

    def for_host(self, host: str) -> Snapshot | None:
        """The tenant that a Host header names. One look-up in the usual case; None for an unknown or odd host."""
        found = self.by_host.get(host)
        if found is None and (plain := normalise_host(host)) is not None and plain != host:
            return self.by_host.get(plain)
        return found

    def of(self, tenant_id: UUID) -> Snapshot | None:
        return self._by_id.get(tenant_id)

    def all(self) -> tuple[Snapshot, ...]:
        return tuple(self._by_id.values())

    def on_change(self, callback: Changed) -> Callable[[], None]:
        """Call `callback(old, new)` after each swap of a tenant known before; returns how to stop that.

        Synchronous and quick: it runs between two requests. A tenant that is gone has `new.state == "erased"`
        and nothing effective.
        """
        self._callbacks.append(callback)

        def stop() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return stop

    # --- keeping up --------------------------------------------------------------------------------------

    async def refresh(self, *, force: bool = False) -> bool:
        """Catch up with the database; True when anything was loaded. Raises what the database raises.

        `force` reloads all and accepts an older epoch: after a restored backup, or a test's rollback. Within a
        unit of work it waits for the commit, since nobody may act on what may yet be undone.
        """
        if in_unit_of_work():
            after_commit(lambda: self.refresh(force=force))
            return False
        async with self._turn:
            # First the epoch, then the rows: they are at least as new as the number we remember for them.
            value, platform = await read_epoch()
            self.deaf_since = None
            if not force and value <= self._seen:
                if value < self._seen:
                    log.error("epoch %d is older than %d, which we know: refused", value, self._seen)
                return False
            whole = force or platform > self._seen or self._seen < 0
            loaded = await load(self.registry, None if whole else self._seen)
            self._take(loaded, platform, whole=whole, force=force)
            self._seen = value
            return True

    def unreachable(self) -> None:
        """Note that the database could not be asked; the last known snapshots stay."""
        if self.deaf_since is None:
            self.deaf_since = now()

    def _take(self, loaded: Loaded, platform: int, *, whole: bool, force: bool) -> None:
        self._platform = loaded.platform
        changes: list[tuple[Snapshot, Snapshot]] = []
        for rows in loaded.tenants:
            try:
                new = self._build(rows, platform)
            except Exception:  # one tenant's odd row must not keep the others in the past
                log.exception("snapshot of tenant %s could not be built; the last known one stays", rows.slug)
                continue
            old = self._by_id.get(rows.id)
            if old is not None and old.epoch > new.epoch and not force:
                continue
            self._by_id[rows.id] = new
            if old is not None:
                changes.append((old, new))
        if whole:
            for tenant_id in self._by_id.keys() - {rows.id for rows in loaded.tenants}:
                changes.append((old := self._by_id.pop(tenant_id), self._gone(old)))
        self._index()
        self.shapes.keep(snapshot.effective for snapshot in self._by_id.values())
        for old, new in changes:
            for callback in tuple(self._callbacks):
                try:
                    callback(old, new)
                except Exception:
                    log.exception("a listener to snapshot changes failed")

    def _build(self, rows: Rows, platform: int) -> Snapshot:
        effective, why = resolve(self.registry, rows.choices, rows.withheld)
        return Snapshot(
            tenant=TenantRef(rows.id, rows.slug, rows.name),
            hosts=tuple(rows.hosts),
            origin=origin_of_host(self._scheme, rows.hosts[0], self._port) if rows.hosts else "",
            state=rows.state,
            locale=rows.locale,
            locales=rows.locales or (rows.locale,),
            zone=rows.zone,
            currency=rows.currency,
            epoch=max(rows.epoch, platform),
            effective=effective,
            why=why,
            choices=rows.choices,
            withheld=rows.withheld,
            settings=SettingValues(rows.settings, self._platform, self.registry.settings_by_key),
            shape=self.shapes.of(effective),
        )

    def _gone(self, old: Snapshot) -> Snapshot:
        nothing: frozenset[str] = frozenset()
        return replace(old, state="erased", effective=nothing, why={}, shape=self.shapes.of(nothing), hosts=())

    def _index(self) -> None:
        table: dict[str, Snapshot] = {}
        for snapshot in self._by_id.values():
            for host in snapshot.hosts:
                table[host] = snapshot
                for port in self._ports:  # as browsers write it, so that the usual case needs no parsing
                    table[f"{host}:{port}"] = snapshot
        self.by_host.clear()
        self.by_host.update(table)


def current_snapshot() -> Snapshot:
    """The snapshot of the tenant in scope. Raises NoTenant without a scope, or when it is not known (yet)."""
    tenant = current_tenant()
    found = runtime().snapshots.of(tenant.id)
    if found is None:
        raise NoTenant(f"no snapshot of tenant {tenant.slug}: it is new, or gone")
    return found


def is_on(key: str) -> bool:
    """Is the plugin or feature effective for the tenant in scope?"""
    return key in current_snapshot().effective


def effective_plugins(registry: Registry, effective: Iterable[str]) -> tuple[str, ...]:
    """The plugin ids among `effective` (which holds features too), in plugin order."""
    found = frozenset(effective)
    return tuple(pid for pid in registry.ready if pid in found)
