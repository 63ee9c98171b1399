"""What happens outside pages: the API, the event, the nightly job, privacy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from my_plugin import privacy, services
from my_plugin.models import Note

from kernel import now, set_setting, sql
from kernel.testing.people import TenantKit

RunJobs = Callable[..., Awaitable[int]]


async def test_programs_can_do_the_same(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    made = await site.post("/api/v1/my_plugin/notes", json={"text": "By a program"})
    assert made.status == 201
    listed = await site.get("/api/v1/my_plugin/notes")
    assert [note["text"] for note in listed.json()["items"]] == ["By a program"]
    refused = await site.post("/api/v1/my_plugin/notes", json={"text": "", "colour": "red"})
    assert refused.status == 422
    gone = await site.post(f"/api/v1/my_plugin/notes/{made.json()['id']}", method="DELETE")
    assert gone.status == 200
    assert (await site.get("/api/v1/my_plugin/notes")).json()["items"] == []


async def test_a_note_is_announced_in_its_own_transaction(tenant: TenantKit) -> None:
    author = await tenant.account()
    with tenant.scope():
        note = await services.add_note(author, "Hello")
        rows = await sql("SELECT data FROM kernel_event WHERE name = 'my_plugin.note_added.v1'")
    assert [str(note.id) in str(row.data) for row in rows] == [True]


async def test_old_notes_go_at_night_and_new_ones_stay(tenant: TenantKit) -> None:
    author = await tenant.account()
    with tenant.scope():
        await set_setting("my_plugin.keep_days", 30)
        for days in (31, 29):
            note = await services.add_note(author, f"{days} days old")
            await Note.filter(id=note.id).update(created_at=now() - timedelta(days=days))
        assert await services.remove_old_notes() == 1
        assert [note.text for note in await Note.all()] == ["29 days old"]
        assert await services.remove_old_notes() == 0


async def test_a_person_gets_their_notes_and_can_have_them_erased(tenant: TenantKit) -> None:
    author, other = await tenant.account(), await tenant.account()
    with tenant.scope():
        await services.add_note(author, "Mine")
        await services.add_note(other, "Theirs")
        assert [[note["text"] for note in notes] for notes in (await privacy.export(author)).values()] == [["Mine"]]
        assert await privacy.erase(author) == []
        assert [note.text for note in await Note.all()] == ["Theirs"]
