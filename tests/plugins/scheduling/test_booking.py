"""Booking over real HTTP: the good way, before signing in, in the reader's zone; and who finds nothing there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import new_id, now, unit_of_work
from kernel.testing.people import TenantKit

from .conftest import World, instant

Worlds = Callable[..., Awaitable[World]]


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


async def test_a_month_without_times_offers_the_next_one(make_world: Worlds) -> None:
    world = await make_world(weekly={"1": [["10:00", "11:00"]]}, window_days=200)
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


async def test_with_the_plugin_off_its_pages_are_gone(make_tenant: Any) -> None:
    tenant = await make_tenant(plugins={"scheduling": False})
    site = await tenant.sign_in("admin")
    for path in ("/interviewers", "/bookings", "/practice", "/admin/bookings", "/api/v1/scheduling/interview-types"):
        assert (await site.get(path)).status == 404, path


async def test_listed_is_bookable(world: World) -> None:
    """Every listed start can be held, one after the other, by somebody."""
    site = await world.tenant.sign_in("candidate")
    for start in (await world.starts(site))[::97]:
        held = await world.hold(site, start)
        assert held.status == 303, start


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
