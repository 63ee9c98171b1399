"""What the switchboard is told before scheduling is switched off."""

from __future__ import annotations

from kernel.testing.people import TenantKit
from plugins.scheduling.impacts import upcoming

from .conftest import World


async def test_booked_sessions_are_counted_before_a_switch_off(world: World, other_tenant: TenantKit) -> None:
    with world.tenant.scope():
        assert await upcoming() == []
    site = await world.tenant.sign_in("candidate")
    await world.booked(site)
    with world.tenant.scope():
        (said,) = await upcoming()
    assert said.startswith("1 upcoming session, on ")
    with other_tenant.scope():
        assert await upcoming() == [], "another tenant's sessions are not ours"
    owner = await world.tenant.sign_in("owner")
    assert "1 upcoming session, on " in (await owner.get("/admin/plugins/scheduling")).text
    shown = (await owner.get("/api/v1/switches/users/rehearsal?on=false")).json()
    assert shown["own"]["Scheduling"][0].startswith("1 upcoming session"), "it goes off with what it requires"
