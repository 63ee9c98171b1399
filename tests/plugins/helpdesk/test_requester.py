"""What requesters can do, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest

from kernel import now
from kernel.base.clock import frozen_at
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.helpdesk.models import Attachment, Entry, Ticket
from plugins.helpdesk.services.tickets import Request, open_ticket

from .conftest import Desk

MakeTenant = Callable[..., Awaitable[TenantKit]]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


async def test_first_use_says_what_this_is_for(desk: Desk) -> None:
    page = await desk.ada.get("/help")
    assert page.status == 200
    assert "How can we help?" in page.text
    assert (await desk.kit.visitor().get("/help")).status == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"subject": ""}, "Enter a subject"),
        ({"subject": "no"}, "Say a little more in the subject"),
        ({"category": ""}, "Choose what it is about"),
        ({"category": "gossip"}, "Choose what it is about"),
        ({"body": ""}, "Write what it is about"),
        ({"body": "x" * 10_001}, "at most 10,000 characters"),
        ({"booking": "not-an-id"}, "Choose one of the options."),
        ({"booking": str(new_id())}, "Choose one of your own sessions."),
        ({"follows": "99"}, "There is no such ticket of yours."),
    ],
)
async def test_bad_input_keeps_what_was_typed(desk: Desk, fields: dict[str, str], words: str) -> None:
    answer = await desk.send(**{"body": "Typed with care", **fields})
    assert answer.status == 422
    assert words in answer.text
    if fields.get("body") is None:
        assert "Typed with care" in answer.text
    with desk.kit.scope():
        assert await Ticket.all().count() == 0


async def test_a_double_click_opens_one_ticket(desk: Desk) -> None:
    key = new_id().hex
    first, second = await asyncio.gather(desk.send(_key=key), desk.send(_key=key))
    assert (first.status, first.location) == (second.status, second.location) == (303, "/help/1")
    assert (await desk.send(_key=key, subject="Another matter")).status == 409
    with desk.kit.scope():
        assert await Ticket.all().count() == 1


async def test_numbers_have_no_gaps_when_many_ask_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.gather(*(desk.ask() for _n in range(8)))
    from plugins.helpdesk.services import tickets

    async def fail(_event: object) -> None:
        raise RuntimeError("lost")

    with monkeypatch.context() as patch:
        patch.setattr(tickets, "publish", fail)
        assert (await desk.send()).status == 500
    await desk.ask()
    with desk.kit.scope():
        assert sorted(await Ticket.all().values_list("number", flat=True)) == list(range(1, 10))


async def test_each_tenant_counts_for_itself(desk: Desk, other_tenant: TenantKit) -> None:
    await desk.ask()
    await desk.ask()
    stranger = await other_tenant.sign_in("candidate")
    assert await desk.ask(stranger) == 1
    assert (await stranger.get("/help/2")).status == 404


async def test_other_peoples_tickets_are_not_there(desk: Desk) -> None:
    number = await desk.ask()
    noah = await desk.kit.sign_in("candidate", "interviewer")
    for path in (f"/help/{number}", f"/api/v1/helpdesk/tickets/{number}"):
        assert (await noah.get(path)).status == 404
        assert (await noah.get(path.replace(str(number), "77"))).status == 404
    assert (await desk.reply(number, "Hello", noah)).status == 404
    assert (await noah.post(f"/help/{number}/close")).status == 404
    assert (await noah.get("/desk")).status == 403
    assert (await noah.get(f"/desk/{number}")).status == 403
    assert "No sound" not in (await noah.get("/help")).text


@pytest.mark.parametrize("number", ["0", "999999999", "1234567890", "x", "-1", "1.0", "%00"])
async def test_odd_numbers_are_not_there(desk: Desk, number: str) -> None:
    assert (await desk.ada.get(f"/help/{number}")).status in (400, 404)
    assert (await desk.maya.get(f"/desk/{number}")).status in (400, 404)


async def test_a_thread_is_shown_and_scripts_in_it_are_not(desk: Desk) -> None:
    number = await desk.ask(body="I hear **nothing**.\n\n<script>alert(1)</script> [x](javascript:alert(2))")
    page = await desk.ada.get(f"/help/{number}")
    assert "<strong>nothing</strong>" in page.text
    assert "<script>alert" not in page.text
    assert 'href="javascript' not in page.text
    assert "Received" in page.text


async def test_the_list_can_be_searched_and_paged(desk: Desk) -> None:
    assert desk.ada.account_id is not None
    with desk.kit.scope():
        for n in range(22):
            body = "Something about oranges" if n == 3 else "Something"
            await open_ticket(desk.ada.account_id, Request(subject=f"Matter {n}", category="other", body=body))
    first = (await desk.ada.get("/help")).text
    assert "1–20 of 22" in first
    assert "Matter 0<" not in first
    assert "Matter 0<" in (await desk.ada.get("/help?page=2")).text
    found = (await desk.ada.get("/help?q=oranges")).text
    assert "Matter 3<" in found
    assert "Matter 4<" not in found
    assert "Matter 6<" in (await desk.ada.get("/help?q=%237")).text  # by number
    assert "Nothing found" in (await desk.ada.get("/help?q=100%25_")).text
    assert "Nothing here yet" in (await desk.ada.get("/help?show=over")).text


async def test_closing_is_final_and_can_be_repeated(desk: Desk) -> None:
    number = await desk.ask()
    assert (await desk.ada.get(f"/help/{number}/close")).status in (404, 405)
    assert (await desk.ada.post(f"/help/{number}/close")).status == 303
    assert (await desk.ada.post(f"/help/{number}/close")).status == 303
    assert (await desk.row(number)).state == "closed"
    page = (await desk.ada.get(f"/help/{number}")).text
    assert "Go on with a new ticket" in page
    assert 'action="/help/1/reply"' not in page


async def test_a_reply_opens_a_solved_ticket_again(desk: Desk) -> None:
    number = await desk.ask()
    await desk.write(number, "Try this", then="solved")
    assert "A reply until" in (await desk.ada.get(f"/help/{number}")).text
    assert (await desk.reply(number, "It is still broken")).status == 303
    row = await desk.row(number)
    assert (row.state, row.last_by, row.solved_at) == ("open", "requester", None)


async def test_a_late_reply_becomes_a_new_ticket_that_goes_on(desk: Desk) -> None:
    number = await desk.ask()
    with frozen_at(now() - timedelta(days=15)):
        await desk.write(number, "Try this", then="solved")
    assert 'action="/help/1/reply"' not in (await desk.ada.get(f"/help/{number}")).text
    answer = await desk.reply(number, "It is broken again, after all")
    assert answer.status == 409
    assert "It is broken again, after all" in answer.text  # nothing typed is lost
    assert 'action="/help/new"' in answer.text
    assert 'name="follows" value="1"' in answer.text
    again = await desk.ask(follows=str(number), body="It is broken again, after all")
    assert (await desk.row(again)).follows == number
    assert "Goes on with ticket #1" in (await desk.ada.get(f"/help/{again}")).text
    with desk.kit.scope():
        assert await Entry.filter(ticket_id=(await desk.row(number)).id).count() == 2


async def test_a_double_click_replies_once(desk: Desk) -> None:
    number, key = await desk.ask(), new_id().hex
    answers = [await desk.ada.post(f"/help/{number}/reply", {"body": "Once", "_key": key}) for _n in range(2)]
    assert [a.status for a in answers] == [303, 303]
    with desk.kit.scope():
        assert await Entry.filter(body="Once").count() == 1


async def test_preview_draws_and_keeps_without_script(desk: Desk) -> None:
    drawn = await desk.ada.post("/help/preview", {"text": "**bold** <b onclick=x>"})
    assert "<strong>bold</strong>" in drawn.text
    assert "<b onclick" not in drawn.text
    page = await desk.send(body="*so so*", preview="1")
    assert page.status == 200
    assert "<em>so so</em>" in page.text
    assert "*so so*</textarea>" in page.text
    with desk.kit.scope():
        assert await Ticket.all().count() == 0


async def test_nobody_floods_the_desk(desk: Desk) -> None:
    found = [(await desk.send()).status for _n in range(21)]
    assert found == [303] * 20 + [429]


# --- attachments -----------------------------------------------------------------------------------------------


def upload(*files: tuple[str, str, bytes], **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData(
        {"subject": "See here", "category": "other", "body": "Look", "_key": new_id().hex, **fields}
    )
    for name, kind, data in files:
        form.add_field("files", data, filename=name, content_type=kind)
    return form


async def test_attachments_are_kept_and_shown_to_those_concerned(desk: Desk) -> None:
    files = [("shot.png", "image/png", PNG), ("notes.txt", "text/html", b"<b>hi</b>")]
    assert (await desk.ada.post("/help/new", upload(*files))).status == 303
    with desk.kit.scope():
        rows = {row.name: row for row in await Attachment.all()}
    assert set(rows) == {"shot.png", "notes.txt"}
    assert rows["notes.txt"].content_type == "text/plain"  # what we found, not what was said
    shown = await desk.ada.get(f"/help/1/files/{rows['shot.png'].id}")
    assert (shown.status, shown.body) == (200, PNG)
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert (await desk.maya.get(f"/desk/1/files/{rows['shot.png'].id}")).status == 200
    noah = await desk.kit.sign_in("candidate")
    assert (await noah.get(f"/help/1/files/{rows['shot.png'].id}")).status == 404
    await desk.ask(noah)
    assert (await noah.get(f"/help/2/files/{rows['shot.png'].id}")).status == 404
    assert (await desk.ada.get(f"/help/1/files/{new_id()}")).status == 404


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.html", b"<script>alert(1)</script>", "cannot be attached"),
        ("picture.png", b"MZ\x90\x00 a program", "cannot be attached"),
        ("drawing.svg", b"<svg onload='x'/>", "cannot be attached"),
        ("binary.txt", b"a\x00b", "cannot be attached"),
        ("latin.txt", b"\xff\xfe\xe4", "cannot be attached"),
        ("huge.txt", b"x" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
    ],
)
async def test_other_files_are_refused(desk: Desk, name: str, data: bytes, words: str) -> None:
    answer = await desk.ada.post("/help/new", upload((name, "image/png", data)))
    assert answer.status == 422
    assert words in answer.text
    with desk.kit.scope():
        assert await Ticket.all().count() == 0
        assert await Attachment.all().count() == 0


async def test_too_many_files_are_refused(desk: Desk) -> None:
    answer = await desk.ada.post("/help/new", upload(*[(f"{n}.png", "image/png", PNG) for n in range(6)]))
    assert answer.status == 422
    assert "Attach at most 5 files." in answer.text


# --- from error pages --------------------------------------------------------------------------------------------


async def test_error_pages_lead_to_a_ticket_with_their_reference(desk: Desk) -> None:
    missing = await desk.ada.get("/there/is/nothing")
    assert missing.status == 404
    assert "Report this problem" in missing.text
    link = missing.text.split('href="/help/new?about=')[1].split('"')[0]
    form = await desk.ada.get(f"/help/new?about={link}")
    assert f'name="about" value="{link}"' in form.text
    number = await desk.ask(about=link)
    assert link in (await desk.maya.get(f"/desk/{number}")).text
    assert "Report this problem" not in (await desk.kit.visitor().get("/there/is/nothing")).text


async def test_an_odd_reference_is_ignored(desk: Desk) -> None:
    form = await desk.ada.get("/help/new?about=%22%3E%3Cscript%3E&follows=xx&booking=%27%20or%201")
    assert form.status == 200
    assert "<script>alert" not in form.text
    assert (await desk.send(about="<script>")).status == 422


async def test_off_means_not_there_and_on_again_all_is_there(desk: Desk) -> None:
    from kernel.tenancy.toggles import switch

    number = await desk.ask()
    with desk.kit.scope():
        await switch(desk.kit.ref, "helpdesk", False, reason="test")
    for path in ("/help", "/help/new", f"/help/{number}", "/desk", "/api/v1/helpdesk/tickets"):
        assert (await desk.ada.get(path)).status == 404
    home = (await desk.ada.get("/home")).text
    assert 'href="/help"' not in home
    assert "Report this problem" not in (await desk.ada.get("/there/is/nothing")).text
    with desk.kit.scope():
        await switch(desk.kit.ref, "helpdesk", True, reason="test")
    assert (await desk.ada.get(f"/help/{number}")).status == 200
