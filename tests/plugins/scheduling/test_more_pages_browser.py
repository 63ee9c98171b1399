"""The pages that the other crawls leave out, as a machine can judge them; and the search on a phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from kernel import now
from plugins.scheduling.models import Booking, Strike
from plugins.scheduling.services import joining
from tests.e2e.pages import scrolls_sideways, violations

from .conftest import World, day_after, stamp

if TYPE_CHECKING:
    from playwright.async_api import Page

    from kernel.testing.people import Site

NewPage = Callable[..., Awaitable["Page"]]


async def test_on_a_phone_results_come_before_filters(world: World, new_page: NewPage) -> None:
    page = await new_page(width=390)
    await page.goto(world.tenant.origin + "/interviewers")
    found = page.locator(".sch-name").first
    assert (await found.bounding_box() or {})["y"] < 500
    assert not await page.locator("select[name=role]").is_visible()
    await page.get_by_text("Filters", exact=True).click()
    await page.select_option("select[name=part]", "evening")
    await page.get_by_role("button", name="Apply").click()
    await page.get_by_text("Filters (1)", exact=True).wait_for()
    assert "part=evening" in page.url
    await page.set_viewport_size({"width": 1280, "height": 900})  # where there is room they stand open
    assert await page.locator("select[name=role]").is_visible()
    assert not await page.get_by_text("Filters (1)", exact=True).is_visible()


async def test_too_many_unpaid_times_lead_to_them(world: World, new_page: NewPage) -> None:
    site = await world.tenant.sign_in("candidate")
    for day in (5, 6, 7):
        assert (await world.hold(site, stamp(day_after(day, 10)))).status == 303
        with world.tenant.scope():
            await Booking.filter(status="held").update(status="pending")
    page = await new_page(site=site, tolerate=("422",))
    await page.goto(world.tenant.origin + world.book)
    await page.wait_for_load_state("networkidle")
    await page.locator(".slot").first.click()
    await page.locator(".slot button:visible").click()
    refusal = page.locator("#refusal")
    await refusal.get_by_role("link", name="My sessions").click()
    assert await page.locator("main li", has_text="Waiting for payment").count() == 3


async def test_a_held_time_is_found_again(world: World, new_page: NewPage) -> None:
    site = await world.tenant.sign_in("candidate")
    held = await world.hold(site, stamp(day_after(5, 10)))
    page = await new_page(site=site)
    await page.goto(world.tenant.origin + "/bookings")
    await page.locator("main li.item a").click()
    await page.wait_for_url("**" + held.location)
    await page.get_by_role("button", name="Let go of this time").click()
    await page.wait_for_url(f"**{world.book}*")
    assert [row.status for row in await world.rows()] == ["expired"]


async def test_countries_are_found_by_typing(world: World, new_page: NewPage) -> None:
    page = await new_page(site=await world.tenant.sign_in("admin"), width=390)
    await page.goto(world.tenant.origin + "/admin/public-holidays")
    await page.get_by_label("Find a country").fill("germ")
    shown = page.locator(".sch-countries label:visible")
    assert await shown.all_inner_texts() == ["Germany"]
    await shown.locator("input").check()
    await page.get_by_role("button", name="Save countries").click()
    await page.get_by_text("Holidays saved").first.wait_for()
    assert await page.get_by_label("Germany").is_checked()


async def _pages(world: World) -> list[tuple[Site, list[str]]]:
    """Everybody's pages that no other crawl opens, with something on them."""
    person, host = await world.tenant.sign_in("candidate"), await world.tenant.sign_in(account_id=world.interviewer_id)
    admin = await world.tenant.sign_in("admin")
    one, other = [await world.booked(person, stamp(day_after(n, 10)), goal="Trade-offs") for n in (6, 7)]
    assert person.account_id is not None
    await person.post("/waiting-list", {"type": world.kind.slug, "interviewer": world.slug, "tz": "Europe/Berlin"})
    weekly = (await world.hold(person, stamp(day_after(9, 10)))).location.replace("/confirm", "/weekly")
    for site in (person, host):
        await site.post("/calendars/feed", {})
    with world.tenant.scope():
        row = await world.row(one)
        await Strike.create(
            account_id=person.account_id, booking_id=other, role="candidate", cause="late_cancel", points=1, at=now(),
            expires_at=day_after(90, 0),
        )  # fmt: skip
        join = await joining.link_for(row, person.account_id)
    booking = f"/admin/bookings/{one}"
    return [
        (world.tenant.visitor(), [join]),
        (person, ["/waiting-list", "/standing", "/begin-now", "/calendars", "/bookings", weekly]),
        (host, ["/calendars", "/calendars?add=ics", f"/bookings/{one}/propose"]),
        (admin, [
            booking, *(f"{booking}/{what}" for what in ("cancel", "reassign", "move", "extend")),
            "/admin/interviewer-load", "/admin/booking-rules", "/admin/public-holidays?country=DE", "/admin/policies",
            "/admin/policies/moderate", "/admin/strikes", f"/admin/interview-types/{world.kind.id}/reminders",
        ]),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_no_other_page_breaks_the_rules_of_access(world: World, new_page: NewPage) -> None:
    """Dark and narrow, light and wide; in Arabic and at 320 px nothing scrolls sideways."""
    faults: list[str] = []
    for site, paths in await _pages(world):
        page = await new_page(site=site)
        for path in paths:
            address = path if path.startswith("http") else world.tenant.origin + path
            for width, dark in ((1280, False), (390, True)):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.emulate_media(color_scheme="dark" if dark else "light")
                answer = await page.goto(address)
                assert answer is not None
                assert answer.status == 200, path
                faults += [f"{width}: {fault}" for fault in await violations(page)]
            if site.account_id is not None:
                await site.post("/preferences/locale", {"value": "ar", "next": "/home"})
                await page.set_viewport_size({"width": 320, "height": 700})
                await page.reload()
                assert await page.evaluate("document.dir") == "rtl", path
                await site.post("/preferences/locale", {"value": "en", "next": "/home"})
            else:
                await page.set_viewport_size({"width": 320, "height": 700})
            if await scrolls_sideways(page):
                faults.append(f"{path} scrolls sideways at 320")
        await page.close()
    assert faults == []
