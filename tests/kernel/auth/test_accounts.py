"""Accounts: one spelling per mailbox, states, the last owner, search, and nothing of another tenant."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from kernel.auth import accounts, audit, sessions
from kernel.auth.models import Account, Session
from kernel.base import errors
from kernel.base.context import TenantRef, tenant_scope
from kernel.base.ids import new_id
from kernel.engines.connection import sql, unit_of_work

from .conftest import new_tenant, request

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Ada@Example.COM ", "ada@example.com"),
        ("ａｄａ@example.com", "ada@example.com"),  # full-width letters
        ("ada+x@bücher.example", "ada+x@xn--bcher-kva.example"),
        ("o'neil@mail.example.org", "o'neil@mail.example.org"),
    ],
)
def test_one_spelling_per_mailbox(typed: str, stored: str) -> None:
    assert accounts.normalise_email(typed) == stored


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "@example.com", "ada@", "ada@localhost", "a b@example.com", "ada@exa_mple.com", "a\n@example.com",
     "аda@example.com", "ada@-x.com", ".a@x.com", "a..b@x.com", "x" * 65 + "@x.com", "a@b@c.com"],
)  # fmt: skip
def test_what_is_no_address_or_looks_like_another_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        accounts.normalise_email(typed)


async def test_create_find_and_verify(tenant: TenantRef) -> None:
    made = await accounts.create_account("Ada@Example.com", "  Ada   Lovelace ", password=PASSWORD)
    assert (made.email, made.name, made.state) == ("ada@example.com", "Ada Lovelace", "pending")
    assert (made.locale, made.zone) == ("en", "UTC")
    assert made.password_hash
    assert PASSWORD not in made.password_hash
    found = await accounts.find_account("ADA@example.com")
    assert found is not None
    assert found.id == made.id
    assert await accounts.find_account("not an address") is None
    verified = await accounts.verify_account(made.id)
    assert verified.state == "active"
    assert verified.verified_at is not None
    assert (await accounts.verify_account(made.id)).verified_at == verified.verified_at


async def test_an_address_is_taken_once_per_tenant(tenant: TenantRef) -> None:
    await accounts.create_account("ada@example.com", "Ada")
    async with unit_of_work():  # the outer work survives the refusal
        with pytest.raises(errors.Conflict):
            await accounts.create_account("ADA@example.com", "Eve")
        await accounts.create_account("eve@example.com", "Eve")
    with tenant_scope(await new_tenant()):
        await accounts.create_account("ada@example.com", "Another Ada")


async def test_simultaneous_sign_ups_make_one_account(tenant: TenantRef) -> None:
    results = await asyncio.gather(
        *(accounts.create_account("ada@example.com", "Ada") for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(r, Account) for r in results) == 1
    assert sum(isinstance(r, errors.Conflict) for r in results) == 4


async def test_bad_values_are_named(tenant: TenantRef) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await accounts.create_account("nobody", "N")
    assert set(refused.value.errors) == {"email"}
    with pytest.raises(errors.Invalid) as refused:
        await accounts.create_account("ada@example.com", "Ada", password="short")
    assert set(refused.value.errors) == {"password"}
    with pytest.raises(errors.Invalid):
        await accounts.create_account("ada@example.com", "x" * 121)
    with pytest.raises(errors.Invalid):
        await accounts.create_account("ada@example.com", "Ada", roles=["nonsense"])
    assert await accounts.find_account("ada@example.com") is None


async def test_update_checks_language_and_zone(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", state="active")
    changed = await accounts.update_account(ada.id, locale="de", zone="Asia/Kathmandu", name="Ada L")
    assert (changed.locale, changed.zone, changed.name) == ("de", "Asia/Kathmandu", "Ada L")
    for bad in ({"locale": "fr"}, {"zone": "Mars/Base"}):
        with pytest.raises(errors.Invalid) as refused:
            await accounts.update_account(ada.id, **bad)  # type: ignore[arg-type]
        assert set(refused.value.errors) == set(bad)
    picture = new_id()
    assert (await accounts.update_account(ada.id, picture_id=picture)).picture_id == picture
    assert (await accounts.update_account(ada.id, drop_picture=True)).picture_id is None


async def test_locking_ends_sessions_and_unlocking_does_not_confirm(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", state="active")
    token = await sessions.start_session(ada, request())
    assert await sessions.load_actor(token) is not None
    await accounts.lock(ada.id, reason="abuse")
    assert await sessions.load_actor(token) is None
    await accounts.unlock(ada.id)
    assert (await accounts.account(ada.id)).state == "active"
    assert await sessions.load_actor(token) is None  # ended is ended
    eve = await accounts.create_account("eve@example.com", "Eve")
    await accounts.lock(eve.id, reason="abuse")
    await accounts.unlock(eve.id)
    assert (await accounts.account(eve.id)).state == "pending"


async def test_the_last_owner_stays(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", state="active", roles=["owner"])
    for attempt in (accounts.revoke(ada.id, "owner"), accounts.lock(ada.id, reason="x"), accounts.erase(ada.id)):
        with pytest.raises(errors.Conflict):
            await attempt
    eve = await accounts.create_account("eve@example.com", "Eve", state="active", roles=["owner"])
    results = await asyncio.gather(
        accounts.revoke(ada.id, "owner"), accounts.revoke(eve.id, "owner"), return_exceptions=True
    )
    assert sum(r is True for r in results) == 1
    assert sum(isinstance(r, errors.Conflict) for r in results) == 1
    assert len(await accounts.accounts_with_role("owner")) == 1


async def test_owners_locking_each_other_leave_one(tenant: TenantRef) -> None:
    made = [
        await accounts.create_account(f"{n}@example.com", n, state="active", roles=["owner"]) for n in ("ada", "eve")
    ]
    await asyncio.gather(*(accounts.lock(a.id, reason="x") for a in made), return_exceptions=True)
    assert sorted([(await accounts.account(a.id)).state for a in made]) == ["active", "locked"]


async def test_erasing_leaves_nothing_personal(tenant: TenantRef) -> None:
    canary = "zz-canary"
    ada = await accounts.create_account(f"{canary}@example.com", f"Ada {canary}", state="active", roles=["member"])
    await sessions.start_session(ada, request(agent=f"{canary} browser"))
    await accounts.change_email(ada.id, f"{canary}2@example.com")
    await accounts.erase(ada.id)
    await accounts.erase(ada.id)
    tables = [r.name for r in await sql("SELECT table_name AS name FROM information_schema.columns"
              " WHERE column_name = 'tenant_id' AND table_name LIKE 'kernel_%'")]  # fmt: skip
    for table in tables:
        rows = await sql(f"SELECT count(*) AS n FROM {table} t WHERE t::text LIKE '%{canary}%'")
        assert rows[0].n == 0, table
    assert await Session.filter(account_id=ada.id).count() == 0
    card = (await accounts.accounts_by_ids([ada.id]))[ada.id]
    assert (card.name, card.state) == ("", "erased")
    with pytest.raises(errors.NotFound):
        await accounts.update_account(ada.id, name="Ada again")


async def test_search_takes_words_literally_and_stays_at_home(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada 100%", state="active", roles=["member"])
    await accounts.create_account("eve@example.com", "Eve_", state="pending")
    with tenant_scope(await new_tenant()):
        await accounts.create_account("ada2@example.com", "Ada of elsewhere")
    assert [c.id for c in await accounts.search_accounts("ada")] == [ada.id]
    assert [c.id for c in await accounts.search_accounts("%")] == [ada.id]
    assert [c.name for c in await accounts.search_accounts("_")] == ["Eve_"]
    assert [c.id for c in await accounts.search_accounts("", role="member")] == [ada.id]
    assert [c.name for c in await accounts.search_accounts("", state="pending")] == ["Eve_"]
    assert len(await accounts.search_accounts("", limit=1, offset=1)) == 1


async def test_another_tenants_account_is_not_there(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", state="active")
    with tenant_scope(await new_tenant()):
        assert await accounts.accounts_by_ids([ada.id]) == {}
        attempts = (
            accounts.account(ada.id),
            accounts.lock(ada.id, reason="x"),
            accounts.grant(ada.id, "admin"),
            accounts.set_password(ada.id, PASSWORD),
            accounts.update_account(ada.id, name="x"),
        )
        for attempt in attempts:
            with pytest.raises(errors.NotFound):
                await attempt


async def test_changing_the_password_proves_the_old_one_and_ends_the_rest(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", password=PASSWORD, state="active")
    here, there = await sessions.start_session(ada, request()), await sessions.start_session(ada, request())
    actor = await sessions.load_actor(here)
    assert actor is not None
    for old, new, field in (("wrong one here", "another good phrase", "current"), (PASSWORD, PASSWORD, "password"),
                            (PASSWORD, "1234567890", "password")):  # fmt: skip
        with pytest.raises(errors.Invalid) as refused:
            await accounts.change_password(ada.id, old, new)
        assert set(refused.value.errors) == {field}
    await accounts.change_password(ada.id, PASSWORD, "another good phrase", keep_session=actor.session_id)
    assert await sessions.load_actor(here) is not None
    assert await sessions.load_actor(there) is None


async def test_audit_masks_secrets_and_fails_with_its_act(tenant: TenantRef) -> None:
    await audit.record(
        "garden.dug", subject="bed", subject_id="1", after={"password": "p", "deep": [{"api_key": "k", "n": 1}]}
    )
    with contextlib.suppress(ZeroDivisionError):
        async with unit_of_work():
            await audit.record("garden.lost", subject="bed", subject_id="2")
            _ = 1 / 0
    rows = await sql("SELECT data::text AS data FROM kernel_event WHERE tenant_id = $1 AND name = $2",
                     tenant.id, "kernel.audited.v1")  # fmt: skip
    assert len(rows) == 1
    assert "garden.dug" in rows[0].data
    assert '"p\\"' not in rows[0].data
    assert "•••" in rows[0].data
