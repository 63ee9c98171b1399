"""Rights: deny by default, roles with a tenant's changes, plugins off, nobody gives more than they hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.auth import accounts, grants, permissions, sessions
from kernel.auth.permissions import can, require
from kernel.base import errors
from kernel.base.clock import now, shifted_by
from kernel.base.context import Actor, TenantRef, acting_as, tenant_scope
from kernel.base.contract import SIGNED_IN
from kernel.engines.connection import sql
from kernel.tenancy.toggles import switch

from .conftest import new_tenant


async def actor(*roles: str) -> Actor:
    n = len(await accounts.search_accounts(""))
    account = await accounts.create_account(f"p{n}@example.com", f"P{n}", state="active", roles=roles)
    found = await sessions.actor_of(account.id)
    assert found is not None
    return found


async def again(who: Actor) -> Actor:
    found = await sessions.actor_of(who.id)
    assert found is not None
    return found


async def test_nobody_may_do_anything(tenant: TenantRef) -> None:
    assert not can("garden.beds.view")
    assert not can(SIGNED_IN)
    assert not can("")
    with pytest.raises(errors.SignInRequired):
        require("garden.beds.view")


async def test_everybody_signed_in_is_signed_in_and_no_more(tenant: TenantRef) -> None:
    someone = await actor()
    assert someone.permissions == {SIGNED_IN}
    with acting_as(someone):
        assert can(SIGNED_IN)
        assert not can("garden.beds.view")
        assert not can("no.such.right")
        with pytest.raises(errors.Forbidden) as refused:
            require("garden.beds.view")
    assert refused.value.permission == "garden.beds.view"


async def test_roles_add_up_and_owners_hold_all(tenant: TenantRef) -> None:
    both = await actor("member", "gardener")
    assert both.permissions == {SIGNED_IN, "kernel.tokens.own", "garden.beds.view", "garden.beds.dig"}
    owner = await actor("owner")
    assert owner.permissions >= {"garden.beds.dig", "kernel.plugins.manage", "kernel.roles.manage"}
    admin = await actor("admin")
    assert "garden.beds.view" in admin.permissions
    assert "garden.beds.dig" not in admin.permissions


async def test_a_plugin_that_is_off_gives_no_rights_at_once(tenant: TenantRef) -> None:
    owner = await actor("owner")
    await switch(tenant, "garden", False, reason="winter")
    assert not can("garden.beds.dig", owner)  # the very object that still lists it
    assert "garden.beds.dig" not in (await again(owner)).permissions
    await switch(tenant, "garden", True, reason="spring")
    assert "garden.beds.dig" in (await again(owner)).permissions


async def test_a_tenants_changes_to_a_role(tenant: TenantRef) -> None:
    member = await actor("member")
    await grants.save_role("member", "", ["garden.beds.dig"])
    assert (await again(member)).permissions == {SIGNED_IN, "garden.beds.dig"}
    with tenant_scope(await new_tenant()):
        other = await actor("member")
        assert "garden.beds.dig" not in other.permissions
    await switch(tenant, "garden", False, reason="winter")
    await grants.save_role("member", "", ["kernel.jobs.view"])
    await switch(tenant, "garden", True, reason="spring")  # what was chosen for it is still there
    assert (await again(member)).permissions == {SIGNED_IN, "garden.beds.dig", "kernel.jobs.view"}


async def test_own_roles(tenant: TenantRef) -> None:
    await grants.save_role("helper", "Helper", ["garden.beds.view"])
    helper = await actor("helper")
    assert "garden.beds.view" in helper.permissions
    info = next(r for r in await permissions.all_roles() if r.id == "helper")
    assert (info.label, info.built_in) == ("Helper", False)
    await grants.delete_role("helper")
    assert (await again(helper)).roles == frozenset()
    with pytest.raises(errors.NotFound):
        await grants.delete_role("helper")


@pytest.mark.parametrize(
    ("slug", "label", "rights", "field"),
    [("owner", "Owner", [], "role"), ("Bad Slug", "x", [], "slug"), ("fine", "", [], "label"),
     ("fine", "Fine", ["no.such.right"], "permissions")],
)  # fmt: skip
async def test_bad_roles_are_named(tenant: TenantRef, slug: str, label: str, rights: list[str], field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await grants.save_role(slug, label, rights)
    assert set(refused.value.errors) == {field}


async def test_built_in_roles_stay(tenant: TenantRef) -> None:
    with pytest.raises(errors.Invalid):
        await grants.delete_role("admin")


async def test_nobody_gives_more_than_they_hold(tenant: TenantRef) -> None:
    admin, other = await actor("admin"), await actor()
    with acting_as(admin):
        assert await accounts.grant(other.id, "admin")
        for role in ("owner", "gardener"):  # gardeners may dig, admins may not
            with pytest.raises(errors.Forbidden):
                await accounts.grant(other.id, role)
        with pytest.raises(errors.Forbidden):
            await grants.save_role("member", "", ["garden.beds.dig"])
        await grants.save_role("member", "", [])  # taking away is fine
        assert await accounts.grant(other.id, "gardener", by_rule=True)
        with pytest.raises(errors.Forbidden):
            await accounts.grant(other.id, "owner", by_rule=True)
    owner = await actor("owner")
    with acting_as(admin):
        for attempt in (accounts.revoke(owner.id, "owner"), accounts.lock(owner.id, reason="coup")):
            with pytest.raises(errors.Forbidden):
                await attempt


async def test_granting_counts_once_is_audited_and_may_end(tenant: TenantRef) -> None:
    someone = await actor()
    assert await accounts.grant(someone.id, "gardener", until=now() + timedelta(hours=2))
    assert not await accounts.grant(someone.id, "gardener", until=(await again_until(someone)))
    assert "garden.beds.dig" in (await again(someone)).permissions
    with shifted_by(timedelta(hours=3)):
        assert (await again(someone)).roles == frozenset()
        assert await accounts.accounts_with_role("gardener") == []
    assert await accounts.revoke(someone.id, "gardener")
    assert not await accounts.revoke(someone.id, "gardener")
    query = "SELECT data->>'action' AS action FROM kernel_event WHERE tenant_id = $1 AND name = $2 ORDER BY occurred_at"
    rows = await sql(query, tenant.id, "kernel.audited.v1")
    assert [r.action for r in rows] == ["kernel.role_granted", "kernel.role_revoked"]


async def again_until(who: Actor) -> object:
    rows = await sql("SELECT until FROM kernel_grant WHERE tenant_id = current_setting('app.tenant')::uuid"
                     " AND account_id = $1", who.id)  # fmt: skip
    return rows[0].until


async def test_the_explainer(tenant: TenantRef) -> None:
    member = await actor("member")
    yes = await permissions.explain(member.id, "garden.beds.view")
    assert yes.allowed
    assert yes.through == ("member",)
    no = await permissions.explain(member.id, "garden.beds.dig")
    assert not no.allowed
    assert set(no.given_by) == {"owner", "gardener"}
    assert no.through == ()
    await switch(tenant, "garden", False, reason="winter")
    off = await permissions.explain(member.id, "garden.beds.view")
    assert not off.allowed
    assert not off.plugin_on
    await accounts.lock(member.id, reason="x")
    assert not (await permissions.explain(member.id, SIGNED_IN)).allowed
    assert {r.id for r in await permissions.roles_with("kernel.jobs.view")} == {"owner", "admin"}
