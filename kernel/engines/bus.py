"""Short messages between the parts and processes of one Greenroom: the bell, live updates.

Delivered at most once and never stored: who misses one must be able to look at the database. One process
needs nothing (MemoryBus); several share Redis (bus_redis.py).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from ..base.config import Config

#: Comes in place of messages that were lost, because the reader was too slow or Redis away: read anew.
OVERFLOW: Final = "\x00overflow"


class Bus(Protocol):
    """`async with bus.subscribe("x") as messages: async for text in messages: ...`

    A message sent after `subscribe` was entered arrives. A reader that falls `limit` messages behind gets
    OVERFLOW instead of what it missed.
    """

    async def publish(self, channel: str, payload: str) -> None: ...

    def subscribe(self, channel: str, *, limit: int = 100) -> AbstractAsyncContextManager[AsyncIterator[str]]: ...

    async def close(self) -> None: ...


class _Feed:
    """The bounded queue of one subscriber."""

    __slots__ = ("_arrived", "_closed", "_limit", "_waiting")

    def __init__(self, limit: int) -> None:
        self._waiting: deque[str] = deque()
        self._arrived = asyncio.Event()
        self._limit = limit
        self._closed = False

    def offer(self, payload: str) -> None:
        if payload == OVERFLOW or len(self._waiting) >= self._limit:
            self._waiting.clear()
            payload = OVERFLOW
        self._waiting.append(payload)
        self._arrived.set()

    def close(self) -> None:
        self._closed = True
        self._arrived.set()

    def __aiter__(self) -> _Feed:
        return self

    async def __anext__(self) -> str:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()


class Feeds:
    """Subscribers by channel."""

    def __init__(self) -> None:
        self.by_channel: dict[str, set[_Feed]] = {}

    def add(self, channel: str, limit: int) -> _Feed:
        feed = _Feed(limit)
        self.by_channel.setdefault(channel, set()).add(feed)
        return feed

    def remove(self, channel: str, feed: _Feed) -> bool:
        """True when nobody listens to the channel any more."""
        feeds = self.by_channel.get(channel, set())
        feeds.discard(feed)
        if not feeds:
            self.by_channel.pop(channel, None)
        return not feeds

    def deliver(self, channel: str, payload: str) -> None:
        for feed in self.by_channel.get(channel, ()):
            feed.offer(payload)

    def missed(self) -> None:
        for channel in self.by_channel:
            self.deliver(channel, OVERFLOW)

    def close(self) -> None:
        for feeds in self.by_channel.values():
            for feed in feeds:
                feed.close()


class MemoryBus:
    """Within one process."""

    def __init__(self) -> None:
        self._feeds = Feeds()

    async def publish(self, channel: str, payload: str) -> None:
        self._feeds.deliver(channel, payload)

    @asynccontextmanager
    async def subscribe(self, channel: str, *, limit: int = 100) -> AsyncIterator[AsyncIterator[str]]:
        feed = self._feeds.add(channel, limit)
        try:
            yield feed
        finally:
            self._feeds.remove(channel, feed)

    async def close(self) -> None:
        self._feeds.close()


async def open_bus(config: Config) -> Bus:
    """Redis when it is configured, else memory. Connects on first use."""
    if config.redis_url is None:
        return MemoryBus()
    from .bus_redis import RedisBus  # its library costs a second and 20 MB

    return RedisBus(config.redis_url)
