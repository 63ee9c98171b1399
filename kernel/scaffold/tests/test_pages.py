"""The board, over real HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from my_plugin.models import Note

from kernel.testing.people import TenantKit


async def _only_note(tenant: TenantKit) -> Note:
    with tenant.scope():
        return await Note.get()


async def test_a_note_appears_on_the_board(tenant: TenantKit) -> None:
    site = await tenant.sign_in(name="Ada")
    answer = await site.post("/my-plugin", {"text": "Water the plants"})
    assert answer.status == 303
    board = await site.get("/my-plugin")
    assert "Water the plants" in board.text
    assert "Ada" in board.text


async def test_an_empty_note_is_refused_with_the_form_drawn_again(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    answer = await site.post("/my-plugin", {"text": "  "})
    assert answer.status == 422
    assert "Write something first." in answer.text


async def test_search_finds_words(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    for text in ("Water the plants", "Feed the cat"):
        await site.post("/my-plugin", {"text": text})
    found = await site.get("/my-plugin?q=plants")
    assert "Water the plants" in found.text
    assert "Feed the cat" not in found.text


async def test_only_the_author_and_admins_remove_a_note(tenant: TenantKit) -> None:
    author, somebody, admin = await tenant.sign_in(), await tenant.sign_in(), await tenant.sign_in("admin")
    await author.post("/my-plugin", {"text": "Mine"})
    note = await _only_note(tenant)
    assert (await somebody.post(f"/my-plugin/{note.id}/remove")).status == 404
    assert (await _only_note(tenant)).id == note.id
    assert (await admin.post(f"/my-plugin/{note.id}/remove")).status == 303
    assert "Mine" not in (await author.get("/my-plugin")).text


async def test_another_tenants_note_is_not_there(tenant: TenantKit, other_tenant: TenantKit) -> None:
    author, stranger = await tenant.sign_in(), await other_tenant.sign_in("owner")
    await author.post("/my-plugin", {"text": "Ours"})
    note = await _only_note(tenant)
    assert "Ours" not in (await stranger.get("/my-plugin")).text
    assert (await stranger.post(f"/my-plugin/{note.id}/remove")).status == 404
    assert (await _only_note(tenant)).text == "Ours"


async def test_the_board_is_gone_while_the_plugin_is_off(
    make_tenant: Callable[..., Awaitable[TenantKit]],
) -> None:
    site = await (await make_tenant(plugins={"my_plugin": False})).sign_in("owner")
    assert (await site.get("/my-plugin")).status == 404
    assert "/my-plugin" not in (await site.get("/home")).text


async def test_it_speaks_the_readers_language(make_tenant: Callable[..., Awaitable[TenantKit]]) -> None:
    kit = await make_tenant(plugins={"my_plugin": True}, locale="de")
    site = await kit.sign_in()
    assert "Noch keine Notizen" in (await site.get("/my-plugin")).text
