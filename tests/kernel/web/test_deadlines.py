"""Slow and idle connections are cut; the rest is left alone. Private parts of aiohttp that this hangs on still fit."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from aiohttp import web

from kernel.web.body import read_body
from kernel.web.deadlines import Deadlines

from .site import Site, get, post, served

FAST = Deadlines(head=0.3, body_grace=0.3, body_rate=500, stall=0.5, keep_alive=0.5, shutdown=1)


async def take(request: web.Request) -> web.StreamResponse:
    return web.Response(text=str(len(await read_body(request))))


async def busy(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(1.2)
    return web.Response(text=str(len(await read_body(request))))


async def flood(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"x" * 100_000)
    finally:
        cut.set()


cut = asyncio.Event()
ROUTES = [
    post("/alpha/take", take, csrf=False),
    post("/alpha/busy", busy, csrf=False, body_limit=3_000_000),
    get("/alpha/flood", flood),
]
HEAD = b"POST /alpha/take HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 100\r\n"


async def closed_after(site: Site, first: bytes, drip: bytes = b"", every: float = 0.1) -> float:
    """Seconds until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(first)
    started = time.monotonic()

    async def dripping() -> None:
        while drip:
            await asyncio.sleep(every)
            writer.write(drip)

    task = asyncio.create_task(dripping())
    try:
        async with asyncio.timeout(5):
            try:
                while await reader.read(65536):
                    pass
            except ConnectionError:
                pass
        return time.monotonic() - started
    finally:
        task.cancel()
        writer.close()


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),  # says nothing
        (b"GET / HT", b""),  # half a head
        (b"GET / HTTP/1.1\r\nHost: acme.localhost\r\n", b"X-A: b\r\n"),  # a head without end
        (HEAD + b"\r\n", b""),  # no body
        (HEAD + b"\r\n", b"x"),  # a body in drips
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b""),  # idle after an answer
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /", b""),  # half a second head
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" + HEAD + b"\r\n", b"x"),  # a slow second body
    ],
)
async def test_slow_clients_are_cut(tmp_path: Path, first: bytes, drip: bytes) -> None:
    async with served(tmp_path, ROUTES, deadlines=FAST) as site:
        assert await closed_after(site, first, drip) < 2.5


async def test_who_does_not_read(tmp_path: Path) -> None:
    cut.clear()
    async with served(tmp_path, ROUTES, deadlines=FAST) as site:
        _reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
        writer.write(b"GET /alpha/flood HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
        async with asyncio.timeout(5):
            await cut.wait()
        writer.transport.abort()


async def test_steady_and_busy_are_left_alone(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, deadlines=FAST) as site, site.client() as acme:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        head = b"POST /alpha/take HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n"
        writer.write(head)
        for _ in range(20):
            writer.write(b"x" * 100)
            await asyncio.sleep(0.05)
        assert (await reader.read()).endswith(b"2000")
        writer.close()
        # The handler thinks for a while before it reads: not the client's fault.
        answer = await acme.ask("POST", "/alpha/busy", data=b"x" * 2_500_000)
        assert (answer.status, answer.text) == (200, "2500000")
        for _ in range(3):  # one connection, used again
            assert (await acme.ask("POST", "/alpha/take", data=b"x" * 10)).text == "10"


async def test_connections_per_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kernel.web import deadlines

    few = Deadlines(per_client=2)
    monkeypatch.setattr(deadlines._Server, "admit", _count)
    async with served(tmp_path, ROUTES, deadlines=few) as site:
        for _ in range(2):  # the places are given back
            pairs = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(3)]
            pairs[2][1].write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await pairs[2][0].readexactly(5)
            pairs[0][1].write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await pairs[0][0].readexactly(5) == b"HTTP/"
            for _reader, writer in pairs:
                writer.close()
            await asyncio.sleep(0.05)


def _count(self: object, address: str) -> str:
    self.clients[address] += 1  # type: ignore[attr-defined]
    return address


async def test_a_body_under_way_is_taken_while_stopping(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, deadlines=Deadlines(shutdown=5)) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(HEAD + b"\r\n" + b"x" * 50)
        await asyncio.sleep(0.2)
        stopping = asyncio.create_task(site.runner.cleanup())
        await asyncio.sleep(0.5)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"x" * 50)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"100")
        await asyncio.wait_for(stopping, 5)
        writer.close()


async def test_connections_of_the_whole_process(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, deadlines=Deadlines(total=2)) as site:
        for _ in range(2):  # the places are given back
            pairs = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(3)]
            pairs[2][1].write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await pairs[2][0].readexactly(5)
            pairs[0][1].write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await pairs[0][0].readexactly(5) == b"HTTP/"
            for _reader, writer in pairs:
                writer.close()
            await asyncio.sleep(0.05)


def test_the_shipped_deadlines_cut_the_five_shapes_within_12_seconds() -> None:
    """Nothing, half a head, a dripping head, no body, a dripping body: 10 s at most, and a look each second."""
    shipped = Deadlines()
    assert shipped.head <= 10 and shipped.body_grace + 1 <= 12 and shipped.body_rate >= 100
    assert 30 <= shipped.keep_alive <= 75 and shipped.shutdown <= 10
