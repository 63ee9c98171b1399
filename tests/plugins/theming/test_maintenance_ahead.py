"""Maintenance ahead: who is told, what cannot be booked, and what is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from kernel import Happened, Stop, now
from kernel.engines.connection import sql
from kernel.testing.people import Site, TenantKit
from plugins.theming import gate, privacy, queries
from plugins.theming.models import MaintenanceWindow
from plugins.theming.notifications import TYPES
from plugins.theming.services import maintenance

from .windows import HOUR, planned


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
