"""Who is late because the whole house waits for the database is not to blame."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from kernel.app import Greenroom
from kernel.engines.connection import _client, crowded
from kernel.testing.people import TenantKit
from kernel.work.isolation import ERRORS, guarded, is_open


async def test_parts_stay_on_pages_when_a_crowd_made_them_late(greenroom: Greenroom, tenant: TenantKit) -> None:
    async def late(times: int) -> None:
        for _ in range(times):
            assert await guarded("users", "a part", asyncio.sleep(5), 0.001, default="left out") == "left out"

    with tenant.scope():
        async with AsyncExitStack() as taken:
            for _ in range(_client()._pool.get_max_size()):  # type: ignore[union-attr]
                await taken.enter_async_context(_client().acquire_connection())
            assert crowded()
            await late(ERRORS)
            assert not is_open("users", "a part")
        assert not crowded()
        await late(ERRORS)
        assert is_open("users", "a part")
