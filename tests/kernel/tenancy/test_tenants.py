"""Tenants: making, finding, changing, their hosts."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from kernel.base.context import TenantRef, tenant_scope
from kernel.base.errors import Conflict, Invalid, NotFound
from kernel.engines.connection import sql
from kernel.tenancy import tenants as t
from kernel.tenancy.events import TenantCreated
from kernel.tenancy.models import Tenant, Toggle

from .conftest import World


async def test_a_new_tenant_is_ready_at_once(world: World) -> None:
    tenant = await t.create_tenant(
        "acme", "Acme", hosts=["Acme.Localhost:8080"], locale="de", locales=["en", "de"], zone="Europe/Berlin",
        currency="EUR", plugins={"upper": False},
    )  # fmt: skip
    snapshot = world.snapshots.for_host("acme.localhost")
    assert snapshot is not None
    assert snapshot.tenant == tenant == await t.find_tenant("acme")
    assert (snapshot.locale, snapshot.locales, snapshot.zone, snapshot.currency) == (
        "de", ("de", "en"), "Europe/Berlin", "EUR",
    )  # fmt: skip
    assert "upper" not in snapshot.effective
    assert "base" in snapshot.effective
    assert t.origin(tenant) == "http://acme.localhost:8080"
    # Every plugin prepares, whether it is on or not.
    assert world.log == [f"{p}.on_tenant_created:acme" for p in ("base", "upper", "spare", "firm")]
    assert world.announced == [TenantCreated(tenant_id=tenant.id, slug="acme", name="Acme")]
    row = await Tenant.get(slug="acme")
    assert row.locales == ["de", "en"]
    with tenant_scope(tenant):
        assert await Toggle.all().values_list("key", flat=True) == ["upper"]


@pytest.mark.parametrize(
    ("field", "over"),
    [
        ("slug", {"slug": "Acme!"}),
        ("name", {"name": "  "}),
        ("zone", {"zone": "Mars/Olympus"}),
        ("currency", {"currency": "euro"}),
        ("locale", {"locale": "../en"}),
        ("hosts", {"hosts": []}),
        ("hosts", {"hosts": ["a b"]}),
        ("plugins", {"plugins": {"nope": True}}),
    ],
)
async def test_odd_values_are_refused(world: World, field: str, over: dict[str, Any]) -> None:
    values: dict[str, Any] = {"slug": "acme", "name": "Acme", "hosts": ["acme.localhost"], **over}
    slug, name = values.pop("slug"), values.pop("name")
    with pytest.raises(Invalid) as caught:
        await t.create_tenant(slug, name, **values)
    assert field in caught.value.errors
    assert world.snapshots.all() == ()


async def test_slugs_and_hosts_are_unique(world: World, acme: TenantRef) -> None:
    with pytest.raises(Conflict, match="acme already"):
        await t.create_tenant("acme", "Again", hosts=["again.localhost"])
    with pytest.raises(Conflict, match=r"acme\.localhost leads to a tenant"):
        await t.create_tenant("again", "Again", hosts=["again.localhost", "ACME.localhost"])
    assert await t.find_tenant("again") is None
    assert world.snapshots.for_host("again.localhost") is None
    assert len(await sql("SELECT 1 FROM kernel_tenant")) == 1


async def test_hosts_come_and_go(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        assert await t.add_host("New.Test", primary=True) == "new.test"
        assert t.origin() == "http://new.test:8080"
        await t.remove_host("acme.localhost")
        assert world.snapshots.for_host("acme.localhost") is None
        await t.remove_host("www.acme.test")
        with pytest.raises(Conflict):
            await t.remove_host("new.test")
        with pytest.raises(NotFound):
            await t.remove_host("other.test")
    assert world.snapshots.for_host("new.test") is not None


async def test_changes_show(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        await t.update_tenant(name="Acme Ltd", locale="fr", zone="Europe/Paris")
        with pytest.raises(Invalid):
            await t.update_tenant(zone="nowhere")
        with pytest.raises(Invalid):
            await t.update_tenant(locales=["en", "<x>"])
    snapshot = world.snapshots.of(acme.id)
    assert snapshot is not None
    assert (snapshot.tenant.name, snapshot.locale, snapshot.locales) == ("Acme Ltd", "fr", ("fr", "en"))


async def test_suspending(world: World, acme: TenantRef) -> None:
    states: list[str] = []
    world.snapshots.on_change(lambda old, new: states.append(new.state))
    await t.set_state(acme, "suspended")
    await t.set_state(acme, "active")
    assert states == ["suspended", "active"]
    with pytest.raises(ValueError, match="active, suspended"):
        await t.set_state(acme, "asleep")
    with pytest.raises(NotFound):
        await t.set_state(TenantRef(uuid4(), "x", "X"), "active")
