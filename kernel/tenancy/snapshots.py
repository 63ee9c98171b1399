"""What each tenant has, as this process knows it: immutable snapshots that are swapped whole.

The database is the truth and one integer, the epoch, tells of any change. Nothing on the request path asks
the database which plugins are on, and while it is away the last known snapshots stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
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
from .resolve import Choice, SettingValues, Why, Words, narrowed, resolve
from .shapes import Shape, Shapes
from .switch_rules import Reader, SwitchRule, next_turn

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Snapshot:
    """One tenant at one epoch. `effective` holds ids of plugins and features; `why` the reason of each other one.

    `state` is active, suspended, erasing, or erased (only ever seen as the `new` of a change callback).
    `rules` are of effective ones that not everybody has; `turns_at` is when dates next change what is effective.
    `whole` is the tenant's own snapshot in one that was narrowed to a reader.
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
    words: Words = field(repr=False)
    settings: SettingValues
    shape: Shape
    state_reason: str = ""
    state_since: datetime | None = None
    rules: Mapping[str, SwitchRule] = field(default_factory=dict, repr=False)
    turns_at: datetime | None = None
    whole: Snapshot | None = field(default=None, repr=False)
    narrow: dict[Hashable, Snapshot] = field(default_factory=dict, repr=False)

    def seen_by(self, reader: Reader) -> Snapshot:
        """What this reader has: the snapshot itself unless a rule keeps something from them. Remembered."""
        if not self.rules:
            return self
        found = self.narrow.get(reader)
        if found is None:
            if len(self.narrow) >= _READERS:
                self.narrow.clear()
            kept = frozenset(key for key, rule in self.rules.items() if not rule.admits(self.tenant.id, key, reader))
            found = self.narrow[reader] = self._without(kept) if kept else self
        return found

    def _without(self, kept: frozenset[str]) -> Snapshot:
        """One for all readers from whom the same is kept, so that what is derived from it is derived once."""
        found = self.narrow.get(kept)
        if found is None:
            snapshots = runtime().snapshots
            left = narrowed(snapshots.registry, self.effective, kept)
            why = {key: Why("rule") for key in self.effective - left}
            found = self.narrow[kept] = replace(
                self, effective=left, why={**self.why, **why}, shape=snapshots.shapes.of(left), rules={}, whole=self
            )
        return found


#: Readers whose view of one snapshot is remembered.
_READERS = 4096

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
        self._turns_at: datetime | None = None
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

    @property
    def epoch(self) -> int:
        """The newest epoch that this process has seen."""
        return self._seen

    @property
    def platform(self) -> Mapping[str, Any]:
        """The operator's values of settings, secrets Sealed."""
        return self._platform

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
                return self.turn()
            whole = force or platform > self._seen or self._seen < 0
            loaded = await load(self.registry, None if whole else self._seen)
            self._take(loaded, platform, whole=whole, force=force)
            self._seen = value
            return True

    def unreachable(self) -> None:
        """Note that the database could not be asked; the last known snapshots stay, and so do their dates."""
        if self.deaf_since is None:
            self.deaf_since = now()
        self.turn()

    def turn(self) -> bool:
        """Apply dates that have come since; True when any had. Needs no database."""
        at = now()
        if self._turns_at is None or at < self._turns_at:
            return False
        due = [old for old in self._by_id.values() if old.turns_at is not None and old.turns_at <= at]
        changes = [(old, self._resolved(old, at)) for old in due]
        self._by_id.update((new.tenant.id, new) for _old, new in changes)
        self._settle(changes)
        return True

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
        self._settle(changes)

    def _settle(self, changes: list[tuple[Snapshot, Snapshot]]) -> None:
        """After a swap: the table of hosts, the next date, and those who want to know."""
        self._index()
        self.shapes.keep(snapshot.effective for snapshot in self._by_id.values())
        turns = (snapshot.turns_at for snapshot in self._by_id.values() if snapshot.turns_at is not None)
        self._turns_at = min(turns, default=None)
        for old, new in changes:
            for callback in tuple(self._callbacks):
                try:
                    callback(old, new)
                except Exception:
                    log.exception("a listener to snapshot changes failed")

    def _build(self, rows: Rows, platform: int) -> Snapshot:
        nothing: frozenset[str] = frozenset()
        raw = Snapshot(
            tenant=TenantRef(rows.id, rows.slug, rows.name),
            hosts=tuple(rows.hosts),
            origin=origin_of_host(self._scheme, rows.hosts[0], self._port) if rows.hosts else "",
            state=rows.state,
            locale=rows.locale,
            locales=rows.locales or (rows.locale,),
            zone=rows.zone,
            currency=rows.currency,
            epoch=max(rows.epoch, platform),
            effective=nothing,
            why={},
            choices=rows.choices,
            words=rows.words,
            settings=SettingValues(
                rows.settings, self._platform, self.registry.settings_by_key, rows.rules, frozenset(rows.unfit)
            ),
            state_reason=rows.state_reason,
            state_since=rows.state_since,
            shape=self.shapes.of(nothing),
        )
        return self._resolved(raw, now())

    def _resolved(self, raw: Snapshot, at: datetime) -> Snapshot:
        """The snapshot with what its choices and dates come to at `at`."""
        effective, why = resolve(self.registry, raw.choices, raw.words, at)
        rules = {key: chosen.rule for key, chosen in raw.choices.items() if chosen.rule is not None and chosen.is_on}
        return replace(
            raw,
            effective=effective,
            why=why,
            shape=self.shapes.of(effective),
            rules={key: rule for key, rule in rules.items() if rule.picks and key in effective},
            turns_at=next_turn(rules.values(), at),
            narrow={},
        )

    def _gone(self, old: Snapshot) -> Snapshot:
        nothing: frozenset[str] = frozenset()
        shape = self.shapes.of(nothing)
        return replace(old, state="erased", effective=nothing, why={}, shape=shape, hosts=(), rules={}, narrow={})

    def _index(self) -> None:
        table: dict[str, Snapshot] = {}
        for snapshot in self._by_id.values():
            for host in snapshot.hosts:
                table[host] = snapshot
                for port in self._ports:  # as browsers write it, so that the usual case needs no parsing
                    table[f"{host}:{port}"] = snapshot
        self.by_host.clear()
        self.by_host.update(table)


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


def read_as(reader: Reader) -> None:
    """From here on, in this task, what is asked is answered for this reader. For whoever serves a request."""
    _reader.set(reader)


def reader_in_hand() -> Reader | None:
    """For whom we answer; None for the tenant as a whole."""
    return _reader.get()


@contextmanager
def reading_as(reader: Reader | None) -> Iterator[None]:
    """What is asked within is answered for this reader; None: for the tenant as a whole, as jobs ask."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def whole_snapshot() -> Snapshot:
    """The tenant's own snapshot, whoever reads. Raises NoTenant without a scope, or when it is not known (yet)."""
    tenant = current_tenant()
    found = runtime().snapshots.of(tenant.id)
    if found is None:
        raise NoTenant(f"no snapshot of tenant {tenant.slug}: it is new, or gone")
    return found


def current_snapshot() -> Snapshot:
    """The snapshot of the tenant in scope, without what a rule keeps from the reader in hand. Raises NoTenant."""
    found = whole_snapshot()
    if found.rules and (reader := _reader.get()) is not None:
        return found.seen_by(reader)
    return found


def is_on(key: str) -> bool:
    """Is the plugin or feature effective for the tenant in scope, and for who reads?"""
    return key in current_snapshot().effective


def effective_plugins(registry: Registry, effective: Iterable[str]) -> tuple[str, ...]:
    """The plugin ids among `effective` (which holds features too), in plugin order."""
    found = frozenset(effective)
    return tuple(pid for pid in registry.ready if pid in found)
