"""The main way in a real Chromium: without script, and with the tag input that script brings."""

from __future__ import annotations

import pytest

from kernel.testing.people import TenantKit
from plugins.users.models import Application

from .conftest import BIO, MOTIVATION

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False])
async def test_apply_from_sign_up_to_sent(tenant: TenantKit, new_page, run_jobs, outbox, script) -> None:
    # A page that was refused is sent with 422, which the browser notes in its console.
    page = await new_page(script=script, width=390, zone="America/New_York", tolerate=("422",))
    await page.goto(f"{tenant.origin}/sign-up?next=/apply")
    await page.click("form button.block")
    assert await page.locator(".error-summary a").count() == 3
    await page.fill("#f-name", "Zoë Lind")
    await page.fill("#f-email", "zoe@example.test")
    await page.fill("#f-password", "horses staple 77 correctly")
    await page.click("form button.block")
    await page.get_by_role("heading", name="Check your inbox").wait_for()
    await run_jobs(tenant)
    await page.goto(outbox.last("users.verify_email").action_url)
    await page.get_by_role("button", name="Confirm email address").click()
    await page.get_by_role("button", name="Start application").click()
    await page.fill("#f-headline", "Staff engineer, storage")
    await page.fill("#f-years", "11")
    await page.fill("#f-bio", BIO)
    await page.locator("button[name=act][value=next]").click()
    if script:
        await page.locator(".tags input").first.fill("System design")
        await page.keyboard.press("Enter")
        await page.keyboard.type("Go")
        await page.keyboard.press("Enter")
    else:
        await page.fill("#f-skills", "System design, Go")
    await page.check("input[name=languages][value=en]")
    await page.locator("button[name=act][value=next]").click()
    await page.fill("#f-rate", "95,50")
    await page.fill("#f-motivation", MOTIVATION)
    await page.keyboard.press("Tab")
    await page.locator("button[name=act][value=next]").click()
    await page.check("#f-agree")
    await page.get_by_role("button", name="Send application").click()
    await page.get_by_role("heading", name="We are reading your application").wait_for()
    with tenant.scope():
        row = await Application.get()
        assert row.answers["skills"].replace(", ", ",") == "System design,Go"
        assert row.state == "submitted"
