"""Whoever is locked out is out: page, program, event stream and WebSocket, from that moment on."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import WSMsgType, web

from kernel import open_socket
from kernel.testing.people import TenantKit
from kernel.web.routing import ENDPOINTS
from kernel.web.sockets import SESSION_ENDED

from .world import Pair, with_token


async def _echo(request: web.Request) -> web.StreamResponse:
    ws = await open_socket(request, plugin="live")
    async for message in ws:
        await ws.send_str(message.data)
    return ws


async def test_a_locked_account_loses_everything_at_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    kit: TenantKit = pair.theirs
    admin, victim = await kit.sign_in("admin"), await kit.sign_in("admin")
    program = await with_token(kit, victim, "a token of the victim")
    monkeypatch.setattr(pair.greenroom.app[ENDPOINTS]["live.socket"], "handler", _echo)
    monkeypatch.setattr(pair.greenroom.app[ENDPOINTS]["live.socket"], "guarded", False)
    me, token = "/api/v1/me", await victim.token()
    assert (await victim.get("/home")).status == 200
    assert (await program.site.get(me, headers=program.headers)).status == 200
    socket = await victim.socket("/rooms/x/ws")
    await socket.send_str("hello")
    assert (await socket.receive(5)).data == "hello"
    async with victim._http.get(victim._base + "/notifications/stream") as stream:
        assert stream.status == 200

        answer = await admin.post(f"/admin/people/{victim.account_id}/lock", {"reason": "left the company"})
        assert answer.status == 303, answer.text
        async with asyncio.timeout(5):
            while not stream.content.at_eof():
                await stream.content.readany()
            closed = await socket.receive()
    assert (closed.type, closed.data) == (WSMsgType.CLOSE, SESSION_ENDED)
    assert (await victim.get("/home")).status == 303
    assert (await victim.get(me)).status == 401
    assert (await program.site.get(me, headers=program.headers)).status == 401
    late = await victim.request("POST", f"/admin/people/{admin.account_id}/lock", headers={"X-CSRF-Token": token},
                                data={"reason": "revenge, a second later"})  # fmt: skip
    assert late.status in (401, 403)
    assert (await admin.get("/home")).status == 200
