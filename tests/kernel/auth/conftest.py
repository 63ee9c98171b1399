"""A real database, registry and snapshots for the auth wing; every test has a tenant of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from kernel.app import Greenroom
from kernel.base.context import TenantRef, speaking, tenant_scope
from kernel.base.contract import Permission, Role
from kernel.base.runtime import Runtime, use_runtime
from kernel.engines.bus import MemoryBus
from kernel.engines.cache import MemoryCache
from kernel.plugging.hookspecs import hookimpl
from kernel.plugging.manifest import Entry, Manifest
from kernel.plugging.registry import Registry, build_registry
from kernel.tenancy.snapshots import Snapshots
from kernel.tenancy.tenants import create_tenant

_numbers = itertools.count(1)


class Garden:
    """A plugin with two rights and a role."""

    @hookimpl
    def register_permissions(self) -> list[Permission]:
        return [
            Permission(id="garden.beds.view", label="See beds", roles=("admin", "member", "gardener")),
            Permission(id="garden.beds.dig", label="Dig", roles=("gardener",)),
        ]

    @hookimpl
    def register_roles(self) -> list[Role]:
        return [Role(id="gardener", label="Gardener")]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The kernel and the garden, nothing else: these tests do not depend on which plugins there are."""
    garden = Entry(id="garden", module="garden", title="Garden", default=True)
    return build_registry(Manifest((garden,)), strict=True, modules={"garden": Garden()})


@pytest.fixture
async def engines(greenroom: Greenroom, registry: Registry) -> AsyncIterator[Runtime]:
    """The engines of the run with that registry and an empty cache in their place."""
    before = greenroom.runtime
    snapshots = Snapshots(registry, before.config)
    made = Runtime(before.config, registry=registry, snapshots=snapshots, bus=MemoryBus(), cache=MemoryCache())
    with use_runtime(made):
        await snapshots.refresh(force=True)
        yield made


async def new_tenant() -> TenantRef:
    n = next(_numbers)
    return await create_tenant(
        f"auth{n}", f"Tenant {n}", hosts=[f"auth{n}.test"], locale="en", locales=["de"], zone="UTC"
    )


@pytest.fixture
async def tenant(engines: Runtime) -> AsyncIterator[TenantRef]:
    """A fresh tenant in scope."""
    made = await new_tenant()
    with tenant_scope(made), speaking("en", "UTC"):
        yield made


def request(token: str = "", *, agent: str = "Mozilla/5.0 (X11; Linux) Firefox/140", ip: str = "203.0.113.9") -> Any:
    """What the session functions read of a request."""
    cookies = {"session": token} if token else {}
    return SimpleNamespace(cookies=cookies, headers={"User-Agent": agent}, remote=ip)
