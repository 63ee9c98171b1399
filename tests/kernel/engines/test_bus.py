"""Messages within a process and, when a Redis is installed, between processes."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.base.context import tenant_key, tenant_scope
from kernel.engines.bus import OVERFLOW, MemoryBus
from kernel.engines.bus_redis import RedisBus

from .conftest import A

REDIS = shutil.which("redis-server")


class RedisServer:
    """A redis-server of our own on a free loopback port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([str(REDIS), *options], stdout=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    if REDIS is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


async def take(messages, count: int) -> list[str]:
    found = []
    async with asyncio.timeout(5):
        while len(found) < count:
            found.append(await anext(messages))
    return found


@pytest.fixture(params=["memory", "redis"])
async def bus(request):
    made = MemoryBus() if request.param == "memory" else RedisBus(request.getfixturevalue("redis").url)
    yield made
    await made.close()


async def test_everyone_who_listens_hears(bus):
    async with bus.subscribe("a") as one, bus.subscribe("a") as two, bus.subscribe("b") as other:
        await bus.publish("a", "first")
        await bus.publish("a", "zweite ✓")
        await bus.publish("b", "else")
        assert await take(one, 2) == await take(two, 2) == ["first", "zweite ✓"]
        assert await take(other, 1) == ["else"]
    await bus.publish("a", "nobody hears")
    async with bus.subscribe("a") as late:
        await bus.publish("a", "heard")
        assert await take(late, 1) == ["heard"]


async def test_slow_reader_is_told(bus):
    async with bus.subscribe("a", limit=10) as slow, bus.subscribe("a", limit=100) as quick:
        for number in range(25):
            await bus.publish("a", str(number))
        assert len(await take(quick, 25)) == 25
        found = await take(slow, 1)
        assert found[0] == OVERFLOW
        await bus.publish("a", "last")
        rest = []
        while not rest or rest[-1] != "last":
            rest += await take(slow, 1)
        assert len(rest) <= 10


async def test_tenants_channels_differ(bus):
    with tenant_scope(A):
        name = tenant_key("bell")
    async with bus.subscribe(name) as messages, bus.subscribe("bell") as others:
        await bus.publish(name, "x")
        await bus.publish("bell", "y")
        assert await take(messages, 1) == ["x"] and await take(others, 1) == ["y"]


async def test_closing_ends_the_readers():
    bus = MemoryBus()
    async with bus.subscribe("a") as messages:
        await bus.publish("a", "x")
        await bus.close()
        assert [text async for text in messages] == ["x"]


async def test_two_processes_and_a_restart(redis):
    """What two buses share goes on after Redis was away; readers learn that they may have missed something."""
    near, far = RedisBus(redis.url), RedisBus(redis.url)
    async with near.subscribe("a") as here, far.subscribe("a") as there:
        await near.publish("a", "1")
        assert await take(here, 1) == await take(there, 1) == ["1"]
        redis.stop()
        await near.publish("a", "at home only")
        assert await take(here, 1) == ["at home only"]
        redis.start()
        assert await take(there, 1) == [OVERFLOW]
        assert await take(here, 1) == [OVERFLOW]
        await far.publish("a", "2")
        assert await take(here, 1) == await take(there, 1) == ["2"]
    await near.close()
    await far.close()


async def test_subscribe_while_redis_is_away(redis):
    redis.stop()
    bus = RedisBus(redis.url)
    async with bus.subscribe("a") as messages:
        redis.start()
        assert await take(messages, 1) == [OVERFLOW]
        await bus.publish("a", "x")
        assert await take(messages, 1) == ["x"]
    await bus.close()
