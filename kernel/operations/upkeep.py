"""Commands that look after an installation and end."""

from __future__ import annotations

import sys

from ..app import installed, started
from ..auth import accounts
from ..base.config import Config
from ..base.context import tenant_scope
from ..base.errors import NotFound, Problem
from ..engines.connection import unit_of_work
from ..plugging import migrate as migrations
from ..tenancy.tenants import find_tenant
from ..tenancy.toggles import switch as switch_key
from .tenants import no_tenant, refused


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


async def create_account(
    config: Config, slug: str, email: str, name: str, roles: list[str], *, password: str | None = None
) -> int:
    """An active account; without a password its owner sets one by the reset page."""
    async with started(config):
        tenant = await find_tenant(slug)
        if tenant is None:
            return no_tenant(slug)
        with tenant_scope(tenant):
            try:
                async with unit_of_work():
                    await accounts.create_account(
                        email, name, password=password, state="active", roles=("member", *roles), by_rule=True
                    )
            except Problem as exc:
                return refused(exc)
            print(f"created {email} in {slug}")
            if password is None:
                print("next: they choose a password by mail, from the sign-in page")
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
            return no_tenant(slug)
        try:
            with tenant_scope(tenant):
                await switch_key(tenant, key, on, reason=reason, cascade=cascade)
        except NotFound:
            print(f"greenroom: there is no plugin or feature {key!r}; see: greenroom plugin list", file=sys.stderr)
            return 1
        except Problem as exc:
            return refused(exc)
        print(f"{key} is {'on' if on else 'off'} for {slug}")
    return 0
