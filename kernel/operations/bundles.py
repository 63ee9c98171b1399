"""Bundles: a tenant as a file (name, hosts, languages, plugins, settings, accounts), made in one go."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..auth import accounts
from ..base.config import ConfigError
from ..base.context import TenantRef, tenant_scope
from ..base.runtime import runtime
from ..engines.connection import unit_of_work
from ..tenancy.settings import set_setting
from ..tenancy.tenants import create_tenant

#: Of the accounts in a bundle that name none: demo tenants only.
PASSWORD = "greenroom-demo"  # noqa: S105 - printed on the screen on purpose


@dataclass(frozen=True, slots=True)
class BundleAccount:
    email: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    slug: str
    name: str
    hosts: tuple[str, ...]
    locale: str
    locales: tuple[str, ...]
    zone: str
    currency: str
    plugins: Mapping[str, bool]
    settings: Mapping[str, Any]
    accounts: tuple[BundleAccount, ...]


def read_bundle(path: Path) -> Bundle:
    """Parse a bundle. Raises ConfigError that names file and key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"The bundle {path.name} cannot be read: {exc}.") from exc
    try:
        return Bundle(
            slug=data["slug"],
            name=data["name"],
            hosts=tuple(data["hosts"]),
            locale=data.get("locale", "en"),
            locales=tuple(data.get("locales", [data.get("locale", "en")])),
            zone=data.get("zone", "UTC"),
            currency=data.get("currency", "EUR"),
            plugins=data.get("plugins", {}),
            settings=data.get("settings", {}),
            accounts=tuple(
                BundleAccount(a["email"], a["name"], tuple(a.get("roles", ["member"])))
                for a in data.get("accounts", [])
            ),
        )
    except (KeyError, TypeError) as exc:
        raise ConfigError(f"The bundle {path.name} lacks {exc}.") from exc


async def apply_bundle(bundle: Bundle) -> TenantRef:
    """Make the tenant with all that the bundle says. What belongs to plugins that are not installed is left out."""
    registry = runtime().registry
    tenant = await create_tenant(
        bundle.slug,
        bundle.name,
        hosts=list(bundle.hosts),
        locale=bundle.locale,
        locales=list(bundle.locales),
        zone=bundle.zone,
        currency=bundle.currency,
        plugins={key: on for key, on in bundle.plugins.items() if registry.owner(key)},
    )
    await runtime().snapshots.refresh()
    known_roles = {role.id for found in registry.roles.values() for role in found}
    with tenant_scope(tenant):
        for key, value in bundle.settings.items():
            if key in registry.settings_by_key:
                await set_setting(key, value, reason="bundle")
        async with unit_of_work():
            for account in bundle.accounts:
                await accounts.create_account(
                    account.email,
                    account.name,
                    password=PASSWORD,
                    locale=bundle.locale,
                    zone=bundle.zone,
                    state="active",
                    roles=[role for role in account.roles if role in known_roles],
                )
    await runtime().snapshots.refresh()
    return tenant
