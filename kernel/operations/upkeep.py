"""Commands that look after an installation and end."""

from __future__ import annotations

from pathlib import Path

from ..app import installed, started
from ..auth import accounts
from ..base.config import Config
from ..base.context import every_tenant, tenant_scope
from ..base.errors import Problem
from ..engines.connection import unit_of_work
from ..plugging import migrate as migrations
from ..tenancy.models import Tenant
from ..tenancy.tenants import find_tenant
from ..tenancy.toggles import switch as switch_key
from .bundles import apply_bundle, read_bundle


def _apps(config: Config) -> migrations.Apps:
    registry = installed(config)
    return migrations.apps_of({pid: found[0] for pid, found in registry.models.items() if found})


async def migrate(config: Config) -> int:
    """Start, which migrates, and end."""
    async with started(config):
        print("The database is up to date.")
    return 0


async def make_migration(config: Config, plugin: str, name: str) -> int:
    """Write what the models of one plugin have and its migrations lack."""
    path = await migrations.make_migration(plugin, name, _apps(config))
    print(f"wrote {path}" if path else f"{plugin}: nothing has changed")
    return 0


async def check_migrations(config: Config) -> int:
    found = await migrations.drift(_apps(config))
    print("\n".join(found) or "models and migrations agree")
    return 1 if found else 0


async def list_tenants(config: Config) -> int:
    async with started(config):
        with every_tenant():
            for tenant in await Tenant.all().order_by("slug"):
                print(f"{tenant.slug:20} {tenant.state:10} {tenant.name}")
    return 0


async def create_tenant(config: Config, bundle: Path) -> int:
    async with started(config):
        try:
            tenant = await apply_bundle(read_bundle(bundle))
        except Problem as exc:
            return _refused(exc)
        print(f"created {tenant.slug}")
    return 0


async def create_account(config: Config, slug: str, email: str, name: str, roles: list[str]) -> int:
    """An active account without a password: its owner sets one by the reset page."""
    async with started(config):
        tenant = await find_tenant(slug)
        if tenant is None:
            return _no_tenant(slug)
        with tenant_scope(tenant):
            try:
                async with unit_of_work():
                    await accounts.create_account(email, name, state="active", roles=("member", *roles), by_rule=True)
            except Problem as exc:
                return _refused(exc)
        print(f"created {email} in {slug}")
    return 0


def list_plugins(config: Config) -> int:
    for info in installed(config).plugins.values():
        print(f"{info.id:16} {info.version:8} {info.state:8} {info.reason}")
    return 0


async def switch(config: Config, slug: str, key: str, on: bool, reason: str, *, cascade: bool) -> int:
    """Switch a plugin or feature; running processes follow by themselves."""
    async with started(config):
        tenant = await find_tenant(slug)
        if tenant is None:
            return _no_tenant(slug)
        try:
            with tenant_scope(tenant):
                await switch_key(tenant, key, on, reason=reason, cascade=cascade)
        except Problem as exc:
            return _refused(exc)
        print(f"{key} is {'on' if on else 'off'} for {slug}")
    return 0


async def doctor(config: Config) -> int:
    """Say what is wrong with this installation, one line each; 0 when nothing is."""
    faults: list[str] = []
    registry = installed(config)
    faults += [f"{info.id}: {info.reason}" for info in registry.plugins.values() if not info.ready]
    faults += await migrations.drift(_apps(config))
    if config.mode == "production":
        if config.scheme != "https":
            faults.append("GREENROOM_SCHEME is http: cookies would travel in the clear.")
        if config.database_url is None:
            faults.append("GREENROOM_DATABASE_URL is not set: the private PostgreSQL is meant for one process.")
        if config.smtp_url is None:
            faults.append("GREENROOM_SMTP_URL is not set: nobody would get mail.")
        if config.outbound_allow:
            networks = ", ".join(map(str, config.outbound_allow))
            faults.append(f"GREENROOM_OUTBOUND_ALLOW is set: users could make this server call {networks}.")
    print("\n".join(faults) or "Nothing to mend.")
    return 1 if faults else 0


def _refused(exc: Problem) -> int:
    errors = getattr(exc, "errors", None)
    detail = "; ".join(f"{field}: {text}" for field, text in errors.items()) if errors else exc.detail
    print(f"greenroom: {detail}")
    return 1


def _no_tenant(slug: str) -> int:
    print(f"greenroom: there is no tenant called {slug}")
    return 1
