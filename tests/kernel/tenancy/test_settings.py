"""Settings: precedence, checks, secrets, accounts, events."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast
from uuid import uuid4

import pytest

from kernel.base.context import Actor, TenantRef, acting_as, every_tenant, tenant_scope
from kernel.base.errors import Forbidden, Invalid
from kernel.base.runtime import runtime
from kernel.engines.connection import execute, sql, sql_one
from kernel.tenancy import governing
from kernel.tenancy import settings as s
from kernel.tenancy.events import SettingChanged
from kernel.tenancy.sealing import CannotOpen, seal, unseal
from kernel.tenancy.tenants import create_tenant

from .conftest import World


def person() -> Actor:
    return Actor(uuid4(), "a@a.test", "Ada", "en", "UTC", frozenset(), frozenset())


async def test_precedence_and_origin(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        assert (s.setting("base.size"), s.origin_of("base.size")) == (30, "default")
        await governing.set_platform_setting("base.size", 40)
        assert (s.setting("base.size"), s.origin_of("base.size")) == (40, "platform")
        await s.set_setting("base.size", 50, reason="longer")
        assert (s.setting("base.size"), s.origin_of("base.size")) == (50, "tenant")
        await s.reset_setting("base.size")
        assert s.setting("base.size") == 40
        await governing.reset_platform_setting("base.size")
        assert s.setting("base.size") == 30


async def test_bad_values_are_refused_in_peoples_words(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        with pytest.raises(Invalid) as caught:
            await s.set_settings({"base.size": 3, "base.words": "x", "base.digest": False})
        assert caught.value.errors == {
            "base.size": "Enter a number between 5 and 120",
            "base.words": "Enter a list of texts",
        }
        assert s.setting("base.digest") is True  # all or none
        with pytest.raises(LookupError, match=r"base\.nope"):
            await s.set_setting("base.nope", 1)
        with pytest.raises(LookupError, match=r"base\.nope"):
            s.setting("base.nope")


async def test_the_operators_settings_are_the_operators(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        with pytest.raises(Forbidden):
            await s.set_setting("base.fee", 2)
        await governing.set_platform_setting("base.fee", 2)
        assert s.setting("base.fee") == 2


async def test_changes_are_announced_once(world: World, acme: TenantRef) -> None:
    actor = person()
    with tenant_scope(acme), acting_as(actor):
        await s.set_setting("base.words", ["b"], reason="why not")
        await s.set_setting("base.words", ["b"])
        await s.set_setting("base.secret", "hush")
        await s.reset_setting("base.secret")
        await s.reset_setting("base.secret")
    told = [cast(SettingChanged, e) for e in world.announced]
    assert [(e.key, e.before, e.after) for e in told] == [
        ("base.words", "", '["b"]'), ("base.secret", "", "•••"), ("base.secret", "•••", ""),
    ]  # fmt: skip
    assert (told[0].actor_id, told[0].reason) == (actor.id, "why not")


async def test_values_cannot_be_changed_through_a_reading(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        s.setting("base.words").append("x")
        assert s.setting("base.words") == ["a"]


async def test_secrets_are_sealed_in_row_and_snapshot(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        assert (s.setting("base.secret"), s.is_set("base.secret")) == ("", False)
        await s.set_setting("base.secret", "hush hush")
        assert (s.setting("base.secret"), s.is_set("base.secret")) == ("hush hush", True)
        row = await sql_one("SELECT value, sealed FROM kernel_setting_value WHERE key = 'base.secret'")
        assert row is not None
        assert row.value is None
        assert b"hush" not in row.sealed
        snapshot = world.snapshots.of(acme.id)
        assert "hush" not in repr(snapshot)
        assert "hush" not in repr(snapshot and snapshot.settings["base.secret"])
        assert [v for d, v, _o in s.all_values("base") if d.secret] == [None]
        await s.set_setting("base.secret", "")
        assert s.is_set("base.secret") is False


async def test_a_platform_secret_serves_all_tenants(world: World, acme: TenantRef) -> None:
    await governing.set_platform_setting("base.secret", "ours")
    with tenant_scope(acme):
        assert s.setting("base.secret") == "ours"


async def test_a_secret_copied_to_another_tenant_does_not_open(world: World, acme: TenantRef, caplog: Any) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    for tenant, text in ((acme, "ours"), (other, "theirs")):
        with tenant_scope(tenant):
            await s.set_setting("base.secret", text)
    with every_tenant():
        await execute(
            "UPDATE kernel_setting_value SET sealed = (SELECT sealed FROM kernel_setting_value WHERE tenant_id = $1)"
            " WHERE tenant_id = $2",
            acme.id, other.id,
        )  # fmt: skip
    await world.snapshots.refresh(force=True)
    with tenant_scope(other):
        assert s.setting("base.secret") == ""
    assert "base.secret cannot be read: damaged, or moved" in caplog.text


async def test_sealing(world: World) -> None:
    sealed = seal("x", "place")
    assert unseal(sealed, "place") == "x"
    assert seal("x", "place") != sealed
    with pytest.raises(CannotOpen):
        unseal(sealed, "elsewhere")
    with pytest.raises(CannotOpen):
        unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "place")
    with pytest.raises(CannotOpen):
        unseal(b"", "place")
    engines = runtime()
    engines.config = dataclasses.replace(engines.config, secret=b"t" * 32)
    with pytest.raises(CannotOpen, match="another secret"):
        unseal(sealed, "place")


async def test_dropped_keys_and_outgrown_values_are_passed_over(world: World, acme: TenantRef) -> None:
    with tenant_scope(acme):
        await s.set_setting("base.size", 50)
        await s.set_setting("base.words", ["b"])
        await execute("UPDATE kernel_setting_value SET key = 'base.gone' WHERE key = 'base.words'")
        outgrown = json.dumps({"v": "big"})
        await execute("UPDATE kernel_setting_value SET value = $1::jsonb WHERE key = 'base.size'", outgrown)
        await world.snapshots.refresh(force=True)
        assert s.setting("base.size") == 30
        assert s.setting("base.words") == ["a"]


async def test_accounts_have_their_own(world: World, acme: TenantRef) -> None:
    ada, bob = person(), person()
    with tenant_scope(acme):
        await s.set_setting("base.digest", False)
        with acting_as(ada):
            assert await s.account_setting("base.digest") is False
            await s.set_account_setting("base.digest", True)
            assert await s.account_setting("base.digest") is True
            with pytest.raises(Forbidden):
                await s.set_account_setting("base.size", 10)
            with pytest.raises(Invalid):
                await s.set_account_setting("base.digest", "yes")
        assert await s.account_setting("base.digest", bob.id) is False
        assert await s.account_setting("base.digest") is False
        assert await s.account_settings(ada.id) == {"base.digest": True}
        assert await s.forget_account_settings(ada.id) == 1
        assert await s.account_settings(ada.id) == {}
        assert await s.forget_account_settings(acme.id) == 0
        assert s.origin_of("base.digest") == "tenant"
    with pytest.raises(Forbidden), tenant_scope(acme):
        await s.set_account_setting("base.digest", True)


async def test_rows_of_other_tenants_are_out_of_reach(world: World, acme: TenantRef) -> None:
    other = await create_tenant("other", "Other", hosts=["other.localhost"])
    with tenant_scope(acme):
        await s.set_setting("base.size", 50)
    with tenant_scope(other):
        assert await sql("SELECT 1 FROM kernel_setting_value") == []
        assert s.setting("base.size") == 30
