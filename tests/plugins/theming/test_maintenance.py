"""Maintenance: who is kept out, who passes, what is told ahead, and what cannot be booked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kernel import Happened, Stop, now
from kernel.base.clock import shifted_by
from kernel.base.errors import Conflict, Invalid
from kernel.engines.connection import sql
from kernel.testing.people import Site, TenantKit
from plugins.theming import gate, privacy, queries
from plugins.theming.models import MaintenanceWindow
from plugins.theming.notifications import TYPES
from plugins.theming.services import maintenance

HOUR = timedelta(hours=1)


async def planned(tenant: TenantKit, start: timedelta, length: timedelta = HOUR, **more: Any) -> MaintenanceWindow:
    with tenant.scope():
        begin = now() + start
        return await maintenance.plan(begin, begin + length, more.get("messages", {}), more.get("reason", ""))


async def begun(tenant: TenantKit, length: timedelta = HOUR, **messages: str) -> MaintenanceWindow:
    with tenant.scope():
        return await maintenance.plan(None, now() + length, messages)


def local(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


# --- what is refused ------------------------------------------------------------


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


# --- while it is going on ------------------------------------------------------------


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


# --- ahead of time ------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (timedelta(hours=30), None),
        (timedelta(hours=20), "Planned maintenance:"),
        (timedelta(minutes=10), "Maintenance begins soon"),
    ],
)
async def test_the_banner_grows_more_urgent(tenant: TenantKit, start: timedelta, words: str | None) -> None:
    await planned(tenant, start)
    for site in (tenant.visitor(), await tenant.sign_in("candidate")):
        page = await site.get("/sign-in" if site.account_id is None else "/home")
        assert ("Planned maintenance:" in page.text) == (words == "Planned maintenance:")
        assert ("Maintenance begins soon" in page.text) == (words == "Maintenance begins soon")


@dataclass(frozen=True)
class Asked:
    """As scheduling asks before it books."""

    starts_at: datetime
    ends_at: datetime


async def test_nothing_is_booked_over_a_window(tenant: TenantKit) -> None:
    window = await planned(tenant, timedelta(days=2))
    inside = (
        Asked(window.starts_at - HOUR / 2, window.starts_at + HOUR / 2),
        Asked(window.starts_at, window.ends_at),
        Asked(window.ends_at - timedelta(seconds=1), window.ends_at + HOUR),
        Asked(window.starts_at - HOUR, window.ends_at + HOUR),
    )
    beside = (
        Asked(window.starts_at - HOUR, window.starts_at),
        Asked(window.ends_at, window.ends_at + HOUR),
    )
    with tenant.scope():
        for asked in inside:
            with pytest.raises(Stop, match="There is maintenance from") as stop:
                await gate.no_booking_over(asked)
            assert stop.value.code == "maintenance"
        for asked in beside:
            assert await gate.no_booking_over(asked) is asked
        await maintenance.stop(window.id, window.version)
        assert await gate.no_booking_over(inside[0]) is inside[0]


@dataclass(frozen=True)
class _Booking:
    id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    starts_at: datetime
    type_title: str = "System design"
    status: str = "accepted"
    path: str = "/bookings/1"


async def test_people_with_a_session_in_the_window_are_told(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate, interviewer = uuid4(), uuid4()

    class Bookings:
        async def for_period(self, start: datetime, end: datetime) -> list[_Booking]:
            return [
                _Booking(uuid4(), candidate, interviewer, start),
                _Booking(uuid4(), candidate, None, start, status="cancelled"),
            ]

    monkeypatch.setattr(queries.services, "get", lambda wanted: Bookings())
    window = await planned(tenant, timedelta(days=2))
    happened = Happened(
        id=uuid4(), name="theming.maintenance_planned.v1", occurred_at=now(), actor_id=None,
        data={"window_id": str(window.id)},
    )  # fmt: skip
    compose = TYPES[0].compose
    assert compose is not None
    with tenant.scope():
        notices = await compose(happened)
        assert {n.account_id for n in notices} == {candidate, interviewer}
        assert len({n.key for n in notices}) == 2
        await maintenance.stop(window.id, window.version)
        assert await compose(happened) == []


async def test_a_neighbour_that_fails_does_not_break_the_page(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bookings:
        async def for_period(self, start: datetime, end: datetime) -> list[_Booking]:
            raise OSError("away")

    monkeypatch.setattr(queries.services, "get", lambda wanted: Bookings())
    await planned(tenant, timedelta(days=2))
    with tenant.scope():
        assert await queries.bookings_in(now(), now() + timedelta(days=3)) == ()


# --- accountability ------------------------------------------------------------


async def test_every_step_is_audited(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    await admin.post("/admin/maintenance/start", {"minutes": "30", "reason": "Leak"})
    window = await _only(tenant)
    await admin.post(f"/admin/maintenance/{window.id}/stop", {"version": str(window.version)})
    with tenant.scope():
        rows = await sql(
            "SELECT data->>'action' AS action, data->>'reason' AS reason, actor_id FROM kernel_event"
            " WHERE tenant_id = $1 AND name = 'kernel.audited.v1' AND data->>'action' LIKE 'theming.%'"
            " ORDER BY occurred_at",
            tenant.ref.id,
        )
    assert [(r.action, r.reason) for r in rows] == [
        ("theming.maintenance_started", "Leak"),
        ("theming.maintenance_ended", ""),
    ]
    assert {r.actor_id for r in rows} == {admin.account_id}


async def _only(tenant: TenantKit) -> MaintenanceWindow:
    with tenant.scope():
        return await MaintenanceWindow.get()


async def test_json_plans_and_stops(tenant: TenantKit) -> None:
    admin: Site = await tenant.sign_in("admin")
    begin = now() + timedelta(days=1)
    made = await admin.post(
        "/api/v1/theming/maintenance",
        json={"starts_at": begin.isoformat(), "ends_at": (begin + HOUR).isoformat(), "messages": {"en": "x"}},
    )
    assert made.status == 201
    assert made.json()["state"] == "planned"
    again = await admin.post(
        "/api/v1/theming/maintenance", json={"starts_at": begin.isoformat(), "ends_at": (begin + HOUR).isoformat()}
    )
    assert again.status == 409
    listed = (await admin.get("/api/v1/theming/maintenance")).json()
    assert len(listed["items"]) == 1
    stopped = await admin.post(f"/api/v1/theming/maintenance/{made.json()['id']}/stop", json={"version": 1})
    assert stopped.json()["state"] == "cancelled"


async def test_erasing_a_person_leaves_the_window_without_them(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    await admin.post("/admin/maintenance/start", {"minutes": "30", "reason": "Leak"})
    assert admin.account_id is not None
    with tenant.scope():
        assert (await privacy.export(admin.account_id))["maintenance windows"][0]["reason"] == "Leak"
        assert await privacy.erase(admin.account_id) == ["Maintenance windows, without who planned them."]
        assert await privacy.export(admin.account_id) == {}
    assert (await _only(tenant)).created_by is None
