"""Passwords, one-time tokens, and attempts that slow down."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from kernel.auth import accounts, one_time, passwords, throttle
from kernel.auth.passwords import check_password
from kernel.auth.signin import check_credentials
from kernel.base import errors
from kernel.base.clock import shifted_by
from kernel.base.context import TenantRef, tenant_scope
from kernel.base.runtime import Runtime

from .conftest import new_tenant

GOOD = "correct horse battery"


@pytest.mark.parametrize(
    "bad",
    ["", "short1", "x" * 201, "password123", "Password2026!", "P@ssw0rd2026", "1234567890", "qwertyuiop", "aaaaaaaaaa",
     "abcabcabcabc", "asdfghjkl123", "iloveyou2026", "letmein12345", "!!!!!!!!!!!!", "passwordpassword", "poiuytrewq",
     "ada.lovelace1815", "Lovelace rules", "i work at acme corp", "qazwsxedcrfv"],
)  # fmt: skip
def test_passwords_that_are_refused(bad: str) -> None:
    assert check_password(bad, email="ada.lovelace@acme.example", name="Ada Lovelace", tenant="Acme Corp")


@pytest.mark.parametrize(
    "good",
    ["correct horse battery", "tr0ub4dor&3 plus", "пароль из трёх слов", "kx82-mmw1-zz0p", "  spaces are kept  ",
     "🐎🔋📎🎈🚲🌵🧦🎺🥝🧊",
     "w" + "hatever goes in here " * 9],
)  # fmt: skip
def test_passwords_that_are_fine(good: str) -> None:
    assert check_password(good, email="ada@example.com", name="Ada", tenant="Acme") is None


async def test_hashing_is_argon2id_and_normal(engines: Runtime) -> None:
    stored = await passwords.hash_password("caf\u00e9 in the morning")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify_password(stored, "cafe\u0301 in the morning")  # another keyboard
    assert not await passwords.verify_password(stored, "cafe in the morning")
    assert not await passwords.verify_password(None, "nobody has this password")
    assert not await passwords.verify_password("no hash at all", "x")
    assert not await passwords.verify_password(stored, "caf\u00e9 in the morning" + "x" * 200)
    assert not passwords.needs_rehash(stored)


def test_the_real_parameters() -> None:
    hasher = passwords._hasher(False)
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (2, 19456, 1)
    assert hasher.type.name == "ID"


async def test_a_flood_is_refused_instead_of_queued(engines: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_waiting", 64)
    with pytest.raises(errors.Unavailable):
        await passwords.hash_password(GOOD)


async def test_signing_in(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", password=GOOD)
    assert (await check_credentials("Ada@Example.com", GOOD, ip="1")).result == "pending"
    assert (await check_credentials("ada@example.com", "wrong password", ip="1")).result == "wrong"
    await accounts.verify_account(ada.id)
    outcome = await check_credentials(" ADA@example.com", GOOD, ip="1")
    assert outcome.result == "ok"
    assert outcome.account is not None
    assert outcome.account.id == ada.id
    await accounts.lock(ada.id, reason="x")
    assert (await check_credentials("ada@example.com", GOOD, ip="1")).result == "locked"
    assert (await check_credentials("ada@example.com", "wrong password", ip="1")).result == "wrong"
    assert (await check_credentials("nobody@example.com", GOOD, ip="1")).result == "wrong"
    assert (await check_credentials("no address", GOOD, ip="1")).result == "wrong"
    with tenant_scope(await new_tenant()):
        assert (await check_credentials("ada@example.com", GOOD, ip="1")).result == "wrong"


async def test_an_old_hash_is_renewed(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada", password=GOOD, state="active")
    other = passwords._hasher(False).hash(GOOD)
    ada.password_hash = other
    await ada.save()
    assert (await check_credentials("ada@example.com", GOOD, ip="1")).result == "ok"
    renewed = (await accounts.account(ada.id)).password_hash
    assert renewed != other
    assert await passwords.verify_password(renewed, GOOD)


async def test_unknown_and_wrong_cost_the_same(tenant: TenantRef, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash of the same parameters, whether somebody is there or not: no time tells them apart."""
    await accounts.create_account("ada@example.com", "Ada", password=GOOD, state="active")
    hashed: list[str] = []
    in_pool = passwords._in_pool

    async def counting(hasher: PasswordHasher, stored: str | None, password: str) -> str:
        hashed.append((stored or "").rpartition("$")[0].rpartition("$")[0])  # without salt and hash
        return await in_pool(hasher, stored, password)

    monkeypatch.setattr(passwords, "_in_pool", counting)
    for email in ("ada@example.com", "nobody@example.com"):
        await check_credentials(email, "wrong password", ip="10.0.0.1")
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]
    assert hashed[0].startswith("$argon2id$")


async def test_guessing_is_slowed_down_and_never_locks_the_owner_out(tenant: TenantRef) -> None:
    await accounts.create_account("ada@example.com", "Ada", password=GOOD, state="active")

    async def guess(ip: str) -> str:
        try:
            return (await check_credentials("ada@example.com", "wrong password", ip=ip)).result
        except errors.TooMany as exc:
            return "wait" if exc.retry_after > 0 else "no time given"

    results = await asyncio.gather(*(guess("6.6.6.6") for _ in range(100)))
    assert results.count("wrong") <= 10
    assert results.count("wait") >= 90
    # Where she usually is nothing has happened.
    assert (await check_credentials("ada@example.com", GOOD, ip="1.1.1.1")).result == "ok"


async def test_waits_grow_and_pass_and_success_forgets(tenant: TenantRef) -> None:
    async def tries(count: int) -> int:
        passed = 0
        for _ in range(count):
            with contextlib.suppress(errors.TooMany):
                await throttle.admit("ada@example.com", "6.6.6.6")
                passed += 1
        return passed

    assert await tries(12) == throttle.FREE + 1
    later = 0
    for wait in (4, 8, 16, 32):
        with shifted_by(timedelta(seconds=later + wait - 2)):
            assert await tries(3) == 0
        later += wait + 1
        with shifted_by(timedelta(seconds=later)):
            assert await tries(3) == 1
    await throttle.succeeded("ada@example.com", "6.6.6.6")
    assert await tries(1) == 1


async def test_one_address_on_many_accounts(tenant: TenantRef) -> None:
    for _ in range(101):
        await throttle.failed("6.6.6.6")
    await throttle.admit("a@example.com", "6.6.6.6")
    with pytest.raises(errors.TooMany):
        await throttle.admit("b@example.com", "6.6.6.6")
    await throttle.admit("b@example.com", "7.7.7.7")


async def test_tenants_do_not_slow_each_other(tenant: TenantRef) -> None:
    for _ in range(throttle.FREE + 1):
        await throttle.admit("ada@example.com", "6.6.6.6")
    with tenant_scope(await new_tenant()):
        await throttle.admit("ada@example.com", "6.6.6.6")
    with pytest.raises(errors.TooMany):
        await throttle.admit("ada@example.com", "6.6.6.6")


async def test_a_token_works_once(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada")
    token = await one_time.issue("garden.gate", ada.id, data={"n": 1}, ttl=timedelta(hours=1))
    assert (await one_time.peek("garden.gate", token)) is not None
    assert await one_time.redeem("garden.door", token) is None  # another purpose
    with tenant_scope(await new_tenant()):
        assert await one_time.redeem("garden.gate", token) is None
    results = await asyncio.gather(*(one_time.redeem("garden.gate", token) for _ in range(8)))
    won = [r for r in results if r is not None]
    assert len(won) == 1
    assert won[0].account_id == ada.id
    assert won[0].data == {"n": 1}
    assert await one_time.peek("garden.gate", token) is None


async def test_tokens_expire_and_can_be_withdrawn(tenant: TenantRef) -> None:
    ada = await accounts.create_account("ada@example.com", "Ada")
    token = await one_time.issue("garden.gate", ada.id, ttl=timedelta(minutes=10))
    with shifted_by(timedelta(minutes=11)):
        assert await one_time.redeem("garden.gate", token) is None
    assert await one_time.withdraw("garden.gate", ada.id) == 1
    assert await one_time.redeem("garden.gate", token) is None
    free = await one_time.issue("garden.visit", None, ttl=timedelta(minutes=10))
    found = await one_time.redeem("garden.visit", free)
    assert found is not None
    assert found.account_id is None
