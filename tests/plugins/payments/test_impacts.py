"""What the switchboard is told before payments are switched off."""

from __future__ import annotations

from kernel.testing.people import TenantKit
from plugins.payments.impacts import on_its_way

from .helpers import begin


async def test_money_under_way_is_counted_before_a_switch_off(tenant: TenantKit, other_tenant: TenantKit) -> None:
    with tenant.scope():
        assert await on_its_way() == []
    deal = await begin(tenant)
    with tenant.scope():
        assert await on_its_way() == ["1 payment is under way"]
    with other_tenant.scope():
        assert await on_its_way() == [], "another tenant's money is not ours"
    owner = await tenant.sign_in("owner")
    assert "1 payment is under way" in (await owner.get("/admin/plugins/payments")).text
    await deal.paid()
    with tenant.scope():
        assert await on_its_way() == []
