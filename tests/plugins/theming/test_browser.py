"""In a real Chromium: the preview follows the colour, and the closed page opens by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kernel import now
from kernel.testing.people import TenantKit
from plugins.theming.services import maintenance

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
NewPage = Callable[..., Awaitable["Page"]]


async def accent(page: Page, mode: str) -> Any:
    return await page.eval_on_selector(
        f'.theming-sample[data-theme="{mode}"] .btn.primary', "e => getComputedStyle(e).backgroundColor"
    )


async def test_the_preview_follows_without_saving_and_saving_paints_the_page(
    tenant: TenantKit, new_page: NewPage
) -> None:
    admin = await tenant.sign_in("admin")
    page = await new_page(site=admin)
    await page.goto(f"{tenant.origin}/admin/branding")
    assert await accent(page, "light") == "rgb(79, 70, 229)"
    await page.fill("#f-color", "#ffc400")
    await page.dispatch_event("#f-color", "change")
    await page.wait_for_selector('#branding-preview link[href*="ffc400"]', state="attached")
    await page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.theming-sample .btn.primary')).backgroundColor"
        " === 'rgb(255, 196, 0)'"
    )
    assert await accent(page, "dark") == "rgb(255, 196, 0)"
    save = page.get_by_role("button", name="Save branding")
    assert await save.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(79, 70, 229)"
    await save.click()
    await page.wait_for_load_state()
    save = page.get_by_role("button", name="Save branding")
    await page.wait_for_function(
        "() => getComputedStyle(document.querySelector('button[value=save]')).backgroundColor === 'rgb(255, 196, 0)'"
    )


async def test_the_preview_works_without_script(tenant: TenantKit, new_page: NewPage) -> None:
    admin = await tenant.sign_in("admin")
    page = await new_page(site=admin, script=False)
    await page.goto(f"{tenant.origin}/admin/branding")
    await page.fill("#f-name", "Amber Academy")
    await page.fill("#f-radius", "16")
    await page.get_by_role("button", name="Preview").click()
    await page.wait_for_load_state()
    assert await page.locator(".theming-sample .brand").first.inner_text() == "A\nAmber Academy"
    assert "radius=16" in (await page.get_attribute("#branding-preview link", "href") or "")


async def test_the_closed_page_opens_by_itself_when_it_is_over(tenant: TenantKit, new_page: NewPage) -> None:
    with tenant.scope():
        window = await maintenance.plan(None, now() + timedelta(minutes=30), {})
    page = await new_page(tolerate=("503",))
    await page.clock.install()
    answer = await page.goto(f"{tenant.origin}/")
    assert answer is not None
    assert answer.status == 503
    await page.get_by_role("heading", name="We are doing maintenance").wait_for()
    await page.clock.run_for(80_000)
    assert await page.locator("[data-again]").count() == 1
    with tenant.scope():
        await maintenance.stop(window.id, 1)
    await page.clock.run_for(80_000)
    await page.get_by_role("link", name="Sign in").first.wait_for()
    await page.wait_for_function("() => !document.querySelector('[data-again]')")
