"""Outgoing webhooks: signed, at least once, recorded, and nobody else's business."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kernel import now
from kernel.app import Greenroom
from kernel.testing.people import TenantKit
from plugins import notifications
from plugins.notifications.models import Message, Webhook, WebhookAttempt, WebhookDelivery

from .hooks import API, EVENT, Receiver, Run, happen, make, signed


async def test_an_event_arrives_signed_and_is_recorded(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    await run_jobs(tenant)
    hook = await make(site, receiver.url, EVENT)
    await run_jobs(tenant)
    receiver.got.clear()
    await happen(tenant, "painted")
    await run_jobs(tenant)
    [(headers, body)] = receiver.got
    said = json.loads(body)
    assert set(said) == {"id", "type", "occurred_at", "tenant", "data"}
    assert (said["type"], said["tenant"], said["data"]["action"]) == (EVENT, tenant.ref.slug, "test.painted")
    assert headers["webhook-id"] == said["id"]
    assert signed(hook["secret"], headers, body)
    assert not signed(hook["secret"], headers, body + b" ")
    log = (await site.get(f"{API}/{hook['id']}/deliveries")).json()
    newest = log["items"][0]
    assert (newest["state"], newest["status"], newest["event"]) == ("delivered", 204, EVENT)
    detail = (await site.get(f"{API}/{hook['id']}/deliveries/{newest['id']}")).json()
    assert [one["status"] for one in detail["log"]] == [204]
    assert "secret" not in (await site.get(f"{API}/{hook['id']}")).json()
    with tenant.scope():
        assert hook["secret"].encode() not in bytes((await Webhook.get(id=hook["id"])).secret)


async def test_for_a_day_both_secrets_sign(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    old = await make(site, receiver.url, EVENT)
    new = (await site.post(f"{API}/{old['id']}/rotate", json={})).json()
    assert new["secret"] != old["secret"]
    await run_jobs(tenant)
    headers, body = receiver.got[-1]
    assert signed(old["secret"], headers, body) and signed(new["secret"], headers, body)
    with tenant.scope():
        await Webhook.filter(id=old["id"]).update(old_until=now() - timedelta(seconds=1))
    await happen(tenant)
    await run_jobs(tenant)
    headers, body = receiver.got[-1]
    assert signed(new["secret"], headers, body) and not signed(old["secret"], headers, body)


async def test_failures_are_retried_told_and_can_be_replayed(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    receiver.status = 500
    for number in range(8):
        await happen(tenant, f"n{number}")
    await run_jobs(tenant, raising=False)
    with tenant.scope():
        row = await Webhook.get(id=hook["id"])
        assert row.failures == 5 and row.rest_until is not None and row.state == "active"
        assert len(receiver.got) == 5
        assert await WebhookDelivery.filter(webhook_id=hook["id"], state="waiting").count() >= 8
        assert await Message.filter(account_id=site.account_id, type_id="notifications.webhook_failing").count() == 1
    receiver.status = 204
    with tenant.scope():
        await Webhook.filter(id=hook["id"]).update(rest_until=None)
    await run_jobs(tenant, until=now() + timedelta(hours=1))
    with tenant.scope():
        assert await WebhookDelivery.filter(webhook_id=hook["id"]).exclude(state="delivered").count() == 0
        assert (await Webhook.get(id=hook["id"])).failures == 0
        assert await WebhookAttempt.filter(status=500).count() == 5


async def test_gone_switches_it_off_and_resume_brings_it_back(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    receiver.status = 410
    await run_jobs(tenant)
    shown = (await site.get(f"{API}/{hook['id']}")).json()
    assert (shown["state"], shown["reason"]) == ("disabled", "gone")
    receiver.status = 204
    await site.post(f"{API}/{hook['id']}/resume", json={})
    assert (await site.get(f"{API}/{hook['id']}")).json()["state"] == "active"


async def test_paused_events_wait(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    await site.post(f"{API}/{hook['id']}/pause", json={})
    await happen(tenant)
    await run_jobs(tenant)
    assert receiver.got == []
    waiting = len((await site.get(f"{API}/{hook['id']}/deliveries?state=waiting")).json()["items"])
    assert (await site.post(f"{API}/{hook['id']}/resume", json={})).json()["count"] == waiting > 0
    await run_jobs(tenant)
    assert len({h["webhook-id"] for h, _body in receiver.got}) >= waiting


async def test_test_events_have_the_shape_of_real_ones(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, "scheduling.booking_confirmed.v1")
    listed = {e["name"]: e for e in (await site.get("/api/v1/webhook-events?limit=100")).json()["items"]}
    answer = await site.post(f"{API}/{hook['id']}/test", json={"event": "scheduling.booking_confirmed.v1"})
    assert answer.status == 202
    await run_jobs(tenant)
    [(headers, body)] = receiver.got
    said = json.loads(body)
    assert said["test"] is True and said["data"] == listed["scheduling.booking_confirmed.v1"]["example"]
    assert signed(hook["secret"], headers, body)
    again = await site.post(f"{API}/{hook['id']}/deliveries/{answer.json()['id']}/replay", json={})
    assert again.status == 202
    await run_jobs(tenant)
    assert len(receiver.got) == 2 and receiver.got[0][1] == receiver.got[1][1]
    assert (await site.post(f"{API}/{hook['id']}/test", json={"event": "no.such.v1"})).status == 422


@pytest.fixture
def strict(greenroom: Greenroom) -> Iterator[None]:
    before = greenroom.runtime.config
    greenroom.runtime.config = replace(before, outbound_allow=())
    yield
    greenroom.runtime.config = before


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://169.254.169.254/", "http://1.1.1.1/", "nonsense"])
async def test_private_addresses_are_refused(strict: None, tenant: TenantKit, url: str) -> None:
    site = await tenant.sign_in("owner")
    answer = await site.post(API, json={"url": url})
    assert answer.status == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["url"]


async def test_strangers_and_neighbours_get_nothing(
    tenant: TenantKit, other_tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    hook = await make(await tenant.sign_in("owner"), receiver.url)
    assert (await tenant.visitor().get(API)).status == 401
    assert (await (await tenant.sign_in()).get(API)).status == 403
    theirs = await other_tenant.sign_in("owner")
    for path in ("", "/deliveries"):
        assert (await theirs.get(f"{API}/{hook['id']}{path}")).status == 404
    assert (await theirs.post(f"{API}/{hook['id']}/rotate", json={})).status == 404
    await run_jobs(tenant)
    receiver.got.clear()
    await happen(other_tenant)
    await run_jobs(other_tenant)
    assert receiver.got == []


async def test_the_documented_check_of_a_signature_works(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    text = (Path(notifications.__file__).parent / "docs.md").read_text()
    space: dict[str, Any] = {}
    exec(text.split("```python\n")[-1].split("```")[0], space)
    verify = space["verify"]
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    new = (await site.post(f"{API}/{hook['id']}/rotate", json={"hours": 24})).json()
    await run_jobs(tenant)
    headers, body = receiver.got[-1]
    for secret in (hook["secret"], new["secret"]):
        verify(secret, headers, body)
    stamp = str(int(headers["webhook-timestamp"]) - 301)
    for bad in (
        (new["secret"], headers, body + b" "),
        ("whsec_" + "A" * 44, headers, body),
        (new["secret"], {**headers, "webhook-id": "other"}, body),
        (new["secret"], {**headers, "webhook-timestamp": stamp}, body),
        (new["secret"], {**headers, "webhook-timestamp": "soon"}, body),
        (new["secret"], {**headers, "webhook-signature": "v1,é"}, body),
        (new["secret"], {}, body),
    ):
        with pytest.raises(ValueError, match=r"wrong|old"):
            verify(*bad)
