"""The same actions as JSON."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest

from kernel.testing.people import TenantKit
from plugins.scheduling.models import Ask, Booking
from plugins.scheduling.services import parties

from .conftest import World, day_after, stamp

API = "/api/v1/scheduling"


async def test_booking_by_program(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    types = (await site.get(f"{API}/interview-types")).json()["items"]
    assert "system-design" in [t["slug"] for t in types]
    people = (await site.get(f"{API}/interviewers?q=maya")).json()["items"]
    assert people[0]["types"] == ["system-design"]
    start = stamp(day_after(5, 10))
    sent = {"interviewer": world.slug, "type": world.kind.slug, "start": start}
    held = await site.post(f"{API}/bookings", json=sent, headers={"Idempotency-Key": "booking-0001"})
    assert held.status == 201, held.text
    again = await site.post(f"{API}/bookings", json=sent, headers={"Idempotency-Key": "booking-0001"})
    assert again.json()["id"] == held.json()["id"]
    assert held.json()["status"] == "held"
    path = f"{API}/bookings/{held.json()['id']}"
    done = await site.post(f"{path}/confirm", json={"goal": "Graphs"})
    assert (done.status, done.json()["status"]) == (200, "accepted")
    assert [b["id"] for b in (await site.get(f"{API}/bookings")).json()["items"]] == [held.json()["id"]]
    moved = await site.post(f"{path}/reschedule", json={"start": stamp(day_after(8, 12))})
    assert moved.json()["starts_at"].startswith(f"{day_after(8, 12):%Y-%m-%dT%H:%M}")
    seen = (await site.get(f"{path}/cancel")).json()["seen"]
    gone = await site.post(f"{path}/cancel", json={"reason": "Ill", "seen": seen})
    assert gone.json()["status"] == "cancelled"
    assert (await site.get(path)).json()["status"] == "cancelled"


async def test_refusals_say_why_and_what_instead(world: World) -> None:
    one, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    start = (await world.starts())[3]
    await world.booked(one, start)
    body = {"interviewer": world.slug, "type": world.kind.slug, "start": start}
    taken = await other.post(f"{API}/bookings", json=body)
    assert (taken.status, taken.json()["code"]) == (409, "busy")
    assert len(taken.json()["nearest"]) == 3
    past = await other.post(f"{API}/bookings", json={**body, "start": stamp(day_after(-1, 9))})
    assert (past.status, past.json()["code"]) == (422, "past")
    gap = await other.post(f"{API}/bookings", json={**body, "start": "2027-03-28T02:30", "zone": "Europe/Berlin"})
    assert (gap.status, gap.json()["code"]) == (422, "gap")


@pytest.mark.parametrize("query", ["from=x", "to=2026-01-01", "from=0001-01-01T00:00Z"])
async def test_odd_windows_are_refused(world: World, query: str) -> None:
    answer = await world.tenant.visitor().get(f"{API}/slots?interviewer={world.slug}&type={world.kind.slug}&{query}")
    assert answer.status == 422


async def test_a_window_narrows_the_slots(world: World) -> None:
    low, high = day_after(5, 8), day_after(5, 12)
    query = f"interviewer={world.slug}&type={world.kind.slug}&from={stamp(low)}&to={stamp(high)}"
    slots = (await world.tenant.visitor().get(f"{API}/slots?{query}")).json()["slots"]
    assert slots
    assert all(stamp(low) <= s <= stamp(day_after(5, 11)) for s in slots)


@pytest.mark.parametrize("body", [{}, {"interviewer": 1}, {"start": "x" * 100}, [], {"extra": 1}])
async def test_malformed_bodies_are_4xx(world: World, body: object) -> None:
    site = await world.tenant.sign_in("candidate")
    assert (await site.post(f"{API}/bookings", json=body)).status == 422


async def test_strangers_and_other_tenants(world: World, other_tenant: TenantKit) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    visitor, foreign = world.tenant.visitor(), await other_tenant.sign_in("candidate")
    assert (await visitor.get(f"{API}/bookings")).status == 401
    assert (await visitor.get(f"{API}/slots?interviewer=x&type=y")).status == 404
    for action in ("confirm", "cancel", "reschedule"):
        body = {"start": "2030-01-01T10:00Z"} if action == "reschedule" else {}
        assert (await foreign.post(f"{API}/bookings/{booking_id}/{action}", json=body)).status == 404
    assert (await foreign.get(f"{API}/bookings/{booking_id}")).status == 404


async def test_practice_by_program(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    answer = await site.post(f"{API}/practice/ai-sql")
    assert (answer.status, answer.json()["kind"]) == (201, "ai")
    assert (await site.post(f"{API}/practice/system-design")).status == 404


async def test_letting_go_and_lists_in_pages(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    body = {"interviewer": world.slug, "type": world.kind.slug}
    held = await site.post(f"{API}/bookings", json={**body, "start": stamp(day_after(5, 10))})
    path = f"{API}/bookings/{held.json()['id']}"
    for _click in range(2):
        assert (await site.post(f"{path}/release")).json()["status"] == "expired"
    ids = [str(await world.booked(site, stamp(day_after(n, 10)))) for n in (6, 7, 8)]
    standing = await site.post(f"{API}/bookings/{ids[0]}/release")
    assert standing.json()["status"] == "accepted"  # letting go calls nothing off
    first = (await site.get(f"{API}/bookings?limit=2")).json()
    second = (await site.get(f"{API}/bookings?limit=2&cursor={first['next']}")).json()
    assert [b["id"] for b in [*first["items"], *second["items"]]] == ids
    assert second["next"] is None
    assert (await site.get(f"{API}/bookings?tab=nonsense")).status == 422
    why = await site.post(f"{API}/bookings/{ids[0]}/cancel", json={})
    assert (why.status, why.json()["errors"][0]["field"]) == (422, "code")


async def test_files_and_a_resume_by_program(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    with world.tenant.scope():
        question = {"key": "cv", "type": "file", "label": "CV", "hint": "", "required": True, "options": []}
        await type(world.kind).filter(id=world.kind.id).update(questions=[question])
    body = {"interviewer": world.slug, "type": world.kind.slug, "start": stamp(day_after(5, 10))}
    path = f"{API}/bookings/{(await site.post(f'{API}/bookings', json=body)).json()['id']}"
    missing = await site.post(f"{path}/confirm", json={})
    assert [e["field"] for e in missing.json()["errors"]] == ["files.cv"]
    odd = {"name": "cv.exe", "content": base64.b64encode(b"MZ\x00\x01\xff").decode()}
    assert (await site.post(f"{path}/confirm", json={"files": {"cv": odd}})).status == 422
    pdf = {"name": "cv.pdf", "content": base64.b64encode(b"%PDF-1.7 hello").decode()}
    done = await site.post(f"{path}/confirm", json={"files": {"cv": pdf}})
    assert done.json()["status"] == "accepted", done.text
    kept = (await world.row(UUID(done.json()["id"]))).intake["answers"][0]
    assert (kept["value"], kept["size"]) == ("cv.pdf", 14)
    for _twice in range(2):
        assert (await site.post(f"{path}/resume", json=pdf, method="PUT")).status == 200
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    assert (await host.post(f"{path}/resume", json=pdf, method="PUT")).status == 404
    shown = await host.get(f"/bookings/{done.json()['id']}/resume")
    assert shown.body == b"%PDF-1.7 hello"


async def test_a_session_for_somebody_else_by_program(world: World, other_tenant: TenantKit) -> None:
    site, friend = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(claim_email="f@example.test", booked_by=site.account_id)
        token = await parties.claim_token(await Booking.get(id=booking_id))
    path = f"{API}/claims/{token}"
    assert (await friend.get(path)).json()["interviewer_name"] == "Maya Lind"
    assert (await (await other_tenant.sign_in("candidate")).post(path)).status == 410
    key = {"Idempotency-Key": "claim-for-me"}
    for _click in range(2):
        assert (await friend.post(path, headers=key)).json()["candidate_id"] == str(friend.account_id)
    assert (await site.post(path)).status == 410


async def test_what_a_candidate_only_holds_is_no_interviewer_s(world: World) -> None:
    site, host = await world.tenant.sign_in("candidate"), await world.tenant.sign_in(account_id=world.interviewer_id)
    stranger = await world.tenant.sign_in("interviewer")
    assert (await world.hold(site, (await world.starts(site))[3])).status == 303
    (row,) = await world.rows()
    path = f"{API}/bookings/{row.id}"
    for status in ("held", "pending"):
        with world.tenant.scope():
            await Booking.filter(id=row.id).update(status=status)
        assert (await host.get(path)).status == 404
        assert (await host.post(f"{path}/cancel", json={"code": "time"})).status == 404
        assert (await host.post(f"/bookings/{row.id}/cancel", {"code": "time"})).status == 404
        assert [one.status for one in await world.rows()] == [status]
    with world.tenant.scope():
        await Booking.filter(id=row.id).update(status="requested")
        ask = await Ask.create(booking_id=row.id, interviewer_id=stranger.account_id, currency="EUR")
    assert (await stranger.get(path)).status == 200
    with world.tenant.scope():
        await Ask.filter(id=ask.id).update(state="declined")
    assert (await stranger.get(path)).status == 404, "as on the page: who said no is not asked any more"
