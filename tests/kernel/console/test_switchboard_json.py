"""The switchboard for programs: the same acts, rules and refusals as on its pages."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from kernel.app import Greenroom
from kernel.base.clock import now
from kernel.testing.people import TenantKit

PLUGIN, FEATURE = "helpdesk", "users.applications"


async def test_the_json_interface_does_what_the_page_does(tenant: TenantKit, greenroom: Greenroom) -> None:
    if {PLUGIN, "users", "scheduling"} - set(greenroom.runtime.registry.ready):
        pytest.skip("not installed")
    owner = await tenant.sign_in("owner")
    every = (await owner.get("/api/v1/switches?limit=100")).json()["items"]
    assert {PLUGIN, FEATURE} <= {one["key"] for one in every}
    one = (await owner.get(f"/api/v1/switches/{PLUGIN}")).json()
    assert (one["kind"], one["on"], one["chosen"], one["rule"]) == ("plugin", True, None, None)

    async def patch(key: str, **body: object) -> tuple[int, dict[str, object]]:
        answer = await owner.post(f"/api/v1/switches/{key}", json=body, method="PATCH")
        return answer.status, answer.json()

    assert (await patch(PLUGIN, on=False))[0] == 422, "off needs a reason"
    status, body = await patch("users", on=False, reason="for a rest")
    assert status == 409
    assert "scheduling" in body["plugins"]  # type: ignore[operator]
    status, body = await patch(PLUGIN, on=True, rule={"percent": 5, "domains": ["Example.com"]})
    assert status == 200
    assert body["rule"]["percent"] == 5  # type: ignore[index]
    assert (await patch(PLUGIN, on=True, rule={"percent": 500}))[0] == 422
    assert (await patch(PLUGIN, on=True, rule={"since": "2026-01-01T00:00:00"}))[0] == 422, "without an offset"
    assert (await patch(PLUGIN, on=True, rule={"accounts": [str(uuid4())]}))[0] == 422
    assert (await patch("nope", on=True))[0] == 404
    assert (await patch("kernel", on=False, reason="all of it"))[0] == 404
    shown = (await owner.get(f"/api/v1/switches/{PLUGIN}?account={owner.account_id}")).json()
    assert "number" in shown["steps"][-1]["text"]
    assert (await owner.get(f"/api/v1/switches/{PLUGIN}?account={uuid4()}")).status == 422

    at = (now() + timedelta(days=2)).isoformat()
    made = await owner.post("/api/v1/switch-plans", json={"key": PLUGIN, "on": False, "at": at, "reason": "as agreed"})
    assert made.status == 201
    plan_id = UUID(made.json()["id"])
    ended = await owner.post(f"/api/v1/switch-plans/{plan_id}", method="DELETE")
    assert ended.json()["state"] == "cancelled"
    changes = (await owner.get("/api/v1/switch-changes")).json()["items"]
    undone = await owner.post(f"/api/v1/switch-changes/{changes[0]['id']}/undo", json={})
    assert undone.status == 200
    assert (await owner.get(f"/api/v1/switches/{PLUGIN}")).json()["rule"] is None


async def test_members_may_not(tenant: TenantKit) -> None:
    member = await tenant.sign_in()
    assert (await member.get("/api/v1/switches")).status == 403
    assert (await member.post(f"/api/v1/switches/{PLUGIN}", json={"on": True}, method="PATCH")).status == 403
