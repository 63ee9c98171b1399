"""What administrators do on pages, as JSON: types, policies, strikes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import now
from kernel.testing.people import Site, TenantKit
from plugins.scheduling.models import InterviewType, Strike

from .conftest import World, day_after, stamp

API = "/api/v1/scheduling"


async def test_a_type_is_made_changed_and_retired(world: World) -> None:
    admin = await world.tenant.sign_in("owner")
    sent: dict[str, Any] = {
        "title": "Code review", "duration_minutes": 45, "durations": [90, 30], "price_rule": "fixed",
        "price_minor": 6500, "active": True, "policy": "strict",
        "questions": [{"label": "Which language?", "type": "choice", "options": ["Go", "Rust"], "required": True}],
    }  # fmt: skip
    key = {"Idempotency-Key": "type-code-review"}
    made = await admin.post(f"{API}/admin/interview-types", json=sent, headers=key)
    assert made.status == 201, made.text
    assert (made.json()["slug"], made.json()["durations"]) == ("code-review", [30, 90])
    assert made.json()["price_minor"] == 6500
    again = await admin.post(f"{API}/admin/interview-types", json=sent, headers=key)
    assert again.json()["id"] == made.json()["id"]
    other = await admin.post(f"{API}/admin/interview-types", json={**sent, "title": "Other"}, headers=key)
    assert other.status == 409
    path = f"{API}/admin/interview-types/{made.json()['id']}"
    one = (await admin.get(path)).json()
    assert one["questions"][0]["options"] == ["Go", "Rust"]
    assert one["id"] in [t["id"] for t in (await admin.get(f"{API}/admin/interview-types?limit=100")).json()["items"]]
    change = {**sent, "version": one["version"], "title": "Reading code", "questions": []}
    changed = await admin.post(path, json=change, method="PUT")
    assert (changed.status, changed.json()["title"]) == (200, "Reading code"), changed.text
    assert (await admin.post(path, json=change, method="PUT")).status == 200  # sent twice: stored once
    assert (await admin.get(path)).json()["version"] == changed.json()["version"]
    stale = await admin.post(path, json={**change, "title": "Third"}, method="PUT")
    assert stale.status == 409
    kind = await admin.post(path, json={**change, "kind": "ai"}, method="PUT")
    assert kind.json()["errors"][0]["field"] == "kind"
    assert (await admin.post(path, method="DELETE")).json() == {"deleted": True}
    assert (await admin.get(path)).status == 404
    await world.booked(await world.tenant.sign_in("candidate"))
    used = f"{API}/admin/interview-types/{world.kind.id}"
    assert (await admin.post(used, method="DELETE")).json() == {"deleted": False}
    assert (await admin.get(used)).json()["active"] is False


async def test_what_makes_no_sense_is_told_by_field(world: World) -> None:
    admin = await world.tenant.sign_in("owner")
    sent = {
        "title": "x", "kind": "ai", "price_rule": "fixed", "price_minor": 5, "durations": [5], "policy": "nobody",
        "offset_minutes": 40, "level": "any", "questions": [{"label": "Which?", "type": "choice", "options": ["one"]}],
    }  # fmt: skip
    short = await admin.post(f"{API}/admin/interview-types", json=sent)
    assert [e["field"] for e in short.json()["errors"]] == ["title"]
    odd = await admin.post(f"{API}/admin/interview-types", json={**sent, "title": "Pairing"})
    assert odd.status == 422
    assert {e["field"] for e in odd.json()["errors"]} == {
        "price_minor", "durations", "offset_minutes", "policy", "questions.0.options",
    }  # fmt: skip
    with world.tenant.scope():
        assert not await InterviewType.filter(title="Pairing").exists()


async def test_policies_have_versions(world: World) -> None:
    admin = await world.tenant.sign_in("owner")
    have = {p["key"]: p for p in (await admin.get(f"{API}/policies")).json()["items"]}
    assert have["moderate"]["version"] == 1
    terms = {name: value for name, value in have["moderate"]["terms"].items() if name != "tiers"}
    sent = {**terms, "title": "Moderate", "base": 1, "tiers": [[48, 80], [4, 20]]}
    path = f"{API}/policies/moderate"
    saved = await admin.post(path, json=sent, method="PUT")
    assert (saved.status, saved.json()["version"]) == (200, 2), saved.text
    assert (await admin.post(path, json=sent, method="PUT")).json()["version"] == 2
    assert (await admin.post(path, json={**sent, "moves": 9}, method="PUT")).status == 409
    for tiers in ([[48, 10], [4, 20]], [[4, 20], [4, 10]], [[4, 120]]):
        wrong = await admin.post(path, json={**sent, "base": 2, "tiers": tiers}, method="PUT")
        assert (wrong.status, wrong.json()["errors"][0]["field"]) == (422, "tiers")
    versions = (await admin.get(f"{path}/versions")).json()["items"]
    assert [v["version"] for v in versions] == [2, 1]
    case = {"act": "cancel", "by": "candidate", "price_minor": 1000, "starts_at": stamp(now() + timedelta(hours=6)),
            "at": stamp(now())}  # fmt: skip
    assert (await admin.post(f"{path}/simulate", json=case)).json()["refund_percent"] == 20
    assert (await (await world.tenant.sign_in("candidate")).get(f"{API}/policies")).status == 403


async def _struck(world: World, site: Site) -> Strike:
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    with world.tenant.scope():
        return await Strike.create(
            account_id=site.account_id, booking_id=booking_id, role="candidate", cause="late_cancel", at=now(),
            expires_at=now() + timedelta(days=30),
        )  # fmt: skip


async def test_strikes_are_listed_and_taken_back(world: World, other_tenant: TenantKit) -> None:
    site, admin = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("owner")
    row = await _struck(world, site)
    (one,) = (await admin.get(f"{API}/admin/strikes")).json()["items"]
    assert (one["id"], one["account_id"], one["waived_at"]) == (str(row.id), str(site.account_id), None)
    assert (await site.get(f"{API}/standing")).json()["strikes"] == 1
    path = f"{API}/admin/strikes/{row.id}/waive"
    assert (await admin.post(path, json={"reason": " "})).status == 422
    assert (await (await other_tenant.sign_in("owner")).post(path, json={"reason": "not mine"})).status == 404
    for _click in range(2):
        assert (await admin.post(path, json={"reason": "The train did not run"})).status == 200
    (done,) = (await admin.get(f"{API}/admin/strikes")).json()["items"]
    assert done["waive_reason"] == "The train did not run"
    assert (await site.get(f"{API}/standing")).json()["strikes"] == 0
