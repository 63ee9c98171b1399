"""The links of mails in a real browser, which says with every form where it comes from, or that it may not say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

from plugins.scheduling.services import links, parties
from tests.e2e.pages import scrolls_sideways, violations

from .conftest import World, day_after, stamp

if TYPE_CHECKING:
    from playwright.async_api import Page

NewPage = Callable[..., Awaitable["Page"]]


async def test_a_session_is_called_off_by_its_link_without_signing_in(world: World, new_page: NewPage) -> None:
    candidate = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(candidate, stamp(day_after(6, 10)))
    assert candidate.account_id is not None
    with world.tenant.scope():
        address = await links.link_for(await world.row(booking_id), candidate.account_id)
    page = await new_page(width=390, dark=True)
    await page.goto(address)
    await page.get_by_text("Cancel this session").click()
    assert await violations(page) == []
    await page.select_option("select[name=code]", index=1)
    await page.get_by_role("button", name="Cancel session").click()
    await page.get_by_text("This link does not work any more.").wait_for()
    assert await violations(page) == []
    assert (await world.row(booking_id)).status == "cancelled"


async def test_a_session_is_moved_by_its_link(world: World, new_page: NewPage) -> None:
    candidate = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(candidate, stamp(day_after(6, 10)))
    before = (await world.row(booking_id)).starts_at
    assert candidate.account_id is not None
    with world.tenant.scope():
        address = await links.link_for(await world.row(booking_id), candidate.account_id)
    page = await new_page(width=320)
    await page.goto(address)
    await page.get_by_role("link", name="Move to another time").click()
    await page.wait_for_load_state("networkidle")
    assert not await scrolls_sideways(page)
    await page.locator(".slot").nth(2).click()
    await page.locator(".slot button:visible").click()
    await page.get_by_text("This link does not work any more.").wait_for()
    assert (await world.row(booking_id)).starts_at != before


async def test_a_session_that_was_given_is_taken_over(world: World, new_page: NewPage) -> None:
    payer, theirs = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    held = await world.hold(payer, stamp(day_after(6, 10)))
    done = await payer.post(held.location, {"goal": "x", "for_email": "friend@example.test"})
    booking_id = UUID(done.location.rsplit("/", 1)[1])
    with world.tenant.scope():
        token = await parties.claim_token(await world.row(booking_id))
    page = await new_page(site=theirs, width=390)
    await page.goto(f"{world.tenant.origin}/session-for-you/{token}")
    assert await violations(page) == []
    await page.get_by_role("button", name="Take the session over").click()
    await page.wait_for_url(f"**/bookings/{booking_id}")
    assert (await world.row(booking_id)).candidate_id == theirs.account_id
