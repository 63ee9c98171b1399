"""Three hundred clients that never finish what they begin: each is cut off in time, and nobody else notices.

They come to the very tenant whose pages go on: a body that is still on its way takes no place among the requests that
a tenant may have at once.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded

from ..processes import here, own_database, serve

HEAD = b"POST /sign-in HTTP/1.1\r\nHost: acme.localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
#: What is sent at first, and again every second.
SHAPES = {
    "says nothing": (b"", b""),
    "half a head": (b"GET / HT", b""),
    "a head without end": (b"GET / HTTP/1.1\r\nHost: acme.localhost\r\n", b"X-A: b\r\n"),
    "no body": (HEAD + b"Content-Length: 1000\r\n\r\n", b""),
    "a body in drips": (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
}


async def slow(port: int, shape: str) -> tuple[str, float]:
    """The shape, and the seconds until the server hung up."""
    first, drip = SHAPES[shape]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(first)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    if not await asyncio.wait_for(reader.read(4096), 1):
                        break
                except TimeoutError:
                    if drip:
                        writer.write(drip)
                except ConnectionError:
                    break
    finally:
        writer.close()
    return shape, time.monotonic() - began


async def visit(port: int, seconds: float) -> list[float]:
    taken, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /sign-in HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"200"
        await reader.read()
        writer.close()
        taken.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
    return taken


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_three_hundred_slow_clients_are_cut_and_nobody_else_notices(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    port = unused_port()
    async with own_database(cluster, "slow") as dsn:
        async with here(dsn, port, tmp_path / "data") as make:
            await make("acme")
        with serve(dsn, port, tmp_path) as program:
            await program.says("serves on")
            await visit(port, 1)
            before = await visit(port, 3)
            clients = [asyncio.create_task(slow(port, shape)) for shape in SHAPES for _ in range(60)]
            during = await visit(port, 6)
            cut = await asyncio.gather(*clients)
            after = await visit(port, 1)
    assert Counter(shape for shape, _seconds in cut) == dict.fromkeys(SHAPES, 60)
    for shape in SHAPES:
        assert max(seconds for name, seconds in cut if name == shape) <= 12.5, shape  # the clock of this side included
    assert len(during) > 20 and len(after) > 3

    def p95(values: list[float]) -> float:
        return statistics.quantiles(values, n=20)[18]

    # A machine that does other things adds a constant, which is no ratio.
    assert p95(during) <= 2 * p95(before) + 0.05
