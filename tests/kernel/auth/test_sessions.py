"""Sessions: opaque, one query, over at once everywhere, rotated, idle and absolute limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from kernel.auth import accounts, cleaning, sessions
from kernel.auth.models import Account, Session
from kernel.base.clock import shifted_by
from kernel.base.context import TenantRef, acting_as, tenant_scope
from kernel.base.runtime import runtime
from kernel.engines import connection
from kernel.engines.connection import sql, unit_of_work

from .conftest import new_tenant, request


@pytest.fixture
async def ada(tenant: TenantRef) -> Account:
    return await accounts.create_account("ada@example.com", "Ada", state="active", roles=["member"])


async def test_the_actor_is_whole(ada: Account) -> None:
    token = await sessions.start_session(ada, request())
    actor = await sessions.load_actor(token)
    assert actor is not None
    assert (actor.id, actor.email, actor.name, actor.locale, actor.zone) == (ada.id, ada.email, "Ada", "en", "UTC")
    assert actor.roles == {"member"}
    assert "garden.beds.view" in actor.permissions
    assert "garden.beds.dig" not in actor.permissions
    assert actor.session_id is not None


async def test_the_database_never_sees_the_token(ada: Account) -> None:
    token = await sessions.start_session(ada, request())
    assert len(token) >= 43
    row = await Session.get(account_id=ada.id)
    assert token not in (row.token_hash, row.user_agent, row.ip_hash)
    assert len(row.token_hash) == 64
    assert "203.0.113.9" not in row.ip_hash


async def test_one_query_on_the_hot_path(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await sessions.start_session(ada, request())
    await sessions.load_actor(token)
    asked: list[str] = []
    client = type(connection._client())
    real = client.fetch_rows

    async def counting(self: Any, query: str, args: Any) -> Any:
        asked.append(query)
        return await real(self, query, args)

    monkeypatch.setattr(client, "fetch_rows", counting)
    assert await sessions.load_actor(token) is not None
    assert len(asked) == 1


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "ä" * 43, "'; --", "\ud800"])
async def test_strange_tokens_are_nobody(tenant: TenantRef, token: str) -> None:
    assert await sessions.load_actor(token) is None


async def test_a_token_of_another_tenant_is_nobody(ada: Account) -> None:
    token = await sessions.start_session(ada, request())
    with tenant_scope(await new_tenant()):
        assert await sessions.load_actor(token) is None


async def test_signing_in_again_rotates(ada: Account) -> None:
    first = await sessions.start_session(ada, request())
    second = await sessions.start_session(ada, request(first))
    assert first != second
    assert await sessions.load_actor(first) is None
    assert await sessions.load_actor(second) is not None


async def test_idle_and_absolute_limits(ada: Account) -> None:
    token = await sessions.start_session(ada, request())
    with shifted_by(timedelta(days=13, hours=23)):
        assert await sessions.load_actor(token, touch=False) is not None
    with shifted_by(timedelta(days=14, minutes=1)):
        assert await sessions.load_actor(token) is None
    for days in (10, 20, 29.9):
        with shifted_by(timedelta(days=days)):
            assert await sessions.load_actor(token) is not None  # used in between, so not idle
    with shifted_by(timedelta(days=30, minutes=1)):
        assert await sessions.load_actor(token) is None


async def test_last_seen_moves_at_most_once_a_minute(ada: Account) -> None:
    token = await sessions.start_session(ada, request())
    first = (await Session.get(account_id=ada.id)).last_seen_at
    with shifted_by(timedelta(seconds=30)):
        await sessions.load_actor(token)
    assert (await Session.get(account_id=ada.id)).last_seen_at == first
    with shifted_by(timedelta(minutes=2)):
        await sessions.load_actor(token, touch=False)
        assert (await Session.get(account_id=ada.id)).last_seen_at == first
        await sessions.load_actor(token)
    moved = (await Session.get(account_id=ada.id)).last_seen_at
    assert moved - first > timedelta(minutes=1)
    assert (await Account.get(id=ada.id)).last_seen_at == moved


async def test_ending_one_ones_own_and_all_others(ada: Account) -> None:
    eve = await accounts.create_account("eve@example.com", "Eve", state="active")
    tokens = [await sessions.start_session(ada, request(agent=a)) for a in ("Firefox/1 Linux", "Chrome/1 Windows", "x")]
    actors = [await sessions.load_actor(t) for t in tokens]
    ids = [a.session_id for a in actors if a and a.session_id]
    cards = await sessions.list_sessions(ada.id, current=ids[1])
    assert next(c.id for c in cards) == ids[1]
    assert {c.id for c in cards} == set(ids)
    assert {c.device for c in cards} == {"Firefox on Linux", "Chrome on Windows", "Unknown device"}
    assert not await sessions.end_session(ids[0], account_id=eve.id)  # not hers
    assert await sessions.end_session(ids[0], account_id=ada.id)
    assert not await sessions.end_session(ids[0], account_id=ada.id)
    assert await sessions.end_all(ada.id, except_id=ids[1]) == 1
    assert [await sessions.load_actor(t) is not None for t in tokens] == [False, True, False]
    assert [await sessions.alive(i) for i in ids] == [False, True, False]


async def test_an_end_rings_for_open_connections_after_the_commit(ada: Account, tenant: TenantRef) -> None:
    token = await sessions.start_session(ada, request())
    actor = await sessions.load_actor(token)
    assert actor is not None
    async with runtime().bus.subscribe(sessions.ENDED_CHANNEL) as heard:
        async with unit_of_work():
            await sessions.end_all(ada.id)
            waiting = asyncio.ensure_future(anext(aiter(heard)))
            await asyncio.sleep(0.05)
            assert not waiting.done()
        told = json.loads(str(await asyncio.wait_for(waiting, 2)))
    assert told == {"tenant": str(tenant.id), "sessions": [str(actor.session_id)]}


async def test_an_undone_end_never_happened(ada: Account) -> None:
    token = await sessions.start_session(ada, request())
    with contextlib.suppress(ZeroDivisionError):
        async with unit_of_work():
            await sessions.end_all(ada.id)
            _ = 1 / 0
    assert await sessions.load_actor(token) is not None


async def test_signing_everybody_out_spares_the_actor(ada: Account) -> None:
    boss = await accounts.create_account("boss@example.com", "Boss", state="active", roles=["admin"])
    mine, hers = await sessions.start_session(boss, request()), await sessions.start_session(ada, request())
    with acting_as(await sessions.load_actor(mine)):
        assert await sessions.end_everybody(role="gardener", reason="test") == 0
        assert await sessions.end_everybody(reason="an incident") == 1
    assert await sessions.load_actor(mine) is not None
    assert await sessions.load_actor(hers) is None


async def test_a_new_device_is_told(ada: Account, tenant: TenantRef) -> None:
    await sessions.start_session(ada, request())
    await sessions.start_session(ada, request())  # the same again
    await sessions.start_session(ada, request(agent="Chrome/9 Windows", ip="198.51.100.7"))
    query = "SELECT data->>'new_device' AS new FROM kernel_event WHERE tenant_id = $1 AND name = $2 ORDER BY 1"
    rows = await sql(query, tenant.id, "kernel.sign_in_succeeded.v1")
    assert [r.new for r in rows] == ["false", "false", "true"]


def test_the_cookie_is_bound_to_the_host(engines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    response = web.Response()
    monkeypatch.setattr(sessions, "setting", lambda key: 30)
    sessions.set_cookie(response, "t")
    plain = response.cookies["session"]
    assert plain["httponly"]
    assert plain["samesite"] == "Lax"
    assert not plain["domain"]
    assert plain["path"] == "/"
    secure = SimpleNamespace(cookie_secure=True)
    monkeypatch.setattr(sessions, "runtime", lambda: SimpleNamespace(config=secure))
    response = web.Response()
    sessions.set_cookie(response, "t")
    assert response.cookies["__Host-session"]["secure"]
    sessions.clear_cookie(response)
    assert response.cookies["__Host-session"]["max-age"] == "0" or response.cookies["__Host-session"]["max-age"] == 0


async def test_acting_for_an_account_without_its_session(ada: Account) -> None:
    actor = await sessions.actor_of(ada.id)
    assert actor is not None
    assert actor.session_id is None
    assert "garden.beds.view" in actor.permissions
    await accounts.lock(ada.id, reason="x")
    assert await sessions.actor_of(ada.id) is None


async def test_cleaning_keeps_what_counts(ada: Account) -> None:
    await sessions.start_session(ada, request())
    await cleaning.clean_auth()
    assert await Session.filter(account_id=ada.id).count() == 1
    with shifted_by(timedelta(days=91)):
        await cleaning.clean_auth()
    assert await Session.filter(account_id=ada.id).count() == 0
