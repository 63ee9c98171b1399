"""Sending: a real mail server, and every way in which it can go wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import unused_port

from kernel import accounts, errors, now
from kernel.app import Greenroom
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from kernel.work.jobs import unpark_effective
from plugins.notifications import outbox, queries
from plugins.notifications import smtp as conversation
from plugins.notifications.models import Attachment, Email, Refusal
from plugins.notifications.preferences import save

from .conftest import TEST, Deliver, Inbox, notice

ICS = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


async def _row(tenant: TenantKit) -> Email:
    with tenant.scope():
        return await Email.all().order_by("-created_at").first()  # type: ignore[return-value]


async def _due(run_jobs: Any, tenant: TenantKit, minutes: int) -> None:
    await run_jobs(tenant, until=now() + timedelta(minutes=minutes))


async def test_a_mail_goes_out_whole(tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any) -> None:
    me = await tenant.account(email="ada@example.test", name="Ada Łukasz")
    files = (("session.ics", "text/calendar", ICS), ("a.pdf", "application/pdf", b"%PDF-1"))
    await deliver(tenant, notice(account_id=me, attachments=files))
    written = await _row(tenant)
    await run_jobs(tenant)
    [mail] = smtp.messages
    assert smtp.recipients == ["ada@example.test"]
    assert mail["To"] == "Ada Łukasz <ada@example.test>"
    assert mail["From"].addresses[0].addr_spec == f"no-reply@{tenant.host}"
    assert mail["Message-ID"] == written.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{written.unsubscribe_url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [p.get_content_type() for p in mail.walk() if not p.is_multipart()] == [
        "text/plain", "text/html", "text/calendar", "text/calendar", "application/pdf",
    ]  # fmt: skip
    calendar = [p for p in mail.walk() if p.get_content_type() == "text/calendar"]
    assert [p.get_param("method") for p in calendar] == ["REQUEST", "REQUEST"]
    assert [p.get_filename() for p in calendar] == [None, "session.ics"]
    assert all(p["Content-Transfer-Encoding"] == "quoted-printable" for p in calendar)
    assert calendar[1].get_content().replace("\r\n", "\n") == ICS.decode().replace("\r\n", "\n")


async def test_what_the_server_has_is_no_longer_kept(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account(), attachments=(("a.ics", "text/calendar", ICS),)))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.via, row.text, row.html) == ("sent", "smtp", "", "")
    assert row.sent_at is not None
    with tenant.scope():
        assert not await Attachment.exists()


async def test_without_a_server_mail_stays_in_the_mailbox(tenant: TenantKit, deliver: Deliver, run_jobs: Any) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.via) == ("sent", "mailbox")
    assert row.html


async def test_in_production_without_a_server_it_fails_loudly_and_can_be_sent_later(
    tenant: TenantKit, deliver: Deliver, run_jobs: Any, no_server: None
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.reason) == ("failed", "no_server")
    assert outbox.may_retry(row)


# --- never twice --------------------------------------------------------------------------------------------------


async def test_running_the_job_again_sends_nothing(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    with tenant.scope():
        await outbox.send_email(str((await _row(tenant)).id))
    assert len(smtp.messages) == 1
    assert (await _row(tenant)).state == "sent"


async def test_a_lost_answer_is_not_tried_again(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    smtp.hang_up = True
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    await _due(run_jobs, tenant, 60 * 24)
    assert len(smtp.messages) == 1
    row = await _row(tenant)
    assert (row.state, row.reason) == ("failed", "uncertain")


async def test_stopping_while_the_content_goes_over_does_not_send_it_twice(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    smtp.slow = 2.0
    await deliver(tenant, notice(account_id=await tenant.account()))
    with tenant.scope():
        stopped = asyncio.ensure_future(outbox.send_email(str((await _row(tenant)).id)))
        while not smtp.messages:
            await asyncio.sleep(0.02)
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
    smtp.slow = 0.0
    await run_jobs(tenant)
    await _due(run_jobs, tenant, 60 * 24)
    assert len(smtp.messages) == 1
    row = await _row(tenant)
    assert (row.state, row.reason) == ("failed", "uncertain")


async def test_a_process_that_ended_in_the_middle_leaves_it_to_a_person(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    with tenant.scope():
        await Email.all().update(state="sending")
    await run_jobs(tenant)
    assert smtp.messages == []
    row = await _row(tenant)
    assert (row.state, row.reason) == ("failed", "uncertain")


async def test_a_fault_before_the_content_went_over_gives_the_mail_back(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))

    async def broken(*_given: object) -> conversation.Outcome:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "send", broken)
        await run_jobs(tenant, raising=False)
        assert (await _row(tenant)).state == "queued"
    await _due(run_jobs, tenant, 10)
    assert len(smtp.messages) == 1
    assert (await _row(tenant)).state == "sent"


# --- refusals -----------------------------------------------------------------------------------------------------


async def test_a_temporary_refusal_is_tried_again_later_under_the_same_id(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    smtp.at_rcpt = "451 4.7.1 Greylisted"
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.reason, row.attempts) == ("queued", "deferred", 1)
    assert "451 4.7.1 Greylisted" in row.detail
    assert row.next_at is not None
    await run_jobs(tenant)
    assert (await _row(tenant)).attempts == 1  # not before its time
    smtp.at_rcpt = ""
    await _due(run_jobs, tenant, 2)
    assert [m["Message-ID"] for m in smtp.messages] == [row.message_id]
    assert (await _row(tenant)).state == "sent"


async def test_a_server_that_is_away_for_good_ends_in_failed(
    tenant: TenantKit, deliver: Deliver, run_jobs: Any, greenroom: Greenroom
) -> None:
    before = greenroom.runtime.config
    greenroom.runtime.config = replace(before, smtp_url=f"smtp://127.0.0.1:{unused_port()}")
    try:
        await deliver(tenant, notice(account_id=await tenant.account()))
        await _due(run_jobs, tenant, 60 * 48)
    finally:
        greenroom.runtime.config = before
    row = await _row(tenant)
    assert (row.state, row.reason, row.attempts) == ("failed", "server_away", len(outbox.PAUSES) + 1)


async def test_an_address_that_takes_nothing_is_left_alone_and_its_owner_is_told(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    me = await tenant.account(email="gone@example.test")
    smtp.at_rcpt = "550 5.1.1 No such user"
    await deliver(tenant, notice("first", account_id=me))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.reason) == ("suppressed", "refused")
    with tenant.scope():
        told = (await queries.inbox(me)).items
        assert "does not take our mail" in told[0].subject
    smtp.at_rcpt = ""
    await deliver(tenant, notice("second", account_id=me))
    await run_jobs(tenant)
    assert smtp.messages == []
    assert (await _row(tenant)).reason == "refused_before"


async def test_critical_mail_is_tried_even_there_and_a_success_ends_the_refusal(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    me = await tenant.account(email="back@example.test")
    with tenant.scope():
        await Refusal.create(address="back@example.test")
    await deliver(tenant, notice(account_id=me), type_id="users.reset_password")
    await run_jobs(tenant)
    assert len(smtp.messages) == 1
    with tenant.scope():
        assert not await Refusal.exists()


async def test_a_message_that_is_not_liked_fails_without_blaming_the_address(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    smtp.at_data = "554 5.7.1 Looks like spam"
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.reason) == ("failed", "rejected")
    with tenant.scope():
        assert not await Refusal.exists()


async def test_a_failed_mail_is_sent_again_once_somebody_says_so(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    smtp.at_data = "554 5.7.1 Looks like spam"
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    smtp.at_data = ""
    row = await _row(tenant)
    with tenant.scope():
        await outbox.retry(row.id)
        with pytest.raises(errors.Conflict):
            await outbox.retry(row.id)
    await run_jobs(tenant)
    assert [m["Message-ID"] for m in smtp.messages] == [row.message_id]


async def test_letters_that_the_server_cannot_write_to(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation.aiosmtplib.SMTP, "supports_extension", lambda self, name: False)
    await deliver(tenant, notice(email="jörg@example.test"))
    await run_jobs(tenant)
    row = await _row(tenant)
    assert (row.state, row.reason) == ("failed", "address_unsupported")


def test_addresses_of_servers() -> None:
    found = conversation.Server.parse("smtps://user%40x:p%3Aw@mail.example.com")
    assert found == conversation.Server("mail.example.com", 465, True, "user@x", "p:w")
    assert conversation.Server.parse("smtp://mail.example.com:2525").port == 2525
    for odd in ("mail.example.com", "http://mail.example.com", "smtp://"):
        with pytest.raises(ValueError, match="must look like"):
            conversation.Server.parse(odd)


# --- looking again right before sending -----------------------------------------------------------------------------


async def _change_mind(me: UUID) -> None:
    await save(str(me), {(TEST, "email"): False})


async def _lock(me: UUID) -> None:
    await accounts.lock(me, reason="test")


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [(_change_mind, "not_wanted"), (_lock, "account_locked"), (accounts.erase, "account_gone")],
)
async def test_what_changed_meanwhile_counts(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any, meanwhile: Any, reason: str
) -> None:
    me = await tenant.account()
    await deliver(tenant, notice(account_id=me))
    with tenant.scope():
        await meanwhile(me)
    await run_jobs(tenant)
    assert smtp.messages == []
    row = await _row(tenant)
    assert (row.state, row.reason) == ("suppressed", reason)


async def test_while_the_plugin_is_off_mail_waits(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    await switch(tenant.ref, "notifications", False)
    await run_jobs(tenant)
    assert smtp.messages == []
    assert (await _row(tenant)).state == "queued"
    await switch(tenant.ref, "notifications", True)
    await unpark_effective()
    await run_jobs(tenant)
    assert len(smtp.messages) == 1
