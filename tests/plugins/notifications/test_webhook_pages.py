"""The pages of webhooks, as people use them: with and without script, narrow, dark, right to left."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from kernel import now
from kernel.testing.people import Site, TenantKit
from plugins.notifications.models import Webhook, WebhookDelivery

from ...e2e import pages
from .hooks import EVENT, Receiver, Run, happen, make, quiet, signed

PAGES = "/admin/webhooks"


async def create(site: Site, url: str, *events: str) -> tuple[str, str]:
    """Through the form: the id and the secret that is shown once."""
    which = "some" if events else "all"
    made = await site.post(
        PAGES, [("url", url), ("description", "CRM"), ("which", which), *(("events", e) for e in events)]
    )
    assert made.status == 201, made.text[:2000]
    secret, id = re.search(r"whsec_[\w+/=]+", made.text), re.search(rf"{PAGES}/([0-9a-f-]{{36}})/edit", made.text)
    assert secret and id
    return id[1], secret[0]


async def test_from_the_first_visit_to_a_delivery(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    assert "No webhooks yet" in (await site.get(PAGES)).text
    form = (await site.get(f"{PAGES}/new")).text
    assert EVENT in form and "Only by name" in form and "Left out are events that may hold" in form
    id, secret = await create(site, receiver.url, EVENT)
    await run_jobs(tenant)
    assert signed(secret, *receiver.got[0])
    shown = (await site.get(f"{PAGES}/{id}")).text
    assert "whsec_" not in shown
    assert "Delivered" in shown and receiver.url in shown
    listed = (await site.get(PAGES)).text
    assert "100 %" in listed and "CRM" in listed
    delivery = re.search(rf"{PAGES}/{id}/deliveries/([0-9a-f-]{{36}})", shown)
    assert delivery
    detail = (await site.get(delivery[0])).text
    for words in ("webhook-id", "204", "occurred_at", " ms"):
        assert words in detail, words
    again = await site.post(f"{delivery[0]}/replay", follow=True)
    assert "It is sent again" in again.text
    await run_jobs(tenant)
    assert receiver.ids.count(receiver.ids[0]) == 2


async def test_refusals_are_said_beside_the_field(tenant: TenantKit, receiver: Receiver) -> None:
    site = await tenant.sign_in("owner")
    for sent, words in (
        ({"url": ""}, "Enter the address that takes the events"),
        ({"url": "ftp://example.com/"}, "it begins with https://"),
        ({"url": "https://10.0.0.1/"}, "private network"),
        ({"url": "https://u:p@127.0.0.1/"}, "user name or password"),
        ({"url": receiver.url, "which": "some"}, "Choose at least one event"),
        ({"url": receiver.url, "which": "some", "events": "no.such.v1"}, "no event called no.such.v1"),
    ):
        answer = await site.post(PAGES, {"description": "typed", **sent})
        assert answer.status == 422, sent
        assert words in answer.text, (sent, words)
        assert 'value="typed"' in answer.text
    await create(site, receiver.url)
    twice = await site.post(PAGES, {"url": receiver.url})
    assert twice.status == 422 and "already" in twice.text


async def test_change_pause_resume_test_rotate_remove(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    id, old = await create(site, receiver.url, EVENT)
    here = f"{PAGES}/{id}"
    with tenant.scope():  # of a plugin that was taken out meanwhile
        await Webhook.filter(id=id).update(events=[EVENT, "gone.away.v1"])
    form = (await site.get(f"{here}/edit")).text
    assert f'value="{EVENT}" checked' in form and "It stays chosen" in form
    saved = await site.post(
        f"{here}/edit", [("url", f"{receiver.url}?2"), ("which", "some"), ("events", EVENT)], follow=True
    )
    assert "Webhook saved" in saved.text and f"{receiver.url}?2" in saved.text
    with tenant.scope():
        assert (await Webhook.get(id=id)).events == sorted([EVENT, "gone.away.v1"])
    assert "Paused" in (await site.post(f"{here}/pause", follow=True)).text
    assert "is not active" in (await site.post(f"{here}/test", {"event": EVENT}, follow=True)).text
    assert "Resumed" in (await site.post(f"{here}/resume", follow=True)).text
    tested = await site.post(f"{here}/test", {"event": EVENT}, follow=True)
    assert "This is a test" in tested.text
    assert "There is no such event" in (await site.post(f"{here}/test", {"event": "x.y.v1"}, follow=True)).text
    await quiet(tenant, receiver, run_jobs)
    rotated = await site.post(f"{here}/rotate", {"hours": "24"})
    found = re.search(r"whsec_[\w+/=]+", rotated.text)
    assert rotated.status == 201 and found and found[0] != old
    assert "both signatures" in rotated.text and "The old one counts until" in (await site.get(here)).text
    await run_jobs(tenant)
    assert signed(old, *receiver.got[-1]) and signed(found[0], *receiver.got[-1])
    at_once = await site.post(f"{here}/rotate", {"hours": "0"})
    assert "does not count any more" in at_once.text
    receiver.got.clear()
    await happen(tenant)
    await run_jobs(tenant)
    assert not signed(found[0], *receiver.got[-1])
    assert (await site.post(f"{here}/rotate", {"hours": "5"})).status == 422
    assert "Webhook removed" in (await site.post(f"{here}/remove", follow=True)).text
    assert (await site.get(here)).status == 404
    assert (await site.post(f"{here}/remove")).status == 404  # the second click


async def test_the_record_is_filtered_and_paged(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    with tenant.scope():
        for n in range(60):
            await WebhookDelivery.create(
                webhook_id=hook["id"], event_id=hook["id"][:-2] + f"{n:02d}", event=EVENT if n % 2 else "a.b.v1",
                state="failed" if n < 3 else "delivered", attempts=1, created_at=now() - timedelta(minutes=n // 4),
            )  # fmt: skip
    seen: list[str] = []
    at: str | None = f"{PAGES}/{hook['id']}?event=a.b.v1"
    while at is not None:
        page = (await site.get(at)).text
        seen += re.findall(r'id="d-([0-9a-f-]{36})"', page)
        link = re.search(r'rel="next" href="([^"]+)"', page)
        at = link[1].replace("&amp;", "&") if link else None
    assert len(seen) == len(set(seen)) == 30
    failed = (await site.get(f"{PAGES}/{hook['id']}?state=failed")).text
    assert len(re.findall(r'id="d-', failed)) == 3
    assert "No such deliveries" in (await site.get(f"{PAGES}/{hook['id']}?event=never.v1")).text
    assert (await site.get(f"{PAGES}/{hook['id']}?cursor=made-up")).status == 303
    again = await site.post(f"{PAGES}/{hook['id']}/replay", {"hours": "24"}, follow=True)
    assert "3 deliveries are sent again" in again.text
    assert "Nothing failed" in (await site.post(f"{PAGES}/{hook['id']}/replay", {"hours": "1"}, follow=True)).text
    listed, after = [], ""
    while True:
        got = (await site.get(f"/api/v1/webhooks/{hook['id']}/deliveries?limit=20&event=a.b.v1&cursor={after}")).json()
        listed += [one["id"] for one in got["items"]]
        after = got["next"]
        if after is None:
            break
    assert listed == seen


async def test_only_those_who_look_after_webhooks_see_them(
    tenant: TenantKit, other_tenant: TenantKit, receiver: Receiver
) -> None:
    site = await tenant.sign_in("owner")
    id, _secret = await create(site, receiver.url)
    member, theirs = await tenant.sign_in(), await other_tenant.sign_in("owner")
    assert f'href="{PAGES}"' in (await site.get("/home")).text
    assert f'href="{PAGES}"' not in (await member.get("/home")).text
    for path in (PAGES, f"{PAGES}/new", f"{PAGES}/{id}", f"{PAGES}/{id}/edit"):
        assert (await member.get(path)).status == 403
    for path in (f"{PAGES}/{id}", f"{PAGES}/{id}/edit"):
        assert (await theirs.get(path)).status == 404
    for act in ("edit", "rotate", "pause", "resume", "remove", "test", "replay"):
        data = {"url": receiver.url, "event": EVENT, "hours": "24"} if act == "edit" else {"event": EVENT}
        assert (await theirs.post(f"{PAGES}/{id}/{act}", data)).status == 404, act


@pytest.mark.browser
@pytest.mark.slow
async def test_in_a_browser(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run, new_page: Callable[..., Awaitable[Any]]
) -> None:
    site = await tenant.sign_in("owner")
    bare = await new_page(site=site, script=False)
    await bare.goto(f"{tenant.origin}{PAGES}/new")
    await bare.fill("#f-url", receiver.url)
    await bare.check("input[value=some]")
    await bare.click("details:has(input[value='kernel.account_created.v1']) > summary")
    await bare.check("input[value='kernel.account_created.v1']")
    await bare.click("main form button.primary")
    assert "whsec_" in await bare.inner_text("#secret")
    href = await bare.get_attribute("a[href$='/edit']", "href")
    await tenant.account()
    receiver.status = 500
    await run_jobs(tenant, raising=False)
    here = href.removesuffix("/edit")
    for width, dark, language in ((1280, False, "en"), (320, True, "ar")):
        page = await new_page(site=site, width=width, dark=dark)
        if language != "en":
            with tenant.scope():
                from kernel.auth.models import Account

                await Account.filter(id=site.account_id).update(locale=language)
        await page.goto(f"{tenant.origin}{here}")
        delivery = await page.get_attribute(".hooks-who a", "href")
        for path in (PAGES, f"{PAGES}/new", here, f"{here}/edit", delivery):
            await page.goto(f"{tenant.origin}{path}")
            assert await pages.violations(page) == [], path
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path
