"""A held time: twice, back again, another one, run out, too late, let go."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

from kernel.base.clock import shifted_by
from plugins.scheduling.models import BookingChange

from .conftest import World, stamp


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
