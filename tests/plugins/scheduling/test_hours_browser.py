"""The week is painted with a mouse and with the keyboard, in both directions of reading; what is painted is saved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from plugins.scheduling.models import Schedule
from tests.e2e.pages import scrolls_sideways, violations

from .conftest import World, save_hours

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NewPage = Callable[..., Awaitable["Page"]]
WEEK = {str(day): [["08:00", "20:00"]] for day in range(1, 6)}


async def _weekly(world: World) -> dict[str, Any]:
    with world.tenant.scope():
        return dict((await Schedule.get(account_id=world.interviewer_id)).weekly)


def _cell(page: Page, day: int, hour: float) -> Any:
    """The cell of an ISO weekday; the page begins its week on Monday."""
    return page.locator(f'[data-at="{day - 1}:{int(hour * 2)}"]')


async def _drag(page: Page, day: int, start: float, to_day: int, end: float) -> None:
    """Press on one cell, move over all between, let go."""
    await _cell(page, day, start).scroll_into_view_if_needed()
    await _cell(page, to_day, end).scroll_into_view_if_needed()
    a, b = await _cell(page, day, start).bounding_box(), await _cell(page, to_day, end).bounding_box()
    await page.mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2, steps=30)
    await page.mouse.up()


async def _save(page: Page) -> None:
    await page.locator("#hours .btn.primary").last.click()
    await page.wait_for_load_state()


async def test_dragging_opens_and_closes_and_is_saved(world: World, new_page: NewPage) -> None:
    await save_hours(world, WEEK)
    site = await world.tenant.sign_in(account_id=world.interviewer_id)
    page = await new_page(site=site)
    await page.goto(world.tenant.origin + "/availability")
    await _drag(page, 6, 10, 6, 12.5)  # Saturday 10:00 to 13:00 is opened
    await _drag(page, 1, 12, 1, 12.5)  # Monday's noon is closed: the first cell was open
    assert await _cell(page, 6, 11).get_attribute("aria-selected") == "true"
    assert await _cell(page, 1, 12).get_attribute("data-state") == "shut"
    await page.mouse.move(5, 5)  # after letting go nothing is painted any more
    await _save(page)
    weekly = await _weekly(world)
    assert weekly["6"] == [["10:00", "13:00"]]
    assert weekly["1"] == [["08:00", "12:00"], ["13:00", "20:00"]]
    assert weekly["2"] == WEEK["2"]


async def test_the_keyboard_paints_as_well(world: World, new_page: NewPage) -> None:
    await save_hours(world, WEEK)
    site = await world.tenant.sign_in(account_id=world.interviewer_id)
    page = await new_page(site=site)
    await page.goto(world.tenant.origin + "/availability")
    await page.locator('[role="gridcell"][tabindex="0"]').focus()  # Monday 09:00
    await page.keyboard.press("Space")
    for _n in range(2):
        await page.keyboard.press("Shift+ArrowDown")
    await _cell(page, 3, 15).focus()  # as a screen reader does
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Home")
    assert await page.evaluate("document.activeElement.dataset.at") == "0:0"
    await page.keyboard.press("ArrowUp")  # the edge holds
    assert await page.evaluate("document.activeElement.dataset.at") == "0:0"
    await _save(page)
    weekly = await _weekly(world)
    assert weekly["1"] == [["08:00", "09:00"], ["10:30", "20:00"]]
    assert weekly["3"] == [["08:00", "15:00"], ["15:30", "20:00"]]
    assert weekly["2"] == WEEK["2"]


async def test_from_right_to_left_the_arrows_follow_the_eye(world: World, new_page: NewPage) -> None:
    await save_hours(world, WEEK)
    site = await world.tenant.sign_in(account_id=world.interviewer_id)
    await site.post("/preferences/locale", {"value": "ar", "next": "/home"})
    page = await new_page(site=site)
    await page.goto(world.tenant.origin + "/availability")
    assert await page.evaluate("document.dir") == "rtl"
    first = page.locator('[role="gridcell"][tabindex="0"]')
    left_of = (await page.locator('[data-at="1:18"]').bounding_box())["x"] < (await first.bounding_box())["x"]
    assert left_of
    await first.focus()
    await page.keyboard.press("ArrowLeft")
    assert await page.evaluate("document.activeElement.dataset.at") == "1:18"
    await page.keyboard.press("ArrowRight")
    assert await page.evaluate("document.activeElement.dataset.at") == "0:18"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
async def test_no_page_about_times_breaks_the_rules_of_access(
    world: World, new_page: NewPage, width: int, dark: bool
) -> None:
    site = await world.tenant.sign_in(account_id=world.interviewer_id)
    person = await world.tenant.sign_in("candidate")
    admin = await world.tenant.sign_in("admin")
    faults: list[str] = []
    for who, paths in (
        (site, ("/availability", "/availability/days", "/availability/demand")),
        (person, ("/interviewers", "/times-together", f"/book-any/{world.kind.slug}", world.book)),
        (admin, (f"/admin/interview-types/{world.kind.id}", f"/admin/interview-types/{world.kind.id}/turns")),
    ):
        page = await new_page(width=width, dark=dark, site=who)
        for path in paths:
            answer = await page.goto(world.tenant.origin + path)
            assert answer is not None
            assert answer.status == 200, path
            faults += [f"{path}: {fault}" for fault in await violations(page)]
            if await scrolls_sideways(page):
                faults.append(f"{path} scrolls sideways")
        await page.close()
    assert faults == []
