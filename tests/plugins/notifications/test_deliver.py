"""The sink: who is told what, in which words, and never twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from kernel import Money, NoticeSink, Text, accounts, services, unit_of_work
from kernel.testing.people import TenantKit
from plugins.notifications import queries
from plugins.notifications.models import Email, Message
from plugins.notifications.preferences import save

from ..mailbox import mails
from .conftest import TEST, Deliver, notice


async def _messages(tenant: TenantKit, account_id: object, **scope: str) -> list[queries.Item]:
    with tenant.scope(**scope):
        return list((await queries.inbox(account_id)).items)  # type: ignore[arg-type]


# --- what is refused ----------------------------------------------------------------------------------------------


async def test_outside_of_a_transaction_nothing_is_taken(tenant: TenantKit) -> None:
    me = await tenant.account()
    with tenant.scope(), pytest.raises(RuntimeError, match="unit_of_work"):
        await services.need(NoticeSink).deliver(TEST, [notice(account_id=me)])
    assert await mails(tenant) == []


async def test_an_undeclared_type_is_refused(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    with pytest.raises(LookupError, match=r"nobody\.knows"):
        await deliver(tenant, notice(account_id=me), type_id="nobody.knows")


@pytest.mark.parametrize("who", [{}, {"email": "x@example.test"}])
async def test_a_notice_needs_exactly_one_recipient(tenant: TenantKit, deliver: Deliver, who: dict[str, str]) -> None:
    account = {"account_id": await tenant.account()} if who else {}
    with pytest.raises(ValueError, match="either account_id or email"):
        await deliver(tenant, notice(**account, **who))


async def test_what_is_rolled_back_was_never_told(tenant: TenantKit) -> None:
    me = await tenant.account()

    async def book_and_fail() -> None:
        async with unit_of_work():
            await services.need(NoticeSink).deliver(TEST, [notice(account_id=me)])
            raise OSError("the booking failed")

    with tenant.scope(), pytest.raises(OSError, match="the booking failed"):
        await book_and_fail()
    assert await mails(tenant) == []
    assert await _messages(tenant, me) == []


async def test_unknown_and_erased_people_are_left_out(tenant: TenantKit, deliver: Deliver) -> None:
    gone, here = await tenant.account(), await tenant.account(email="here@example.test")
    with tenant.scope():
        await accounts.erase(gone)
    await deliver(tenant, notice("a", account_id=gone), notice("b", account_id=uuid4()), notice("c", account_id=here))
    assert [m.to for m in await mails(tenant)] == ["here@example.test"]


async def test_too_big_attachments_are_refused_whole(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    with pytest.raises(ValueError, match="bigger than"):
        await deliver(tenant, notice(account_id=me, attachments=(("a.bin", "application/zip", b"x" * 5_300_000),)))
    assert await mails(tenant) == []


# --- at most once -------------------------------------------------------------------------------------------------


async def test_the_same_key_is_delivered_once_per_person_and_channel(tenant: TenantKit, deliver: Deliver) -> None:
    one, two = await tenant.account(), await tenant.account()
    for _again in range(3):
        await deliver(tenant, notice("same", account_id=one), notice("same", account_id=two))
    assert len(await mails(tenant)) == 2
    for person in (one, two):
        assert len(await _messages(tenant, person)) == 1


async def test_long_keys_stay_apart(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    await deliver(tenant, notice("x" * 300 + "1", account_id=me), notice("x" * 300 + "2", account_id=me))
    assert len(await mails(tenant)) == 2


async def test_the_same_key_in_another_tenant_is_another_message(
    tenant: TenantKit, other_tenant: TenantKit, deliver: Deliver
) -> None:
    for site in (tenant, other_tenant):
        await deliver(site, notice("same", account_id=await site.account(email="ada@example.test")))
    assert len(await mails(tenant)) == len(await mails(other_tenant)) == 1


# --- words --------------------------------------------------------------------------------------------------------


async def test_values_are_written_for_the_recipient(tenant: TenantKit, deliver: Deliver) -> None:
    """German in Tokyo: weekday, date, time and zone of theirs, money in their notation."""
    me = await tenant.account(zone="Asia/Tokyo")
    with tenant.scope():
        await accounts.update_account(me, locale="de")
    when = datetime(2030, 3, 4, 20, 30, tzinfo=UTC)
    params = {"when": when, "price": Money(6550, "EUR"), "what": Text("Email"), "count": 1234}
    await deliver(tenant, notice(account_id=me, subject="{when}", body="{price} / {what} / {count}", params=params))
    mail = (await mails(tenant))[0]
    assert "05:30" in mail.subject
    assert "Di" in mail.subject  # it is Tuesday there already
    assert "Tokyo" in mail.subject
    assert "65,50\xa0€" in mail.text
    assert "1.234" in mail.text
    assert 'lang="de"' in mail.html


async def test_the_reader_of_the_page_gets_their_present_zone(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    when = datetime(2030, 3, 4, 20, 30, tzinfo=UTC)
    await deliver(tenant, notice(account_id=me, subject="{when}", params={"when": when}))
    assert "21:30 (Berlin)" in (await _messages(tenant, me, zone="Europe/Berlin"))[0].subject
    assert "05:30 (Tokyo)" in (await _messages(tenant, me, zone="Asia/Tokyo"))[0].subject


async def test_an_arabic_mail_runs_from_right_to_left(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    with tenant.scope():
        await accounts.update_account(me, locale="ar")
    await deliver(tenant, notice(account_id=me))
    mail = (await mails(tenant))[0]
    assert '<html lang="ar" dir="rtl">' in mail.html
    assert "Unsubscribe" not in mail.html


async def test_what_people_typed_stays_text(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    nasty = "**bold** <script>alert(1)</script> [x](https://evil.test) # no\n\n# heading {name}"
    await deliver(tenant, notice(account_id=me, subject="{text}", body="Said: {text}", params={"text": nasty}))
    mail, shown = (await mails(tenant))[0], (await _messages(tenant, me))[0]
    for html in (mail.html, str(shown.body)):
        assert "<script" not in html
        assert "<strong" not in html
        assert 'href="https://evil.test"' not in html
        assert "# heading {name}" in html
    assert "**bold** <script>alert(1)</script> [x](https://evil.test)" in mail.text


async def test_no_value_can_begin_another_header(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    params = {"name": "Eve\r\nBcc: all@example.test\x85\u2028x"}
    await deliver(tenant, notice(account_id=me, params=params))
    assert (await mails(tenant))[0].subject == "Hello Eve Bcc: all@example.test x"


async def test_a_missing_value_is_shown_and_braces_survive(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    await deliver(tenant, notice(account_id=me, subject="{nothing} {{x}} {0.__class__}", body="b", params={"x": "1"}))
    assert (await mails(tenant))[0].subject == "{nothing} {x} {0.__class__}"


async def test_the_plain_part_says_what_the_html_part_says(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    body = "First.\n\n- one\n- **two**\n\n[More](https://example.com/more)"
    await deliver(tenant, notice(account_id=me, body=body, action_label="Open it", action_url="/home"))
    mail = (await mails(tenant))[0]
    assert "First.\n\n- one\n- two\n\nMore (https://example.com/more)" in mail.text
    assert f"Open it:\n{tenant.origin}/home" in mail.text
    assert f'href="{tenant.origin}/home"' in mail.html
    assert "style=" in mail.html
    assert "<style" not in mail.html


async def test_a_mail_says_why_it_came_and_how_to_stop_it(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    await deliver(tenant, notice(account_id=me))
    mail = (await mails(tenant))[0]
    for part in (mail.text, mail.html):
        assert "You get this because" in part
        assert f"{tenant.origin}/notifications/preferences" in part
        assert f"{tenant.origin}/unsubscribe/" in part


async def test_critical_mail_offers_no_way_to_stop_it(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    await deliver(tenant, notice(account_id=me), type_id="users.reset_password")
    mail = (await mails(tenant))[0]
    assert "cannot be turned off" in mail.text
    assert "/unsubscribe/" not in mail.text + mail.html


async def test_somebody_without_an_account_gets_mail_only(tenant: TenantKit, deliver: Deliver) -> None:
    await deliver(tenant, notice(email="Guest@Example.Test"), notice(email="guest@example.test"))
    found = await mails(tenant)
    assert [m.to for m in found] == ["guest@example.test"]  # one mailbox, one key: one mail
    assert "somebody entered your address" in found[0].text
    with tenant.scope():
        assert not await Message.exists()


async def test_attachments_come_along_with_harmless_names(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    files = (("../../etc/passwd\r\n", "text/plain", b"a"), ("session.ics", "text/calendar; method=REQUEST", b"b"))
    await deliver(tenant, notice(account_id=me, attachments=files))
    names = [name for name, _type, _data in (await mails(tenant))[0].attachments]
    assert names[1] == "session.ics"
    assert not re.search(r"[/\\\r\n]", names[0])


# --- preferences --------------------------------------------------------------------------------------------------


async def test_what_somebody_turned_off_does_not_come_but_is_explained(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    with tenant.scope():
        await save(str(me), {(TEST, "email"): False, (TEST, "inapp"): False})
    await deliver(tenant, notice(account_id=me))
    assert await mails(tenant) == []
    assert await _messages(tenant, me) == []
    with tenant.scope():
        row = await Email.get(account_id=me)
        assert (row.state, row.reason, row.html) == ("suppressed", "not_wanted", "")


async def test_critical_messages_come_whatever_was_chosen(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    with tenant.scope():
        stored = await save(str(me), {("users.reset_password", "email"): False})
    assert stored == 0
    await deliver(tenant, notice(account_id=me), type_id="users.reset_password")
    assert len(await mails(tenant)) == 1


async def test_channels_follow_the_type(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    await deliver(tenant, notice("a", account_id=me), type_id="users.reset_password")
    assert await _messages(tenant, me) == []
    await deliver(tenant, notice("b", account_id=me), type_id="notifications.address_refused")
    assert len(await mails(tenant)) == 1
    assert len(await _messages(tenant, me)) == 1
