"""Personal links to a session: one for each person and state of a booking, safe to open, always with a next step."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kernel import sql
from kernel.base.clock import frozen_at
from plugins.scheduling.models import Booking
from plugins.scheduling.services import joining

from .conftest import World, day_after, stamp


async def _link(world: World, booking_id: UUID, person: UUID | str) -> str:
    with world.tenant.scope():
        return await joining.link_for(await Booking.get(id=booking_id), person)


async def test_each_person_has_their_own_stable_link(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    mine, theirs = await _link(world, booking_id, site.account_id), await _link(world, booking_id, world.interviewer_id)
    assert mine == await _link(world, booking_id, site.account_id)
    assert mine != theirs
    anybody = world.tenant.visitor()
    for link in (mine, theirs):
        answer = await anybody.get(link)
        assert answer.status == 200
        assert "The room opens in" in answer.text
    # A stranger's account, a letter changed, something made up: nothing there.
    assert (await anybody.get(await _link(world, booking_id, UUID(int=7)))).status == 404
    changed = mine[:-2] + ("A" if mine[-2] != "A" else "B") + mine[-1]
    assert (await anybody.get(changed)).status == 404
    assert (await anybody.get(world.tenant.origin + "/join/" + "x" * 54)).status == 404


async def test_moving_and_cancelling_revoke_it_with_an_explanation(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    old = await _link(world, booking_id, site.account_id)
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(day_after(6, 10))})
    gone = await world.tenant.visitor().get(old)
    assert gone.status == 410
    assert "This session was changed" in gone.text
    assert f"/bookings/{booking_id}" in gone.text
    assert f"/rooms/{booking_id}" not in gone.text
    new = await _link(world, booking_id, site.account_id)
    assert (await world.tenant.visitor().get(new)).status == 200
    await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
    for link in (old, new):
        answer = await world.tenant.visitor().get(link)
        assert answer.status == 410
        assert "This session was cancelled" in answer.text
        assert "/interviewers" in answer.text


async def test_at_the_old_time_no_link_and_no_door_opens(world: World) -> None:
    """After a move: neither the links of before nor the room let anybody in when the session would have begun."""
    site = await world.tenant.sign_in("candidate")
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(people=[{"email": "guest@example.test", "role": "guest"}])
    people = (site.account_id, world.interviewer_id, "guest@example.test")
    old = [await _link(world, booking_id, person) for person in people if person is not None]
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(day_after(6, 10))})
    with frozen_at(start + timedelta(minutes=1)):
        for link in old:
            gone = await world.tenant.visitor().get(link)
            assert gone.status == 410
            assert "Go in" not in gone.text
        for one in (site, host):
            assert (await one.post(f"/rooms/{booking_id}/ticket")).status in (403, 409, 410)
        new = [await _link(world, booking_id, person) for person in people if person is not None]
        assert set(new).isdisjoint(old)
        assert "The room opens in" in (await site.get(new[0])).text


async def test_before_during_and_after(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    assert site.account_id is not None
    link = await _link(world, booking_id, site.account_id)
    visitor = world.tenant.visitor()
    with frozen_at(start - timedelta(minutes=16)):
        assert "Check camera and microphone" in (await visitor.get(link)).text
    with frozen_at(start - timedelta(minutes=14)):
        assert "Go in" in (await visitor.get(link)).text
        # The room asks who it is, and leads back to itself afterwards.
        asked = await visitor.get(f"/rooms/{booking_id}")
        assert asked.status == 303
        assert "next=" in asked.location and "rooms" in asked.location
    with frozen_at(start + timedelta(hours=3)):
        over = await visitor.get(link)
        assert "This session is over" in over.text
        assert "Book the next session" in over.text


async def test_a_blocked_person_s_link_leads_nowhere(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    link = await _link(world, booking_id, site.account_id)
    with world.tenant.scope():
        await sql("UPDATE kernel_account SET state = 'blocked' WHERE id = $1 RETURNING id", site.account_id)
    assert (await world.tenant.visitor().get(link)).status == 404


async def test_guests_need_no_account_and_are_bound_to_their_address(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(people=[{"email": "guest@example.test", "role": "guest"}])
    visitor = world.tenant.visitor()
    answer = await visitor.get(await _link(world, booking_id, "guest@example.test"))
    assert answer.status == 200
    assert "guest@example.test" in answer.text
    assert f"/bookings/{booking_id}" not in answer.text
    assert (await visitor.get(await _link(world, booking_id, "other@example.test"))).status == 404


async def test_opening_it_changes_nothing(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    link, before = await _link(world, booking_id, site.account_id), await world.row(booking_id)
    for _scan in range(3):
        await world.tenant.visitor().get(link)
    after = await world.row(booking_id)
    assert (after.version, after.status, after.ical_sequence) == (before.version, before.status, before.ical_sequence)


async def test_a_second_device_is_asked_before_it_takes_over(world: World) -> None:
    from plugins.live.models import LiveSession, Presence

    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    assert site.account_id is not None
    link = await _link(world, booking_id, site.account_id)
    with frozen_at(start - timedelta(minutes=5)):
        assert "Move here?" not in (await site.get(link)).text
        with world.tenant.scope():
            session = await LiveSession.create(
                booking_id=booking_id, kind="human", candidate_id=site.account_id,
                interviewer_id=world.interviewer_id, starts_at=start, ends_at=start + timedelta(hours=1),
            )  # fmt: skip
            await Presence.create(session=session, account_id=site.account_id, role="candidate", connection=UUID(int=1))
        assert "Move here?" in (await site.get(link)).text
