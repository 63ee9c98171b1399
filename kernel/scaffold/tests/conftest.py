"""Tenants of these tests have the plugin switched on. The fixtures themselves come with Greenroom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from kernel.testing.people import TenantKit


@pytest.fixture
async def tenant(make_tenant: Callable[..., Awaitable[TenantKit]]) -> TenantKit:
    return await make_tenant(plugins={"my_plugin": True})


@pytest.fixture
async def other_tenant(make_tenant: Callable[..., Awaitable[TenantKit]]) -> TenantKit:
    return await make_tenant(plugins={"my_plugin": True})
