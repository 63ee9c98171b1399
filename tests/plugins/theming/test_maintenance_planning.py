"""Planning maintenance: what is refused, and what a second click does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kernel import now
from kernel.base.errors import Conflict, Invalid
from kernel.testing.people import TenantKit
from plugins.theming import queries
from plugins.theming.models import MaintenanceWindow

from .windows import HOUR, planned


def local(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("start", "length", "words"),
    [
        (-HOUR, 3 * HOUR, "Choose a start in the future"),
        (HOUR, -HOUR / 2, "Choose an end after the start"),
        (HOUR, timedelta(0), "Choose an end after the start"),
        (HOUR, timedelta(days=8), "seven days at most"),
        (timedelta(days=400), HOUR, "within the next year"),
    ],
)
async def test_an_impossible_window_is_refused(
    tenant: TenantKit, start: timedelta, length: timedelta, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        await planned(tenant, start, length)
    with tenant.scope():
        assert await MaintenanceWindow.all().count() == 0


async def test_the_form_keeps_what_was_typed(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin", zone="UTC")
    sent = {"starts": "2020-01-01T02:00", "ends": "2020-01-01T03:00", "message_en": "Back soon", "reason": "Upgrade"}
    answer = await admin.post("/admin/maintenance/plan", sent)
    assert answer.status == 422
    assert "Choose a start in the future" in answer.text
    assert "2020-01-01T02:00" in answer.text
    assert "Back soon" in answer.text
    years = ({"starts": "0001-01-01T00:00"}, {"ends": "9999-12-31T23:59"}, {"ends": "9999-12-31T23:59-12:00"})
    for bad in (
        *({**sent, **y} for y in years),
        {},
        sent | {"starts": "tomorrow"},
        sent | {"message_xx": "x"},
        sent | {"message_en": "x" * 1001},
    ):
        assert (await admin.post("/admin/maintenance/plan", bad)).status == 422
    for bad in ({"minutes": "0"}, {"minutes": "9999999"}, {"minutes": "x"}, {}):
        assert (await admin.post("/admin/maintenance/start", bad)).status == 422


async def test_a_time_that_the_clocks_skip_is_refused(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin", zone="Europe/Berlin")
    sent = {"starts": "2027-03-28T02:30", "ends": "2027-03-28T04:00"}
    answer = await admin.post("/admin/maintenance/plan", sent)
    assert answer.status == 422
    assert "this time is skipped" in answer.text


async def test_two_windows_at_one_time_are_refused_also_at_once(tenant: TenantKit) -> None:
    results = await asyncio.gather(*(planned(tenant, 2 * HOUR) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(r, MaintenanceWindow) for r in results) == 1
    assert sum(isinstance(r, Conflict) for r in results) == 4
    with pytest.raises(Conflict, match="maintenance window at this time"):
        await planned(tenant, 2.5 * HOUR)
    await planned(tenant, 3 * HOUR + timedelta(minutes=1))


async def test_only_the_right_opens_the_page(tenant: TenantKit) -> None:
    member = await tenant.sign_in("candidate")
    assert (await member.get("/admin/maintenance")).status == 403
    assert (await member.post("/admin/maintenance/start", {"minutes": "15"})).status == 403
    assert (await tenant.visitor().post("/admin/maintenance/start", {"minutes": "15"})).status in (401, 403)
    with tenant.scope():
        assert await queries.active() is None


async def test_another_tenants_window_is_not_there(tenant: TenantKit, other_tenant: TenantKit) -> None:
    window = await planned(other_tenant, HOUR)
    admin = await tenant.sign_in("admin")
    for action in ("stop", "prolong"):
        answer = await admin.post(f"/admin/maintenance/{window.id}/{action}", {"version": "1"})
        assert answer.status == 404
    assert (await admin.post(f"/api/v1/theming/maintenance/{window.id}/stop", json={"version": 1})).status == 404
    assert str(window.id) not in (await admin.get("/admin/maintenance")).text


async def test_a_stale_page_changes_nothing(tenant: TenantKit) -> None:
    window = await planned(tenant, HOUR)
    admin = await tenant.sign_in("admin")
    assert (await admin.post(f"/admin/maintenance/{window.id}/prolong", {"version": "1"})).status == 303
    answer = await admin.post(f"/admin/maintenance/{window.id}/stop", {"version": "1"})
    assert answer.status == 409
    assert "Somebody else has changed this window" in answer.text
    assert (await admin.post(f"/admin/maintenance/{window.id}/stop", {"version": "2"})).status == 303
    again = await admin.post(f"/admin/maintenance/{window.id}/stop", {"version": "3"})
    assert again.status == 409
    assert "over already" in again.text


async def test_a_double_click_plans_once(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    begin = now() + timedelta(days=2)
    sent = {"starts": local(begin), "ends": local(begin + HOUR), "_key": "double-click-1"}
    first, second = await asyncio.gather(*(admin.post("/admin/maintenance/plan", sent) for _ in range(2)))
    assert (first.status, second.status) == (303, 303)
    with tenant.scope():
        assert await MaintenanceWindow.all().count() == 1
