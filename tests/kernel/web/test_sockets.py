"""Long connections: who may open them, and what ends them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from kernel.auth.sessions import ENDED_CHANNEL
from kernel.base.contract import Feature
from kernel.web import sockets
from kernel.web.body import parse_json
from kernel.web.sockets import CONNECTIONS, SseMessage, open_socket, sse

from .site import Site, get, served

closed: list[str] = []


async def echo(request: web.Request) -> web.StreamResponse:
    socket = await open_socket(request, plugin="alpha")
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_json(parse_json(message.data))
    return socket


async def featured(request: web.Request) -> web.StreamResponse:
    socket = await open_socket(request, plugin="alpha.more")
    async for _message in socket:
        pass
    return socket


async def stream(request: web.Request) -> web.StreamResponse:
    async def source() -> AsyncIterator[SseMessage | str]:
        try:
            yield "one\ntwo"
            yield SseMessage("x", event="changed\r\n", id="7")
            await asyncio.Event().wait()
        finally:
            closed.append("source")

    return await sse(request, source(), plugin="alpha", heartbeat=0.05)


async def failing(request: web.Request) -> web.StreamResponse:
    async def source() -> AsyncIterator[str]:
        yield "one"
        raise RuntimeError("boom")

    return await sse(request, source(), plugin="alpha")


ROUTES = [
    get("/alpha/ws", echo),
    get("/alpha/more", featured, feature="alpha.more"),
    get("/alpha/stream", stream),
    get("/alpha/failing", failing),
]
HOOKS = {"features": [Feature(id="alpha.more", label="More")]}


def connect(
    session: aiohttp.ClientSession, site: Site, path: str = "/alpha/ws", **headers: str
) -> aiohttp.client._BaseRequestContextManager[aiohttp.ClientWebSocketResponse[bool]]:
    return session.ws_connect(
        f"http://127.0.0.1:{site.port}{path}", headers={"Host": "acme.localhost", **headers}, max_msg_size=0
    )  # type: ignore[return-value]


async def test_origin(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        for origin in ("https://evil.test", "null", "http://fern.localhost"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await connect(session, site, Origin=origin)
            assert refused.value.status == 403
        async with connect(session, site, Origin="http://acme.localhost") as socket:
            await socket.send_str('{"a": 1}')
            assert await socket.receive_json() == {"a": 1}
        site.snapshots.switch("acme", "alpha")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(session, site)


async def test_too_large_a_message(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        async with connect(session, site) as socket:
            await socket.send_str("x" * 70_000)
            assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
        async with connect(session, site) as socket:
            await socket.send_str('"still here"')
            assert await socket.receive_json() == "still here"


async def test_plugin_goes_off(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        whole, part = await connect(session, site), await connect(session, site, "/alpha/more")
        await whole.send_str("1")
        assert await whole.receive_json() == 1
        assert len(site.app[CONNECTIONS]) == 2
        site.snapshots.switch("fern", "alpha", "alpha.more")
        site.snapshots.switch("acme", "alpha.more")
        assert (await part.receive()).data == 4404
        await whole.send_str("2")
        assert await whole.receive_json() == 2
        site.snapshots.switch("acme", "alpha")
        assert (await whole.receive()).data == 4404
        await asyncio.sleep(0.05)
        assert len(site.app[CONNECTIONS]) == 0


async def test_session_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: set[object] = set()

    async def alive(session_id: object) -> bool:
        return session_id not in gone

    monkeypatch.setattr(sockets, "alive", alive)
    monkeypatch.setattr(sockets, "RECHECK", 0.05)
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        one, two = site.sign_in()["session"], site.sign_in()["session"]
        first = await connect(session, site, Cookie=f"session={one}")
        second = await connect(session, site, Cookie=f"session={two}")
        anonymous = await connect(session, site)
        payload = json.dumps({"tenant": "x", "sessions": [str(site.people[one].session_id)]})
        await asyncio.sleep(0.02)
        await site.runtime.bus.publish(ENDED_CHANNEL, "garbage")
        await site.runtime.bus.publish(ENDED_CHANNEL, payload)
        assert (await first.receive()).data == 4401
        gone.add(site.people[two].session_id)  # the bell was not heard
        assert (await second.receive()).data == 4401
        await anonymous.send_str("1")
        assert await anonymous.receive_json() == 1


async def test_stream(tmp_path: Path) -> None:
    closed.clear()
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        url, host = f"http://127.0.0.1:{site.port}/alpha/stream", {"Host": "acme.localhost"}
        answer = await session.get(url, headers=host)
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        text = b""
        while b":\n\n" not in text.partition(b"data: x")[2]:
            text += await answer.content.readany()
        assert text.startswith(b": open\n\ndata: one\ndata: two\n\nid: 7\nevent: changed\ndata: x\n\n:\n\n")
        site.snapshots.switch("acme", "alpha")
        async with asyncio.timeout(2):
            await answer.content.read()
        assert closed == ["source"]
        site.snapshots.switch("acme", on=("alpha",))
        answer = await session.get(url, headers=host)
        await answer.content.readany()
        answer.close()  # the reader goes; a heartbeat notices
        async with asyncio.timeout(2):
            while len(closed) < 2:
                await asyncio.sleep(0.02)
        broken = await session.get(url.replace("stream", "failing"), headers=host)
        with pytest.raises(aiohttp.ClientPayloadError):
            await broken.read()


async def test_shutdown_is_quick(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with served(tmp_path, ROUTES, hooks=HOOKS) as site:
            url, host = f"http://127.0.0.1:{site.port}/alpha/stream", {"Host": "acme.localhost"}
            streams = [await session.get(url, headers=host) for _ in range(5)]
            socket = await connect(session, site)
            started = time.monotonic()
            waiting = asyncio.create_task(socket.receive())
        assert time.monotonic() - started < 2
        assert (await waiting).data == 1001
        for answer in streams:
            async with asyncio.timeout(1):
                await answer.content.read()


async def test_a_flood_of_messages_is_cut_off(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        flooding, quiet = await connect(session, site), await connect(session, site)
        for _ in range(1000):
            await flooding.send_str("1")
        answered = 0
        while (message := await flooding.receive()).type is WSMsgType.TEXT:
            answered += 1
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)
        assert 200 <= answered <= 400
        await quiet.send_str("2")
        assert await quiet.receive_json() == 2
        for odd in ("{", "", "\x00", "[" * 5000):  # the handler's to refuse; they end only themselves
            async with connect(session, site) as socket:
                await socket.send_str(odd)
                assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
        await quiet.send_str("3")
        assert await quiet.receive_json() == 3


async def test_connections_per_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PER_ACCOUNT", 2)
    monkeypatch.setattr(sockets, "PER_ADDRESS", 3)
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, aiohttp.ClientSession() as session:
        one, two = f"session={site.sign_in()['session']}", f"session={site.sign_in()['session']}"
        held = [await connect(session, site, Cookie=one) for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connect(session, site, Cookie=one)
        assert refused.value.status == 429 and int(refused.value.headers["Retry-After"]) > 0  # type: ignore[index]
        address = f"http://127.0.0.1:{site.port}/alpha/stream"
        answer = await session.get(address, headers={"Host": "acme.localhost", "Cookie": one})
        assert answer.status == 429
        async with connect(session, site, Cookie=two) as other:  # another account has places of its own
            await other.send_str("1")
            assert await other.receive_json() == 1
        await held.pop().close()
        await asyncio.sleep(0.05)
        async with connect(session, site, Cookie=one) as again:
            await again.send_str("1")
            assert await again.receive_json() == 1
        held += [await connect(session, site) for _ in range(3)]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(session, site)
        for socket in held:
            await socket.close()
        await asyncio.sleep(0.05)
        assert site.app[CONNECTIONS]._held == {}
