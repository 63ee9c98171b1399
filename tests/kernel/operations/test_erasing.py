"""Erasing a tenant: refused while it is in use, complete, repeatable, and nobody else loses anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from kernel.app import Greenroom
from kernel.auth import audit
from kernel.base.context import every_tenant, tenant_scope
from kernel.base.errors import Conflict
from kernel.engines.connection import sql
from kernel.engines.storage import File, save_file
from kernel.operations import erasing
from kernel.tenancy import settings as s
from kernel.tenancy.tenants import find_tenant, set_state
from kernel.testing.people import TenantKit


async def counted(room: Greenroom, tenant: TenantKit) -> dict[str, int]:
    async with erasing._as_owner(room.runtime.owner_dsn, tenant.ref) as conn:
        return await erasing._left(conn, tenant.ref)


async def filled(tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]) -> str:
    """Rows in many tables, append-only ones too, and a file; the file's key."""
    await tenant.sign_in("owner")
    with tenant_scope(tenant.ref):
        await s.set_setting("kernel.idle_days", 7)
        await audit.record("kernel.role_granted", subject="account", subject_id="x", after={"a": 1})
        file = await save_file("a.txt", "text/plain", b"hello")
    await run_jobs(tenant)
    return str(file.key)


async def test_a_tenant_in_use_is_not_erased(greenroom: Greenroom, tenant: TenantKit) -> None:
    with pytest.raises(Conflict, match="Suspend the tenant first"):
        await erasing.erase_tenant(tenant.ref, greenroom.runtime.owner_dsn)
    assert greenroom.runtime.snapshots.of(tenant.ref.id) is not None


async def test_everything_of_one_tenant_goes_and_nothing_of_another(
    greenroom: Greenroom, tenant: TenantKit, other_tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]
) -> None:
    key = await filled(tenant, run_jobs)
    await filled(other_tenant, run_jobs)
    theirs = await counted(greenroom, other_tenant)
    mine = await counted(greenroom, tenant)
    assert {"compliance_audit_entry", "kernel_event", "kernel_account", "kernel_file"} <= mine.keys()
    await set_state(tenant.ref, "suspended")
    done = await erasing.erase_tenant(tenant.ref, greenroom.runtime.owner_dsn, reason="contract ended")
    assert await counted(greenroom, tenant) == {}
    assert await counted(greenroom, other_tenant) == theirs
    assert done.rows["compliance_audit_entry"] == mine["compliance_audit_entry"]
    assert done.files == 1
    with pytest.raises(FileNotFoundError):
        await greenroom.runtime.storage.read(key)
    assert await find_tenant(tenant.ref.slug) is None
    assert greenroom.runtime.snapshots.for_host(tenant.host) is None
    with every_tenant():
        line = await sql("SELECT reason, after FROM kernel_operator_act WHERE action = 'tenant.erased' AND before = $1",
                         str(tenant.ref.id))  # fmt: skip
    assert line[0].reason == "contract ended"
    assert line[0].after.endswith("1 files")


async def test_the_audit_log_is_append_only_again_afterwards(
    greenroom: Greenroom, tenant: TenantKit, other_tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]
) -> None:
    await filled(tenant, run_jobs)
    await filled(other_tenant, run_jobs)
    await set_state(tenant.ref, "suspended")
    await erasing.erase_tenant(tenant.ref, greenroom.runtime.owner_dsn)
    async with erasing._as_owner(greenroom.runtime.owner_dsn, other_tenant.ref) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await conn.execute("DELETE FROM compliance_audit_entry")


async def test_a_broken_off_run_goes_on(
    greenroom: Greenroom, tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tenant, run_jobs)
    await set_state(tenant.ref, "suspended")
    real, calls = erasing._empty, 0

    async def dying(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise ConnectionError("the process was killed")
        return await real(*args)

    monkeypatch.setattr(erasing, "_empty", dying)
    with pytest.raises(ConnectionError):
        await erasing.erase_tenant(tenant.ref, greenroom.runtime.owner_dsn)
    snapshot = greenroom.runtime.snapshots.of(tenant.ref.id)
    assert snapshot is not None
    assert snapshot.state == "erasing"
    with pytest.raises(Conflict):
        await set_state(tenant.ref, "active")  # there is no way back from here
    await erasing.erase_tenant(tenant.ref, greenroom.runtime.owner_dsn)
    assert await find_tenant(tenant.ref.slug) is None


async def test_a_plugin_that_cannot_let_go_stops_it(
    greenroom: Greenroom, tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(*_args: object) -> list[str]:
        return ["payments"]

    await set_state(tenant.ref, "suspended")
    monkeypatch.setattr(erasing, "run_lifecycle", stuck)
    with pytest.raises(erasing.NotErased, match="payments"):
        await erasing.erase_tenant(tenant.ref, greenroom.runtime.owner_dsn)
    assert "kernel_toggle" in await counted(greenroom, tenant) or await counted(greenroom, tenant)
    with tenant_scope(tenant.ref):
        assert await File.all().count() == 0
