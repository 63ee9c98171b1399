"""Values with an end, counters, and a Redis that is away."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from kernel.base.clock import shifted_by
from kernel.engines.cache import MemoryCache
from kernel.engines.cache_redis import RedisCache

from .test_bus import redis  # noqa: F401 - a fixture


@pytest.fixture(params=["memory", "redis"])
async def cache(request):
    made = MemoryCache() if request.param == "memory" else RedisCache(request.getfixturevalue("redis").url)
    yield made
    await made.close()


async def test_values(cache):
    assert await cache.get("a") is None
    await cache.set("a", "ä", 10)
    await cache.set("b", b"\x00\xff", 10)
    assert await cache.get("a") == "ä".encode() and await cache.get("b") == b"\x00\xff"
    await cache.set("a", "new", 10)
    await cache.delete("b")
    await cache.delete("never")
    assert await cache.get("a") == b"new" and await cache.get("b") is None


async def test_values_end(cache):
    await cache.set("a", "x", 0.05)
    await cache.set("b", "y", 10)
    assert await cache.get("a") == b"x"
    await asyncio.sleep(0.08)
    assert await cache.get("a") is None and await cache.get("b") == b"y"


async def test_counters(cache):
    assert [await cache.incr("n", 0.15) for _ in range(3)] == [1, 2, 3]
    await asyncio.sleep(0.08)
    assert await cache.incr("n", 0.15) == 4  # the window is that of the first call
    await asyncio.sleep(0.1)
    assert await cache.incr("n", 0.15) == 1
    assert sorted(await asyncio.gather(*(cache.incr("m", 10) for _ in range(20)))) == list(range(1, 21))


async def test_memory_follows_the_clock():
    cache = MemoryCache()
    await cache.set("a", "x", 60)
    with shifted_by(timedelta(seconds=61)):
        assert await cache.get("a") is None


async def test_memory_is_bounded():
    cache = MemoryCache(max_entries=3, max_bytes=1000)
    for name in "abc":
        await cache.set(name, name, 10)
    await cache.get("a")
    await cache.set("d", "d", 10)
    assert [name for name in "abcd" if await cache.get(name)] == ["a", "c", "d"]
    await cache.set("big", "x" * 995, 10)
    assert [name for name in ("a", "c", "d", "big") if await cache.get(name)] == ["d", "big"]
    await cache.set("too big", "x" * 2000, 10)
    assert await cache.get("too big") is None


async def test_redis_away_fails_open(caplog):
    cache = RedisCache("redis://127.0.0.1:1/0")
    await cache.set("a", "x", 1)
    await cache.delete("a")
    assert await cache.get("a") is None and await cache.incr("n", 1) == 0
    assert caplog.text.count("Redis is away") == 1
    await cache.close()


async def test_redis_that_does_not_answer_costs_one_wait(tmp_path):
    held = []

    async def silent(reader, writer):
        held.append(writer)
        await reader.read()

    server = await asyncio.start_unix_server(silent, tmp_path / "redis")
    cache = RedisCache(f"unix://{tmp_path / 'redis'}")
    began = time.monotonic()
    assert [await cache.incr("n", 1) for _ in range(20)] == [0] * 20
    assert time.monotonic() - began < 2
    await cache.close()
    server.close()
    for writer in held:
        writer.close()
