"""The operator's hold on settings: locks, bounds, exceptions, and why a value is what it is."""

from __future__ import annotations

from typing import cast

import pytest

from kernel.base.context import TenantRef, every_tenant, tenant_scope
from kernel.base.errors import Forbidden, Invalid
from kernel.engines.connection import execute
from kernel.tenancy import acts, governing
from kernel.tenancy import settings as s
from kernel.tenancy.events import SettingChanged
from kernel.tenancy.tenants import create_tenant

from .conftest import World


async def test_a_lock_for_all_makes_the_operators_value_count(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        await s.set_setting("base.size", 50)
        await governing.set_platform_setting("base.size", 40)
        await governing.govern("base.size", locked=True, reason="one size for all")
        assert (s.setting("base.size"), s.origin_of("base.size")) == (40, "platform")
        with pytest.raises(Forbidden, match="Locked by the operator: one size for all"):
            await s.set_setting("base.size", 60)
        with pytest.raises(Forbidden):
            await s.reset_setting("base.size")
        await governing.govern("base.size", locked=False)
        assert s.setting("base.size") == 50  # what the tenant had is still there
    found = await acts.acts_on("base.size")
    assert [act.action for act in found] == ["setting.unlocked", "setting.locked", "setting.changed"]
    assert found[1].reason == "one size for all"


async def test_an_exception_for_one_tenant_counts_alone(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    await governing.govern("base.size", locked=True)
    await governing.govern("base.size", tenant=acme, locked=False)
    with tenant_scope(acme):
        await s.set_setting("base.size", 60)
        assert s.setting("base.size") == 60
    with tenant_scope(other), pytest.raises(Forbidden):
        await s.set_setting("base.size", 60)


async def test_the_operator_gives_one_tenant_a_value(world: World, acme: TenantRef) -> None:
    await governing.set_tenant_value(acme, "base.fee", 7, reason="contract")
    await governing.govern("base.size", tenant=acme, locked=True)
    await governing.set_tenant_value(acme, "base.size", 77)
    with tenant_scope(acme):
        assert s.setting("base.fee") == 7
        assert s.setting("base.size") == 77
        with pytest.raises(Forbidden):
            await s.set_setting("base.fee", 1)
        await governing.reset_tenant_value(acme, "base.fee")
        assert s.setting("base.fee") == 1
    told = cast(SettingChanged, world.announced[0])
    assert (told.key, told.after, told.reason) == ("base.fee", "7", "contract")


async def test_bounds_move_old_values_and_refuse_new_ones(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        await s.set_setting("base.size", 10)
        await governing.govern("base.size", locked=False, minimum=20, maximum=90)
        assert s.setting("base.size") == 20  # at once, without anybody saving
        with pytest.raises(Invalid) as caught:
            await s.set_setting("base.size", 15)
        assert caught.value.errors == {"base.size": "Enter a number between 20 and 90"}
        explained = governing.explain("base.size")
        assert explained.clamped
        assert [(lv.scope, lv.shown, lv.counts) for lv in explained.levels] == [
            ("tenant", "10", True), ("platform", None, False), ("default", "30", False),
        ]  # fmt: skip
        with pytest.raises(Invalid):
            await governing.set_tenant_value(acme, "base.size", 100)


async def test_bounds_that_leave_nothing_are_refused(world: World, acme: TenantRef) -> None:
    with pytest.raises(Invalid, match="No value would be left between 119 and 6"):
        await governing.govern("base.size", locked=False, minimum=119, maximum=6)
    with pytest.raises(Invalid, match="Only numbers and texts"):
        await governing.govern("base.words", locked=False, minimum=1)
    with pytest.raises(LookupError):
        await governing.govern("base.nope", locked=True)


async def test_an_account_cannot_change_what_is_locked(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        me = acme.id  # any id that is not the tenant's own would do; the row is not read here
        await governing.govern("base.digest", locked=True)
        with pytest.raises(Forbidden, match="Locked"):
            await s.set_account_setting("base.digest", False, me)


async def test_secrets_are_never_explained(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        await s.set_setting("base.secret", "hush")
        await governing.set_platform_setting("base.secret", "ours")
        explained = governing.explain("base.secret")
        assert [lv.shown for lv in explained.levels] == ["•••", "•••", '""']
        assert governing.as_text("base.secret") == "•••"
    assert all("hush" not in act.after and "ours" not in act.after for act in await acts.acts_on("base.secret"))


async def test_a_stored_value_that_does_not_fit_is_passed_over_and_told(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        await s.set_setting("base.size", 50)
        await s.set_setting("base.words", ["x"])
    with every_tenant():
        await execute("UPDATE kernel_setting_value SET value = '{\"v\": \"big\"}' WHERE key = 'base.size'")
        await execute("UPDATE kernel_setting_value SET value = '[1]' WHERE key = 'base.words'")
    await world.snapshots.refresh(force=True)
    with tenant_scope(acme):
        assert (s.setting("base.size"), s.setting("base.words")) == (30, ["a"])
        assert governing.explain("base.size").unfit
        await s.set_setting("base.size", 45)
        assert not governing.explain("base.size").unfit
