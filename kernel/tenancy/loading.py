"""Reads what snapshots are made of: seven queries, however many tenants there are."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ..base.context import every_tenant
from ..engines.connection import sql, sql_one
from ..plugging.registry import Registry
from ..plugging.values import mismatch
from .resolve import Choice, Sealed

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
    withheld: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


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
            "SELECT id, slug, name, state, default_locale, locales, zone, currency, epoch FROM kernel_tenant"
            " WHERE epoch > $1",
            -1 if since is None else since,
        )
        tenants = {
            row.id: Rows(
                row.id, row.slug, row.name, row.state, row.default_locale, tuple(_json(row.locales)), row.zone,
                row.currency, row.epoch,
            )
            for row in found
        }  # fmt: skip
        ids = None if since is None else list(tenants)
        await _load_hosts(tenants, ids)
        await _load_choices(tenants, ids)
        await _load_offers(tenants)
        await _load_settings(registry, tenants, ids)
        rows = await sql("SELECT key, value, sealed FROM kernel_platform_setting")
    return Loaded(list(tenants.values()), dict(_usable(registry, rows, platform=True)))


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
        "SELECT tenant_id, key, is_on, actor_id, reason, changed_at FROM kernel_toggle"
        " WHERE $1::uuid[] IS NULL OR tenant_id = ANY($1)"
    )
    for row in await sql(query, ids):
        if row.tenant_id in tenants:
            tenants[row.tenant_id].choices[row.key] = Choice(row.is_on, row.actor_id, row.reason, row.changed_at)


async def _load_offers(tenants: dict[UUID, Rows]) -> None:
    """The operator's word for all tenants, then for single ones, which wins."""
    special: dict[str, dict[str, tuple[bool, str]]] = {}
    for row in await sql("SELECT key, scope, offered, reason FROM kernel_offer"):
        special.setdefault(row.scope, {})[row.key] = (row.offered, row.reason)
    general = special.get("platform", {})
    if not special:
        return
    for tenant in tenants.values():
        words = {**general, **special.get(str(tenant.id), {})}
        tenant.withheld = {key: reason for key, (offered, reason) in words.items() if not offered}


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
            tenants[tenant_id].settings = dict(_usable(registry, rows, platform=False))


def _usable(registry: Registry, rows: Iterable[Any], *, platform: bool) -> Iterable[tuple[str, Any]]:
    """Values of declared settings. A dropped key, or a value that no longer fits its setting, is passed over."""
    for row in rows:
        found = registry.settings_by_key.get(row.key)
        if found is None or (found[1].scope == "platform" and not platform):
            continue
        setting = found[1]
        if setting.secret:
            if row.sealed is not None:
                yield row.key, Sealed(bytes(row.sealed))
            continue
        if row.value is None:
            continue
        value = _json(row.value)["v"]
        if mismatch(setting, value):
            log.warning("the stored value of setting %s no longer fits; its default is used", row.key)
        else:
            yield row.key, value


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value
