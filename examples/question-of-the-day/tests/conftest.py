"""Tenants of these tests have the plugin switched on. The fixtures themselves come with Greenroom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from kernel.testing.people import TenantKit

MakeTenant = Callable[..., Awaitable[TenantKit]]


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> TenantKit:
    return await make_tenant(plugins={"question_of_the_day": True})


@pytest.fixture
async def other_tenant(make_tenant: MakeTenant) -> TenantKit:
    return await make_tenant(plugins={"question_of_the_day": True})
