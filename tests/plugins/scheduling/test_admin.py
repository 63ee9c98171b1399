"""What administrators do: find a booking, call one off with a reason, keep the types."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kernel import published_events
from plugins.scheduling.models import Booking, InterviewType

from .conftest import World, day_after, stamp


async def test_the_list_is_searched_filtered_and_paged(world: World) -> None:
    ada, bea = (
        await world.tenant.sign_in("candidate", name="Ada Novak"),
        await world.tenant.sign_in("candidate", name="Bea 100%_x"),
    )
    one = await world.booked(ada, stamp(day_after(5, 10)))
    two = await world.booked(bea, stamp(day_after(6, 10)))
    await bea.post(f"/bookings/{two}/cancel", {"code": "time"})
    admin = await world.tenant.sign_in("admin")

    async def found(query: str) -> set[str]:
        page = await admin.get(f"/admin/bookings{query}")
        assert page.status == 200
        return set(re.findall(r'href="/admin/bookings/([0-9a-f-]{36})"', page.text))

    assert await found("") == {str(one), str(two)}
    assert await found("?q=ada+NOV") == {str(one)}
    assert await found("?q=%25_x") == {str(two)}
    assert await found("?q=%25") == {str(two)}  # the percent sign is a letter here, not everything
    assert await found("?q=maya") == {str(one), str(two)}
    assert await found("?q=system") == {str(one), str(two)}
    assert await found("?status=cancelled") == {str(two)}
    assert await found("?kind=ai") == set()
    assert await found(f"?first={day_after(6, 0).date()}") == {str(two)}
    assert await found(f"?last={day_after(5, 0).date()}") == {str(one)}
    assert await found("?q=nobody") == set()
    assert "Nothing matches" in (await admin.get("/admin/bookings?q=nobody")).text


@pytest.mark.parametrize(
    "query", ["?page=-1", "?page=x", "?status=odd", "?first=0001-01-01", "?last=9999-12-31", "?q=" + "x" * 200]
)
async def test_odd_filters_still_show_a_page(world: World, query: str) -> None:
    admin = await world.tenant.sign_in("admin")
    assert (await admin.get(f"/admin/bookings{query}")).status == 200


async def test_cancelling_for_others_needs_a_reason_and_is_audited(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site)
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(price_minor=4000)
    admin = await world.tenant.sign_in("admin")
    path = f"/admin/bookings/{booking_id}/cancel"
    page = await admin.get(path)
    assert "Ada Novak gets a full refund of €40." in page.text
    empty = await admin.post(path, {"reason": "", "percent": "100"})
    assert empty.status == 422
    assert "Enter a reason" in empty.text
    own = {"reason": "Fire in the building", "percent": "25", "seen": page.fields()["seen"]}
    other = await admin.post(path, own)  # another refund is shown before it is carried out
    assert other.status == 409
    assert "Ada Novak gets €10 of €40 back." in other.text
    assert (await admin.post(path, own | {"seen": other.fields()["seen"]})).status == 303
    row = await world.row(booking_id)
    assert (row.status, row.cancelled_by, row.cancel_reason) == ("cancelled", "admin", "Fire in the building")
    with world.tenant.scope():
        audited = [e.data async for e in published_events("kernel.audited.v1")]
    assert "scheduling.booking_cancelled" in [e["action"] for e in audited]
    assert (await admin.get(path)).status == 409


async def test_candidates_may_not_look_after_others(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    for path in ("/admin/bookings", f"/admin/bookings/{booking_id}/cancel", "/admin/interview-types",
                 "/admin/interview-types/new", f"/admin/interview-types/{world.kind.id}"):  # fmt: skip
        assert (await site.get(path)).status == 403, path
    assert (await site.post(f"/admin/bookings/{booking_id}/cancel", {"reason": "because"})).status == 403
    assert (await site.post(f"/admin/interview-types/{world.kind.id}/delete")).status == 403
    assert (await world.row(booking_id)).status == "accepted"


TYPE: dict[str, Any] = {
    "title": "Negotiation", "description": "Say your number.", "kind": "human", "level": "senior", "topic": "",
    "duration_minutes": "45", "step_minutes": "15", "buffer_before": "0", "buffer_after": "5",
    "minimum_notice_minutes": "60", "window_days": "30", "price_rule": "fixed", "price": "65,50",
    "policy": "strict", "active": "1",
}  # fmt: skip


async def test_a_type_is_made_changed_and_deleted(world: World) -> None:
    admin = await world.tenant.sign_in("admin")
    assert (await admin.post("/admin/interview-types/new", TYPE)).status == 303
    with world.tenant.scope():
        row = await InterviewType.get(slug="negotiation")
    assert (row.price_minor, row.currency, row.duration_minutes, row.active) == (6550, "EUR", 45, True)
    path = f"/admin/interview-types/{row.id}"
    assert 'value="65.50"' in (await admin.get(path)).text
    changed = {**TYPE, "title": "Salary talk", "version": row.version}
    assert (await admin.post(path, changed)).status == 303
    stale = await admin.post(path, {**changed, "title": "Third"})
    assert stale.status == 409
    assert "Somebody else changed this type" in stale.text
    assert 'value="Third"' in stale.text
    assert (await admin.post("/admin/interview-types/new", TYPE)).status == 303  # the same title: another address
    with world.tenant.scope():
        assert await InterviewType.filter(slug="negotiation-2").exists()
    assert (await admin.post(f"{path}/delete")).status == 303
    assert (await admin.get(path)).status == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "Enter a title"),
        ({"duration_minutes": "5"}, "at least 10"),
        ({"duration_minutes": "long"}, "Enter a number"),
        ({"price": "12.345"}, "Enter an amount such as"),
        ({"price": "-5"}, "Enter an amount such as"),
        ({"price": "NaN"}, "Enter an amount such as"),
        ({"policy": "generous"}, "Choose one of the options"),
        ({"kind": "ai"}, "free of charge"),
        ({"kind": "alien"}, "Choose one of the options"),
    ],
)
async def test_odd_types_are_refused_with_the_form(world: World, changes: dict[str, str], words: str) -> None:
    admin = await world.tenant.sign_in("admin")
    answer = await admin.post("/admin/interview-types/new", {**TYPE, **changes})
    assert answer.status == 422
    assert words in answer.text
    assert "Say your number." in answer.text


async def test_a_type_with_bookings_is_retired_not_deleted(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    admin = await world.tenant.sign_in("admin")
    assert (await admin.post(f"/admin/interview-types/{world.kind.id}/delete")).status == 303
    assert (await site.get(f"/bookings/{booking_id}")).status == 200
    assert (await world.tenant.visitor().get(world.book)).status == 404


async def test_a_later_price_does_not_touch_a_booking(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    before = await world.row(booking_id)
    with world.tenant.scope():
        await InterviewType.filter(id=world.kind.id).update(policy="strict", title="Renamed", price_minor=99)
    row = await world.row(booking_id)
    assert (row.title, row.policy, row.price_minor) == (before.title, before.policy, before.price_minor)
    assert row.policy["key"] == "moderate"
