"""The agents' desk: queues, replies, notes that stay inside, collisions, history."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from kernel import accounts, now
from kernel.base.clock import frozen_at
from kernel.base.ids import new_id
from kernel.base.runtime import runtime
from kernel.testing.people import TenantKit
from plugins.helpdesk import states
from plugins.helpdesk.models import Change, Entry, Ticket
from plugins.helpdesk.services import upkeep

from ..mailbox import mails
from .conftest import SECRET, Desk

RunJobs = Callable[..., Awaitable[int]]


async def test_the_desk_is_for_those_who_work_there(desk: Desk) -> None:
    number = await desk.ask()
    admin = await desk.kit.sign_in("admin")
    for site, status in ((desk.ada, 403), (desk.maya, 200), (admin, 200)):
        for path in ("/desk", f"/desk/{number}", "/api/v1/helpdesk/desk", f"/api/v1/helpdesk/desk/{number}"):
            assert (await site.get(path)).status == status, path
    assert 'href="/desk"' in (await desk.maya.get("/home")).text
    assert 'href="/desk"' not in (await desk.ada.get("/home")).text


async def test_queues_and_their_counts(desk: Desk) -> None:
    first, second, third = [await desk.ask(subject=f"Matter {n}") for n in range(3)]
    await desk.set(first, "assign", str(desk.maya.account_id))
    await desk.write(second, "Done", then="solved")

    async def queue(name: str) -> list[int]:
        found = (await desk.maya.get(f"/api/v1/helpdesk/desk?queue={name}")).json()
        return sorted(t["number"] for t in found["items"])

    assert await queue("unassigned") == [third]
    assert await queue("mine") == [first]
    assert await queue("open") == [first, third]
    assert await queue("solved") == [second]
    counts = (await desk.maya.get("/api/v1/helpdesk/desk-counts")).json()["counts"]
    assert counts == {"unassigned": 1, "mine": 1, "open": 2, "solved": 1, "urgent": 0, "waiting": 2}
    assert "2 tickets wait for an answer." in (await desk.maya.get("/desk")).text


async def test_search_filters_and_sorting(desk: Desk) -> None:
    noah = await desk.kit.sign_in("candidate", name="Noah Petit")
    one = await desk.ask(subject="Blue", body="about lemons")
    two = await desk.ask(noah, subject="Red", category="payment")
    await desk.set(two, "priority", "high")

    async def numbers(query: str) -> list[int]:
        return [t["number"] for t in (await desk.maya.get(f"/api/v1/helpdesk/desk?{query}")).json()["items"]]

    assert await numbers("") == [two, one]  # the more urgent first
    assert await numbers("desc=1") == [one, two]
    assert await numbers("sort=number") == [one, two]
    assert await numbers("q=lemons") == [one]
    assert await numbers("q=Petit") == [two]
    assert await numbers(f"q=%23{two}") == [two]
    assert await numbers("category=payment") == [two]
    assert await numbers("priority=high&q=Blue") == []
    odd = await desk.maya.get("/api/v1/helpdesk/desk?sort=evil&limit=0&queue=x")
    assert (odd.status, {e["field"] for e in odd.json()["errors"]}) == (422, {"sort", "limit", "queue"})
    page = await desk.maya.get("/desk?q=zzz")
    assert "Nothing matches" in page.text
    assert 'aria-sort="descending"' in (await desk.maya.get("/desk")).text


async def test_a_reply_reaches_the_requester(desk: Desk, run_jobs: RunJobs) -> None:
    number = await desk.ask()
    assert (await desk.write(number, "Plug it in **first**.")).status == 303
    row = await desk.row(number)
    assert (row.state, row.last_by, row.assignee_id) == ("pending", "agent", desk.maya.account_id)
    assert row.first_reply_at is not None
    page = (await desk.ada.get(f"/help/{number}")).text
    assert "Plug it in <strong>first</strong>." in page
    assert "Waiting for you" in page
    await run_jobs(desk.kit)
    mail = next(m for m in await mails(desk.kit) if m.to == "ada@example.test")
    assert mail.subject == f"Answer to your ticket #{number}: No sound at all"
    assert "Plug it in" in mail.text
    assert f"/help/{number}" in mail.text


async def test_agents_learn_of_tickets_and_replies(desk: Desk, run_jobs: RunJobs) -> None:
    felix = await desk.kit.sign_in("agent", email="felix@example.test")
    number = await desk.ask()
    await run_jobs(desk.kit)
    sent = [m for m in await mails(desk.kit) if m.type_id == "helpdesk.opened"]
    assert sorted(m.to for m in sent) == ["felix@example.test", "maya@example.test"]
    assert "I hear" in sent[0].text
    await desk.set(number, "assign", str(felix.account_id))
    await desk.reply(number, "And another thing")
    await run_jobs(desk.kit)
    found = await mails(desk.kit)
    assert [m.to for m in found if m.type_id == "helpdesk.assigned"] == ["felix@example.test"]
    assert [m.to for m in found if m.type_id == "helpdesk.requester_replied"] == ["felix@example.test"]


async def test_without_agents_administrators_are_told(tenant: TenantKit, run_jobs: RunJobs) -> None:
    await tenant.account("admin", email="grace@example.test")
    ada = await tenant.sign_in("candidate")
    await Desk(tenant, ada, ada).ask()
    await run_jobs(tenant)
    assert [m.to for m in await mails(tenant) if m.type_id == "helpdesk.opened"] == ["grace@example.test"]


# --- internal notes stay inside --------------------------------------------------------------------------------


async def _noted(desk: Desk) -> int:
    number = await desk.ask()
    answer = await desk.write(number, SECRET, kind="note")
    assert answer.status == 303
    assert SECRET in (await desk.maya.get(f"/desk/{number}")).text
    return number


async def test_a_note_changes_neither_state_nor_turn(desk: Desk) -> None:
    number = await desk.ask()
    before = await desk.row(number)
    assert (await desk.write(number, SECRET, kind="note", then="solved")).status == 303
    after = await desk.row(number)
    assert (after.state, after.last_by, after.assignee_id, after.version, after.first_reply_at) == (
        before.state, before.last_by, None, before.version, None,
    )  # fmt: skip


async def test_a_note_is_not_on_the_requesters_page(desk: Desk) -> None:
    number = await _noted(desk)
    await desk.write(number, "A public answer")
    for path in (f"/help/{number}", "/help", "/home"):
        page = (await desk.ada.get(path)).text
        assert "Zitronenfalter" not in page
        assert "Internal note" not in page
    assert "A public answer" in (await desk.ada.get(f"/help/{number}")).text


async def test_a_note_is_not_in_the_requesters_json(desk: Desk) -> None:
    number = await _noted(desk)
    answer = await desk.ada.get(f"/api/v1/helpdesk/tickets/{number}")
    assert "Zitronenfalter" not in answer.text
    assert "internal" not in answer.text
    assert len(answer.json()["entries"]) == 1
    replied = await desk.ada.post(f"/api/v1/helpdesk/tickets/{number}/replies", json={"body": "More"})
    assert replied.status == 201
    assert "Zitronenfalter" not in replied.text


async def test_a_note_is_not_found_by_the_requesters_search(desk: Desk) -> None:
    await _noted(desk)
    assert (await desk.ada.get("/api/v1/helpdesk/tickets?q=Zitronenfalter")).json()["items"] == []
    assert len((await desk.maya.get("/api/v1/helpdesk/desk?q=Zitronenfalter")).json()["items"]) == 1
    assert "Nothing found" in (await desk.ada.get("/help?q=Zitronenfalter")).text


async def test_a_note_is_not_in_any_message(desk: Desk, run_jobs: RunJobs) -> None:
    number = await _noted(desk)
    await desk.write(number, "A public answer", then="solved")
    await desk.set(number, "state", "closed")
    await run_jobs(desk.kit)
    found = await mails(desk.kit)
    assert [m for m in found if m.to == "ada@example.test"] != []
    assert not any("Zitronenfalter" in m.text + m.html + m.subject for m in found)


async def test_a_note_is_not_in_the_requesters_data(desk: Desk) -> None:
    number = await _noted(desk)
    await desk.write(number, "A public answer")
    provider = runtime().registry.privacy_providers["helpdesk"][0]
    assert provider.export is not None
    with desk.kit.scope():
        assert desk.ada.account_id is not None
        found = await provider.export(desk.ada.account_id)
    assert "Zitronenfalter" not in str(found)
    assert [e["from"] for e in found["tickets"][0]["entries"]] == ["me", "support"]


async def test_a_notes_file_is_not_given_to_the_requester(desk: Desk) -> None:
    import aiohttp

    from plugins.helpdesk.models import Attachment

    number = await desk.ask()
    form = aiohttp.FormData({"kind": "note", "body": "see file", "version": "1", "_key": new_id().hex})
    form.add_field("files", b"secret log", filename="trace.log", content_type="text/plain")
    assert (await desk.maya.post(f"/desk/{number}/reply", form)).status == 303
    with desk.kit.scope():
        file = await Attachment.get(name="trace.log")
    assert (await desk.maya.get(f"/desk/{number}/files/{file.id}")).status == 200
    assert (await desk.ada.get(f"/help/{number}/files/{file.id}")).status == 404
    assert "trace.log" not in (await desk.ada.get(f"/help/{number}")).text


async def test_an_agents_own_ticket_hides_notes_on_the_requesters_side(desk: Desk) -> None:
    number = await desk.ask(desk.maya)
    await desk.write(number, SECRET, kind="note")
    assert "Zitronenfalter" not in (await desk.maya.get(f"/help/{number}")).text


# --- collisions, states, history -----------------------------------------------------------------------------


async def test_whoever_comes_second_keeps_the_text_and_learns_who_was_first(desk: Desk) -> None:
    number = await desk.ask()
    version = (await desk.row(number)).version
    felix = await desk.kit.sign_in("agent", name="Felix Sommer")
    assert (await desk.write(number, "First", version=str(version))).status == 303
    late = await desk.write(number, "My long answer", felix, version=str(version), then="solved")
    assert late.status == 409
    assert "Maya Osei replied" in late.text
    assert "while you were writing." in late.text
    assert "My long answer</textarea>" in late.text
    assert "First" in late.text
    with desk.kit.scope():
        assert await Entry.filter(body="My long answer").count() == 0
    fresh = re.search(r'name="version" value="(\d+)"', late.text)
    assert fresh is not None
    assert (await desk.write(number, "My long answer", felix, version=fresh[1])).status == 303


async def test_a_stale_window_of_ones_own_is_told_as_such(desk: Desk) -> None:
    number = await desk.ask()
    await desk.write(number, "First", version="1")
    late = await desk.write(number, "Second thoughts", version="1")
    assert late.status == 409
    assert "You changed this ticket in another window" in late.text
    assert "Second thoughts</textarea>" in late.text


async def test_two_replies_at_the_same_instant(desk: Desk) -> None:
    number = await desk.ask()
    version = str((await desk.row(number)).version)
    answers = await asyncio.gather(*(desk.write(number, f"Answer {n}", version=version) for n in range(4)))
    assert sorted(a.status for a in answers) == [303, 409, 409, 409]


@pytest.mark.parametrize(("what", "value"), [("state", "solved"), ("priority", "high"), ("assign", "")])
async def test_small_changes_collide_too(desk: Desk, what: str, value: str) -> None:
    number = await desk.ask()
    await desk.reply(number, "And this")
    answer = await desk.set(number, what, value, version=1)
    assert answer.status == 409
    assert "Ada Novak replied" in answer.text
    assert (await desk.row(number)).state == "new"


def test_only_ways_of_the_table_exist() -> None:
    assert {s for after in states.NEXT.values() for s in after} <= set(states.STATES)
    assert states.NEXT[states.CLOSED] == frozenset()
    assert all(states.NEW not in after for after in states.NEXT.values())


async def test_a_closed_ticket_takes_notes_only(desk: Desk) -> None:
    number = await desk.ask()
    await desk.set(number, "state", "closed")
    assert (await desk.set(number, "state", "open")).status == 409
    assert (await desk.write(number, "Too late")).status == 409
    assert (await desk.write(number, "For the files", kind="note")).status == 303
    assert (await desk.row(number)).state == "closed"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("state", {"state": "lost", "version": "1"}),
        ("state", {"state": "open"}),
        ("priority", {"priority": "extreme", "version": "1"}),
        ("assign", {"assignee": "nobody", "version": "1"}),
        ("assign", {"assignee": str(new_id()), "version": "1"}),
        ("reply", {"kind": "shout", "body": "Hello", "version": "1"}),
        ("reply", {"kind": "reply", "body": "", "version": "1"}),
        ("reply", {"kind": "reply", "body": "Hello", "version": "1" * 30}),
    ],
)
async def test_bad_input_is_refused(desk: Desk, path: str, fields: dict[str, str]) -> None:
    number = await desk.ask()
    assert (await desk.maya.post(f"/desk/{number}/{path}", fields)).status == 422
    assert (await desk.row(number)).version == 1


async def test_a_ticket_goes_to_those_who_work_here_only(desk: Desk) -> None:
    number = await desk.ask()
    assert (await desk.set(number, "assign", str(desk.ada.account_id))).status == 422
    assert (await desk.set(number, "assign", str(desk.maya.account_id))).status == 303
    assert (await desk.set(number, "assign", "")).status == 303
    assert (await desk.row(number)).assignee_id is None


async def test_history_tells_who_changed_what(desk: Desk) -> None:
    number = await desk.ask()
    await desk.set(number, "priority", "high")
    await desk.set(number, "assign", str(desk.maya.account_id))
    await desk.write(number, "Done", then="solved")
    await desk.reply(number, "Not quite")
    page = (await desk.maya.get(f"/desk/{number}")).text
    for words in (
        "Priority set to “High”", "Given to Maya Osei", "State set to “Solved”, was “New”",
        "State set to “Needs an answer”, was “Solved”", "Ticket opened",
    ):  # fmt: skip
        assert words in page
    with desk.kit.scope():
        found = await Change.all().order_by("at", "id")
    assert [(c.field, c.after) for c in found] == [
        ("priority", "high"), ("assignee", str(desk.maya.account_id)), ("state", "solved"), ("state", "open"),
    ]  # fmt: skip
    assert {c.actor_id for c in found} == {desk.maya.account_id, desk.ada.account_id}


async def test_solving_and_closing_tell_the_requester_once(desk: Desk, run_jobs: RunJobs) -> None:
    number = await desk.ask()
    await desk.write(number, "Done", then="solved")  # one mail: the answer says that it is solved
    await desk.set(number, "state", "closed")
    await run_jobs(desk.kit)
    found = [m for m in await mails(desk.kit) if m.to == "ada@example.test"]
    assert sorted(m.type_id for m in found) == ["helpdesk.reply", "helpdesk.state"]
    assert "within 14 days" in next(m for m in found if m.type_id == "helpdesk.reply").text


async def test_solved_tickets_are_closed_in_the_end(desk: Desk) -> None:
    old, fresh = await desk.ask(), await desk.ask()
    with frozen_at(now() - timedelta(days=15)):
        await desk.write(old, "Done", then="solved")
    await desk.write(fresh, "Done", then="solved")
    with desk.kit.scope():
        assert await upkeep.close_solved() == 1
        assert await upkeep.close_solved() == 0
    assert ((await desk.row(old)).state, (await desk.row(fresh)).state) == ("closed", "solved")


async def test_what_an_erased_person_wrote_is_gone(desk: Desk) -> None:
    number = await desk.ask(body="My private matter")
    await desk.write(number, "Dear Ada, here is how")
    await desk.write(number, "She lives at …", kind="note")
    provider = runtime().registry.privacy_providers["helpdesk"][0]
    assert provider.erase is not None
    with desk.kit.scope():
        assert desk.ada.account_id is not None
        kept = await provider.erase(desk.ada.account_id)
        await accounts.erase(desk.ada.account_id)
        assert {e.body for e in await Entry.all()} == {"—"}
        assert (await Ticket.get(number=number)).subject == "—"
        assert await provider.erase(desk.ada.account_id) == kept
    page = await desk.maya.get(f"/desk/{number}")
    assert page.status == 200
    assert "Former member" in page.text
    assert "Ada" not in page.text


async def test_the_api_changes_all_or_nothing(desk: Desk) -> None:
    number = await desk.ask()
    path = f"/api/v1/helpdesk/desk/{number}"
    changes = {"version": 1, "priority": "high", "assignee_id": str(desk.maya.account_id), "state": "new"}
    assert (await desk.maya.post(path, json={**changes, "assignee_id": str(new_id())}, method="PATCH")).status == 422
    assert (await desk.row(number)).priority == "normal"
    done = await desk.maya.post(path, json={**changes, "state": "open"}, method="PATCH")
    assert done.status == 200
    assert (done.json()["state"], done.json()["priority"]) == ("open", "high")
    assert (await desk.maya.post(path, json=changes, method="PATCH")).status == 409
    assert (await desk.ada.post(path, json=changes, method="PATCH")).status == 403
    written = await desk.maya.post(
        f"{path}/entries", json={"kind": "reply", "body": "Hi", "version": done.json()["version"]}
    )
    assert written.status == 201
    assert [e["internal"] for e in written.json()["entries"]] == [False, False]


async def test_the_palette_and_the_start_page_know_tickets(desk: Desk) -> None:
    assert 'data-widget="helpdesk.waiting"' not in (await desk.maya.get("/home")).text
    await desk.ask(subject="Purple headset")
    assert "Purple headset" in (await desk.maya.get("/search?q=purple")).text
    assert "Purple headset" not in (await desk.ada.get("/search?q=purple")).text
    assert "1 ticket waits for an answer" in (await desk.maya.get("/home")).text


async def test_demo_tickets_are_in_every_state_and_can_be_worked_on(tenant: TenantKit) -> None:
    from kernel.testing.contract.walk import seed

    await seed(tenant)
    agent = await tenant.sign_in("agent")
    with tenant.scope():
        rows = await Ticket.all().order_by("number")
        assert {row.state for row in rows} == set(states.STATES)
        for change in await Change.filter(field="state"):
            assert states.may_become(change.before, change.after), (change.before, change.after)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert (await agent.get(f"/desk/{row.number}")).status == 200
    ada = await tenant.sign_in("candidate")
    assert await Desk(tenant, ada, agent).ask() == len(rows) + 1
