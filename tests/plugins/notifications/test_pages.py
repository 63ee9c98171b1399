"""Pages over real HTTP: one's own messages, preferences, unsubscribing, the admin's record, the mailbox viewer."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kernel.tenancy.toggles import switch
from kernel.testing.people import Site, TenantKit
from plugins.notifications import links, queries
from plugins.notifications.models import Email, Message, Preference, Refusal

from ..mailbox import mails
from .conftest import TEST, Deliver, Inbox, notice


async def _first(tenant: TenantKit, model: type[Any]) -> Any:
    with tenant.scope():
        return await model.all().order_by("-created_at").first()


async def _unread(tenant: TenantKit, site: Site) -> int:
    assert site.account_id is not None
    with tenant.scope():
        return await queries.unread(site.account_id)


# --- messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/notifications", "/notifications/preferences", "/notifications/bell"])
async def test_strangers_sign_in_first(tenant: TenantKit, path: str) -> None:
    answer = await tenant.visitor().get(path)
    assert answer.status in (303, 401)
    assert "Hello" not in answer.text


async def test_somebody_elses_message_is_not_there(
    tenant: TenantKit, other_tenant: TenantKit, deliver: Deliver
) -> None:
    mine, theirs = await tenant.sign_in(), await other_tenant.sign_in()
    other = await tenant.sign_in()
    await deliver(tenant, notice(account_id=mine.account_id, action_url="/home"))
    row = await _first(tenant, Message)
    for site in (other, theirs):
        for verb in ("read", "open"):
            assert (await site.post(f"/notifications/{row.id}/{verb}", {})).status == 404
        assert "Hello Ada" not in (await site.get("/notifications")).text
    assert (await mine.post("/notifications/not-an-id/read", {})).status == 404
    assert await _unread(tenant, mine) == 1


async def test_a_new_account_is_told_what_will_come(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    assert "No notifications yet" in (await site.get("/notifications")).text
    assert "Nothing unread" in (await site.get("/notifications?show=unread")).text


async def test_looking_changes_nothing_and_marking_does(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id))
    row = await _first(tenant, Message)
    for path in ("/notifications", "/notifications?show=unread", "/notifications/bell", "/home"):
        assert (await site.get(path)).status == 200
    assert await _unread(tenant, site) == 1
    for _twice in range(2):
        answer = await site.post(f"/notifications/{row.id}/read", {"read": "1", "next": "/notifications?show=unread"})
        assert (answer.status, answer.location) == (303, "/notifications?show=unread")
        assert await _unread(tenant, site) == 0
    await site.post(f"/notifications/{row.id}/read", {"read": "0"})
    assert await _unread(tenant, site) == 1


async def test_opening_marks_as_read_and_leads_on(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id, action_url=f"{tenant.origin}/account/security"))
    row = await _first(tenant, Message)
    answer = await site.post(f"/notifications/{row.id}/open", {})
    assert (answer.status, answer.location) == (303, "/account/security")
    assert await _unread(tenant, site) == 0


@pytest.mark.parametrize("odd", ["//evil.test", "javascript:alert(1)", "http://evil.test/x", "\\\\evil.test", ""])
async def test_a_message_leads_nowhere_odd(tenant: TenantKit, deliver: Deliver, odd: str) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id, action_url=odd))
    row = await _first(tenant, Message)
    assert (await site.post(f"/notifications/{row.id}/open", {})).location == "/notifications"
    back = await site.post(f"/notifications/{row.id}/read", {"next": odd})
    assert back.location == "/notifications"


async def test_everything_is_read_at_once(tenant: TenantKit, deliver: Deliver) -> None:
    site, other = await tenant.sign_in(), await tenant.sign_in()
    await deliver(tenant, *(notice(f"{n}", account_id=site.account_id) for n in range(3)))
    await deliver(tenant, notice("x", account_id=other.account_id))
    answer = await site.post("/notifications/read-all", {}, follow=True)
    assert "3 notifications marked as read" in answer.text
    assert (await _unread(tenant, site), await _unread(tenant, other)) == (0, 1)


async def test_long_lists_are_paged_and_pages_past_the_end_give_the_last(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, *(notice(f"{n}", account_id=site.account_id, subject=f"No. {n}.") for n in range(45)))
    first, last = await site.get("/notifications"), await site.get("/notifications?page=3")
    assert "1–20 of 45" in first.text
    assert "No. 44." in first.text
    assert "41–45 of 45" in last.text
    assert "No. 0." in last.text
    assert "41–45 of 45" in (await site.get("/notifications?page=99")).text
    assert (await site.get("/notifications?page=x")).status == 200


async def test_without_the_token_nothing_is_marked(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id))
    assert (await site.post("/notifications/read-all", {}, csrf=False)).status == 403
    assert await _unread(tenant, site) == 1


# --- preferences --------------------------------------------------------------------------------------------------


async def test_the_matrix_is_saved_and_what_was_not_shown_stays(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    page = await site.get("/notifications/preferences")
    assert "Test messages that I send to myself" in page.text
    form = {"shown": [f"{TEST}:email", f"{TEST}:inapp"], "wanted": f"{TEST}:inapp"}
    answer = await site.post("/notifications/preferences", [(k, x) for k, v in form.items() for x in _list(v)])
    assert answer.status == 303
    with tenant.scope():
        rows = {(r.type_id, r.channel): r.wanted for r in await Preference.filter(recipient=str(site.account_id))}
    assert rows == {(TEST, "email"): False, (TEST, "inapp"): True}
    again = await site.get("/notifications/preferences")
    assert not re.search(rf'value="{TEST}:email"[^>]*checked', again.text)
    assert re.search(rf'value="{TEST}:inapp"[^>]*checked', again.text)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


async def test_critical_and_unknown_boxes_are_not_stored(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    boxes = ["notifications.address_refused:inapp", "users.reset_password:email", "no.such:email", f"{TEST}:pigeon"]
    assert (await site.post("/notifications/preferences", [("shown", b) for b in boxes])).status == 303
    with tenant.scope():
        assert not await Preference.exists()
    page = await site.get("/notifications/preferences")
    assert 'value="notifications.address_refused:inapp"' not in page.text
    assert "Always on" in page.text


async def test_back_to_the_defaults(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    await site.post("/notifications/preferences", {"shown": f"{TEST}:email"})
    await site.post("/notifications/preferences", {"shown": f"{TEST}:email", "reset": "1"})
    with tenant.scope():
        assert not await Preference.exists()


async def test_a_test_message_comes_by_all_channels(tenant: TenantKit, run_jobs: Any) -> None:
    site = await tenant.sign_in(name="Ada")
    assert (await site.post("/notifications/test", {})).status == 303
    await run_jobs(tenant)
    assert [m.subject for m in await mails(tenant)] == ["This is a test message"]
    assert await _unread(tenant, site) == 1


async def test_who_was_refused_sees_it_and_can_ask_again(tenant: TenantKit) -> None:
    site = await tenant.sign_in(email="back@example.test")
    with tenant.scope():
        await Refusal.create(address="back@example.test", detail="550")
        await Refusal.create(address="other@example.test", detail="550")
    assert "comes back" in (await site.get("/notifications/preferences")).text
    await site.post("/notifications/preferences/try-address", {})
    with tenant.scope():
        assert [r.address for r in await Refusal.all()] == ["other@example.test"]


# --- unsubscribing ------------------------------------------------------------------------------------------------


async def _link(tenant: TenantKit, deliver: Deliver, **who: Any) -> str:
    await deliver(tenant, notice("link", **who))
    return str((await _first(tenant, Email)).unsubscribe_url).removeprefix(tenant.origin)


@pytest.mark.parametrize("token", ["x", "A" * 40, "%00", "é", "A" * 2000])
async def test_a_link_that_we_did_not_sign_does_nothing(tenant: TenantKit, token: str) -> None:
    site = tenant.visitor()
    for answer in (await site.get(f"/unsubscribe/{token}"), await site.post(f"/unsubscribe/{token}", {}, csrf=False)):
        assert answer.status in (400, 410)


async def test_a_changed_or_foreign_link_does_nothing(
    tenant: TenantKit, other_tenant: TenantKit, deliver: Deliver
) -> None:
    me = await tenant.account()
    path = await _link(tenant, deliver, account_id=me)
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert (await tenant.visitor().post(changed, {}, csrf=False)).status == 410
    assert (await other_tenant.visitor().post(path, {}, csrf=False)).status == 410
    with tenant.scope():
        forged = links.sign(b"\0" * 32, str(me), TEST)
    assert (await tenant.visitor().post(f"/unsubscribe/{forged}", {}, csrf=False)).status == 410
    with tenant.scope():
        assert not await Preference.exists()


async def test_looking_at_the_link_changes_nothing(tenant: TenantKit, deliver: Deliver) -> None:
    path = await _link(tenant, deliver, account_id=await tenant.account())
    answer = await tenant.visitor().get(path)
    assert answer.status == 200
    assert "Stop these emails?" in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    with tenant.scope():
        assert not await Preference.exists()


async def test_one_click_of_a_mail_program(tenant: TenantKit, deliver: Deliver) -> None:
    """RFC 8058: a POST by a program without cookies, Origin or token."""
    me = await tenant.account()
    path = await _link(tenant, deliver, account_id=me)
    for _twice in range(2):
        answer = await tenant.visitor().post(path, {"List-Unsubscribe": "One-Click"}, csrf=False)
        assert answer.status == 200
    await deliver(tenant, notice("later", account_id=me))
    assert [m.type_id for m in await mails(tenant)] == [TEST]  # only the first one
    with tenant.scope():
        assert await queries.unread(me) == 2  # in the app both are told


async def test_stopping_everything_leaves_the_critical_ones(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    path = await _link(tenant, deliver, account_id=me)
    answer = await tenant.visitor().post(path, {"everything": "1"}, csrf=False)
    assert "You are unsubscribed" in answer.text
    with tenant.scope():
        chosen = set(await Preference.filter(recipient=str(me)).values_list("type_id", flat=True))
    assert TEST in chosen
    assert "users.new_device" in chosen
    assert "users.reset_password" not in chosen


async def test_a_mistake_is_undone_without_signing_in(tenant: TenantKit, deliver: Deliver) -> None:
    me = await tenant.account()
    path = await _link(tenant, deliver, account_id=me)
    site = tenant.visitor()
    await site.post(path, {}, csrf=False)
    assert "You do not get these emails" in (await site.get(path)).text
    assert "again" in (await site.post(path, {"resubscribe": "1"}, csrf=False)).text
    await deliver(tenant, notice("later", account_id=me))
    assert len(await mails(tenant)) == 2


async def test_people_without_an_account_can_stop_it_too(tenant: TenantKit, deliver: Deliver) -> None:
    path = await _link(tenant, deliver, email="guest@example.test")
    await tenant.visitor().post(path, {}, csrf=False)
    await deliver(tenant, notice("later", email="guest@example.test"))
    assert len(await mails(tenant)) == 1


async def test_the_link_works_while_the_plugin_is_off_and_nothing_else_does(
    tenant: TenantKit, deliver: Deliver
) -> None:
    site = await tenant.sign_in()
    path = await _link(tenant, deliver, account_id=site.account_id)
    await switch(tenant.ref, "notifications", False)
    assert (await tenant.visitor().get(path)).status == 200
    assert (await tenant.visitor().post(path, {}, csrf=False)).status == 200
    with tenant.scope():
        assert not (await Preference.get(recipient=str(site.account_id))).wanted
    for gone in ("/notifications", "/notifications/stream", "/dev/mailbox", "/admin/messages", "/api/v1/notifications"):
        assert (await site.get(gone)).status == 404
    home = await site.get("/home")
    assert home.status == 200
    assert "ntf-bell" not in home.text


# --- the admin's record -------------------------------------------------------------------------------------------


async def test_members_do_not_see_the_record(tenant: TenantKit, deliver: Deliver) -> None:
    site = await tenant.sign_in()
    await deliver(tenant, notice(account_id=site.account_id))
    row = await _first(tenant, Email)
    assert (await site.get("/admin/messages")).status == 403
    assert (await site.get(f"/admin/messages/{row.id}")).status == 403
    assert (await site.post(f"/admin/messages/{row.id}/retry", {})).status == 403


async def test_admins_see_what_happened_but_not_the_content(
    tenant: TenantKit, other_tenant: TenantKit, deliver: Deliver
) -> None:
    admin, foreign = await tenant.sign_in("admin"), await other_tenant.sign_in("admin")
    link = f"{tenant.origin}/reset/very-secret-token"
    person = await tenant.account(email="ada@example.test")
    await deliver(tenant, notice(account_id=person, body="Secret", action_url=link), type_id="users.reset_password")
    row = await _first(tenant, Email)
    for path in ("/admin/messages", "/admin/messages?q=ADA@", f"/admin/messages/{row.id}"):
        page = await admin.get(path)
        assert "ada@example.test" in page.text
        assert "very-secret-token" not in page.text
    assert "No such emails" in (await admin.get("/admin/messages?q=nobody")).text
    assert "No such emails" in (await admin.get("/admin/messages?state=failed")).text
    assert (await foreign.get(f"/admin/messages/{row.id}")).status == 404
    assert "ada@example.test" not in (await foreign.get("/admin/messages")).text


async def test_a_failed_mail_is_sent_again_from_the_page(
    tenant: TenantKit, deliver: Deliver, smtp: Inbox, run_jobs: Any
) -> None:
    admin = await tenant.sign_in("admin")
    smtp.at_data = "554 no"
    await deliver(tenant, notice(account_id=await tenant.account()))
    await run_jobs(tenant)
    page = await admin.get("/admin/messages?state=failed")
    assert "The mail server did not accept this message." in page.text
    smtp.at_data = ""
    row = await _first(tenant, Email)
    assert (await admin.post(f"/admin/messages/{row.id}/retry", {})).status == 303
    double = await admin.post(f"/admin/messages/{row.id}/retry", {}, follow=True)
    assert "not among the failed ones" in double.text
    await run_jobs(tenant)
    assert len(smtp.messages) == 1


async def test_the_record_says_that_no_server_is_set_up(tenant: TenantKit, no_server: None) -> None:
    admin = await tenant.sign_in("admin")
    assert "No mail server is set up" in (await admin.get("/admin/messages")).text


# --- the mailbox viewer -------------------------------------------------------------------------------------------


async def test_where_mail_goes_out_the_viewer_does_not_exist(tenant: TenantKit, deliver: Deliver, smtp: Inbox) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    row = await _first(tenant, Email)
    for path in ("", f"/{row.id}", f"/{row.id}/html", f"/{row.id}/files/0"):
        assert (await tenant.visitor().get(f"/dev/mailbox{path}")).status == 404


async def test_in_production_the_viewer_does_not_exist(tenant: TenantKit, no_server: None) -> None:
    assert (await tenant.visitor().get("/dev/mailbox")).status == 404


async def test_the_viewer_shows_this_tenants_mail_only(
    tenant: TenantKit, other_tenant: TenantKit, deliver: Deliver
) -> None:
    assert "No emails yet" in (await tenant.visitor().get("/dev/mailbox")).text
    files = (("a b.ics", "text/calendar", b"BEGIN:VCALENDAR"),)
    await deliver(tenant, notice(account_id=await tenant.account(email="ada@example.test"), attachments=files))
    row = await _first(tenant, Email)
    foreign = other_tenant.visitor()
    assert "ada@example.test" not in (await foreign.get("/dev/mailbox")).text
    for path in ("", "/html", "/files/0"):
        assert (await foreign.get(f"/dev/mailbox/{row.id}{path}")).status == 404
    site = tenant.visitor()
    assert "Hello Ada" in (await site.get("/dev/mailbox")).text
    assert "Hello Ada" in (await site.get("/dev/mailbox?q=ADA@EX")).text
    assert "No such emails" in (await site.get("/dev/mailbox?q=zzz")).text
    assert "Message-ID" in (await site.get(f"/dev/mailbox/{row.id}?view=headers")).text
    text = await site.get(f"/dev/mailbox/{row.id}?view=text")
    assert f'href="{tenant.origin}/unsubscribe/' in text.text
    found = await site.get(f"/dev/mailbox/{row.id}/files/0")
    assert (found.body, found.headers["Content-Disposition"].split(";")[0]) == (b"BEGIN:VCALENDAR", "attachment")
    for odd in ("1", "-1", "x", "99999999"):
        assert (await site.get(f"/dev/mailbox/{row.id}/files/{odd}")).status == 404


async def test_the_framed_mail_can_run_nothing(tenant: TenantKit, deliver: Deliver) -> None:
    await deliver(tenant, notice(account_id=await tenant.account()))
    row = await _first(tenant, Email)
    answer = await tenant.visitor().get(f"/dev/mailbox/{row.id}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    page = await tenant.visitor().get(f"/dev/mailbox/{row.id}")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-src" not in (await tenant.visitor().get("/sign-in")).headers["Content-Security-Policy"]
