"""The same time every week: looked at, booked all or none, called off one by one or together."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from kernel import now, set_setting, unit_of_work, zones
from kernel.base.clock import frozen_at
from kernel.testing.people import Site, TenantKit
from plugins.scheduling.models import Booking, InterviewType

from .conftest import Packages, World, day_after, instant, interviewer, stamp

API = "/api/v1/scheduling/bookings"


async def _held(world: World, site: Site, start: str) -> str:
    held = await world.hold(site, start)
    assert held.status == 303, held.text[:500]
    return held.location.split("/")[2]


async def test_free_weeks_are_ticked_and_taken_ones_offer_other_times(world: World, run_jobs: Any) -> None:
    site, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    start = day_after(3, 10)
    for week in (1, 3):
        await world.booked(other, stamp(start + timedelta(weeks=week)))
    booking = await _held(world, site, stamp(start))
    assert f"/bookings/{booking}/weekly" in (await site.get(f"/bookings/{booking}/confirm")).text
    page = await site.get(f"/bookings/{booking}/weekly?weeks=5")
    assert "2 of 5 weeks are taken: choose other times or skip them." in page.text
    free = [stamp(start + timedelta(weeks=week)) for week in (2, 4)]
    assert [s for s in free if f'name="start" value="{s}" checked' in page.text] == free
    radios = [s for s in (await world.starts()) if f'name="instead_1" value="{s}"' in page.text]
    assert len(radios) == 3
    assert all(abs(instant(s) - start - timedelta(weeks=1)) < timedelta(days=1) for s in radios)
    form = [("weeks", "5"), ("goal", "Graphs"), *[("start", s) for s in free], ("instead_1", radios[0])]
    done = await asyncio.gather(*(site.post(f"/bookings/{booking}/weekly", form) for _click in range(2)))
    assert {(a.status, a.location) for a in done} == {(303, f"/bookings/{booking}/series")}, done[0].text[:500]
    mine = [row for row in await world.rows() if row.candidate_id == site.account_id]
    assert [stamp(row.starts_at) for row in mine] == sorted([stamp(start), radios[0], *free])
    assert {row.status for row in mine} == {"accepted"}
    assert len({row.series_id for row in mine}) == 1
    assert {row.intake["goal"] for row in mine} == {"Graphs"}
    assert len({row.ical_uid for row in mine}) == 4
    shown = await site.get(done[0].location)
    assert all(f"/bookings/{row.id}" in shown.text for row in mine)
    await run_jobs(world.tenant)


async def test_what_went_away_meanwhile_books_nothing(world: World) -> None:
    site, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    start = day_after(3, 10)
    weeks = [stamp(start + timedelta(weeks=n)) for n in (1, 2, 3)]
    booking = await _held(world, site, stamp(start))
    await world.booked(other, weeks[1])
    path = f"{API}/{booking}/weekly"
    lost = await site.post(path, json={"starts": weeks})
    assert (lost.status, lost.json()["code"]) == (409, "series"), lost.text
    assert list(lost.json()["refused"]) == [weeks[1]]
    page = await site.post(f"/bookings/{booking}/weekly", [("weeks", "4"), *[("start", s) for s in weeks]])
    assert page.status == 409
    assert "Nothing was booked: choose again." in page.text
    mine = [row for row in await world.rows() if row.candidate_id == site.account_id]
    assert [(row.status, row.series_id) for row in mine] == [("held", None)]
    done = await site.post(path, json={"starts": [weeks[0], weeks[2]]})
    assert (done.status, len(done.json()["sessions"])) == (201, 3)


async def test_the_held_time_itself_does_not_stand_in_the_way(world: World) -> None:
    with world.tenant.scope():
        await set_setting("scheduling.open_holds", 1)
    site = await world.tenant.sign_in("candidate")
    start = day_after(3, 10)
    booking = await _held(world, site, stamp(start))
    weeks = [stamp(start + timedelta(weeks=n)) for n in (1, 2)]
    done = await site.post(f"{API}/{booking}/weekly", json={"starts": weeks})
    assert (done.status, len(done.json()["sessions"])) == (201, 3), done.text


async def test_the_clock_time_stays_when_clocks_change(world: World) -> None:
    """From winter into summer: in Berlin the instants move by an hour, and a time in the gap is told."""
    with world.tenant.scope():
        await InterviewType.filter(id=world.kind.id).update(window_days=90)
        async with unit_of_work():
            await set_setting("scheduling.open_bookings", 50)
    first = zones.instants(instant("2027-03-16T00:00Z").date(), instant("2027-03-16T18:00Z").time(), "Europe/Berlin")[0]
    with frozen_at(first - timedelta(days=10)):
        site = await world.tenant.sign_in("candidate", zone="Europe/Berlin")
        booking = await _held(world, site, stamp(first))
        seen = (await site.get(f"{API}/{booking}/weekly?weeks=4")).json()
        starts = [stamp(instant(week["start"])) for week in seen["weeks"]]
        assert starts == ["2027-03-16T17:00Z", "2027-03-23T17:00Z", "2027-03-30T16:00Z", "2027-04-06T16:00Z"]
        assert [week["refused"] for week in seen["weeks"]] == ["", "", "", ""]
        done = await site.post(f"{API}/{booking}/weekly", json={"starts": starts[1:]})
        assert [stamp(instant(b["starts_at"])) for b in done.json()["sessions"]] == starts
    walls = {f"{zones.wall(row.starts_at, 'Europe/Berlin'):%H:%M}" for row in await world.rows()}
    assert walls == {"18:00"}


def test_a_week_whose_time_the_clocks_skip_has_no_start() -> None:
    from plugins.scheduling.services import series

    first = zones.instants(instant("2027-03-21T00:00Z").date(), instant("2027-03-21T02:30Z").time(), "Europe/Berlin")[0]
    found = series.weeks(first, "Europe/Berlin", 3)
    assert [start is None for _at, start in found] == [False, True, False]
    assert f"{zones.wall(found[1][0], 'Europe/Berlin'):%d %H}" == "28 12"


async def test_one_is_called_off_alone_or_with_all_that_follow(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    start = day_after(3, 10)
    booking = await _held(world, site, stamp(start))
    weeks = [stamp(start + timedelta(weeks=n)) for n in range(1, 5)]
    made = (await site.post(f"{API}/{booking}/weekly", json={"starts": weeks})).json()["sessions"]
    ids = [one["id"] for one in made]
    assert (await site.post(f"/bookings/{ids[1]}/cancel", {"code": "time"})).status == 303
    seen = (await host.get(f"{API}/{ids[2]}/series")).json()
    assert seen["following"] == ids[2:]
    page = await site.get(f"/bookings/{ids[2]}/series")
    assert "3 sessions are cancelled:" in page.text
    form = {"code": "job", "seen": page.fields()["seen"]}
    assert (await site.post(f"/bookings/{ids[2]}/series/cancel", {"seen": form["seen"]})).status == 422
    assert (await site.post(f"/bookings/{ids[4]}/cancel", {"code": "time"})).status == 303
    stale = await site.post(f"/bookings/{ids[2]}/series/cancel", form)
    assert (stale.status, "2 sessions are cancelled:" in stale.text) == (409, True)
    fresh = {"code": "job", "seen": stale.fields()["seen"]}
    for _click in range(2):
        assert (await site.post(f"/bookings/{ids[2]}/series/cancel", fresh)).status in (303, 409)
    with world.tenant.scope():
        states = {str(row.id): row.status for row in await Booking.all()}
    assert [states[i] for i in ids] == ["accepted", *["cancelled"] * 4]
    assert set(weeks) <= set(await world.starts())


async def test_who_may_not(world: World, other_tenant: TenantKit) -> None:
    site, stranger = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    booking = await _held(world, site, stamp(day_after(3, 10)))
    later = {"starts": [stamp(day_after(10, 10))]}
    for path in (f"{API}/{booking}/weekly", f"{API}/{booking}/series"):
        for somebody in (stranger, await other_tenant.sign_in("candidate")):
            assert (await somebody.get(path)).status == 404
    assert (await stranger.post(f"{API}/{booking}/weekly", json=later)).status == 404
    many = {"starts": [stamp(day_after(3 + 7 * n, 10)) for n in range(1, 13)]}
    assert (await site.post(f"{API}/{booking}/weekly", json=many)).status == 422
    assert (await site.get(f"{API}/{booking}/weekly?weeks=13")).status == 422
    with world.tenant.scope():
        await Booking.filter(id=booking).update(price_minor=9500)
    assert "package" in (await site.get(f"{API}/{booking}/weekly")).json()["refused"]
    assert (await site.post(f"{API}/{booking}/weekly", json=later)).status == 409
    assert (await site.get(f"/bookings/{booking}/weekly")).location == f"/bookings/{booking}/confirm"
    with world.tenant.scope():
        await Booking.filter(id=booking).update(price_minor=0)
        async with unit_of_work():
            await set_setting("scheduling.open_bookings", 1)
        await Booking.filter(id=booking).update(hold_until=now() - timedelta(minutes=1))
    assert (await site.post(f"{API}/{booking}/weekly", json=later)).status == 410


async def test_what_costs_something_meanwhile_is_not_booked_for_nothing(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking = await _held(world, site, stamp(day_after(3, 10)))
    with world.tenant.scope():
        await InterviewType.filter(id=world.kind.id).update(price_rule="fixed", price_minor=5000)
    later = stamp(day_after(10, 10))
    refused = await site.post(f"{API}/{booking}/weekly", json={"starts": [later]})
    assert (refused.status, "free of charge" in refused.text) == (409, True)
    page = await site.post(f"/bookings/{booking}/weekly", {"weeks": "2", "start": later})
    assert (page.status, "free of charge" in page.text) == (409, True)
    assert [row.status for row in await world.rows()] == ["held"]


async def test_a_package_pays_for_all_or_for_none(tenant: TenantKit, packages: Packages) -> None:
    world = await interviewer(tenant, rate=6000)
    site = await tenant.sign_in("candidate")
    packages.left = 3
    start = day_after(3, 10)
    booking = await _held(world, site, stamp(start))
    weeks = [stamp(start + timedelta(weeks=n)) for n in (1, 2, 3)]
    short = await site.post(f"{API}/{booking}/weekly", json={"starts": weeks})
    assert (short.status, "enough sessions left" in short.text, packages.log) == (409, True, [])
    assert "Each takes one of the 3 sessions left" in (await site.get(f"/bookings/{booking}/weekly?weeks=3")).text
    done = await site.post(f"{API}/{booking}/weekly", json={"starts": weeks[:2]})
    assert [one["price_minor"] for one in done.json()["sessions"]] == [0, 0, 0]
    assert (packages.left, packages.log) == (0, ["use"] * 3)
    second = done.json()["sessions"][1]["id"]
    assert "2 sessions count in the package again." in (await site.get(f"/bookings/{second}/series")).text
    assert (await site.post(f"{API}/{second}/series/cancel", json={"code": "job"})).status == 200
    assert packages.log[3:] == ["back", "back"]
