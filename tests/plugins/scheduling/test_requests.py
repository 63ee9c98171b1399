"""Requests: answered, unanswered, to several at once, for now; panels; who may answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import now, published_events
from kernel.base.clock import frozen_at, shifted_by
from plugins.scheduling.models import Ask, Booking, InterviewType
from plugins.scheduling.services import requests

from .conftest import World, day_after, interviewer, stamp
from .test_payments import Till, till

__all__ = ["till"]


async def _world(tenant: Any, **changes: Any) -> World:
    return await interviewer(tenant, mode="request", **changes)


async def _ask(world: World, site: Any, start: str, **form: Any) -> UUID:
    held = await world.hold(site, start)
    assert held.status == 303, held.text
    done = await site.post(held.location, {"goal": "Please", **form})
    assert done.status == 303, done.text
    return UUID(done.location.rsplit("/", 1)[1])


async def test_a_request_takes_the_time_and_is_accepted(tenant: Any) -> None:
    world = await _world(tenant)
    site, host = await tenant.sign_in("candidate"), await tenant.sign_in(account_id=world.interviewer_id)
    start = stamp(day_after(5, 10))
    booking_id = await _ask(world, site, start)
    assert (await world.row(booking_id)).status == "requested"
    assert start not in await world.starts()
    assert "Request sent" in (await site.get(f"/bookings/{booking_id}")).text
    assert "Asked of you" in (await host.get("/bookings")).text
    page = await host.get(f"/bookings/{booking_id}")
    assert "Can you take this session?" in page.text
    stranger = await tenant.sign_in("interviewer")
    assert (await stranger.post(f"/bookings/{booking_id}/answer", {"act": "accept"})).status == 404
    assert (await site.post(f"/bookings/{booking_id}/answer", {"act": "accept"})).status == 404
    assert (await host.post(f"/bookings/{booking_id}/answer", {"act": "accept"})).location == f"/bookings/{booking_id}"
    assert (await world.row(booking_id)).status == "accepted"
    again = await host.post(f"/api/v1/scheduling/bookings/{booking_id}/answer", json={"act": "accept"})
    assert again.json()["status"] == "accepted"  # a second click
    with tenant.scope():
        assert len([e async for e in published_events("scheduling.booking_confirmed.v1")]) == 1


async def test_a_paid_request_is_paid_only_after_the_yes(till: Till, tenant: Any) -> None:
    world = await _world(tenant, rate=6000)
    site, host = await tenant.sign_in("candidate"), await tenant.sign_in(account_id=world.interviewer_id)
    booking_id = await _ask(world, site, stamp(day_after(5, 10)))
    assert till.asked == []
    await host.post(f"/bookings/{booking_id}/answer", {"act": "accept"})
    row = await world.row(booking_id)
    assert row.status == "pending"
    assert row.hold_until is not None
    assert row.hold_until > now() + timedelta(hours=11)
    page = (await site.get(f"/bookings/{booking_id}")).text
    assert "Pay €60" in page
    assert "Accepted" in page  # what the interviewer did; nobody has begun to pay
    assert "Payment begun" not in page
    assert (await site.post(f"/bookings/{booking_id}/confirm", {})).location == f"/checkout/{booking_id}"


async def test_no_answer_runs_out_and_frees_the_time(tenant: Any, run_jobs: Any) -> None:
    world = await _world(tenant, answer_hours=2)
    site, host = await tenant.sign_in("candidate"), await tenant.sign_in(account_id=world.interviewer_id)
    start = stamp(day_after(5, 10))
    booking_id = await _ask(world, site, start)
    with shifted_by(timedelta(hours=3)):
        late = await host.post(f"/api/v1/scheduling/bookings/{booking_id}/answer", json={"act": "accept"})
        assert (late.status, "time for answering is over" in late.text) == (409, True)
        await run_jobs(tenant)
        assert (await world.row(booking_id)).status == "expired"
        assert start in await world.starts()
        gone = await site.get(f"/bookings/{booking_id}/confirm")
        assert (gone.status, "Nobody answered your request in time" in gone.text) == (410, True)


async def test_a_request_that_takes_no_time_is_guarded_when_accepted(tenant: Any) -> None:
    world = await _world(tenant, request_blocks=False)
    one, two = await tenant.sign_in("candidate"), await tenant.sign_in("candidate")
    host = await tenant.sign_in(account_id=world.interviewer_id)
    start = stamp(day_after(5, 10))
    first, second = await _ask(world, one, start), await _ask(world, two, start)
    accept = {"act": "accept"}
    assert (await host.post(f"/api/v1/scheduling/bookings/{first}/answer", json=accept)).json()["status"] == "accepted"
    refused = await host.post(f"/api/v1/scheduling/bookings/{second}/answer", json=accept)
    assert (refused.status, refused.json()["code"]) == (422, "your_time")
    declined = await host.post(f"/bookings/{second}/answer", {"act": "decline", "reason": "Taken, sorry"})
    assert declined.status == 303
    assert (await world.row(second)).status == "rejected"
    assert "Taken, sorry" in (await two.get(f"/bookings/{second}")).text


async def test_of_several_asked_the_first_has_it_at_their_price(till: Till, tenant: Any) -> None:
    world = await _world(tenant, rate=6000, fan_out=3)
    others = [await interviewer(tenant, slug=slug, rate=rate) for slug, rate in (("omar", 9000), ("ines", 3000))]
    site = await tenant.sign_in("candidate")
    start = stamp(day_after(5, 10))
    held = await world.hold(site, start)
    page = await site.get(held.location)
    assert "Ask others at the same time" in page.text
    done = await site.post(held.location, [("goal", "x"), ("also", "omar"), ("also", "ines")])
    booking_id = UUID(done.location.rsplit("/", 1)[1])
    row = await world.row(booking_id)
    assert (row.interviewer_id, row.price_minor) == (None, 9000)  # the cap
    hosts = [await tenant.sign_in(account_id=w.interviewer_id) for w in (world, *others)]
    path = f"/api/v1/scheduling/bookings/{booking_id}/answer"
    answers = await asyncio.gather(*(host.post(path, json={"act": "accept"}) for host in hosts))
    assert sorted(a.status for a in answers) == [200, 409, 409]
    assert all("Somebody else accepted first" in a.text for a in answers if a.status == 409)
    winner = next(n for n, a in enumerate(answers) if a.status == 200)
    row = await world.row(booking_id)
    assert row.interviewer_id == (world, *others)[winner].interviewer_id
    assert (row.status, row.price_minor) == ("pending", (6000, 9000, 3000)[winner])
    with tenant.scope():
        assert sorted(a.state for a in await Ask.filter(booking_id=booking_id)) == ["accepted", "lapsed", "lapsed"]


async def test_more_than_the_type_allows_are_not_asked(tenant: Any) -> None:
    world = await _world(tenant, fan_out=2)
    for slug in ("omar", "ines"):
        await interviewer(tenant, slug=slug)
    site = await tenant.sign_in("candidate")
    held = await world.hold(site, stamp(day_after(5, 10)))
    refused = await site.post(held.location, [("goal", "x"), ("also", "omar"), ("also", "ines")])
    assert (refused.status, "At most 2 interviewers" in refused.text) == (422, True)
    assert (await world.rows())[0].status == "held"


async def test_now_goes_to_the_first_who_accepts_within_90_seconds(tenant: Any, run_jobs: Any) -> None:
    week = {str(d): [["00:00", "24:00"]] for d in range(1, 8)}
    world = await interviewer(tenant, weekly=week, now_allowed=True)
    other = await interviewer(tenant, slug="omar", weekly=week)
    site = await tenant.sign_in("candidate")
    assert "2 interviewers free" in (await site.get("/begin-now")).text
    asked = await site.post("/begin-now", {"type": str(world.kind.id)})
    booking_id = UUID(asked.location.rsplit("/", 1)[1])
    again = await site.post("/begin-now", {"type": str(world.kind.id)})
    assert again.location == asked.location  # a second click asks nobody twice
    assert "Looking for an interviewer" in (await site.get(asked.location)).text
    host = await tenant.sign_in(account_id=other.interviewer_id)
    assert f'href="/bookings/{booking_id}">Answer' in (await host.get("/home")).text  # seen at once, not in a list
    assert (await host.post(f"/bookings/{booking_id}/answer", {"act": "accept"})).location == asked.location
    assert f'href="/bookings/{booking_id}">Answer' not in (await host.get("/home")).text
    row = await world.row(booking_id)
    assert (row.status, row.interviewer_id) == ("accepted", other.interviewer_id)
    assert row.starts_at - now() < timedelta(minutes=3)
    second = await tenant.sign_in("candidate")
    late = await second.post("/begin-now", {"type": str(world.kind.id)})
    with shifted_by(timedelta(seconds=95)):
        await run_jobs(tenant)
        assert (await world.row(UUID(late.location.rsplit("/", 1)[1]))).status == "expired"


async def test_now_without_anybody_is_told(tenant: Any) -> None:
    world = await interviewer(tenant, weekly={"1": [["08:00", "09:00"]]}, now_allowed=True)
    site = await tenant.sign_in("candidate")
    with tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        with frozen_at(day_after(1, 23)):
            assert await requests.available_now(kind, None, now()) == []
    with frozen_at(day_after(1, 23)):
        nobody = await site.post("/begin-now", {"type": str(world.kind.id)})
    assert (nobody.status, "Nobody is available at this moment" in nobody.text) == (422, True)


async def test_a_panel_takes_both_calendars_or_none(tenant: Any) -> None:
    world = await interviewer(tenant, panel=2)
    other = await interviewer(tenant, slug="omar")
    one, two = await tenant.sign_in("candidate"), await tenant.sign_in("candidate")
    start = stamp(day_after(5, 10))
    assert "Second interviewer" in (await one.get(world.book)).text
    # Two panels with the same two people the other way round, at the same moment.
    answers = await asyncio.gather(
        one.post(world.book, {"start": start, "tz": "UTC", "second": "omar"}),
        two.post(other.book, {"start": start, "tz": "UTC", "second": "maya"}),
    )
    assert sorted(a.status for a in answers) == [303, 409]
    (row,) = await world.rows()
    assert {row.interviewer_id, row.second_id} == {world.interviewer_id, other.interviewer_id}
    for w in (world, other):
        assert start not in await w.starts()
    winner = one if answers[0].status == 303 else two
    done = await winner.post(f"/bookings/{row.id}/confirm", {"goal": "x"})
    second = await tenant.sign_in(account_id=row.second_id)
    assert (await second.get(done.location)).status == 200
    with tenant.scope():
        await Booking.filter(id=row.id).update(status="cancelled")
    assert start in await other.starts()
