"""Several schedules, another zone, travel, holidays, days in bulk, demand: what an interviewer's calendar can do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kernel import now, set_setting, zones
from kernel.testing.people import Site
from plugins.scheduling import holidays
from plugins.scheduling.models import DateOverride, Demand, Offer, Schedule, TimeOff, Travel
from plugins.scheduling.services import demand, hours
from plugins.scheduling.services.days import colleague_for

from .conftest import World, day_after, instant, interviewer, save_hours, stamp
from .test_hours import form


async def _host(world: World) -> Site:
    return await world.tenant.sign_in(account_id=world.interviewer_id)


async def _walls(world: World, zone: str = "Europe/Berlin") -> list[Any]:
    return [zones.wall(instant(s), zone) for s in await world.starts()]


async def test_another_zone_asks_first_and_lists_what_would_lie_outside(world: World) -> None:
    await save_hours(world, {str(day): [["09:00", "17:00"]] for day in range(1, 8)})
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, stamp(day_after(5, 8)))
    host = await _host(world)
    page = (await host.get("/availability")).text
    same = {f"d{n}_from": ["09:00"] for n in range(1, 8)} | {f"d{n}_to": ["17:00"] for n in range(1, 8)}
    asked = await host.post("/availability", form(page, world, zone="America/New_York", **same))
    assert asked.status == 200
    assert "What shall stay?" in asked.text
    assert f"/bookings/{booking_id}" in asked.text
    assert "Every booked session stays inside your hours." in asked.text
    with world.tenant.scope():
        assert (await Schedule.get(account_id=world.interviewer_id)).zone == "Europe/Berlin"
    before = await world.starts()
    sent = form(page, world, zone="America/New_York", moving="instant", **same)
    assert (await host.post("/availability", sent)).status == 303
    week = (await world.starts())[:40]
    assert week == before[:40]
    assert "Booked outside your hours" not in (await host.get("/availability")).text
    page = (await host.get("/availability")).text
    sent = form(page, world, zone="Asia/Tokyo", moving="wall", **same)
    assert (await host.post("/availability", sent)).status == 303
    assert {f"{w:%H:%M}" for w in await _walls(world, "Asia/Tokyo")} >= {"09:00", "16:00"}
    assert "Booked outside your hours" in (await host.get("/availability")).text
    assert (await world.row(booking_id)).status == "accepted"


def test_moments_stay_whatever_the_distance_of_the_zones() -> None:
    at = now()
    weekly = {"1": [["00:00", "24:00"]], "3": [["22:00", "02:00"]], "7": [["20:00", "24:00"]]}
    for zone in ("Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns", "Pacific/Pago_Pago", "Europe/Berlin"):
        there = hours.moved(weekly, "Europe/Berlin", zone, at)
        assert hours.moved(there, zone, "Europe/Berlin", at) == {
            "1": [["00:00", "24:00"]], "3": [["22:00", "24:00"]], "4": [["00:00", "02:00"]], "7": [["20:00", "24:00"]]
        }  # fmt: skip


async def test_other_hours_for_some_interviews(world: World) -> None:
    host = await _host(world)
    added = await host.post("/availability/schedules", {"name": "Evenings"})
    assert added.status == 303
    page = (await host.get(added.location)).text
    with world.tenant.scope():
        evenings = await Schedule.get(name="Evenings")
    sent = form(page, world, schedule=str(evenings.id), d4_from=["18:00"], d4_to=["20:00"])
    assert (await host.post("/availability", sent)).status == 303
    assert {(w.isoweekday(), w.hour) for w in await _walls(world)} == {(4, 18), (4, 19)}
    day = next(w.date() for w in await _walls(world) if w.isoweekday() == 4)
    closed = {"date": str(day), "closed": "1", "schedule": str(evenings.id)}
    assert (await host.post("/availability/override", closed)).status == 303
    assert day not in {w.date() for w in await _walls(world)}
    again = await host.post("/availability/schedules", {"name": " evenings "})
    assert again.status == 422
    assert "of this name already" in again.text
    stranger = await world.tenant.sign_in("interviewer")
    assert (await stranger.get(added.location)).status == 404
    assert (await stranger.post(f"/availability/schedules/{evenings.id}/delete")).status == 404
    assert (await host.post(f"/availability/schedules/{evenings.id}/delete")).status == 303
    assert {w.isoweekday() for w in await _walls(world)} == set(range(1, 8))
    with world.tenant.scope():
        usual = await Schedule.get(account_id=world.interviewer_id)
        assert (await Offer.get(account_id=world.interviewer_id)).schedule_id is None
    assert (await host.post(f"/availability/schedules/{usual.id}/delete")).status == 409


async def test_limits_are_saved_and_kept_to(world: World) -> None:
    host = await _host(world)
    page = (await host.get("/availability")).text
    week = {f"d{n}_from": ["08:00"] for n in range(1, 8)} | {f"d{n}_to": ["20:00"] for n in range(1, 8)}
    caps = {"per_month": "30", "hours_per_day": "1", "hours_per_week": "9", "consecutive": "2", "rest_minutes": "30"}
    assert (await host.post("/availability", form(page, world, **week, **caps))).status == 303
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts(site))[8]
    await world.booked(site, start)
    day = zones.wall(instant(start), "Europe/Berlin").date()
    assert day not in {w.date() for w in await _walls(world)}
    assert 'name="hours_per_week"' in (await host.get("/availability")).text
    too_much = await host.post("/availability", form(page, world, **week, hours_per_week="400"))
    assert too_much.status == 422


async def test_days_in_bulk_and_from_a_spreadsheet(world: World) -> None:
    host = await _host(world)
    first = (now() + timedelta(days=3)).date()
    last = first + timedelta(days=13)
    bulk = [("date", str(first)), ("last", str(last)), ("weekdays", "2"), ("weekdays", "4"), ("r_from", "05:00"),
            ("r_to", "06:00")]  # fmt: skip
    assert (await host.post("/availability/override", bulk)).status == 303
    with world.tenant.scope():
        rows = await DateOverride.all()
        assert {row.date.isoweekday() for row in rows} == {2, 4}
        assert len(rows) == 4
    text = f"date,from,to\r\n{first},06:00,07:00\r\n{first},06:30,08:00\r\n\r\n{last}\r\n"
    assert (await host.post("/availability/override/import", {"days": text})).status == 303
    walls = [w for w in await _walls(world) if w.date() == first]
    assert sorted(f"{w:%H:%M}" for w in walls) == ["06:00", "06:30", "07:00"]
    assert last not in {w.date() for w in await _walls(world)}
    found = await host.get("/availability/days.csv")
    assert found.headers["Content-Type"].startswith("text/csv")
    assert f"{first},06:00,08:00" in found.text
    assert f"{last},," in found.text
    assert (await host.post("/availability/override/import", {"days": found.text})).status == 303


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soon,09:00,10:00", "Line 1: Begin it with a date"),
        ("DAY,09:00", "Line 1: Give a date, a start and an end"),
        ("DAY,09:00,10:00\nDAY,25:00,26:00", "Line 2: Enter times such as"),
        ("date,from,to", "at least one line"),
        ("1999-01-01,09:00,10:00", "from today on"),
        ("DAY\n" * 1001, "at most 1000 lines"),
    ],
)
async def test_odd_lines_are_refused_by_number_and_nothing_is_kept(world: World, text: str, words: str) -> None:
    host = await _host(world)
    day = (now() + timedelta(days=6)).date().isoformat()
    answer = await host.post("/availability/override/import", {"days": text.replace("DAY", day)})
    assert answer.status == 422
    assert words in answer.text
    with world.tenant.scope():
        assert await DateOverride.all().count() == 0


async def test_travel_reads_the_hours_on_another_clock(world: World) -> None:
    host = await _host(world)
    first, last = (now() + timedelta(days=5)).date(), (now() + timedelta(days=7)).date()
    sent = {"first": str(first), "last": str(last), "zone": "Asia/Tokyo"}
    assert (await host.post("/availability/travel", sent)).status == 303
    there = [w for w in await _walls(world, "Asia/Tokyo") if first < w.date() < last]
    assert {f"{w:%H:%M}" for w in there} >= {"08:00", "19:00"}
    for changes, words in (
        ({}, "away on some of these days already"),
        ({"zone": "Mars/Base"}, "Choose a time zone from the list"),
        ({"last": str(first - timedelta(days=1))}, "first day or later"),
        ({"last": str(first + timedelta(days=500))}, "at most a year"),
    ):
        refused = await host.post("/availability/travel", sent | changes)
        assert (refused.status, words in refused.text) == (422, True), words
    with world.tenant.scope():
        row = await Travel.get()
    stranger = await world.tenant.sign_in("interviewer")
    assert (await stranger.post(f"/availability/travel/{row.id}/remove")).status == 404
    assert (await host.post(f"/availability/travel/{row.id}/remove")).status == 303


async def test_public_holidays_of_the_tenant_and_of_ones_own(world: World) -> None:
    with world.tenant.scope():
        today = now().date()
        day = next(
            d for d, _n, _c in holidays.named(["BD", "LK", "IN"], today + timedelta(days=2), today + timedelta(days=58))
        )
        country = next(c for d, _n, c in holidays.named(["BD", "LK", "IN"], day, day))
    assert day in {w.date() for w in await _walls(world)}
    with world.tenant.scope():
        await set_setting("scheduling.holiday_countries", [country])
    assert day not in {w.date() for w in await _walls(world)}
    host = await _host(world)
    assert (await host.post("/availability/holidays", {"mode": "none"})).status == 303
    assert day in {w.date() for w in await _walls(world)}
    assert (await host.post("/availability/holidays", {"mode": "own", "countries": country})).status == 303
    assert day not in {w.date() for w in await _walls(world)}
    opened = {"date": str(day), "r_from": "09:00", "r_to": "11:00"}
    assert (await host.post("/availability/override", opened)).status == 303
    assert day in {w.date() for w in await _walls(world)}
    odd = await host.post("/availability/holidays", {"mode": "own", "countries": "XX"})
    assert odd.status == 422
    with world.tenant.scope(), pytest.raises(Exception, match="XX"):
        await set_setting("scheduling.holiday_countries", ["XX"])


async def test_time_off_sends_people_to_a_colleague(world: World) -> None:
    noor = await interviewer(world.tenant, slug="noor")
    host = await _host(world)
    today = now().date()
    sent = {"first": str(today), "last": str(today + timedelta(days=3)), "redirect": "noor"}
    assert (await host.post("/availability/time-off", sent)).status == 303
    assert "Candidates are sent to Noor Lind." in (await host.get("/availability/days")).text
    with world.tenant.scope():
        away = await colleague_for(world.interviewer_id, now())
        assert away is not None
        assert away[1] == noor.interviewer_id
        assert await colleague_for(world.interviewer_id, day_after(9, 0)) is None
    profile = (await world.tenant.visitor().get("/interviewers/maya")).text
    assert 'href="/interviewers/noor"' in profile
    odd = await host.post("/availability/time-off", sent | {"redirect": "nobody"})
    assert odd.status == 422
    with world.tenant.scope():
        assert await TimeOff.all().count() == 1


async def test_clock_changes_are_told_before_they_come(world: World) -> None:
    await save_hours(world, {"7": [["01:00", "06:00"]]})
    host = await _host(world)
    page = (await host.get("/availability")).text
    assert "does not exist: clocks go forward" in page
    assert "Your hours are 1 hour shorter that day" in page
    assert "comes twice: clocks go back" in page


async def test_demand_is_counted_in_sums_and_small_cells_are_silent(world: World) -> None:
    host = await _host(world)
    assert "Not enough searches yet" in (await host.get("/availability/demand")).text
    with world.tenant.scope():
        for _n in range(demand.LEAST - 1):
            await demand.note([42, 42, 210])  # Tuesday 18:00 UTC, three times said
        assert await Demand.all().count() == 1
        assert await demand.hints([], "UTC") == []
        await demand.note([42])
        hint = (await demand.hints([day_after(0, 0)], "Asia/Kolkata"))[0]
        assert (hint.weekday, hint.hour, hint.searches, hint.free) == (2, 23, demand.LEAST, 0)
    page = (await host.get("/availability/demand")).text
    assert "Searched" in page or "no free time" in page


async def test_time_off_declines_what_waits_for_an_answer(make_world: Any) -> None:
    world = await make_world(mode="request")
    site = await world.tenant.sign_in("candidate")
    start = stamp(day_after(5, 10))
    held = await world.hold(site, start)
    assert (await site.post(held.location, {"goal": "Ready?"})).status == 303
    (asked,) = await world.rows()
    assert asked.status == "requested"
    host = await _host(world)
    day = instant(start).date()
    sent = {"first": str(day), "last": str(day)}
    assert (await host.post("/availability/time-off", sent)).status == 303
    assert (await world.row(asked.id)).status == "rejected"
    assert "1 request was declined." in (await host.get("/availability/days")).text
