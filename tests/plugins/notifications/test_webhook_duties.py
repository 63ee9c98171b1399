"""Webhooks in the long run: who hears what, giving up, limits, keys, erasure, switches, and things done twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kernel import Happened, now, published_events, sql_one
from kernel.app import Greenroom
from kernel.base.clock import frozen_at, shifted_by
from kernel.operations import settings as operations
from kernel.tenancy.governing import set_tenant_value
from kernel.testing.people import TenantKit
from kernel.work.jobs import unpark_effective
from plugins.notifications import privacy, retention
from plugins.notifications.models import Message, Webhook, WebhookAttempt, WebhookDelivery
from plugins.notifications.webhooks import sending, services

from .hooks import API, EVENT, Receiver, Run, happen, make, quiet, signed

Switch = Callable[[str], Awaitable[None]]


async def relays(tenant: TenantKit) -> int:
    """Jobs that brought an event to the webhooks so far."""
    with tenant.scope():
        row = await sql_one(
            "SELECT count(*) AS n FROM kernel_job WHERE tenant_id = $1 AND name = 'notifications.on:*:relay'",
            tenant.ref.id,
        )
    assert row is not None
    return int(row.n)


async def test_an_event_that_no_webhook_hears_costs_no_job(
    tenant: TenantKit, receiver: Receiver, database: tuple[str, str]
) -> None:
    await happen(tenant)
    await tenant.account()
    assert await relays(tenant) == 0
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, "scheduling.booking_confirmed.v1")
    await happen(tenant)
    await tenant.account()
    assert await relays(tenant) == 0
    # Another process makes one that hears of accounts, without a word to this one.
    other = await asyncpg.connect(database[0])
    try:
        await other.execute(
            "UPDATE notifications_webhook SET events = '[\"kernel.account_created.v1\"]' WHERE id = $1",
            UUID(hook["id"]),
        )
    finally:
        await other.close()
    await tenant.account()
    assert await relays(tenant) == 1
    await site.post(f"{API}/{hook['id']}/pause", json={})
    await tenant.account()
    assert await relays(tenant) == 2  # noted, to be sent later
    with tenant.scope():
        await Webhook.filter(id=hook["id"]).update(state="disabled")
    await tenant.account()
    assert await relays(tenant) == 2


async def test_all_events_leaves_out_those_that_have_to_be_named(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    site = await tenant.sign_in("owner")
    await make(site, receiver.url)
    listed = (await site.get("/api/v1/webhook-events?limit=100")).json()["items"]
    named = {one["name"] for one in listed if one["by_name_only"]}
    assert {EVENT, "kernel.setting_changed.v1", "kernel.sign_in_succeeded.v1"} <= named
    await quiet(tenant, receiver, run_jobs)
    await happen(tenant)
    await tenant.account()
    await run_jobs(tenant)
    kinds = {body.split(b'"type":"')[1].split(b'"')[0] for _headers, body in receiver.got}
    assert b"kernel.account_created.v1" in kinds
    assert not kinds & {name.encode() for name in named}


async def test_after_three_days_it_is_given_up_told_and_can_be_sent_again(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    await quiet(tenant, receiver, run_jobs)
    begun, receiver.status = now(), 500
    await happen(tenant)
    at = begun
    for number in range(1, len(sending.PAUSES) + 2):
        with frozen_at(at + timedelta(seconds=1)):
            await run_jobs(tenant)
        with tenant.scope():
            row = await WebhookDelivery.get(webhook_id=hook["id"], event_id=UUID(receiver.ids[0]))
        assert row.attempts == number == len(receiver.got)
        at = row.next_at or at
    assert row.state == "failed"
    assert timedelta(days=3) <= at - begun <= timedelta(days=3.6)
    assert set(receiver.ids) == {receiver.ids[0]} and {body for _h, body in receiver.got} == {receiver.got[0][1]}
    shown = (await site.get(f"{API}/{hook['id']}")).json()
    assert (shown["state"], shown["reason"]) == ("disabled", "failing")
    with tenant.scope():
        told = Message.filter(account_id=site.account_id, type_id="notifications.webhook_failing")
        assert await told.count() == 2  # that it fails, and that it was given up
    since = {"since": (begun - timedelta(minutes=1)).isoformat()}
    assert (await site.post(f"{API}/{hook['id']}/replay", json=since)).status == 409
    receiver.status = 204
    receiver.got.clear()
    await site.post(f"{API}/{hook['id']}/resume", json={})
    assert (await site.post(f"{API}/{hook['id']}/replay", json=since)).json() == {"count": 1}
    assert (await site.post(f"{API}/{hook['id']}/replay", json=since)).json() == {"count": 0}
    await run_jobs(tenant)
    assert str(row.event_id) in receiver.ids
    with tenant.scope():
        assert (await WebhookDelivery.get(id=row.id)).state == "delivered"


async def test_a_receiver_says_when_to_come_back(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    await quiet(tenant, receiver, run_jobs)
    receiver.status = 503
    for said, least, most in (("7200", 7200, 7300), ("999999", 21_600, 21_700), ("soon", 5, 60), ("-1", 5, 60)):
        receiver.headers = {"Retry-After": said}
        await happen(tenant, said)
        await run_jobs(tenant)
        with tenant.scope():
            row = await WebhookDelivery.get(webhook_id=hook["id"], event_id=UUID(receiver.ids[-1]))
        assert row.next_at is not None
        assert least - 30 <= (row.next_at - now()).total_seconds() <= most, said


async def test_nothing_is_sent_while_the_plugin_is_off_and_what_waited_comes_after(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run, enable: Switch, disable: Switch
) -> None:
    hook = await make(await tenant.sign_in("owner"), receiver.url, EVENT)
    await quiet(tenant, receiver, run_jobs)
    await happen(tenant, "before")
    await disable("notifications")
    await happen(tenant, "while")
    await run_jobs(tenant)
    assert receiver.got == []
    await enable("notifications")
    await unpark_effective()  # as a worker does, now and then and when it hears of the switch
    await run_jobs(tenant)
    bodies = b" ".join(body for _headers, body in receiver.got)
    assert bodies.count(b"test.before") == 1
    assert b"test.while" not in bodies
    with tenant.scope():
        assert not await WebhookDelivery.filter(webhook_id=hook["id"]).exclude(state="delivered").exists()


async def test_erasing_somebody_blanks_what_receivers_said_of_them(tenant: TenantKit) -> None:
    ada, bob = await tenant.account(email="ada@example.test"), await tenant.account()
    with tenant.scope():
        row = await WebhookDelivery.create(webhook_id=ada, event_id=bob, event=EVENT)
        answers = (f"stored {ada}", "welcome, ADA@example.test!", f"stored {bob}")
        for answer in answers:
            await WebhookAttempt.create(delivery_id=row.id, duration_ms=1, status=200, response=answer)
        exported = await privacy.export(ada)
        assert "stored" not in str(exported)  # a receiver's words are not the person's
        await privacy.erase(ada)
        left = await WebhookAttempt.filter(delivery_id=row.id).order_by("at", "id")
    assert [attempt.response for attempt in left] == ["", "", f"stored {bob}"]


async def test_the_limit_counts_though_several_are_made_at_once(tenant: TenantKit, receiver: Receiver) -> None:
    site = await tenant.sign_in("owner")
    await set_tenant_value(tenant.ref, "notifications.max_webhooks", 1, reason="a small plan")
    await site.token()
    wishes = [site.post(API, json={"url": f"{receiver.url}?{n}", "events": []}) for n in range(4)]
    made = await asyncio.gather(*wishes)
    assert sorted(answer.status for answer in made) == [201, 403, 403, 403]
    refused = next(answer.json() for answer in made if answer.status == 403)
    assert (refused["quota"], refused["limit"]) == ("notifications.webhooks", 1)
    assert "1" in (await site.get("/admin/webhooks")).text
    page = await site.post("/admin/webhooks", {"url": f"{receiver.url}?more", "which": "all"})
    assert page.status == 422 and "The limit of this site is reached" in page.text


async def test_changing_and_removing(
    tenant: TenantKit, other_tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    site = await tenant.sign_in("owner")
    hook, second = await make(site, receiver.url, EVENT), await make(site, f"{receiver.url}?2", EVENT)
    path = f"{API}/{hook['id']}"
    wish = {"url": f"{receiver.url}?new", "description": "CRM", "events": ["kernel.account_created.v1"]}
    assert (await site.post(path, json={**wish, "url": second["url"]}, method="PUT")).status == 422
    assert (await site.post(path, json={**wish, "events": ["no.such.v1"]}, method="PUT")).status == 422
    changed = (await site.post(path, json=wish, method="PUT")).json()
    assert {key: changed[key] for key in wish} == wish
    theirs = await other_tenant.sign_in("owner")
    assert (await theirs.post(path, json=wish, method="PUT")).status == 404
    assert (await theirs.post(path, method="DELETE")).status == 404
    await happen(tenant)
    await tenant.account()
    assert (await site.post(f"{API}/{second['id']}", method="DELETE")).status == 200
    await run_jobs(tenant)
    assert receiver.got
    assert all(b"kernel.account_created.v1" in body for _headers, body in receiver.got)
    assert (await site.post(path, method="DELETE")).status == 200
    assert (await site.get(path)).status == 404
    with tenant.scope():
        assert await WebhookDelivery.all().count() == await WebhookAttempt.all().count() == 0


@pytest.fixture
def ring(greenroom: Greenroom) -> Iterator[Callable[..., None]]:
    """`ring(new, *old)`: use these secrets of the installation until the end of the test."""
    before = greenroom.runtime.config

    def use(secret: bytes, *old: bytes) -> None:
        greenroom.runtime.config = replace(greenroom.runtime.config, secret=secret, old_secrets=old)

    yield use
    greenroom.runtime.config = before


async def test_secrets_follow_the_key_of_the_installation(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run, ring: Callable[..., None], greenroom: Greenroom
) -> None:
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    newer = (await site.post(f"{API}/{hook['id']}/rotate", json={"hours": 24})).json()
    first, second = greenroom.runtime.config.secret, b"another secret of this test, long enough"
    ring(second, first)
    done, lost = await operations.reseal()
    assert done >= 2 and not [place for place in lost if "webhook" in place]
    ring(second)
    await happen(tenant)
    with tenant.scope():
        for event in [event async for event in published_events(EVENT)][-1:]:
            await sending.relay(event)
        for row in await WebhookDelivery.filter(webhook_id=hook["id"]):
            await sending.send(str(row.id))
    headers, body = receiver.got[-1]
    assert signed(newer["secret"], headers, body) and signed(hook["secret"], headers, body)
    ring(first, second)
    await operations.reseal()


@pytest.mark.parametrize("seed", range(4))
async def test_done_twice_broken_off_and_refused_everything_arrives(
    seed: int, tenant: TenantKit, receiver: Receiver, run_jobs: Run
) -> None:
    """Events relayed repeatedly, sent by several at once, requests cut off in the middle, refusals: nothing is lost."""
    dice = random.Random(seed)
    hook = await make(await tenant.sign_in("owner"), receiver.url, EVENT)
    await quiet(tenant, receiver, run_jobs)
    for number in range(8):
        await happen(tenant, f"n{number}")
    cut: set[UUID] = set()
    with tenant.scope():
        events = [event async for event in published_events(EVENT)][-8:]
        await asyncio.gather(*(sending.relay(dice.choice(events)) for _n in range(12)))
        await asyncio.gather(*(sending.relay(event) for event in events))
        assert await WebhookDelivery.filter(webhook_id=hook["id"], event_id__in=[e.id for e in events]).count() == 8
        for step in range(12):
            receiver.status = dice.choice((204, 500, 204)) if step < 8 else 204
            with shifted_by(timedelta(hours=30 * step)):
                await _send_some(dice, events, cut)
        left = await WebhookDelivery.filter(webhook_id=hook["id"], event_id__in=[e.id for e in events])
        assert {row.state for row in left} == {"delivered"}
        events_of = {row.id: row.event_id for row in left}
        refusals = await WebhookAttempt.filter(delivery_id__in=list(events_of), status=500)
        refused = Counter(events_of[attempt.delivery_id] for attempt in refusals)
    times = Counter(UUID(id) for id in receiver.ids)
    assert set(times) == {event.id for event in events}
    for id, count in times.items():
        if id not in cut:
            assert count == 1 + refused[id], "sent again without a reason"


async def _send_some(dice: random.Random, events: list[Happened], cut: set[UUID]) -> None:
    rows: list[Any] = await WebhookDelivery.filter(event_id__in=[e.id for e in events], state="waiting")
    tasks = [(row, asyncio.create_task(sending.send(str(row.id)))) for row in rows for _n in range(dice.randint(1, 3))]
    for row, task in tasks:
        if dice.random() < 0.15:
            await asyncio.sleep(dice.random() * 0.02)
            task.cancel()
            cut.add(row.event_id)
    for result in await asyncio.gather(*(task for _row, task in tasks), return_exceptions=True):
        assert result is None or isinstance(result, asyncio.CancelledError), result


async def test_a_long_pause_is_caught_up_in_portions_and_the_record_ends_after_30_days(
    tenant: TenantKit, receiver: Receiver, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 3)
    site = await tenant.sign_in("owner")
    hook = await make(site, receiver.url, EVENT)
    await quiet(tenant, receiver, run_jobs)
    await site.post(f"{API}/{hook['id']}/pause", json={})
    for number in range(7):
        await happen(tenant, f"n{number}")
    await run_jobs(tenant)
    with tenant.scope():
        waiting = await WebhookDelivery.filter(webhook_id=hook["id"], state="waiting").order_by("id")
        old = waiting[0]
        await WebhookDelivery.filter(id=old.id).update(created_at=now() - timedelta(days=31))
        await retention.clean()
    assert (await site.post(f"{API}/{hook['id']}/resume", json={})).json() == {"count": len(waiting) - 1}
    await run_jobs(tenant)
    assert {str(row.event_id) for row in waiting[1:]} <= set(receiver.ids)
    assert str(old.event_id) not in receiver.ids
    assert max(Counter(receiver.ids).values()) == 1
