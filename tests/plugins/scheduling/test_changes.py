"""Cancelling and moving: the figures shown are the figures done, and whoever comes second is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import errors, now, published_events
from kernel.base.clock import frozen_at, shifted_by
from plugins.scheduling import policies
from plugins.scheduling.models import Booking, InterviewType
from plugins.scheduling.services import changes

from .conftest import World, day_after, stamp


async def _priced(world: World, booking_id: UUID, minor: int = 9500) -> None:
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(price_minor=minor)


async def _events(world: World, name: str) -> list[dict[str, Any]]:
    with world.tenant.scope():
        return [dict(e.data) async for e in published_events(f"scheduling.{name}.v1")]


@pytest.mark.parametrize(
    ("key", "hours", "percent"),
    [("moderate", 24, 100), ("moderate", 23.99, 50), ("moderate", 2, 50), ("moderate", 1.99, 0), ("strict", 71, 50),
     ("strict", 72, 100), ("strict", 1, 0), ("flexible", 2, 100), ("flexible", 1, 0)],
)  # fmt: skip
def test_tiers_to_the_minute(key: str, hours: float, percent: int) -> None:
    at = now()
    case = policies.Case("cancel", "candidate", 9501, at + timedelta(hours=hours), at)
    found = policies.weigh(policies.ready(key), case)
    assert found.percent == percent
    assert found.refund_minor + found.kept_minor == 9501
    assert found.refund_minor == {100: 9501, 50: 4751, 0: 0}[percent]  # half a cent goes to the payer


def test_whoever_else_cancels_the_candidate_gets_everything() -> None:
    at = now()
    for by in ("interviewer", "admin", "system"):
        found = policies.weigh(policies.ready("strict"), policies.Case("cancel", by, 9500, at + timedelta(hours=1), at))
        assert (found.percent, found.refund_minor) == (100, 9500)


async def test_the_page_shows_the_refund_before_it_acts(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    await _priced(world, booking_id)
    page = await site.get(f"/bookings/{booking_id}/cancel")
    assert "You get a full refund of €95." in page.text
    assert (await world.row(booking_id)).status == "accepted"  # looking changes nothing
    answer = await site.post(f"/bookings/{booking_id}/cancel", {"reason": "Ill", "seen": page.fields()["seen"]})
    assert answer.status == 303
    row = await world.row(booking_id)
    assert (row.status, row.cancelled_by, row.refund_percent, row.ical_sequence) == ("cancelled", "candidate", 100, 1)
    (news,) = await _events(world, "booking_cancelled")
    assert (news["refund_percent"], news["refund_minor"], news["by"], news["reason"]) == (100, 9500, "candidate", "Ill")
    assert "Refund: €95" in (await site.get(f"/bookings/{booking_id}")).text


async def test_a_refund_that_changed_meanwhile_is_shown_again(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    await _priced(world, booking_id)
    page = await site.get(f"/bookings/{booking_id}/cancel")
    with frozen_at(start - timedelta(hours=20)):
        stale = await site.post(f"/bookings/{booking_id}/cancel", {"code": "ill", "seen": page.fields()["seen"]})
        assert stale.status == 409
        assert "You get €47.50 of €95 back." in stale.text
        assert (await world.row(booking_id)).status == "accepted"
        again = await site.post(f"/bookings/{booking_id}/cancel", {"code": "ill", "seen": stale.fields()["seen"]})
        assert again.status == 303
    assert (await world.row(booking_id)).refund_percent == 50


async def test_the_interviewer_cancels_and_everything_goes_back(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    await _priced(world, booking_id)
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    with frozen_at(start - timedelta(hours=1)):
        page = await host.get(f"/bookings/{booking_id}/cancel")
        assert "Ada Novak gets a full refund of €95." in page.text
        assert "You get 1 strike." in page.text
        await host.post(f"/bookings/{booking_id}/cancel", {"seen": page.fields()["seen"], "reason": "Flu"})
    row = await world.row(booking_id)
    assert (row.cancelled_by, row.refund_percent) == ("interviewer", 100)


async def test_cancelling_twice_is_once(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    await asyncio.gather(*(site.post(f"/bookings/{booking_id}/cancel", {"code": "time"}) for _n in range(4)))
    assert len(await _events(world, "booking_cancelled")) == 1
    again = await site.get(f"/bookings/{booking_id}/cancel")
    assert again.status == 303


async def test_what_has_begun_is_not_cancelled_by_its_people(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(2, 10)
    booking_id = await world.booked(site, stamp(start))
    with frozen_at(start + timedelta(minutes=1)):
        answer = await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
        assert answer.status == 409
        assert "has begun" in answer.text
    assert (await world.row(booking_id)).status == "accepted"


async def test_a_cancelled_time_is_free_again(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[4]
    booking_id = await world.booked(site, start)
    assert start not in await world.starts()
    await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
    assert start in await world.starts()


# --- moving -------------------------------------------------------------------------------------------------------


async def _move(world: World, site: Any, booking_id: UUID, start: str) -> Any:
    return await site.post(f"/bookings/{booking_id}/reschedule", {"start": start, "tz": "Europe/Berlin"})


async def test_moving_takes_the_new_time_and_frees_the_old(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    old, new = stamp(day_after(5, 10)), stamp(day_after(6, 12))
    booking_id = await world.booked(site, old)
    before = await world.row(booking_id)
    page = await site.get(f"/bookings/{booking_id}/reschedule")
    assert page.status == 200
    assert f'value="{old}"' not in page.text
    assert (await _move(world, site, booking_id, new)).location == f"/bookings/{booking_id}"
    row = await world.row(booking_id)
    assert (stamp(row.starts_at), row.ical_sequence, row.moves) == (new, before.ical_sequence + 1, 1)
    assert row.ical_uid == before.ical_uid
    free = await world.starts()
    assert old in free
    assert new not in free
    (news,) = await _events(world, "booking_rescheduled")
    assert news["old_starts_at"].startswith(old[:16])
    assert len(await world.rows()) == 1


@pytest.mark.parametrize("asked_now", [9000, 1500])
async def test_another_price_on_the_new_time_changes_nothing_and_the_page_says_so(world: World, asked_now: int) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    await _priced(world, booking_id, 6000)
    with world.tenant.scope():
        await InterviewType.filter(id=world.kind.id).update(price_rule="fixed", price_minor=asked_now)
    page = await site.get(f"/bookings/{booking_id}/reschedule")
    assert "The price stays as it is" in page.text
    assert (await _move(world, site, booking_id, stamp(day_after(6, 12)))).status == 303
    assert (await world.row(booking_id)).price_minor == 6000


async def test_moving_by_half_its_length_is_possible(world: World) -> None:
    """The session's own present time does not stand in its way."""
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert (await _move(world, site, booking_id, stamp(day_after(5, 10, 30)))).status == 303


async def test_moving_onto_a_taken_time_leaves_all_as_it_was(world: World) -> None:
    site, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    mine, theirs = stamp(day_after(5, 10)), stamp(day_after(6, 12))
    booking_id = await world.booked(site, mine)
    await world.booked(other, theirs)
    answer = await _move(world, site, booking_id, theirs)
    assert answer.status == 409
    assert "nearest free times" in answer.text
    row = await world.row(booking_id)
    assert (stamp(row.starts_at), row.ical_sequence) == (mine, 0)


async def test_moving_obeys_the_same_rules_as_booking(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    for start, words in (
        (stamp(day_after(-1, 10)), "This time has passed"),
        (stamp(day_after(5, 3)), "would not lie within"),
        ("2027-03-28T02:30", "does not exist"),
        ("", "Choose one of the listed times"),
    ):
        answer = await _move(world, site, booking_id, start)
        assert answer.status == 422, start
        assert words in answer.text
    assert (await world.row(booking_id)).moves == 0


async def test_moving_ends_with_the_policy(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(9, 10)
    booking_id = await world.booked(site, stamp(start))
    for hour in (11, 12, 13):
        assert (await _move(world, site, booking_id, stamp(day_after(9, hour)))).status == 303
    fourth = await _move(world, site, booking_id, stamp(day_after(9, 14)))
    assert fourth.status == 409
    assert "already moved 3 times" in fourth.text
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(moves=0)
    with frozen_at(day_after(9, 13) - timedelta(hours=3)):
        late = await _move(world, site, booking_id, stamp(day_after(10, 14)))
        assert late.status == 409
        assert "until 4 hours before" in late.text


async def test_the_interviewer_cannot_move_it(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    assert (await _move(world, host, booking_id, stamp(day_after(9, 10)))).status == 404
    assert (await host.get(f"/bookings/{booking_id}/reschedule")).status == 303


async def test_cancel_move_and_start_at_once_let_one_win(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    assert site.account_id is not None
    with world.tenant.scope():
        results = await asyncio.gather(
            changes.cancel(booking_id, "candidate", ""),
            changes.reschedule(booking_id, site.account_id, day_after(6, 10)),
            changes.start(booking_id),
            return_exceptions=True,
        )
    row = await world.row(booking_id)
    lost = [r for r in results if isinstance(r, BaseException)]
    assert all(isinstance(r, errors.Conflict) for r in lost), lost
    assert row.status in ("cancelled", "in_progress")
    assert (row.status == "cancelled") == (len(await _events(world, "booking_cancelled")) == 1)


async def test_a_row_that_moved_on_is_refused(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    from plugins.scheduling.services.core import move
    from plugins.scheduling.states import Status

    with world.tenant.scope():
        one, other = await Booking.get(id=booking_id), await Booking.get(id=booking_id)
        await move(one, Status.IN_PROGRESS, role="system")
        with pytest.raises(errors.Conflict):
            await move(other, Status.CANCELLED, role="candidate")
        with pytest.raises(errors.Conflict):
            await move(one, Status.ACCEPTED, role="system")  # no such way in the table


async def test_what_the_room_tells(world: World) -> None:
    from plugins.scheduling.queries import BOOKINGS

    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    with world.tenant.scope():
        await BOOKINGS.start(booking_id)
        await BOOKINGS.start(booking_id)
        await BOOKINGS.finish(booking_id, "no_show_candidate")
        await BOOKINGS.finish(booking_id, "completed")  # told again: the first word counts
        info = await BOOKINGS.get(booking_id)
        assert info is not None
        assert (info.status, info.outcome) == ("completed", "no_show_candidate")
        with pytest.raises(errors.Conflict):
            await BOOKINGS.start(booking_id)
        with pytest.raises(ValueError, match="abc"):
            await BOOKINGS.finish(booking_id, "abc")
    assert len(await _events(world, "booking_completed")) == 1
    assert len(await _events(world, "booking_started")) == 1


async def test_what_nobody_tells_about_is_closed(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(2, 10)
    booking_id = await world.booked(site, stamp(start))
    with shifted_by(start + timedelta(hours=4) - now()):
        await run_jobs(world.tenant)
    row = await world.row(booking_id)
    assert row.status == "completed"
    assert row.outcome in ("completed", "no_show_both")
