"""The bell: right at once, right after a change, and useful without script."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from kernel.tenancy.toggles import switch
from kernel.testing.people import Site, TenantKit
from plugins.notifications import inbox

from .conftest import Deliver, notice


async def test_it_counts_what_is_unread(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    assert "data-bell-label>Notifications<" in (await site.get("/home")).text
    await deliver(tenant, *(notice(f"{n}", account_id=site.account_id) for n in range(2)))
    assert "data-bell-label>Notifications, 2 unread<" in (await site.get("/home")).text
    await deliver(tenant, *(notice(f"more {n}", account_id=site.account_id) for n in range(100)))
    assert "data-bell-label>Notifications, 99+ unread<" in (await site.get("/home")).text


async def test_visitors_have_none(tenant: TenantKit) -> None:
    assert "ntf-bell" not in (await tenant.visitor().get("/")).text


async def test_the_panel_shows_unread_ones_first(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    assert site.account_id is not None
    await deliver(tenant, *(notice(f"{n}", account_id=site.account_id, subject=f"No. {n}.") for n in range(9)))
    with tenant.scope():
        await inbox.mark_all(site.account_id)
    await deliver(tenant, notice("new", account_id=site.account_id, subject="Quite new"))
    panel = (await site.get("/notifications/bell")).text
    assert "<html" not in panel
    assert 'data-count="1"' in panel
    assert panel.index("Quite new") < panel.index("No. 8.")
    assert "No. 3." not in panel


async def _stream(site: Site, seen: str) -> Any:
    http: aiohttp.ClientSession = site._http
    headers = {"Accept": "text/event-stream"}
    return http.get(f"{site._base}/notifications/stream?seen={seen}", headers=headers)


async def _event(response: aiohttp.ClientResponse) -> str:
    while True:
        line = await asyncio.wait_for(response.content.readline(), 5)
        if not line:
            return "end"
        if line.startswith(b"data:"):
            return line[5:].strip().decode()


async def test_the_stream_tells_that_something_changed_and_nothing_more(tenant: TenantKit, deliver: Deliver) -> None:
    site, other = await tenant.sign_in(), await tenant.sign_in()
    assert site.account_id is not None
    async with await _stream(site, "0") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        await deliver(tenant, notice("not for me", account_id=other.account_id))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await _event(response)
    async with await _stream(site, "0") as response:
        await deliver(tenant, notice("mine", account_id=site.account_id))
        assert await _event(response) == "changed"
        with tenant.scope():
            await inbox.mark_all(site.account_id)
        assert await _event(response) == "changed"


async def test_what_came_between_page_and_stream_is_not_lost(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id))
    async with await _stream(site, "0") as response:
        assert await _event(response) == "changed"


async def test_the_stream_ends_with_the_plugin(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    async with await _stream(site, "0") as response:
        await response.content.readline()
        await switch(tenant.ref, "notifications", False)
        assert await _event(response) == "end"


async def test_strangers_get_no_stream(tenant: TenantKit) -> None:
    async with await _stream(tenant.visitor(), "0") as response:
        assert response.status == 401 or "/sign-in" in str(response.url)


# --- in a browser -------------------------------------------------------------------------------------------------


@pytest.mark.browser
async def test_the_count_follows_while_the_page_is_open(tenant: TenantKit, deliver: Deliver, new_page: Any) -> None:
    site = await tenant.sign_in()
    page = await new_page(site=site)
    await page.goto(f"{tenant.origin}/home")
    count = page.locator("[data-bell] [data-bell-count]")
    assert await count.is_hidden()
    await asyncio.sleep(0.5)  # the stream is open by then; what comes earlier is told when it opens
    await deliver(tenant, notice(account_id=site.account_id, action_url="/account/security"))
    await count.wait_for(state="visible")
    assert await count.text_content() == "1"
    await page.click("[data-bell]")
    await page.click("#ntf-panel >> text=Hello Ada")
    await page.wait_for_url("**/account/security")
    assert await page.locator("[data-bell] [data-bell-count]").is_hidden()


@pytest.mark.browser
async def test_marking_all_in_one_tab_reaches_the_other(tenant: TenantKit, deliver: Deliver, new_page: Any) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, *(notice(f"{n}", account_id=site.account_id) for n in range(2)))
    one = await new_page(site=site)
    two = await one.context.new_page()
    for page in (one, two):
        await page.goto(f"{tenant.origin}/home")
    await one.bring_to_front()
    await one.click("[data-bell]")
    await one.click("text=Mark all as read")
    await one.locator("[data-bell] [data-bell-count]").wait_for(state="hidden")
    await two.bring_to_front()
    await two.locator("[data-bell] [data-bell-count]").wait_for(state="hidden")


@pytest.mark.browser
async def test_without_script_the_bell_is_a_link(tenant: TenantKit, deliver: Deliver, new_page: Any) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id))
    page = await new_page(site=site, script=False)
    await page.goto(f"{tenant.origin}/home")
    await page.click("a.ntf-bell")
    assert await page.text_content("h1") == "Notifications"
    await page.click("text=Mark as read >> nth=0")
    assert await page.locator("text=Mark as unread").count() == 1


@pytest.mark.browser
async def test_a_link_in_a_framed_mail_opens_in_the_same_tab(
    tenant: TenantKit, deliver: Deliver, new_page: Any
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account(), action_url="/sign-in", action_label="Go there"))
    page = await new_page()
    await page.goto(f"{tenant.origin}/dev/mailbox")
    await page.frame_locator("iframe").locator("text=Go there").click()
    await page.wait_for_url("**/sign-in")
    assert await page.locator("input[name=password]").is_visible()
