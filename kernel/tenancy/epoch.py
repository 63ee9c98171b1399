"""The integer that tells every process of a change; moved in the transaction that makes the change.

Its row is also the lock that puts changes in order: take it (by moving the epoch) before reading what you
are about to change, and before any lock on a tenant's row.
"""

from __future__ import annotations

from uuid import UUID

from ..base.context import current_tenant
from ..engines.connection import after_commit, execute, unit_of_work
from .sync import ring

_TENANT = """
WITH moved AS (
    INSERT INTO kernel_epoch (id, value, platform) VALUES (1, 1, 0)
    ON CONFLICT (id) DO UPDATE SET value = kernel_epoch.value + 1 RETURNING value
)
UPDATE kernel_tenant SET epoch = moved.value FROM moved WHERE id = $1
"""
_PLATFORM = """
INSERT INTO kernel_epoch (id, value, platform) VALUES (1, 1, 1)
ON CONFLICT (id) DO UPDATE SET value = kernel_epoch.value + 1, platform = kernel_epoch.value + 1
"""


async def bump_epoch(tenant_id: UUID | None = None) -> None:
    """Every process shall look at this tenant (default: the one in scope) again. Joins the open unit of work."""
    key = tenant_id or current_tenant().id
    async with unit_of_work():
        await execute(_TENANT, key)
        after_commit(ring)


async def bump_platform() -> None:
    """Every process shall look at all tenants again."""
    async with unit_of_work():
        await execute(_PLATFORM)
        after_commit(ring)


async def touch_tenant() -> None:
    """Have every process take a new snapshot of the tenant in scope, and with it drop what it derived from the old.

    For a plugin that keeps something per snapshot and has just changed it. Joins the open unit of work.
    """
    await bump_epoch()
