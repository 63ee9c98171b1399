"""Times that cannot be had, each with its reason and the form still there: past, gap, grid, limits, nonsense."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.base.clock import frozen_at
from plugins.scheduling.services import days

from .conftest import WEEK, World, day_after, instant, interviewer, save_hours, stamp


async def _refused(world: World, start: str, reason: str, *, zone: str = "Europe/Berlin", status: int = 422) -> str:
    site = await world.tenant.sign_in("candidate")
    answer = await site.post(world.book, {"start": start, "tz": zone})
    assert answer.status == status, (answer.status, answer.location)
    assert reason in answer.text
    assert 'id="picker"' in answer.text  # the form is still there
    assert await world.rows() == []
    return answer.text


async def test_a_time_in_the_past_is_refused(world: World) -> None:
    await _refused(world, stamp(day_after(-1, 10)), "This time has passed")


async def test_a_time_in_a_clock_gap_is_refused(world: World) -> None:
    # In Berlin the clocks of 28 March 2027 go from 02:00 to 03:00.
    await _refused(world, "2027-03-28T02:30", "does not exist on that day")


async def test_a_wall_time_is_read_in_the_zone_that_was_sent(world: World) -> None:
    await save_hours(world, {str(d): [["00:00", "24:00"]] for d in range(1, 8)})
    site = await world.tenant.sign_in("candidate")
    day = day_after(5, 0).date()
    answer = await site.post(world.book, {"start": f"{day}T12:30", "tz": "Asia/Kolkata"})
    assert answer.status == 303
    assert (await world.rows())[0].starts_at == instant(f"{day}T12:30+05:30")


async def test_a_time_outside_the_hours_is_refused(world: World) -> None:
    await _refused(world, stamp(day_after(4, 2)), "would not lie within the hours")


async def test_a_time_off_the_grid_is_refused(world: World) -> None:
    await _refused(world, stamp(day_after(4, 10, 7)), "do not start at this minute")


async def test_too_soon_and_too_far_are_refused(world: World) -> None:
    with frozen_at(day_after(0, 9, 50)):
        await _refused(world, stamp(day_after(0, 10, 30)), "too soon")
        await _refused(world, stamp(day_after(90, 10)), "too far ahead")


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-45T99:99Z", "9999999-01-01", "2026-11-24T10:00:30Z", "\u0661"]
)
async def test_nonsense_is_refused_with_the_form(world: World, text: str) -> None:
    await _refused(world, text, "Choose one of the listed times")


async def test_a_session_longer_than_the_gap_is_refused(world: World) -> None:
    one, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    noon = day_after(4, 11)
    await world.booked(one, stamp(noon))
    answer = await world.hold(other, stamp(noon - timedelta(minutes=30)))
    assert answer.status == 422
    assert "longer than the gap" in answer.text


async def test_time_off_is_refused(world: World) -> None:
    with world.tenant.scope():
        await days.add_time_off(world.interviewer_id, day_after(4, 0), day_after(5, 0), "away")
    await _refused(world, stamp(day_after(4, 10)), "is away at this time")


async def test_nobody_books_themselves(world: World) -> None:
    site = await world.tenant.sign_in(account_id=world.interviewer_id)
    answer = await world.hold(site, (await world.starts())[6])
    assert answer.status == 422
    assert "You cannot book yourself" in answer.text


async def test_a_daily_cap_holds(world: World) -> None:
    await save_hours(world, WEEK, per_day=1)
    one, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    await world.booked(one, stamp(day_after(4, 10)))
    answer = await world.hold(other, stamp(day_after(4, 14)))
    assert answer.status == 422
    assert "no more sessions on this day" in answer.text


async def test_a_paused_interviewer_takes_no_bookings(world: World) -> None:
    from plugins.users.models import InterviewerProfile

    start = (await world.starts())[6]
    with world.tenant.scope():
        await InterviewerProfile.filter(account_id=world.interviewer_id).update(accepting=False)
    assert await world.starts() == []
    site = await world.tenant.sign_in("candidate")
    answer = await world.hold(site, start)
    assert answer.status == 422
    assert "takes no new bookings" in answer.text


async def test_a_neighbour_may_forbid_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from kernel import Stop
    from plugins.scheduling.services import holding

    async def forbid(_value: object) -> object:
        raise Stop("Maintenance at this time.")

    monkeypatch.setattr(holding, "apply", forbid)
    site = await world.tenant.sign_in("candidate")
    answer = await world.hold(site, (await world.starts())[6])
    assert answer.status == 409
    assert "Maintenance at this time." in answer.text
    assert await world.rows() == []


async def test_open_bookings_are_limited(world: World) -> None:
    from kernel import set_setting

    with world.tenant.scope():
        await set_setting("scheduling.open_bookings", 1)
    site = await world.tenant.sign_in("candidate")
    starts = await world.starts()
    await world.booked(site, starts[3])
    answer = await world.hold(site, starts[13])
    assert answer.status == 422
    assert "as many upcoming sessions" in answer.text


async def test_holds_are_limited(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    starts = await world.starts()
    for number, slug in enumerate(("noor", "iris", "zoe")):
        other = await interviewer(world.tenant, slug=slug)
        assert (await other.hold(site, starts[number * 4])).status == 303
    answer = await world.hold(site, starts[30])
    assert answer.status == 422
    assert "You hold as many times as one person may" in answer.text
