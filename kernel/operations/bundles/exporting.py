"""A tenant as it is now, as a bundle: configuration only, without people, secrets and ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...auth.models import RoleRow
from ...base.context import current_tenant
from ...base.runtime import runtime
from ...engines.connection import sql
from .format import Bundle


async def export() -> Bundle:
    """The tenant in scope. Reads the database and not the snapshot, so that it holds inside a unit of work too."""
    tenant = current_tenant()
    query = "SELECT slug, name, default_locale, locales, zone, currency FROM kernel_tenant WHERE id = $1"
    row = (await sql(query, tenant.id))[0]
    hosts = await sql(
        "SELECT host FROM kernel_domain WHERE tenant_id = $1 ORDER BY is_primary DESC, created_at, host", tenant.id
    )
    return Bundle(
        slug=row.slug,
        name=row.name,
        hosts=tuple(h.host for h in hosts),
        locale=row.default_locale,
        locales=tuple(_json(row.locales)),
        zone=row.zone,
        currency=row.currency,
        plugins=await _choices(),
        settings=await _settings(),
        roles=await _roles(),
        parts=await _parts(),
    )


async def _choices() -> dict[str, Any]:
    rows = await sql("SELECT key, is_on, rule FROM kernel_toggle WHERE tenant_id = $1", current_tenant().id)
    known = runtime().registry
    return {
        row.key: {"on": row.is_on, "rule": rule} if (rule := _json(row.rule)) else row.is_on
        for row in rows
        if known.owner(row.key) is not None
    }


async def _settings() -> dict[str, Any]:
    """Own values of what tenants may set. What cannot travel: secrets, and values that TOML cannot say (nothing)."""
    tenant = current_tenant()
    declared = runtime().registry.settings_by_key
    rows = await sql(
        "SELECT key, value FROM kernel_setting_value WHERE tenant_id = $1 AND owner_id = $1 AND value IS NOT NULL",
        tenant.id,
    )
    found = {}
    for row in rows:
        setting = declared[row.key][1] if row.key in declared else None
        if setting is None or setting.secret or setting.scope == "platform":
            continue
        stored = _json(row.value)
        value = stored.get("v") if isinstance(stored, dict) else None
        if value is not None and not file_like(row.key, setting.type, value):
            found[row.key] = value
    return found


def file_like(key: str, kind: object, value: object) -> bool:
    """Ids of rows (a picture) mean nothing elsewhere: a plugin's bundle part carries what they stand for."""
    from ...base.ids import parse_id

    return kind is str and isinstance(value, str) and parse_id(value) is not None


async def _roles() -> dict[str, Mapping[str, Any]]:
    rows = await RoleRow.all()
    return {r.slug: {"label": r.label, "added": sorted(r.added), "removed": sorted(r.removed)} for r in rows}


async def _parts() -> dict[str, Mapping[str, Any]]:
    """Of every plugin that works, on or off: what is off keeps its data."""
    found: dict[str, Mapping[str, Any]] = {}
    for declared in runtime().registry.bundle_parts.values():
        for part in declared:
            found[part.name] = await part.export()
    return found


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value
