"""Every page of the journey, as a machine can judge it: axe, no faults, no sideways scroll, for two tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Page

from kernel.app import Greenroom
from kernel.engines.connection import sql_one
from kernel.operations.bundles import Bundle, apply_bundle
from kernel.operations.demo import demo_bundles, demo_order
from kernel.tenancy.tenants import set_state
from kernel.testing.people import Site, TenantKit
from tests.e2e.pages import scrolls_sideways, violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PUBLIC = ("/", "/interviewers", "/sign-in", "/sign-up", "/reset", "/dev/mailbox", "/nothing-here")
#: Pages by who looks at them; `{booking}` is an upcoming session, `{past}` one with feedback.
PAGES = {
    "candidate": (
        "/home", "/interviewers", "/times-together", "/bookings", "/bookings/{booking}", "/bookings/{booking}/cancel",
        "/bookings/{booking}/reschedule", "/bookings/{past}", "/practice", "/rooms/{booking}", "/feedback",
        "/feedback/{past}", "/payments", "/notifications", "/notifications/preferences", "/profile",
        "/account/security", "/help", "/privacy",
    ),
    "interviewer": (
        "/home", "/bookings", "/availability", "/availability/days", "/availability/demand", "/interviewer/profile",
        "/earnings", "/feedback",
    ),
    "admin": (
        "/home", "/admin/plugins", "/admin/plugins/feedback", "/admin/settings", "/admin/roles", "/admin/jobs",
        "/admin/people", "/admin/applications", "/admin/bookings", "/admin/interview-types", "/admin/payments",
        "/admin/ledger", "/analytics", "/desk", "/admin/audit", "/admin/branding", "/admin/maintenance",
        "/admin/feedback",
    ),
    "console": (
        "/admin/plugins/analytics", "/admin/switch-history", "/admin/switch-playground?visitor=1",
        "/admin/settings?q=sign-in", "/admin/setting/kernel.idle_days", "/admin/domains", "/admin/limits",
        "/admin/roles/admin", "/admin/jobs?state=done", "/admin/jobs/{job}", "/admin/events",
        "/admin/events/of/kernel.account_created.v1", "/admin/events/{event}", "/admin/problems", "/admin/tokens",
        "/account/tokens", "/account/preferences", "/developers/api", "/developers/api?q=job", "/developers/api/kernel",
    ),
}  # fmt: skip
#: Who looks at a list that is not called after a person.
LOOKERS = {"console": "admin"}


class Demo:
    """A demo tenant on the test's server, and browsers signed in as its people."""

    def __init__(self, kit: TenantKit, bundle: Bundle) -> None:
        self.kit, self.bundle = kit, bundle
        self.sites: dict[str, Site] = {}
        self.ids: dict[str, str] = {}

    def fill(self, path: str) -> str:
        return path.format(**self.ids)


@pytest.fixture(scope="module")
async def demos(greenroom: Greenroom) -> AsyncIterator[dict[str, Demo]]:
    from kernel import accounts, services, speaking

    found: dict[str, Demo] = {}
    registry = greenroom.runtime.registry
    for bundle in demo_bundles(greenroom.runtime.config):
        ref = await apply_bundle(bundle)
        kit = TenantKit(ref, bundle.hosts[0], greenroom.runtime.config.port)
        demo = found[bundle.slug] = Demo(kit, bundle)
        snapshot = greenroom.runtime.snapshots.of(ref.id)
        assert snapshot is not None
        with kit.scope(locale=bundle.locale, zone=bundle.zone), speaking(bundle.locale, bundle.zone):
            for pid in demo_order(registry):
                if pid in snapshot.effective:
                    for data in registry.demo_data[pid]:
                        await data.seed(bundle.slug)
            for account in bundle.accounts:
                row = await accounts.find_account(account.email)
                assert row is not None
                demo.sites[account.email.partition("@")[0]] = await kit.sign_in(account_id=row.id)
            bookings = services.need("scheduling.Bookings")
            candidate = demo.sites["candidate"].account_id
            upcoming = await bookings.upcoming(candidate, 10)
            past = await bookings.past(candidate, 20)
            demo.ids = {"booking": str(upcoming[-1].id), "past": str(past[0].id), **await _console_ids()}
    yield found
    for demo in found.values():
        await demo.kit.close()


async def _console_ids() -> dict[str, str]:
    """A job that failed for good, and an event with deliveries."""
    event = await sql_one("SELECT event_id AS id FROM kernel_job WHERE event_id IS NOT NULL ORDER BY id LIMIT 1")
    job = await sql_one(
        "UPDATE kernel_job SET state = 'dead', attempts = max_attempts, last_error = 'Traceback: the hose is cut',"
        " finished_at = now() WHERE id = (SELECT id FROM kernel_job WHERE event_id IS NULL ORDER BY id LIMIT 1)"
        " RETURNING id"
    )
    assert event is not None
    assert job is not None
    return {"event": str(event.id), "job": str(job.id)}


async def look(page: Page, url: str) -> list[str]:
    """Faults of one page."""
    response = await page.goto(url)
    assert response is not None
    faults = [f"{url}: status {response.status}"] if response.status >= 500 else []
    faults += await violations(page)
    if await scrolls_sideways(page):
        faults.append(f"{url} scrolls sideways")
    return faults


@pytest.mark.parametrize("slug", ["acme", "fern"])
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
async def test_public_pages(
    demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]], slug: str, width: int, dark: bool
) -> None:
    page = await new_page(width=width, dark=dark, tolerate=("404",))
    faults = [f for path in PUBLIC for f in await look(page, demos[slug].kit.origin + path)]
    assert faults == []


@pytest.mark.parametrize("slug", ["acme", "fern"])
@pytest.mark.parametrize("person", sorted(PAGES))
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_pages_of(
    demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]], slug: str, person: str, width: int, dark: bool
) -> None:
    demo = demos[slug]
    page = await new_page(width=width, dark=dark, site=demo.sites[LOOKERS.get(person, person)], tolerate=("404",))
    faults = [f for path in PAGES[person] for f in await look(page, demo.kit.origin + demo.fill(path))]
    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["acme", "fern"])
@pytest.mark.parametrize("person", sorted(PAGES))
@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
async def test_pages_of_the_other_way_round(
    demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]], slug: str, person: str, width: int, dark: bool
) -> None:
    await test_pages_of(demos, new_page, slug, person, width, dark)


@pytest.mark.parametrize("person", sorted(PAGES))
async def test_pages_from_right_to_left_at_320(
    demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]], person: str
) -> None:
    demo = demos["fern"]
    site = demo.sites[LOOKERS.get(person, person)]
    await site.post("/preferences/locale", {"value": "ar", "next": "/home"})
    page = await new_page(width=320, site=site, tolerate=("404",))
    faults = []
    for path in PAGES[person]:
        await page.goto(demo.kit.origin + demo.fill(path))
        assert await page.evaluate("document.dir") == "rtl", path
        if await scrolls_sideways(page):
            faults.append(f"{path} scrolls sideways at 320")
    await site.post("/preferences/locale", {"value": "de", "next": "/home"})
    assert faults == []


async def test_the_gallery_of_components(demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]]) -> None:
    for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
        page = await new_page(width=width, dark=dark)
        assert await look(page, demos["acme"].kit.origin + "/dev/components") == []


async def test_a_suspended_site(demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]]) -> None:
    demo = demos["fern"]
    await set_state(demo.kit.ref, "suspended", reason="The invoice of May is open.")
    try:
        for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
            page = await new_page(width=width, dark=dark, tolerate=("403", "404", "503"))
            response = await page.goto(demo.kit.origin + "/interviewers")
            assert response is not None
            assert response.status in (403, 503)
            assert await violations(page) == []
            assert not await scrolls_sideways(page)
    finally:
        await set_state(demo.kit.ref, "active")


async def test_booking_works_without_script(demos: dict[str, Demo], new_page: Callable[..., Awaitable[Page]]) -> None:
    demo = demos["acme"]
    page = await new_page(script=False, site=demo.sites["candidate"])
    await page.goto(demo.kit.origin + "/interviewers")
    await page.get_by_role("link", name="Sofia Marino").first.click()
    await page.locator("a[href*='/book/']").first.click()
    await page.locator(".slot input").first.check()
    await page.locator(".slot button:visible").first.click()
    await page.wait_for_load_state()
    assert await page.locator("textarea[name=goal]").count() == 1
