"""What is kept for how long, what a person gets to see of it, and how it is forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import now, set_setting
from kernel.testing.people import TenantKit
from plugins.notifications import privacy, retention
from plugins.notifications.models import Attachment, Email, Message, Preference, Refusal
from plugins.notifications.preferences import save

from .conftest import TEST, Deliver, notice


async def test_old_messages_and_mails_are_forgotten(tenant: TenantKit, deliver: Deliver, run_jobs: Any) -> None:
    me = await tenant.account()
    files = (("a.ics", "text/calendar", b"x"),)
    keys = ("old", "unread", "new", "queued")
    await deliver(tenant, *(notice(key, account_id=me, attachments=files) for key in keys))
    await run_jobs(tenant)
    with tenant.scope():
        await set_setting("notifications.keep_messages_days", 30)
        await set_setting("notifications.keep_emails_days", 30)
        before = now() - timedelta(days=31)
        await Message.filter(key="old").update(created_at=before, read_at=before)
        await Message.filter(key="unread").update(created_at=before)
        await Email.filter(key__in=["old", "queued"]).update(created_at=before)
        await Email.filter(key="queued").update(state="queued")
        await retention.clean()
        assert set(await Message.all().values_list("key", flat=True)) == {"unread", "new", "queued"}
        kept = {row.id: row.key for row in await Email.all()}
        assert set(kept.values()) == {"unread", "new", "queued"}
        assert set(await Attachment.all().values_list("email_id", flat=True)) == set(kept)
        await Message.filter(key="unread").update(created_at=now() - timedelta(days=91))
        await retention.clean()
        assert not await Message.exists(key="unread")


async def test_forgetting_stays_within_the_tenant(
    tenant: TenantKit, other_tenant: TenantKit, deliver: Deliver, run_jobs: Any
) -> None:
    for site in (tenant, other_tenant):
        await deliver(site, notice(account_id=await site.account()))
        await run_jobs(site)
        with site.scope():
            await Email.all().update(created_at=now() - timedelta(days=4000))
    with tenant.scope():
        await retention.clean()
        assert not await Email.exists()
    with other_tenant.scope():
        assert await Email.exists()


async def test_a_person_gets_what_is_held_but_no_working_links(tenant: TenantKit, deliver: Deliver) -> None:
    me, other = await tenant.account(email="ada@example.test"), await tenant.account()
    await deliver(tenant, notice(account_id=me), notice(account_id=other, subject="Not mine"))
    link = notice("link", account_id=me, action_url=f"{tenant.origin}/reset/very-secret")
    await deliver(tenant, link, type_id="users.reset_password")
    with tenant.scope():
        await save(str(me), {(TEST, "email"): False})
        held = await privacy.export(me)
    assert [m["subject"] for m in held["messages"]] == ["Hello Ada"]
    assert {e["to"] for e in held["emails"]} == {"ada@example.test"}
    assert held["preferences"][0]["wanted"] is False
    assert "very-secret" not in str(held)
    assert "Not mine" not in str(held)


async def test_erasure_leaves_nothing_and_touches_nobody_else(tenant: TenantKit, deliver: Deliver) -> None:
    me, other = await tenant.account(email="ada@example.test"), await tenant.account()
    files = (("a.ics", "text/calendar", b"x"),)
    await deliver(
        tenant,
        notice(account_id=me, attachments=files),
        notice(account_id=other, attachments=files),
        notice(email="ada@example.test"),
    )
    with tenant.scope():
        await save(str(me), {(TEST, "email"): False})
        await Refusal.create(address="ada@example.test")
        assert await privacy.erase(me) == []
        assert await privacy.erase(me) == []
        assert await Email.all().values_list("account_id", flat=True) == [other]
        assert await Message.all().values_list("account_id", flat=True) == [other]
        assert await Attachment.all().count() == 1
        assert not await Preference.exists()
        assert not await Refusal.exists()
