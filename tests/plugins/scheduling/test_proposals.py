"""Proposals, substitutes, links of mails, the waiting list."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import now
from kernel.base.clock import frozen_at, shifted_by
from plugins.scheduling.models import Booking, Proposal, Waiting
from plugins.scheduling.services import links, proposals
from plugins.users.models import InterviewerProfile

from .conftest import World, day_after, interviewer, stamp


async def _proposed(world: World, booking_id: UUID, *starts: str, **form: Any) -> Proposal:
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    fields = [("start", start) for start in starts] + list(form.items())
    sent = await host.post(f"/bookings/{booking_id}/propose", fields)
    assert sent.status == 303, sent.text
    with world.tenant.scope():
        return await Proposal.get(booking_id=booking_id, state="open")


async def test_the_candidate_accepts_one_of_the_proposed_times(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    times = stamp(day_after(6, 10)), stamp(day_after(6, 12))
    found = await _proposed(world, booking_id, *times, note="A doctor's appointment")
    page = await site.get(f"/bookings/{booking_id}")
    assert "A doctor&#39;s appointment" in page.text
    answer = {"proposal": str(found.id), "act": "accept"}
    wrong = await site.post(f"/bookings/{booking_id}/proposal", answer | {"start": stamp(day_after(7, 10))})
    assert wrong.status == 422
    assert (await site.post(f"/bookings/{booking_id}/proposal", answer | {"start": times[1]})).status == 303
    row = await world.row(booking_id)
    assert (stamp(row.starts_at), row.moves, row.ical_sequence) == (times[1], 0, 1)  # not counted against them
    late = await site.post(f"/bookings/{booking_id}/proposal", answer | {"start": times[0]})
    assert late.status == 409


async def test_or_keeps_it_or_takes_all_the_money_back(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    for act, status, percent in (("decline", "accepted", None), ("refund", "cancelled", 100)):
        booking_id = await world.booked(site, stamp(day_after(5, 10 if act == "refund" else 14)))
        with world.tenant.scope():
            await Booking.filter(id=booking_id).update(price_minor=9500)
        found = await _proposed(world, booking_id, stamp(day_after(6, 10)))
        await site.post(f"/bookings/{booking_id}/proposal", {"proposal": str(found.id), "act": act})
        row = await world.row(booking_id)
        assert (row.status, row.refund_percent) == (status, percent)
        with world.tenant.scope():
            assert (await Proposal.get(id=found.id)).state == "declined"


async def test_only_bookable_times_are_proposed_and_an_old_proposal_gives_way(world: World) -> None:
    site, host = await world.tenant.sign_in("candidate"), await world.tenant.sign_in(account_id=world.interviewer_id)
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    path = f"/bookings/{booking_id}/propose"
    assert (await host.get(path)).status == 200
    assert (await host.post(path, {"start": stamp(day_after(6, 3))})).status == 422
    assert (await host.post(path, {"note": "no time at all"})).status == 422
    assert (await site.post(path, {"start": stamp(day_after(6, 10))})).status == 404
    first = await _proposed(world, booking_id, stamp(day_after(6, 10)))
    second = await _proposed(world, booking_id, stamp(day_after(6, 12)))
    with world.tenant.scope():
        assert (await Proposal.get(id=first.id)).state == "withdrawn"
    assert (await host.post(f"/bookings/{booking_id}/proposal/withdraw")).status == 303
    with world.tenant.scope():
        assert (await Proposal.get(id=second.id)).state == "withdrawn"


async def test_nobody_answers_and_all_stays(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(9, 10)))
    found = await _proposed(world, booking_id, stamp(day_after(10, 10)))
    with shifted_by(timedelta(days=2, minutes=1)):
        await run_jobs(world.tenant)
        late = {"proposal": str(found.id), "act": "accept", "start": stamp(day_after(10, 10))}
        assert (await site.post(f"/bookings/{booking_id}/proposal", late)).status == 409
    with world.tenant.scope():
        assert (await Proposal.get(id=found.id)).state == "lapsed"
    assert (await world.row(booking_id)).status == "accepted"


async def test_a_colleague_steps_in_at_the_same_price(tenant: Any) -> None:
    world = await interviewer(tenant)
    better, cheaper = (
        await interviewer(tenant, slug="omar", rate=9000),
        await interviewer(tenant, slug="ines", rate=100),
    )
    site = await tenant.sign_in("candidate")
    start = stamp(day_after(5, 10))
    booking_id = await world.booked(site, start)
    with tenant.scope():
        await InterviewerProfile.filter(account_id=world.interviewer_id).update(rate_minor=6000)
    host = await tenant.sign_in(account_id=world.interviewer_id)
    page = await host.get(f"/bookings/{booking_id}/propose")
    assert "Omar Lind" in page.text
    assert "Ines Lind" not in page.text  # a lower rate is no equal substitute
    lower = await host.post(f"/bookings/{booking_id}/propose", {"substitute": str(cheaper.interviewer_id)})
    assert lower.status == 422
    found = await _proposed(world, booking_id, substitute=str(better.interviewer_id))
    before = await world.row(booking_id)
    await site.post(f"/bookings/{booking_id}/proposal", {"proposal": str(found.id), "act": "accept"})
    row = await world.row(booking_id)
    assert (row.interviewer_id, row.price_minor, stamp(row.starts_at)) == (
        better.interviewer_id, before.price_minor, start,
    )  # fmt: skip
    assert start in await world.starts()
    assert start not in await better.starts()
    assert (await host.get(f"/bookings/{booking_id}")).status == 404
    admin = await tenant.sign_in("admin")
    back = await admin.post(
        f"/api/v1/scheduling/admin/bookings/{booking_id}/reassign",
        json={"interviewer_id": str(world.interviewer_id), "reason": "Back again"},
    )
    assert back.status == 200, back.text


async def _link(world: World, booking_id: UUID, account_id: UUID) -> str:
    with world.tenant.scope():
        address = await links.link_for(await Booking.get(id=booking_id), account_id)
    return re.sub(r"^https?://[^/]+", "", address)


async def test_a_link_shows_and_only_its_form_acts(world: World) -> None:
    site, scanner = await world.tenant.sign_in("candidate"), world.tenant.visitor()
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    path = await _link(world, booking_id, site.account_id)
    for method in ("GET", "HEAD", "GET"):
        assert (await scanner.request(method, path)).status == 200
    assert (await scanner.get(f"{path}/move")).status == 200
    assert (await world.row(booking_id)).status == "accepted"
    page = await scanner.get(path)
    assert "Cancel this session" in page.text
    empty = await scanner.post(path, {"act": "cancel", "seen": page.fields()["seen"]})
    assert (empty.status, "Choose a reason" in empty.text) == (422, True)
    done = await scanner.post(path, {"act": "cancel", "code": "ill", "seen": page.fields()["seen"]})
    assert (done.status, "Session cancelled" in done.text) == (200, True)
    row = await world.row(booking_id)
    assert (row.status, row.cancelled_by) == ("cancelled", "candidate")
    assert (await scanner.get(path)).status == 410
    assert (await scanner.get("/session-link/" + "x" * 43)).status == 410


async def test_a_proposed_time_that_was_taken_leaves_the_others(world: World) -> None:
    site, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    times = stamp(day_after(6, 10)), stamp(day_after(6, 12))
    found = await _proposed(world, booking_id, *times)
    await world.booked(other, times[0])
    answer = {"proposal": str(found.id), "act": "accept", "start": times[0]}
    assert site.account_id is not None
    path = await _link(world, booking_id, site.account_id)
    refused = await world.tenant.visitor().post(path, answer)
    assert refused.status in (409, 422)
    assert times[1] in refused.text
    again = await site.post(f"/bookings/{booking_id}/proposal", answer)
    assert again.location == f"/bookings/{booking_id}"
    page = (await site.get(again.location)).text
    assert "This time was just taken." in page
    assert times[1] in page
    assert (await world.row(booking_id)).status == "accepted"
    assert (await site.post(f"/bookings/{booking_id}/proposal", answer | {"start": times[1]})).status == 303
    assert stamp((await world.row(booking_id)).starts_at) == times[1]


async def test_a_move_by_link_makes_all_links_of_before_useless(world: World) -> None:
    site, visitor = await world.tenant.sign_in("candidate"), world.tenant.visitor()
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    one, two = [await _link(world, booking_id, site.account_id) for _n in range(2)]
    theirs = await _link(world, booking_id, world.interviewer_id)
    assert (await visitor.post(theirs, {"act": "move", "start": stamp(day_after(6, 10))})).status == 404
    moved = await visitor.post(one, {"act": "move", "start": stamp(day_after(6, 10))})
    assert (moved.status, "Session moved" in moved.text) == (200, True)
    for path in (one, two, theirs):
        assert (await visitor.get(path)).status == 410
        assert (await visitor.post(path, {"act": "cancel", "code": "ill"})).status == 410
    assert (await world.row(booking_id)).status == "accepted"


async def test_a_link_ends_with_the_start_and_is_of_one_tenant(world: World, other_tenant: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    assert site.account_id is not None
    path = await _link(world, booking_id, site.account_id)
    assert (await other_tenant.visitor().get(path)).status == 410
    with frozen_at(start + timedelta(minutes=1)):
        assert (await world.tenant.visitor().get(path)).status == 410


async def test_a_freed_time_is_held_for_the_first_who_waits_then_the_next(world: World, run_jobs: Any) -> None:
    owner, first, second = [await world.tenant.sign_in("candidate") for _n in range(3)]
    start = stamp(day_after(5, 10))
    booking_id = await world.booked(owner, start)
    for site in (first, second, first):  # joining twice is one entry
        joined = await site.post("/waiting-list", {"type": world.kind.slug, "interviewer": world.slug})
        assert joined.status == 303, joined.text
    with world.tenant.scope():
        assert await Waiting.all().count() == 2
    assert "Place 2" in (await second.get("/waiting-list")).text
    await owner.post(f"/bookings/{booking_id}/cancel", {"code": "ill"})
    await run_jobs(world.tenant)
    offer = next(b for b in await world.rows() if b.mode == "offer")
    assert (offer.status, offer.candidate_id, stamp(offer.starts_at)) == ("held", first.account_id, start)
    assert "held for you" in (await first.get("/waiting-list")).text
    third = await world.tenant.sign_in("candidate")
    assert (await world.hold(third, start)).status == 409
    with shifted_by(timedelta(minutes=121)):
        await run_jobs(world.tenant)
        offer = next(b for b in await world.rows() if b.mode == "offer" and b.status == "held")
        assert offer.candidate_id == second.account_id
        done = await second.post(f"/bookings/{offer.id}/confirm", {"goal": "At last"})
        assert done.location == f"/bookings/{offer.id}"
    with world.tenant.scope():
        states = {row.account_id: row.state for row in await Waiting.all()}
    assert states == {first.account_id: "lapsed", second.account_id: "taken"}


async def test_leaving_gives_the_offer_to_the_next(world: World, run_jobs: Any) -> None:
    owner, first, second = [await world.tenant.sign_in("candidate") for _n in range(3)]
    booking_id = await world.booked(owner, stamp(day_after(5, 10)))
    for site in (first, second):
        await site.post("/api/v1/scheduling/waiting", json={"type": world.kind.slug})
    await owner.post(f"/bookings/{booking_id}/cancel", {"code": "ill"})
    await run_jobs(world.tenant)
    (entry,) = (await first.get("/api/v1/scheduling/waiting")).json()["items"]
    assert (await second.post(f"/waiting-list/{entry['id']}/leave")).status == 404
    assert (await first.post(f"/waiting-list/{entry['id']}/leave")).status == 303
    await run_jobs(world.tenant)
    held = [b for b in await world.rows() if b.status == "held"]
    assert [b.candidate_id for b in held] == [second.account_id]


async def test_accept_and_cancel_at_once_let_one_win(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    found = await _proposed(world, booking_id, stamp(day_after(6, 10)))
    accept = {"proposal": str(found.id), "act": "accept", "start": stamp(day_after(6, 10))}
    with world.tenant.scope():
        booking = await Booking.get(id=booking_id)
    answers = await asyncio.gather(
        site.post(f"/bookings/{booking_id}/proposal", accept),
        site.post(f"/api/v1/scheduling/bookings/{booking_id}/cancel", json={"code": "ill"}),
    )
    row = await world.row(booking_id)
    assert answers[1].status == 200  # cancelling is possible before and after; accepting only before
    assert row.status == "cancelled"
    assert answers[0].status in (303, 409)
    assert booking.starts_at > now()
    with world.tenant.scope():
        assert await proposals.open_proposal(booking_id) is None
