"""Maintenance begun: who is kept out, who passes, when it ends."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from kernel import now
from kernel.base.clock import shifted_by
from kernel.testing.people import TenantKit
from plugins.theming import gate
from plugins.theming.models import MaintenanceWindow
from plugins.theming.services import maintenance

from .windows import HOUR, planned


async def begun(tenant: TenantKit, length: timedelta = HOUR, **messages: str) -> MaintenanceWindow:
    with tenant.scope():
        return await maintenance.plan(None, now() + length, messages)


async def test_visitors_are_kept_out_with_a_page_that_knows_when_to_come_back(
    tenant: TenantKit, other_tenant: TenantKit
) -> None:
    await begun(tenant, timedelta(minutes=20))
    for site in (tenant.visitor(), await tenant.sign_in("candidate")):
        for path in ("/", "/home", "/nowhere", "/profile"):
            page = await site.get(path)
            assert page.status == 503, path
            assert 1100 < int(page.headers["Retry-After"]) <= 1201
            assert page.headers["Cache-Control"] == "no-store"
            assert "We are doing maintenance" in page.text
            assert "data-again" in page.text
        posted = await site.post("/sign-up", {"email": "a@b.test"})
        assert posted.status == 503
        assert "data-again" not in posted.text
    assert (await other_tenant.visitor().get("/")).status == 200


async def test_programs_get_a_problem(tenant: TenantKit) -> None:
    await begun(tenant)
    site = tenant.visitor()
    for answer in (await site.get("/api/v1/openapi.json"), await site.get("/", headers={"Accept": "application/json"})):
        assert answer.status == 503
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert answer.json()["status"] == 503
        assert "Retry-After" in answer.headers
    status = await site.get("/api/v1/theming/status")
    assert (status.status, status.json()["state"]) == (200, "maintenance")


async def test_whoever_may_pass_signs_in_and_works_on(tenant: TenantKit) -> None:
    await begun(tenant)
    assert (await tenant.visitor().get("/sign-in")).status == 200
    admin = await tenant.sign_in("admin")
    page = await admin.get("/home")
    assert page.status == 200
    assert "Maintenance is going on until" in page.text
    theme = re.search(r"/theme/[0-9a-f]{12}\.css", (await tenant.visitor().get("/")).text)
    assert theme is not None
    assert (await tenant.visitor().get(theme[0])).status == 200
    assert (await tenant.visitor().get("/health/live")).status == 200


@pytest.mark.parametrize(
    ("name", "stays", "passes"),
    [
        ("live.room", False, True),
        ("live.room_socket", False, True),
        ("scheduling.book", False, False),
        ("payments.webhook", True, True),
        ("", False, False),
    ],
)
def test_running_rooms_and_callbacks_are_not_cut(
    monkeypatch: pytest.MonkeyPatch, name: str, stays: bool, passes: bool
) -> None:
    monkeypatch.setattr(gate, "route_name", lambda request: name)
    monkeypatch.setattr(gate, "route_stays", lambda request: stays)
    assert gate.passes(None) is passes  # type: ignore[arg-type]


async def test_it_ends_by_itself(tenant: TenantKit) -> None:
    await begun(tenant, timedelta(minutes=20))
    site = tenant.visitor()
    assert (await site.get("/")).status == 503
    with shifted_by(timedelta(minutes=21)):
        assert (await site.get("/")).status == 200


async def test_it_begins_by_itself(tenant: TenantKit) -> None:
    await planned(tenant, 2 * HOUR)
    site = tenant.visitor()
    assert (await site.get("/")).status == 200
    with shifted_by(2.5 * HOUR):
        assert (await site.get("/")).status == 503
    with shifted_by(3.5 * HOUR):
        assert (await site.get("/")).status == 200


async def test_ending_now_opens_at_once_and_prolonging_keeps_shut(tenant: TenantKit) -> None:
    window = await begun(tenant, timedelta(minutes=20))
    admin, site = await tenant.sign_in("admin"), tenant.visitor()
    assert (
        await admin.post(f"/admin/maintenance/{window.id}/prolong", {"version": "1", "minutes": "30"})
    ).status == 303
    with shifted_by(timedelta(minutes=40)):
        assert (await site.get("/")).status == 503
    assert (await admin.post(f"/admin/maintenance/{window.id}/stop", {"version": "2"})).status == 303
    assert (await site.get("/")).status == 200


async def test_the_message_of_the_window_comes_first_then_the_tenants_own_page(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    own = {"title": "Tea break", "body": "Own **words**", "do": "save"}
    await admin.post("/admin/texts/pages/maintenance?locale=en", own)
    window = await begun(tenant)
    page = await tenant.visitor().get("/", headers={"Accept-Language": "en"})
    assert "Tea break" in page.text
    assert "<strong>words</strong>" in page.text
    with tenant.scope():
        await maintenance.stop(window.id, 1)
    await begun(tenant, en="New *engine* <b>in</b>")
    page = await tenant.visitor().get("/", headers={"Accept-Language": "en"})
    assert "<em>engine</em>" in page.text
    assert "<b>in</b>" not in page.text


async def test_with_the_plugin_off_nobody_is_kept_out(make_tenant: Callable[..., Awaitable[TenantKit]]) -> None:
    tenant = await make_tenant()
    await begun(tenant)
    owner = await tenant.sign_in("owner")
    assert (await owner.post("/admin/plugins/theming", {"on": "0", "reason": "test"})).status == 303
    assert (await tenant.visitor().get("/")).status == 200


async def test_the_gate_asks_the_database_once_and_not_for_every_request(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tenant.visitor()
    await site.get("/")
    asked = 0
    before = MaintenanceWindow.filter

    def counting(*args: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        return before(*args, **more)

    monkeypatch.setattr(MaintenanceWindow, "filter", counting)
    for _ in range(5):
        assert (await site.get("/")).status == 200
    assert asked == 0
