"""The interviewer's editor: what is saved is what candidates see, and nonsense is refused with the form kept."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from kernel import now, zones
from kernel.testing.people import Site
from plugins.scheduling.models import DateOverride, Offer, Schedule, TimeOff
from plugins.scheduling.services.hours import check_weekly, joined

from .conftest import World, day_after, instant, stamp


def form(page: str, world: World, **changes: Any) -> list[tuple[str, str]]:
    """The editor's fields as drawn; `changes` replace lists or values."""
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    values: dict[str, Any] = {"zone": "Europe/Berlin", "version": version[1], "types": [str(world.kind.id)]}
    values |= changes
    return [(k, v) for k, many in values.items() for v in (many if isinstance(many, list) else [many])]


async def _host(world: World) -> Site:
    return await world.tenant.sign_in(account_id=world.interviewer_id)


async def test_what_is_saved_is_what_candidates_see(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    sent = form(page, world, d1_from=["09:00", "14:00"], d1_to=["11:00", "15:00"], zone="Asia/Kolkata", moving="wall")
    answer = await host.post("/availability", sent)
    assert (answer.status, answer.location) == (303, "/availability")
    walls = {zones.wall(instant(s), "Asia/Kolkata") for s in await world.starts()}
    assert {w.isoweekday() for w in walls} == {1}
    assert {f"{w:%H:%M}" for w in walls} == {"09:00", "09:30", "10:00", "14:00"}


async def test_overnight_and_midnight(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    sent = form(page, world, d1_from=["22:00"], d1_to=["02:00"], d3_from=["20:00"], d3_to=["00:00"])
    assert (await host.post("/availability", sent)).status == 303
    walls = [zones.wall(instant(s), "Europe/Berlin") for s in await world.starts()]
    times = {(w.isoweekday(), f"{w:%H:%M}") for w in walls}
    assert (1, "23:30") in times
    assert (2, "01:00") in times
    assert (2, "01:30") not in times
    assert (3, "23:00") in times
    assert (3, "23:30") not in times
    assert "Runs over midnight" in (await host.get("/availability")).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"d2_from": ["09:00"], "d2_to": ["09:00"]}, "needs some length"),
        ({"d2_from": ["09:00"], "d2_to": [""]}, "Enter both the start and the end"),
        ({"d2_from": ["9 o'clock"], "d2_to": ["10:00"]}, "Enter times such as"),
        ({"zone": "Mars/Base"}, "Choose a time zone from the list"),
        ({"per_day": "0"}, "at least 1"),
        ({"d2_from": ["08:00"] * 9, "d2_to": ["08:30"] * 9}, "at most 8 ranges"),
    ],
)
async def test_nonsense_is_refused_with_the_form(world: World, changes: dict[str, Any], words: str) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    answer = await host.post("/availability", form(page, world, d5_from=["07:15"], d5_to=["07:45"], **changes))
    assert answer.status == 422
    assert words in answer.text
    assert 'value="07:15"' in answer.text
    with world.tenant.scope():
        assert (await Schedule.get(account_id=world.interviewer_id)).version == 1


async def test_ranges_that_overlap_or_touch_become_one(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    sent = form(
        page, world, d2_from=["10:00", "09:00", "13:00"], d2_to=["12:00", "11:00", "14:00"], d3_from=["22:00", "23:00"],
        d3_to=["03:00", "04:00"], d4_from=["02:00"], d4_to=["05:00"],
    )  # fmt: skip
    assert (await host.post("/availability", sent)).status == 303
    with world.tenant.scope():
        weekly = (await Schedule.get(account_id=world.interviewer_id)).weekly
    assert weekly["2"] == [["09:00", "12:00"], ["13:00", "14:00"]]
    assert weekly["3"] == [["22:00", "04:00"]]
    walls = [zones.wall(instant(s), "Europe/Berlin") for s in await world.starts()]
    times = {(w.isoweekday(), f"{w:%H:%M}") for w in walls}
    assert (4, "04:00") in times  # the night runs on into the next morning's own hours
    assert (4, "04:30") not in times
    assert joined([["00:00", "24:00"], ["08:00", "07:00"]]) == [["00:00", "24:00"]]
    assert check_weekly({"1": [["09:00", "09:00"]]}).keys() == {"1"}


async def test_the_small_buttons_only_redraw(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    added = await host.post("/availability", form(page, world, d1_from=["09:00"], d1_to=["11:00"], add="1"))
    assert added.status == 200
    assert re.findall(r'name="d1_from" value="([^"]*)"', added.text) == ["09:00", "12:00"]
    copied = await host.post("/availability", form(page, world, d1_from=["09:00"], d1_to=["11:00"], copy="1:weekdays"))
    assert re.findall(r'name="d5_from" value="([^"]*)"', copied.text) == ["09:00"]
    assert 'name="d6_from"' not in copied.text
    cleared = await host.post("/availability", form(page, world, d1_from=["09:00"], d1_to=["11:00"], clear="1"))
    assert 'name="d1_from"' not in cleared.text
    with world.tenant.scope():
        assert (await Schedule.get(account_id=world.interviewer_id)).version == 1


async def test_two_windows_do_not_overwrite_each_other(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    assert (await host.post("/availability", form(page, world, d1_from=["09:00"], d1_to=["11:00"]))).status == 303
    stale = await host.post("/availability", form(page, world, d2_from=["09:00"], d2_to=["11:00"]))
    assert stale.status == 409
    assert "saved in another window" in stale.text
    again = form(stale.text, world, d2_from=["09:00"], d2_to=["11:00"])
    assert (await host.post("/availability", again)).status == 303


async def test_a_special_day_replaces_the_weekly_hours(world: World) -> None:
    host = await _host(world)
    day = (now() + timedelta(days=6)).date()
    sent = {"date": day.isoformat(), "r_from": "06:00", "r_to": "07:30"}
    assert (await host.post("/availability/override", sent)).status == 303
    walls = [zones.wall(instant(s), "Europe/Berlin") for s in await world.starts()]
    assert sorted(f"{w:%H:%M}" for w in walls if w.date() == day) == ["06:00", "06:30"]
    closed = await host.post("/availability/override", {"date": day.isoformat(), "closed": "1"})
    assert closed.status == 303
    assert day not in {zones.wall(instant(s), "Europe/Berlin").date() for s in await world.starts()}
    with world.tenant.scope():
        (row,) = await DateOverride.all()
    assert (await host.post(f"/availability/override/{row.id}/remove")).status == 303
    assert day in {zones.wall(instant(s), "Europe/Berlin").date() for s in await world.starts()}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"date": "2001-01-01", "closed": "1"}, "from today on"),
        ({"date": "soon", "closed": "1"}, "Choose a date"),
        ({"date": "DAY"}, "tick that you are closed"),
        ({"date": "DAY", "r_from": "10:00", "r_to": "10:00"}, "needs some length"),
    ],
)
async def test_odd_special_days_are_refused(world: World, sent: dict[str, str], words: str) -> None:
    host = await _host(world)
    day = (now() + timedelta(days=6)).date().isoformat()
    answer = await host.post("/availability/override", {k: v.replace("DAY", day) for k, v in sent.items()})
    assert answer.status == 422
    assert words in answer.text


async def test_time_off_closes_whole_days(world: World) -> None:
    host = await _host(world)
    first, last = (now() + timedelta(days=5)).date(), (now() + timedelta(days=7)).date()
    sent = {"first": first.isoformat(), "last": last.isoformat(), "note": "Holiday"}
    assert (await host.post("/availability/time-off", sent)).status == 303
    days = {zones.wall(instant(s), "Europe/Berlin").date() for s in await world.starts()}
    assert not days & {first, first + timedelta(days=1), last}
    assert {first - timedelta(days=1), last + timedelta(days=1)} <= days
    backwards = await host.post("/availability/time-off", {"first": str(last), "last": str(first)})
    assert backwards.status == 422
    assert "first day or later" in backwards.text
    with world.tenant.scope():
        (row,) = await TimeOff.all()
    assert "Holiday" in (await host.get("/availability/days")).text
    assert (await host.post(f"/availability/time-off/{row.id}/remove")).status == 303
    assert first in {zones.wall(instant(s), "Europe/Berlin").date() for s in await world.starts()}


async def test_somebody_elses_entries_are_404(world: World) -> None:
    host = await _host(world)
    await host.post("/availability/time-off", {"first": str(date(2031, 1, 1)), "last": str(date(2031, 1, 2))})
    day = (now() + timedelta(days=6)).date()
    await host.post("/availability/override", {"date": str(day), "closed": "1"})
    day_off = (now() + timedelta(days=20)).date()
    await host.post("/availability/time-off", {"first": str(day_off), "last": str(day_off)})
    other = await world.tenant.sign_in("interviewer")
    with world.tenant.scope():
        entry, override = await TimeOff.all().first(), await DateOverride.all().first()
    assert entry is not None
    assert override is not None
    assert (await other.post(f"/availability/time-off/{entry.id}/remove")).status == 404
    await other.post("/availability", [("zone", "UTC"), ("version", "0"), ("types", str(world.kind.id))])
    assert (await other.post(f"/availability/override/{override.id}/remove")).status == 404


async def test_existing_bookings_stay_and_are_listed(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    host = await _host(world)
    page = (await host.get("/availability")).text
    assert "Booked outside your hours" not in page
    sent = form(page, world, d1_from=["05:00"], d1_to=["06:30"])
    assert (await host.post("/availability", sent)).status == 303
    assert (await world.row(booking_id)).status == "accepted"
    page = (await host.get("/availability")).text
    assert "Booked outside your hours" in page
    assert f"/bookings/{booking_id}" in page


async def test_types_that_are_not_offered_cannot_be_booked(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    assert (await host.post("/availability", form(page, world, types=[], d1_from=["09:00"], d1_to=["17:00"]))).status
    with world.tenant.scope():
        assert await Offer.all().count() == 0
    assert (await world.tenant.visitor().get(world.book)).status == 404


async def test_candidates_have_no_hours(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    assert (await site.get("/availability")).status == 403
    assert (await site.post("/availability", {"zone": "UTC"})).status == 403


async def test_the_first_visit_shows_a_usual_week_and_saves_nothing(world: World) -> None:
    other = await world.tenant.sign_in("interviewer")
    page = await other.get("/availability")
    assert page.status == 200
    assert "Nothing is offered before you save" in page.text
    assert re.findall(r'name="d1_from" value="([^"]*)"', page.text) == ["09:00", "13:00"]
    with world.tenant.scope():
        assert await Schedule.filter(account_id=other.account_id).count() == 0
    home = await other.get("/home")
    assert "Set your hours" in home.text


@pytest.mark.parametrize("week", ["2027-03-22", "nonsense", "0001-01-01", "9999-12-31"])
async def test_any_week_can_be_looked_at(world: World, week: str) -> None:
    host = await _host(world)
    page = await host.get(f"/availability?week={week}")
    assert page.status == 200
    if week == "2027-03-22":
        assert "Clocks go forward on Sun, 28 Mar 2027" in page.text
