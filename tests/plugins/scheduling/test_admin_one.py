"""One booking for administrators: everything about it, and what they do to it with a reason."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import now, published_events, unit_of_work
from kernel.testing.people import Site
from plugins.scheduling.models import Booking, BookingChange, Offer, Schedule, Strike
from plugins.users.models import InterviewerProfile

from .conftest import WEEK, World, day_after, stamp

API = "/api/v1/scheduling/admin/bookings"


async def colleague(world: World, name: str = "Noa Berg") -> UUID:
    """Another interviewer who offers the type, at the same hours."""
    account_id = await world.tenant.account("interviewer", name=name, zone="Europe/Berlin")
    with world.tenant.scope():
        async with unit_of_work():
            await InterviewerProfile.create(
                account_id=account_id, slug=name.split()[0].lower(), headline="Lead", bio="", currency="EUR",
                rate_minor=0, skills=[], languages=["en"], published=True,
            )  # fmt: skip
            await Schedule.create(account_id=account_id, zone="Europe/Berlin", weekly=WEEK)
            await Offer.create(account_id=account_id, type_id=world.kind.id)
    return account_id


async def booked(world: World, **changes: Any) -> tuple[UUID, Site]:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    if changes:
        with world.tenant.scope():
            await Booking.filter(id=booking_id).update(**changes)
    return booking_id, await world.tenant.sign_in("admin")


async def begun(world: World, **changes: Any) -> tuple[UUID, Site]:
    """A session that began ten minutes ago."""
    start = (now() - timedelta(minutes=10)).replace(second=0, microsecond=0)
    minute = int(start.timestamp() // 60)
    times = {"starts_at": start, "ends_at": start + timedelta(hours=1), "from_minute": minute, "to_minute": minute + 60}
    return await booked(world, **times, guard_from=minute, guard_to=minute + 60, **changes)


async def audited(world: World) -> list[str]:
    with world.tenant.scope():
        return [e.data["action"] async for e in published_events("kernel.audited.v1")]


async def test_the_page_tells_everything(world: World) -> None:
    booking_id, admin = await booked(world, price_minor=4000)
    page = await admin.get(f"/admin/bookings/{booking_id}")
    assert page.status == 200
    for words in ("Ada Novak", "Maya Lind", "Policy of this booking", "If the candidate cancelled now", "History",
                  "Messages", "Links to move or cancel work until the start", booking_id.hex[-8:].upper()):  # fmt: skip
        assert words in page.text, words
    as_json = (await admin.get(f"{API}/{booking_id}")).json()
    assert as_json["may"] == {
        "move": True, "reassign": True, "extend": True, "cancel": True, "mark": False, "resend": True
    }  # fmt: skip
    assert as_json["history"]


async def test_handing_over_lists_who_is_free_and_needs_a_reason(world: World) -> None:
    booking_id, admin = await booked(world)
    noa = await colleague(world)
    path = f"/admin/bookings/{booking_id}/reassign"
    page = await admin.get(path)
    assert "Noa Berg" in page.text
    assert "Next in turn" in page.text
    empty = await admin.post(path, {"interviewer_id": str(noa), "reason": ""})
    assert (empty.status, "Enter a reason" in empty.text) == (422, True)
    assert (await admin.post(path, {"interviewer_id": str(noa), "reason": "Maya is ill"})).status == 303
    assert (await world.row(booking_id)).interviewer_id == noa
    detail = await admin.get(f"/admin/bookings/{booking_id}")
    assert "From Maya Lind to Noa Berg" in detail.text
    assert "Maya is ill" in detail.text
    assert "scheduling.booking_reassigned" in await audited(world)


async def test_who_is_taken_meanwhile_is_refused_with_the_form(world: World) -> None:
    booking_id, admin = await booked(world)
    noa = await colleague(world)
    row = await world.row(booking_id)
    other = await world.tenant.sign_in("candidate")
    held = await other.post(f"/book/noa/{world.kind.slug}", {"start": stamp(row.starts_at), "tz": "Europe/Berlin"})
    assert held.status == 303
    path = f"/admin/bookings/{booking_id}/reassign"
    late = await admin.post(path, {"interviewer_id": str(noa), "reason": "Maya is ill"})
    assert late.status == 409
    assert "Maya is ill" in late.text or "Nobody else is free" in late.text
    assert (await world.row(booking_id)).interviewer_id == world.interviewer_id
    assert (await admin.get(f"{API}/{booking_id}/able")).json()["able"] == []


async def test_moving_for_others_does_not_count_as_their_move(world: World) -> None:
    booking_id, admin = await booked(world)
    path = f"/admin/bookings/{booking_id}/move"
    start = stamp(day_after(7, 9))
    assert 'name="start"' in (await admin.get(path)).text
    confirm = await admin.get(f"{path}?start={start}&tz=Europe/Berlin")
    assert "It does not count as one of the candidate’s own moves." in confirm.text
    sent = {k: v for k, v in confirm.fields().items() if k in ("start", "seen", "tz")}
    assert (await admin.post(path, {**sent, "reason": ""})).status == 422
    assert (await admin.post(path, {**sent, "reason": "The office is closed"})).status == 303
    row = await world.row(booking_id)
    assert (stamp(row.starts_at), row.moves) == (start, 0)
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    assert "The office is closed" in (await host.get(f"/bookings/{booking_id}")).text  # as the form said
    night = await admin.post(path, {"start": stamp(day_after(8, 1)), "tz": "UTC", "reason": "Because"})
    assert night.status == 422


async def test_extending_stops_before_the_next_session(world: World) -> None:
    booking_id, admin = await booked(world)
    row = await world.row(booking_id)
    length = row.ends_at - row.starts_at
    other = await world.tenant.sign_in("candidate")
    await world.booked(other, stamp(row.ends_at + timedelta(minutes=30)))
    able = (await admin.get(f"{API}/{booking_id}/able")).json()
    assert 0 < able["longest_extension"] <= 30
    path = f"/admin/bookings/{booking_id}/extend"
    assert "minutes longer, until" in (await admin.get(path)).text
    refused = await admin.post(path, {"minutes": "60", "reason": "Good talk"})
    assert refused.status in (409, 422)
    assert "Good talk" in refused.text
    assert (await admin.post(path, {"minutes": "10", "reason": "Good talk"})).status == 303
    row = await world.row(booking_id)
    assert row.ends_at - row.starts_at == length + timedelta(minutes=10)


async def test_a_no_show_is_marked_with_evidence_and_its_result_shown(world: World) -> None:
    booking_id, admin = await begun(world, price_minor=4000)
    path = f"/admin/bookings/{booking_id}/outcome"
    page = await admin.get(path)
    assert "Ada Novak gets a full refund of €40." in page.text
    assert "The interviewer gets 2 strikes." in page.text
    seals = {k: v for k, v in page.fields().items() if k.startswith("seen_")}
    chosen = {**seals, "outcome": "no_show_interviewer"}
    assert (await admin.post(path, {**chosen, "reason": " "})).status == 422
    stale = {**chosen, "reason": "Waited in the room", "seen_no_show_interviewer": "old"}
    assert (await admin.post(path, stale)).status == 409
    assert (await admin.post(path, {**chosen, "reason": "Waited in the room"})).status == 303
    row = await world.row(booking_id)
    assert (row.status, row.outcome, row.refund_percent) == ("completed", "no_show_interviewer", 100)
    with world.tenant.scope():
        assert await Strike.filter(booking_id=booking_id, role="interviewer").count() == 1
        entry = await BookingChange.filter(booking_id=booking_id).order_by("-at").first()
    assert entry is not None
    assert (entry.role, entry.reason) == ("admin", "Waited in the room")
    assert (await admin.get(path)).status == 409


async def test_nothing_is_marked_before_the_start(world: World) -> None:
    booking_id, admin = await booked(world)
    assert (await admin.get(f"/admin/bookings/{booking_id}/outcome")).status == 409
    sent = {"outcome": "completed", "reason": "It was fine"}
    assert (await admin.post(f"{API}/{booking_id}/outcome", json=sent)).status == 409


async def test_the_confirmation_goes_out_again(world: World, run_jobs: Callable[..., Awaitable[Any]]) -> None:
    booking_id, admin = await booked(world)
    assert (await admin.post(f"/admin/bookings/{booking_id}/resend", {})).status == 303
    with world.tenant.scope():
        asked = [e async for e in published_events("scheduling.confirmation_asked.v1")]
        assert [e.data["booking_id"] for e in asked] == [str(booking_id)]
    await admin.post(f"{API}/{booking_id}/cancel", json={"reason": "Called off"})
    assert (await admin.post(f"/admin/bookings/{booking_id}/resend", {})).status == 409


async def test_all_of_it_needs_the_right_and_the_tenant(world: World) -> None:
    booking_id, _admin = await booked(world)
    candidate = await world.tenant.sign_in("candidate")
    for page in ("", "/reassign", "/move", "/extend", "/outcome", "/cancel"):
        assert (await candidate.get(f"/admin/bookings/{booking_id}{page}")).status == 403, page
    admin = await world.tenant.sign_in("admin")
    unknown = re.sub(r".$", "0" if str(booking_id)[-1] != "0" else "1", str(booking_id))
    assert (await admin.get(f"/admin/bookings/{unknown}")).status == 404
