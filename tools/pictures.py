"""Take the README's pictures from a running demo: `python tools/pictures.py http://acme.localhost:8080`."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PASSWORD = "greenroom-demo"  # noqa: S105 - printed by the demo itself
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=30",
    "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection",
]  # fmt: skip


async def page_of(browser: Browser, origin: str, who: str | None, **options: Any) -> Page:
    """A page signed in as one of the demo's people."""
    size = options.pop("size", (1280, 800))
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
        permissions=["camera", "microphone"],
        **options,
    )
    page = await context.new_page()
    if who:
        await page.goto(origin + "/sign-in")
        await page.locator("input[name=email]").fill(f"{who}@demo.test")
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("main button[type=submit]").click()
        await page.wait_for_url("**/home")
    return page


async def shoot(page: Page, name: str) -> None:
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=FOLDER / f"{name}.png")


async def room(browser: Browser, origin: str) -> None:
    """Both sides of the demo's next session; the interviewer's is taken."""
    sides = [await page_of(browser, origin, who) for who in ("candidate", "interviewer")]
    await sides[0].goto(origin + "/bookings")
    href = await sides[0].locator("main a[href*='/bookings/']").first.get_attribute("href") or ""
    for page in sides:
        await page.goto(f"{origin}/rooms/{href.rsplit('/', 1)[-1]}")
        await page.locator("[data-join]").click()
    await asyncio.sleep(4)
    await sides[0].locator("#chat-text").fill("Shall I sketch the write path first?")
    await sides[0].locator("[data-chat-form] button[type=submit]").click()
    await asyncio.sleep(1)
    await shoot(sides[1], "room")


async def main(acme: str) -> None:
    fern = acme.replace("acme", "fern")
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS, chromium_sandbox=False
        )
        visitor = await page_of(browser, acme, None)
        await visitor.goto(acme + "/interviewers/tomas-ferreira")
        await visitor.locator("a[href*='/book/']").first.click()
        await visitor.locator(".slot input").nth(1).check()
        await shoot(visitor, "book")
        admin = await page_of(browser, acme, "admin")
        await admin.goto(acme + "/analytics")
        await shoot(admin, "dashboard")
        phone = await page_of(browser, fern, None, size=(390, 800), color_scheme="dark")
        await phone.context.add_cookies([{"name": "locale", "value": "ar", "url": fern}])
        await phone.goto(fern + "/interviewers")
        await shoot(phone, "fern")
        await room(browser, acme)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://acme.localhost:8080"))
