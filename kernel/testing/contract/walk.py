"""Walking the router: paths with their holes filled, and the ids that a tenant owns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from ...auth.permissions import declared_roles
from ...base.context import speaking, tenant_scope
from ...base.contract import Route
from ...base.ids import new_id
from ...base.runtime import runtime
from ...engines.connection import sql
from ...engines.models import TenantModel, all_models
from ...operations.demo import demo_bundles, demo_order
from ..people import TenantKit

_HOLE = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")


def holes(route: Route) -> list[str]:
    return [m[1] for m in _HOLE.finditer(route.path)]


def filled(route: Route, value: str) -> str:
    """The path with every hole filled by `value`, or by something of the hole's own shape where it has one."""

    def fill(match: re.Match[str]) -> str:
        shape = match[2]
        tries = (value, "987654321", "x1", "xy", "2026-01", "a" * 64, "a" * 16)
        return next((c for c in tries if shape is None or re.fullmatch(shape, c)), "x1")

    return _HOLE.sub(fill, route.path)


def missing() -> str:
    return str(new_id())


async def seed(kit: TenantKit) -> None:
    """Everything that plugins put into a demo tenant: rows of every kind."""
    snapshot = runtime().snapshots.of(kit.ref.id)
    assert snapshot is not None
    for bundle in demo_bundles(runtime().config)[:1]:
        for account in bundle.accounts:
            roles = set(account.roles) & declared_roles().keys() - {"member"}  # a plugin that brings one may be missing
            await kit.account(*roles, email=account.email, name=account.name)
    with tenant_scope(kit.ref), speaking("en", "UTC"):
        for pid in demo_order(runtime().registry):
            if pid in snapshot.effective:
                for data in runtime().registry.demo_data[pid]:
                    await data.seed("acme")


def owned_tables(plugin: str) -> list[str]:
    """Tables of a plugin's tenant rows."""
    return sorted(m._meta.db_table for m in all_models() if m._meta.app == plugin and issubclass(m, TenantModel))


async def owned_ids(kit: TenantKit, plugin: str) -> dict[str, UUID]:
    """One id per table of the plugin (and of accounts), as the tenant holds them."""
    found: dict[str, UUID] = {}
    with tenant_scope(kit.ref):
        for model in all_models():
            label = model._meta.app
            if not issubclass(model, TenantModel) or label not in (plugin, "kernel"):
                continue
            rows = await sql(f'SELECT id FROM "{model._meta.db_table}" WHERE tenant_id = $1 LIMIT 1', kit.ref.id)
            if rows:
                found[model._meta.db_table] = rows[0].id
    return found


def without_request_id(text: str, *values: str) -> str:
    """A page with what differs from request to request taken out, to compare two answers."""
    for value in values:
        text = text.replace(value, "")
    text = re.sub(r'name="_csrf" value="[^"]*"|name="csrf-token" content="[^"]*"|name="_key" value="[^"]*"', "", text)
    text = re.sub(r"in \d+ seconds?", "", text)
    return re.sub(
        r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8,32}(?:-[0-9a-f]{1,8})?\b|[A-Za-z0-9_-]{43}",
        "",
        text,
    )


def all_roles(registry_roles: Iterable[str]) -> list[str]:
    return sorted(set(registry_roles) - {"owner", "admin", "member"})
