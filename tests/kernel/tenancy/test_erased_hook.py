"""`on_tenant_erased` as the operator's command calls it: every working plugin, in scope, a fault is told."""

from __future__ import annotations

import pytest

from kernel.base.context import TenantRef, current_tenant
from kernel.base.runtime import runtime
from kernel.tenancy.tenants import set_state
from kernel.tenancy.toggles import run_lifecycle

from ..plugging.fakes import registry_of
from .conftest import World


async def test_on_tenant_erased(world: World, acme: TenantRef, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    async def lets_go(tenant: TenantRef) -> None:
        assert current_tenant() == tenant == acme
        told.append(tenant.slug)

    async def cannot(tenant: TenantRef) -> None:
        raise RuntimeError("the provider does not answer")

    registry = registry_of(("one", {"on_tenant_erased": lets_go}), ("two", {"on_tenant_erased": cannot}), ("three", {}))
    monkeypatch.setattr(runtime(), "registry", registry)
    await set_state(acme, "suspended")
    assert await run_lifecycle("on_tenant_erased", acme, registry.ready) == ["two"]
    assert told == ["acme"]
