"""Domains and limits as a tenant's administrator meets them, in pages and in JSON."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.app import Greenroom
from kernel.base.context import tenant_scope
from kernel.engines.names import NamesUnavailable
from kernel.tenancy import domains, governing
from kernel.testing.people import Site, TenantKit


class Zone:
    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.away = False

    async def texts(self, name: str) -> list[str]:
        if self.away:
            raise NamesUnavailable("Timeout")
        return self.records.get(name, [])


@pytest.fixture
def zone(greenroom: Greenroom) -> Iterator[Zone]:
    before, greenroom.runtime.names = greenroom.runtime.names, Zone()
    yield greenroom.runtime.names
    greenroom.runtime.names = before


@pytest.fixture
async def admin(tenant: TenantKit) -> Site:
    return await tenant.sign_in("admin")


async def test_from_claim_to_main_address(tenant: TenantKit, admin: Site, zone: Zone) -> None:
    host = f"{tenant.ref.slug}.example.com"
    added = await admin.post("/admin/domains", {"host": f"https://{host}/"})
    assert added.status == 303
    page = await admin.get("/admin/domains")
    with tenant_scope(tenant.ref):
        card = await domains.domain(host)
    assert card.record in page.text
    assert card.value in page.text
    assert "Waiting for the record" in page.text
    await admin.post(f"/admin/domains/{host}/verify")
    assert "does not have the expected value yet" in (await admin.get("/admin/domains")).text
    assert (await admin.post(f"/admin/domains/{host}/primary")).status == 409
    zone.records[card.record] = [card.value]
    await admin.post(f"/admin/domains/{host}/verify")
    page = await admin.get("/admin/domains")
    assert "Verified" in page.text
    assert "Make it the main address" in page.text
    assert (await admin.post(f"/admin/domains/{host}/primary")).status == 303
    moved = await admin.get("/admin/domains")
    assert (moved.status, moved.location) == (308, f"http://{host}:{tenant.port}/admin/domains")


async def test_bad_names_are_refused_on_the_form(admin: Site) -> None:
    for typed, words in (
        ("", "Enter a domain name."),
        ("10.0.0.1", "Enter a whole name"),
        ("a b", "Enter a host name"),
    ):
        answer = await admin.post("/admin/domains", {"host": typed})
        assert answer.status == 422
        assert words in answer.text


async def test_domains_as_json(tenant: TenantKit, other_tenant: TenantKit, admin: Site, zone: Zone) -> None:
    host = f"{tenant.ref.slug}.example.org"
    made = await admin.post("/api/v1/domains", json={"host": host})
    assert (made.status, made.json()["state"]) == (201, "pending")
    zone.records[made.json()["record"]] = [made.json()["value"]]
    zone.away = True
    silent = (await admin.post(f"/api/v1/domains/{host}/verify", json={})).json()
    assert (silent["state"], silent["serving"]) == ("pending", False)
    zone.away = False
    assert (await admin.post(f"/api/v1/domains/{host}/verify", json={})).json()["state"] == "verified"
    assert (await admin.post("/api/v1/domains", json={"host": host})).status == 409
    assert {one["host"] for one in (await admin.get("/api/v1/domains")).json()["items"]} == {tenant.host, host}
    theirs = await other_tenant.sign_in("admin")
    for method, path in (("POST", f"{host}/verify"), ("POST", f"{host}/primary"), ("DELETE", host)):
        foreign = await theirs.post(f"/api/v1/domains/{path}", json={}, method=method)
        missing = await theirs.post(f"/api/v1/domains/{path.replace(host, 'no.example.org')}", json={}, method=method)
        assert foreign.status == missing.status == 404
    assert (await admin.post(f"/api/v1/domains/{tenant.host}", json={}, method="DELETE")).status == 403
    gone = await admin.post(f"/api/v1/domains/{host}", json={}, method="DELETE")
    assert gone.json() == {"host": host, "removed": True}
    assert (await (await tenant.sign_in("member")).get("/api/v1/domains")).status == 403


async def test_limits_beside_their_use(tenant: TenantKit, admin: Site) -> None:
    await governing.set_tenant_value(tenant.ref, "kernel.max_accounts", 1)
    page = await admin.get("/admin/limits")
    assert page.status == 200
    assert "1 of 1" in page.text
    assert "Reached" in page.text
    found = {one["id"]: one for one in (await admin.get("/api/v1/quotas")).json()["items"]}
    assert found["kernel.accounts"] == {
        "id": "kernel.accounts", "label": "Accounts", "unit": "count", "used": 1, "limit": 1, "share": 100,
    }  # fmt: skip
    assert found["kernel.storage"]["limit"] is None
