"""Booking over real HTTP: two at once, too late, in a gap, twice, back again; and the good way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.exceptions import IntegrityError

from kernel import new_id, now, unit_of_work, violated
from kernel.base.clock import frozen_at, shifted_by
from kernel.testing.people import TenantKit
from plugins.scheduling.availability import minute
from plugins.scheduling.models import Booking, BookingChange
from plugins.scheduling.services import core, days

from .conftest import WEEK, World, day_after, instant, interviewer, save_hours, stamp

Worlds = Callable[..., Awaitable[World]]


async def test_two_people_take_the_same_time_and_one_wins(world: World) -> None:
    first, second = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    start = (await world.starts())[4]
    assert (await world.hold(first, start)).status == 303
    lost = await world.hold(second, start)
    assert lost.status == 409
    assert "This time was just taken." in lost.text
    offered = re.findall(r'name="start" value="([^"]+)"[^>]*>[^<]*<svg|value="([^"]+)" type="submit"', lost.text)
    nearest = re.findall(r'<button[^>]*name="start"[^>]*>|<button[^>]*value="\d{4}-[^"]+"[^>]*>', lost.text)
    assert len(nearest) == 3, offered
    times = [re.search(r'value="([^"]+)"', tag)[1] for tag in nearest]  # type: ignore[index]
    free = await world.starts()
    assert start not in times
    assert set(times) <= set(free)
    closest = sorted(free, key=lambda s: abs(instant(s) - instant(start)))[:3]
    assert sorted(times) == sorted(closest)
    # One of them is a click away.
    assert (await world.hold(second, times[0])).status == 303


async def test_fifty_parallel_attempts_give_one_booking(world: World) -> None:
    sites = [await world.tenant.sign_in("candidate") for _n in range(50)]
    start = (await world.starts())[3]
    await asyncio.gather(*(site.token() for site in sites))
    answers = await asyncio.gather(*(world.hold(site, start) for site in sites))
    statuses = [answer.status for answer in answers]
    assert statuses.count(303) == 1
    assert statuses.count(409) == 49
    assert len(await world.rows()) == 1


async def test_the_database_itself_refuses_an_overlap(world: World, other_tenant: TenantKit) -> None:
    """The wall behind the service: rows written past it collide, for either calendar, and not across tenants."""

    def row(interviewer_no: int | None, candidate_no: int, at: Any, **changes: Any) -> Booking:
        low = minute(at)
        values = {
            "id": new_id(), "type_id": world.kind.id, "interviewer_id": world.interviewer_id, "candidate_id": new_id(),
            "starts_at": at, "ends_at": at + timedelta(hours=1), "status": "accepted", "kind": "human", "title": "x",
            "candidate_zone": "UTC", "currency": "EUR", "ical_uid": "u", "calendar_no": interviewer_no,
            "candidate_no": candidate_no, "from_minute": low, "to_minute": low + 60, "guard_from": low,
            "guard_to": low + 60,
        }  # fmt: skip
        return Booking(**{**values, **changes})

    at = day_after(3, 9)
    with world.tenant.scope():
        mine, yours, third = [await core.calendar_number(new_id()) for _n in range(3)]
        await row(mine, yours, at).save(force_create=True)
        with pytest.raises(IntegrityError) as refused:
            await row(mine, third, at + timedelta(minutes=30)).save(force_create=True)
        assert violated(refused.value) == "scheduling_booking_interviewer_free"
        with pytest.raises(IntegrityError) as refused:
            await row(None, yours, at + timedelta(minutes=59)).save(force_create=True)
        assert violated(refused.value) == "scheduling_booking_candidate_free"
        await row(mine, third, at + timedelta(hours=1)).save(force_create=True)  # back to back is fine
        await row(mine, third, at, status="cancelled").save(force_create=True)  # what is over blocks nothing
    with other_tenant.scope():
        assert await core.calendar_number(new_id()) not in {mine, yours, third}


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


async def test_a_candidate_cannot_be_in_two_sessions_at_once(world: World) -> None:
    other = await interviewer(world.tenant, slug="noor")
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[2]
    await world.booked(site, start)
    answer = await other.hold(site, start)
    assert answer.status == 422
    assert "You have another session at this time" in answer.text
    assert start not in await other.starts(site)  # and it was not listed for them


async def test_a_daily_cap_holds(world: World) -> None:
    await save_hours(world, WEEK, per_day=1)
    one, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    await world.booked(one, stamp(day_after(4, 10)))
    answer = await world.hold(other, stamp(day_after(4, 14)))
    assert answer.status == 422
    assert "no more sessions on this day" in answer.text


async def test_a_double_click_gives_one_hold_and_one_booking(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[6]
    await site.token()
    held = await asyncio.gather(*(world.hold(site, start) for _n in range(4)))
    assert {answer.status for answer in held} == {303}
    assert len({answer.location for answer in held}) == 1
    form = (await site.get(held[0].location)).fields()
    sent = {"goal": "Graphs", "_key": form["_key"]}
    done = await asyncio.gather(*(site.post(held[0].location, sent) for _n in range(3)))
    assert {answer.status for answer in done} == {303}
    rows = await world.rows()
    assert [row.status for row in rows] == ["accepted"]
    with world.tenant.scope():
        assert await BookingChange.filter(booking_id=rows[0].id, after="accepted").count() == 1


async def test_back_and_a_stale_tab_make_no_second_booking(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[6]
    held = await world.hold(site, start)
    booking = (await site.post(held.location, {"goal": ""})).location
    back = await site.get(held.location)
    assert (back.status, back.location) == (303, booking)
    again = await site.post(held.location, {"goal": "other"})
    assert (again.status, again.location) == (303, booking)
    picker = await world.hold(site, start)
    assert (picker.status, picker.location) == (303, booking)
    assert len(await world.rows()) == 1


async def test_another_time_lets_go_of_the_first(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    starts = await world.starts()
    first = await world.hold(site, starts[3])
    second = await world.hold(site, starts[9])
    assert first.location != second.location
    assert [row.status for row in await world.rows()] == ["expired", "held"]
    assert starts[3] in await world.starts()
    gone = await site.get(first.location)
    assert gone.status == 410
    assert "You chose another time" in gone.text


async def test_a_hold_runs_out_and_frees_the_time(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[6]
    held = await world.hold(site, start)
    page = await site.get(held.location)
    assert "data-countdown" in page.text
    assert start not in await world.starts()
    await run_jobs(world.tenant)
    assert (await world.rows())[0].status == "held"
    with shifted_by(timedelta(minutes=11)):
        assert start in await world.starts()  # free again at once, even before the job has run
        await run_jobs(world.tenant)
        assert (await world.rows())[0].status == "expired"
        assert (await site.get(held.location)).status == 410


async def test_a_form_sent_after_the_hold_ran_out_still_books_a_free_time(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    held = await world.hold(site, (await world.starts())[8])
    with shifted_by(timedelta(minutes=11)):
        await run_jobs(world.tenant)
        done = await site.post(held.location, {"goal": "Still here"})
        assert done.status == 303
    rows = await world.rows()
    assert sorted(row.status for row in rows) == ["accepted", "expired"]
    assert [row.intake for row in rows if row.status == "accepted"] == [{"goal": "Still here"}]


async def test_a_form_sent_too_late_keeps_its_text_and_shows_other_times(world: World) -> None:
    site, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    start = (await world.starts())[8]
    held = await world.hold(site, start)
    with shifted_by(timedelta(minutes=11)):
        await world.booked(other, start)
        lost = await site.post(held.location, {"goal": "My precious text"})
        assert lost.status == 409
        assert "My precious text" in lost.text
        choices = re.findall(r'type="radio" name="start" value="([^"]+)"', lost.text)
        assert len(choices) == 3
        done = await site.post(held.location, {"goal": "My precious text", "start": choices[1]})
        assert done.status == 303
    mine = [row for row in await world.rows() if row.candidate_id == site.account_id and row.status == "accepted"]
    assert [stamp(row.starts_at) for row in mine] == [choices[1]]


async def test_letting_go_frees_the_time(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[6]
    held = await world.hold(site, start)
    answer = await site.post(held.location.replace("/confirm", "/release"))
    assert answer.location == world.book
    assert start in await world.starts()


async def test_too_long_a_goal_is_told_and_kept(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    held = await world.hold(site, (await world.starts())[6])
    answer = await site.post(held.location, {"goal": "x" * 2001})
    assert answer.status == 422
    assert "x" * 2001 in answer.text


async def test_a_stranger_chooses_a_time_before_signing_in(world: World) -> None:
    visitor = world.tenant.visitor()
    page = await visitor.get(world.book)
    assert page.status == 200
    assert 'aria-current="date"' in page.text  # the first free day is chosen
    start = (await world.starts())[5]
    asked = await world.hold(visitor, start)
    assert asked.status == 303
    assert asked.location.startswith("/sign-in?next=")
    from urllib.parse import parse_qs, urlsplit

    back = parse_qs(urlsplit(asked.location).query)["next"][0]
    site = await world.tenant.sign_in("candidate")
    again = await site.get(back)
    assert re.search(rf'value="{re.escape(start)}" required checked', again.text)
    assert await world.rows() == []  # coming back by GET takes nothing


async def test_the_good_way(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, goal="Trade-offs <b>please</b>")
    row = await world.row(booking_id)
    assert (row.status, row.intake) == ("accepted", {"goal": "Trade-offs <b>please</b>"})
    page = await site.get(f"/bookings/{booking_id}")
    assert page.status == 200
    assert "Maya Lind" in page.text
    assert "Trade-offs &lt;b&gt;please" in page.text
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    theirs = await host.get(f"/bookings/{booking_id}")
    assert "You interview Ada Novak" in theirs.text
    assert str(booking_id) in (await host.get("/bookings")).text
    await run_jobs(world.tenant)


async def test_the_zone_of_the_reader_moves_days_and_times(world: World) -> None:
    visitor = world.tenant.visitor()
    start = next(s for s in await world.starts() if instant(s).hour == 18)  # 19:00 in Berlin
    day = instant(start).date()
    berlin = await visitor.get(f"{world.book}?day={day}&tz=Europe/Berlin&clock=24")
    tokyo = await visitor.get(f"{world.book}?day={day + timedelta(days=1)}&tz=Asia/Tokyo&clock=12")
    assert f'value="{start}"' in berlin.text
    assert f'value="{start}"' in tokyo.text
    assert re.search(r">(19|20):00<", berlin.text)
    assert re.search(r">3:00\s?AM<", tokyo.text.replace("\u202f", " "))
    assert 'value="Asia/Tokyo" selected' in tokyo.text


@pytest.mark.parametrize(
    "query", ["day=2026-99-99", "month=0000-00", "tz=Mars/Base", "clock=13", "start=x", "day=9999-12-31"]
)
async def test_odd_addresses_still_show_the_page(world: World, query: str) -> None:
    assert (await world.tenant.visitor().get(f"{world.book}?{query}")).status == 200


async def test_a_month_without_times_offers_the_next_one(make_worlds: Worlds) -> None:
    world = await make_worlds(weekly={"1": [["10:00", "11:00"]]}, window_days=200)
    page = await world.tenant.visitor().get(f"{world.book}?month={now() - timedelta(days=40):%Y-%m}")
    assert "No free times in" in page.text
    assert "Show " in page.text


async def test_unknown_interviewers_and_types_are_404(world: World) -> None:
    visitor = world.tenant.visitor()
    for path in ("/book/nobody/system-design", f"/book/{world.slug}/nothing", f"/book/{world.slug}/coding",
                 "/interviewers/nobody", "/bookings/x", f"/bookings/{new_id()}"):  # fmt: skip
        site = visitor if path.startswith(("/book/", "/interviewers")) else await world.tenant.sign_in()
        assert (await site.get(path)).status == 404, path


async def test_somebody_elses_booking_is_404(world: World, other_tenant: TenantKit) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    stranger, foreign = await world.tenant.sign_in("candidate"), await other_tenant.sign_in("candidate", "admin")
    for who in (stranger, foreign):
        for page in ("", "/confirm", "/cancel", "/reschedule", "/calendar.ics"):
            assert (await who.get(f"/bookings/{booking_id}{page}")).status == 404, page
        for page in ("/confirm", "/cancel", "/reschedule", "/release"):
            assert (await who.post(f"/bookings/{booking_id}{page}", {})).status == 404, page
    assert (await world.row(booking_id)).status == "accepted"


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


async def test_with_the_plugin_off_its_pages_are_gone(make_tenant: Any) -> None:
    tenant = await make_tenant(plugins={"scheduling": False})
    site = await tenant.sign_in("admin")
    for path in ("/interviewers", "/bookings", "/practice", "/admin/bookings", "/api/v1/scheduling/interview-types"):
        assert (await site.get(path)).status == 404, path


async def test_buffers_keep_their_distance(make_worlds: Worlds) -> None:
    world = await make_worlds(buffer_before=15, buffer_after=15)
    one, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    noon = day_after(4, 11)
    await world.booked(one, stamp(noon))
    free = await world.starts(other)
    assert stamp(noon + timedelta(hours=1)) not in free
    assert stamp(noon + timedelta(minutes=90)) in free
    assert (await world.hold(other, stamp(noon + timedelta(hours=1)))).status == 409


async def test_listed_is_bookable(world: World) -> None:
    """Every listed start can be held, one after the other, by somebody."""
    site = await world.tenant.sign_in("candidate")
    for start in (await world.starts(site))[::97]:
        held = await world.hold(site, start)
        assert held.status == 303, start


@pytest.fixture
def make_worlds(make_world: Worlds) -> Worlds:
    return make_world


async def test_confirming_writes_the_event_in_the_same_transaction(world: World) -> None:
    from kernel import published_events

    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    with world.tenant.scope():
        found = [e async for e in published_events("scheduling.booking_confirmed.v1")]
        async with unit_of_work():
            pass
    assert [UUID(e.data["booking_id"]) for e in found] == [booking_id]
    assert found[0].data["kind"] == "human"
