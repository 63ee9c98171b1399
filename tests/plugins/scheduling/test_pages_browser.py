"""The booking page in a real browser: arrow keys, swapping, without script; and no page breaks the rules of access."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import World, day_after, instant, stamp

if TYPE_CHECKING:
    from playwright.async_api import Page

NewPage = Callable[..., Awaitable["Page"]]
AXE = Path(__file__).parents[2] / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def _until(page: Page, expression: str) -> None:
    """Wait for a condition in the page; `wait_for_function` would need eval, which the policy forbids."""
    for _n in range(150):
        if await page.evaluate(expression):
            return
        await page.wait_for_timeout(100)
    raise AssertionError(f"never became true: {expression}")


async def _settled(page: Page) -> None:
    """The first visit takes the device's zone, which may swap the picker once."""
    await page.wait_for_load_state("networkidle")


async def test_arrow_keys_walk_over_free_days_and_the_picker_swaps(world: World, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(world.tenant.origin + world.book)
    await _settled(page)
    chosen = page.locator("a.day[aria-current=date]")
    first = await chosen.get_attribute("data-date")
    await page.evaluate("window.kept = true")
    await page.locator("a.day").nth(0).focus()
    await page.keyboard.press("End")
    last = await page.evaluate("document.activeElement.dataset.date")
    assert last is not None
    assert last > str(first)
    await page.keyboard.press("Enter")
    await _until(page, f"document.querySelector('a.day[aria-current=date]')?.dataset.date === '{last}'")
    assert await page.evaluate("document.activeElement.dataset.date") == last  # the focus stays on the day
    assert await page.evaluate("window.kept")  # swapped, not loaded anew
    assert f"day={last}" in page.url
    await page.keyboard.press("PageDown")
    await _until(page, f"!document.querySelector('a.day[data-date=\"{last}\"]')")
    await page.go_back()
    await page.locator(f'a.day[data-date="{last}"]').wait_for()


async def test_the_devices_zone_is_taken_on_the_first_visit(world: World, new_page: NewPage) -> None:
    page = await new_page(zone="Asia/Tokyo")
    await page.goto(world.tenant.origin + world.book)
    await _until(page, "document.querySelector('select[data-tz]').value === 'Asia/Tokyo'")
    await _until(page, "decodeURIComponent(location.search).includes('tz=Asia/Tokyo')")
    assert "tz=Asia/Tokyo" in await page.evaluate("document.cookie")
    await page.goto(world.tenant.origin + world.book)  # remembered: no question in the address any more
    assert await page.locator("select[data-tz]").input_value() == "Asia/Tokyo"


async def test_booking_with_script_off(world: World, new_page: NewPage) -> None:
    site = await world.tenant.sign_in("candidate")
    page = await new_page(script=False, site=site)
    await page.goto(world.tenant.origin + world.book)
    days = page.locator("a.day")
    await days.nth(2).click()
    slot = page.locator(".slot").nth(3)
    start = await slot.locator("input").get_attribute("value")
    await slot.locator("input").check()
    await slot.locator("button").click()
    await page.wait_for_url("**/confirm")
    await page.fill("textarea[name=goal]", "Without script")
    await page.click("text=Book session")
    await page.wait_for_url("**/bookings/*")
    (row,) = await world.rows()
    assert (row.status, stamp(row.starts_at), row.intake) == ("accepted", start, {"goal": "Without script"})


async def test_three_clicks_to_the_form(world: World, new_page: NewPage) -> None:
    site = await world.tenant.sign_in("candidate")
    page = await new_page(site=site)
    await page.goto(world.tenant.origin + world.book)
    await _settled(page)
    later = page.locator("a.day").nth(2)  # a whole day: late in the evening, today has few times left
    chosen = await later.get_attribute("data-date")
    await later.click()
    await _until(page, f"document.querySelector('a.day[aria-current=date]')?.dataset.date === '{chosen}'")
    await page.locator(".slot").nth(1).click()
    await page.locator(".slot button:visible").click()
    await page.wait_for_url("**/confirm")
    text = await page.locator("[data-countdown]").inner_text()
    assert text.startswith(("09:", "10:"))


async def test_the_week_editor_in_the_browser(world: World, new_page: NewPage) -> None:
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    page = await new_page(site=host)
    await page.goto(world.tenant.origin + "/availability")
    await page.click("button[name=add][value='1']")
    await page.wait_for_load_state()
    assert await page.locator("input[name=d1_from]").count() == 2
    await page.locator("input[name=d1_to]").nth(0).fill("12:00")
    await page.locator("input[name=d1_from]").nth(1).fill("13:00")
    await page.locator("input[name=d1_to]").nth(1).fill("14:30")
    await page.locator("[data-drop-range]").nth(2).click()  # Tuesday's only range
    await page.click("main form#hours .row >> text=Save availability")
    await page.wait_for_selector("text=Availability saved")
    walls = {(instant(s).isoweekday()) for s in await world.starts()}
    assert 2 not in walls
    assert 1 in walls


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
async def test_no_page_breaks_the_rules_of_access(world: World, new_page: NewPage, dark: bool, width: int) -> None:
    candidate = await world.tenant.sign_in("candidate", name="Ada Novak")
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    admin = await world.tenant.sign_in("admin")
    booking_id = await world.booked(candidate, stamp(day_after(6, 10)), goal="Trade-offs")
    held = (await world.hold(candidate, stamp(day_after(7, 10)))).location
    session = f"/bookings/{booking_id}"
    pages: list[tuple[Any, list[str]]] = [
        (world.tenant.visitor(), ["/", "/interviewers", f"/interviewers/{world.slug}", world.book]),
        (candidate, [held, "/bookings", "/bookings?tab=past", session, f"{session}/cancel", f"{session}/reschedule",
                     "/practice", "/home"]),
        (host, ["/availability", session, "/home"]),
        (admin, ["/admin/bookings", "/admin/bookings?q=zzz", f"/admin/bookings/{booking_id}/cancel",
                 "/admin/interview-types", "/admin/interview-types/new", f"/admin/interview-types/{world.kind.id}"]),
    ]  # fmt: skip
    faults: list[Any] = []
    for site, paths in pages:
        page = await new_page(site=site, width=width, dark=dark)
        for path in paths:
            await page.goto(site.origin + path)
            await page.wait_for_load_state()
            await page.evaluate(AXE.read_text())
            found = await page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
            faults += [(path, v["id"], [n["html"][:150] for n in v["nodes"][:3]]) for v in found["violations"]]
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                faults.append((path, "wider than the window", wide))
        await page.context.close()
    assert faults == []
