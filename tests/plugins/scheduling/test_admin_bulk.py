"""Calling several bookings off, the week of all interviewers, and the holidays of the site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import now
from kernel.testing.people import Site
from plugins.scheduling.models import Booking, BulkRun
from plugins.scheduling.services import bulk

from .conftest import World, day_after, stamp


async def three(world: World) -> tuple[list[UUID], Site]:
    made = []
    for n in range(3):
        site = await world.tenant.sign_in("candidate", name=f"Person {n}")
        made.append(await world.booked(site, stamp(day_after(5 + n, 10))))
    with world.tenant.scope():
        await Booking.filter(id__in=made).update(price_minor=4000)
    return made, await world.tenant.sign_in("admin")


async def begin(admin: Site, ids: list[UUID], reason: str = "The office is closed") -> UUID:
    shown = await admin.post("/api/v1/scheduling/admin/bulk-cancellations/preview", json={"ids": [str(i) for i in ids]})
    assert shown.status == 200, shown.text
    items = [f"{line['id']}:{line['seen']}" for line in shown.json()["bookings"]]
    done = await admin.post("/admin/bookings/bulk/cancel", [("item", i) for i in items] + [("reason", reason)])
    assert done.status == 303, done.text
    return UUID(done.location.rsplit("/", 1)[1])


async def carry_out(world: World, run_id: UUID) -> BulkRun:
    with world.tenant.scope():
        await bulk.carry_out(run_id)
        return await BulkRun.get(id=run_id)


async def test_the_preview_adds_up_and_changes_nothing(world: World) -> None:
    ids, admin = await three(world)
    page = await admin.post("/admin/bookings/bulk", [("id", str(i)) for i in ids])
    assert page.status == 200
    assert "Cancel 3 sessions?" in page.text
    assert "Paid back in all: €120" in page.text
    everything = await admin.post("/admin/bookings/bulk", {"everything": "1", "query": "q=Person+1"})
    assert "Cancel 1 session?" in everything.text
    assert {row.status for row in await world.rows()} == {"accepted"}
    assert (await admin.post("/admin/bookings/bulk", {})).status == 303  # nothing chosen


async def test_it_runs_after_the_undo_time_and_tells_what_failed(world: World) -> None:
    ids, admin = await three(world)
    run_id = await begin(admin, ids)
    assert "Nothing is cancelled yet." in (await admin.get(f"/admin/bookings/bulk/{run_id}")).text
    with world.tenant.scope():
        await Booking.filter(id=ids[1]).update(status="completed", outcome="completed")
    run = await carry_out(world, run_id)
    assert run.state == "done"
    assert [item["state"] for item in run.items] == ["done", "failed", "done"]
    rows = {row.id: row for row in await world.rows()}
    assert (rows[ids[0]].status, rows[ids[0]].cancel_reason) == ("cancelled", "The office is closed")
    assert rows[ids[1]].status == "completed"
    page = await admin.get(f"/admin/bookings/bulk/{run_id}")
    assert "2 of 3 cancelled" in page.text
    assert "This session is over." in page.text


async def test_what_was_changed_meanwhile_is_left_as_it_is(world: World) -> None:
    ids, admin = await three(world)
    run_id = await begin(admin, ids)
    with world.tenant.scope():
        await Booking.filter(id=ids[1]).update(price_minor=9000)
    run = await carry_out(world, run_id)
    assert [item["state"] for item in run.items] == ["done", "failed", "done"]
    assert "It was changed in the meantime" in (await admin.get(f"/admin/bookings/bulk/{run_id}")).text
    assert (await world.row(ids[1])).status == "accepted"


async def test_taken_back_in_time_nothing_happens(world: World) -> None:
    ids, admin = await three(world)
    run_id = await begin(admin, ids)
    assert (await admin.post(f"/admin/bookings/bulk/{run_id}/stop", {})).status == 303
    run = await carry_out(world, run_id)
    assert run.state == "undone"
    assert {row.status for row in await world.rows()} == {"accepted"}
    assert (await admin.post(f"/admin/bookings/bulk/{run_id}/stop", {})).status == 409


async def test_begun_again_after_a_crash_it_goes_on_where_it_was(world: World) -> None:
    ids, admin = await three(world)
    run_id = await begin(admin, ids)
    with world.tenant.scope():
        run = await BulkRun.get(id=run_id)
        run.state, run.items[0] = "running", {**run.items[0], "state": "done"}
        await run.save(update_fields=["state", "items"])
    run = await carry_out(world, run_id)
    assert [item["state"] for item in run.items] == ["done"] * 3
    rows = {row.id: row.status for row in await world.rows()}
    assert [rows[i] for i in ids] == ["accepted", "cancelled", "cancelled"]


async def test_another_refund_is_shown_before_it_is_carried_out(world: World) -> None:
    ids, admin = await three(world)
    shown = await admin.post("/admin/bookings/bulk", [("id", str(ids[0]))])
    item = shown.fields()["item"]
    own = await admin.post("/admin/bookings/bulk/cancel", {"item": item, "reason": "Because of us", "percent": "50"})
    assert own.status == 409
    assert "Paid back in all: €20" in own.text
    again = {"item": own.fields()["item"], "reason": "Because of us", "percent": "50"}
    assert (await admin.post("/admin/bookings/bulk/cancel", again)).status == 303
    missing = await admin.post("/admin/bookings/bulk/cancel", {"item": item, "reason": ""})
    assert missing.status == 422


async def test_strangers_ids_are_no_bookings(world: World, make_world: Callable[..., Awaitable[World]]) -> None:
    ids, _admin = await three(world)
    other = await make_world()
    stranger = await other.tenant.sign_in("admin")
    sent: dict[str, Any] = {"bookings": [{"id": str(ids[0]), "seen": "x"}], "reason": "Not mine"}
    assert (await stranger.post("/api/v1/scheduling/admin/bulk-cancellations", json=sent)).status == 404
    candidate = await world.tenant.sign_in("candidate")
    assert (await candidate.post("/admin/bookings/bulk", [("id", str(ids[0]))])).status == 403


async def test_the_week_counts_hours_and_who_is_beyond_them(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(7, 10)))
    admin = await world.tenant.sign_in("admin")
    day = day_after(7, 10).date()
    week = (await admin.get(f"/api/v1/scheduling/admin/load?week={day}")).json()
    mine = week["interviewers"][0]
    row = await world.row(booking_id)
    length = (row.ends_at - row.starts_at).total_seconds() / 60
    assert (mine["name"], mine["sessions"], mine["over"]) == ("Maya Lind", 1, False)
    assert sum(d["booked"] for d in mine["days"]) == length
    assert sum(d["capacity"] for d in mine["days"]) == 7 * 12 * 60
    assert sum(d["free"] for d in mine["days"]) == 7 * 12 * 60 - length
    with world.tenant.scope():
        shift = timedelta(hours=13)
        await Booking.filter(id=booking_id).update(
            from_minute=row.from_minute + 780, to_minute=row.to_minute + 780, starts_at=row.starts_at + shift,
            ends_at=row.ends_at + shift, guard_from=row.guard_from + 780, guard_to=row.guard_to + 780,
        )  # fmt: skip
    later = (await admin.get(f"/api/v1/scheduling/admin/load?week={day}")).json()["interviewers"][0]
    assert sum(d["free"] for d in later["days"]) == 7 * 12 * 60  # the night is outside of the hours
    page = await admin.get(f"/admin/interviewer-load?week={day}")
    assert (page.status, "Maya Lind" in page.text) == (200, True)
    assert (await admin.get("/admin/interviewer-load?week=never")).status == 200


async def test_holidays_of_the_site_are_chosen_and_tried_out(world: World) -> None:
    admin = await world.tenant.sign_in("admin")
    year = now().year + 1
    tried = await admin.get(f"/admin/public-holidays?country=DE&year={year}")
    assert "not saved yet" in tried.text
    assert f"{year}-12-25" in tried.text
    assert (await admin.post("/admin/public-holidays", {"country": "DE"})).status == 303
    saved = (await admin.get("/api/v1/scheduling/admin/holidays")).json()
    assert saved["countries"] == ["DE"]
    assert saved["days"]
    assert (await admin.post("/admin/public-holidays", {"country": "XX"})).status == 422
    put = await admin.post("/api/v1/scheduling/admin/holidays", json={"countries": []}, method="PUT")
    assert put.json() == {"countries": [], "days": []}
    assert (await admin.get("/admin/booking-rules")).status == 200
