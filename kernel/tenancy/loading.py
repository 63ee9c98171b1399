"""Reads what snapshots are made of: a fixed number of queries, however many tenants there are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ..base.context import every_tenant
from ..engines.connection import sql, sql_one
from ..plugging.registry import Registry
from ..plugging.values import mismatch
from .floors import Rule
from .resolve import Choice, Sealed, Words
from .switch_rules import rule_of, share_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Rows:
    """One tenant's rows. `hosts` begin with the primary one."""

    id: UUID
    slug: str
    name: str
    state: str
    locale: str
    locales: tuple[str, ...]
    zone: str
    currency: str
    epoch: int
    hosts: list[str] = field(default_factory=list)
    choices: dict[str, Choice] = field(default_factory=dict)
    words: Words = field(default_factory=Words)
    settings: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    unfit: set[str] = field(default_factory=set)
    state_reason: str = ""
    state_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Tenants asked for, and the operator's settings."""

    tenants: list[Rows]
    platform: dict[str, Any]


async def read_epoch() -> tuple[int, int]:
    """(epoch, its value at the last platform-wide change). One indexed row: cheap enough for each second."""
    row = await sql_one("SELECT value, platform FROM kernel_epoch WHERE id = 1")
    return (row.value, row.platform) if row else (0, 0)


async def load(registry: Registry, since: int | None) -> Loaded:
    """All tenants, or those changed after epoch `since`."""
    with every_tenant():
        found = await sql(
            "SELECT id, slug, name, state, state_reason, state_since, default_locale, locales, zone, currency, epoch"
            " FROM kernel_tenant WHERE epoch > $1",
            -1 if since is None else since,
        )
        tenants = {
            row.id: Rows(
                row.id, row.slug, row.name, row.state, row.default_locale, tuple(_json(row.locales)), row.zone,
                row.currency, row.epoch, state_reason=row.state_reason, state_since=row.state_since,
            )
            for row in found
        }  # fmt: skip
        ids = None if since is None else list(tenants)
        await _load_hosts(tenants, ids)
        await _load_choices(tenants, ids)
        await _load_offers(tenants)
        await _load_settings(registry, tenants, ids)
        await _load_rules(tenants)
        rows = await sql("SELECT key, value, sealed FROM kernel_platform_setting")
    return Loaded(list(tenants.values()), dict(_usable(registry, rows, set())))


# `ids` None means every tenant; `$1 IS NULL OR` lets one statement serve both.
async def _load_hosts(tenants: dict[UUID, Rows], ids: list[UUID] | None) -> None:
    query = (
        "SELECT tenant_id, host FROM kernel_domain WHERE $1::uuid[] IS NULL OR tenant_id = ANY($1)"
        " ORDER BY is_primary DESC, created_at, host"
    )
    for row in await sql(query, ids):
        if row.tenant_id in tenants:
            tenants[row.tenant_id].hosts.append(row.host)


async def _load_choices(tenants: dict[UUID, Rows], ids: list[UUID] | None) -> None:
    query = (
        "SELECT tenant_id, key, is_on, actor_id, reason, changed_at, rule FROM kernel_toggle"
        " WHERE $1::uuid[] IS NULL OR tenant_id = ANY($1)"
    )
    for row in await sql(query, ids):
        if row.tenant_id in tenants:
            tenants[row.tenant_id].choices[row.key] = choice_of(row)


#: Scopes of an offer beside a tenant's id. The kill switch is a word of its own, so that it beats every other.
PLATFORM: Final = "platform"
STOPPED: Final = "stopped"


def choice_of(row: Any) -> Choice:
    """A row of kernel_toggle."""
    return Choice(row.is_on, row.actor_id, row.reason, row.changed_at, rule_of(_json(row.rule)))


async def _load_offers(tenants: dict[UUID, Rows]) -> None:
    words = await read_words()
    for tenant in tenants.values():
        tenant.words = words(tenant.id)


async def read_words() -> Callable[[UUID], Words]:
    """What the operator says about each tenant: the word for all, then for this one, which wins; then trials."""
    scopes: dict[str, dict[str, tuple[bool, str]]] = {}
    for row in await sql("SELECT key, scope, offered, reason FROM kernel_offer"):
        scopes.setdefault(row.scope, {})[row.key] = (row.offered, row.reason)
    trials = await sql("SELECT key, percent FROM kernel_canary WHERE state = 'running'")
    stopped = {key: reason for key, (offered, reason) in scopes.get(STOPPED, {}).items() if not offered}

    def of(tenant_id: UUID) -> Words:
        said = {**scopes.get(PLATFORM, {}), **scopes.get(str(tenant_id), {})}
        return Words(
            {key: reason for key, (offered, reason) in said.items() if not offered},
            stopped,
            frozenset(row.key for row in trials if share_of(tenant_id, row.key, tenant_id) < row.percent),
        )

    return of


async def _load_settings(registry: Registry, tenants: dict[UUID, Rows], ids: list[UUID] | None) -> None:
    query = (
        "SELECT tenant_id, key, value, sealed FROM kernel_setting_value"
        " WHERE owner_id = tenant_id AND ($1::uuid[] IS NULL OR tenant_id = ANY($1))"
    )
    by_tenant: dict[UUID, list[Any]] = {}
    for row in await sql(query, ids):
        by_tenant.setdefault(row.tenant_id, []).append(row)
    for tenant_id, rows in by_tenant.items():
        if tenant_id in tenants:
            tenants[tenant_id].settings = dict(_usable(registry, rows, tenants[tenant_id].unfit))


async def _load_rules(tenants: dict[UUID, Rows]) -> None:
    """The operator's locks and bounds: those for all, then those for single tenants, which count alone."""
    special: dict[str, dict[str, Rule]] = {}
    query = "SELECT key, scope, locked, minimum, maximum, reason, changed_by, changed_at FROM kernel_setting_rule"
    for row in await sql(query):
        rule = Rule(
            locked=row.locked, minimum=row.minimum, maximum=row.maximum, reason=row.reason, by=row.changed_by,
            at=row.changed_at, scope="platform" if row.scope == "platform" else "tenant",
        )  # fmt: skip
        special.setdefault(row.scope, {})[row.key] = rule
    general = special.get("platform", {})
    if special:
        for tenant in tenants.values():
            tenant.rules = {**general, **special.get(str(tenant.id), {})}


def _usable(registry: Registry, rows: Iterable[Any], unfit: set[str]) -> Iterable[tuple[str, Any]]:
    """Values of declared settings. A dropped key is passed over, and a value that does not fit noted in `unfit`."""
    for row in rows:
        found = registry.settings_by_key.get(row.key)
        if found is None:
            continue
        setting = found[1]
        if setting.secret:
            if row.sealed is not None:
                yield row.key, Sealed(bytes(row.sealed))
            continue
        if row.value is None:
            continue
        stored = _json(row.value)
        value = stored.get("v") if isinstance(stored, dict) else None
        if not isinstance(stored, dict) or "v" not in stored or mismatch(setting, value):
            log.warning("the stored value of setting %s no longer fits; its default is used", row.key)
            unfit.add(row.key)
        else:
            yield row.key, value


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value
