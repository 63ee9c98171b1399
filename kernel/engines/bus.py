"""Short messages between the parts and processes of one Greenroom: the bell, live updates.

Delivered at most once and never stored: who misses one must be able to look at the database. One process
needs nothing (MemoryBus); several share Redis (RedisBus).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from ..base.config import Config
from ..base.log import get_logger

log = get_logger(__name__)

#: Comes in place of messages that were lost, because the reader was too slow or Redis away: read anew.
OVERFLOW: Final = "\x00overflow"

_PREFIX = "greenroom:"
_ALIVE = _PREFIX + "alive"
#: Seconds that a publisher waits for Redis.
_PATIENCE = 1.0


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


class _Feeds:
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
        self._feeds = _Feeds()

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


class RedisBus:
    """Between processes: one reading connection each, which comes back and subscribes again by itself."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, decode_responses=True, socket_connect_timeout=5, socket_keepalive=True, health_check_interval=10,
            # No second attempts on the quiet: the reader has to know that it was deaf for a while.
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        self._feeds = _Feeds()
        self._pubsub: Any = None
        self._confirmed: dict[str, asyncio.Event] = {}
        self._reader: asyncio.Task[None] | None = None
        self._well = True

    async def publish(self, channel: str, payload: str) -> None:
        """Tell every process; with Redis away at least our own."""
        try:
            async with asyncio.timeout(_PATIENCE):
                try:
                    await self._redis.publish(_PREFIX + channel, payload)
                except RedisConnectionError:  # a connection that went while it lay idle
                    await self._redis.publish(_PREFIX + channel, payload)
        except (RedisError, OSError, TimeoutError) as exc:
            log.warning("a message on %s reached this process only: Redis is away (%s)", channel, exc)
            self._feeds.deliver(channel, payload)

    @asynccontextmanager
    async def subscribe(self, channel: str, *, limit: int = 100) -> AsyncIterator[AsyncIterator[str]]:
        feed = self._feeds.add(channel, limit)
        try:
            if self._reader is None:
                self._reader = asyncio.get_running_loop().create_task(self._read(), name="redis bus")
            confirmed = self._confirmed.setdefault(channel, asyncio.Event())
            if not confirmed.is_set():
                await self._ask("subscribe", channel)
                # With Redis away we go on: OVERFLOW comes once it is back.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(confirmed.wait(), 1)
            yield feed
        finally:
            if self._feeds.remove(channel, feed):
                self._confirmed.pop(channel, None)
                await self._ask("unsubscribe", channel)
                if channel in self._feeds.by_channel:  # someone came while we were leaving
                    await self._ask("subscribe", channel)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
            self._reader = None
        self._feeds.close()
        await self._redis.aclose()

    async def _ask(self, verb: str, channel: str) -> None:
        pubsub = self._pubsub
        if pubsub is not None:  # else the reader subscribes to everything when it connects
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await getattr(pubsub, verb)(_PREFIX + channel)

    async def _read(self) -> None:
        """Connect, subscribe to all, pass on; again after a failure, with growing pauses."""
        pause = 0.05
        while True:
            pubsub: Any = self._redis.pubsub()
            try:
                await pubsub.subscribe(_ALIVE)
                self._pubsub = pubsub  # from here on subscribers ask for themselves; those before are ours to ask for
                if self._feeds.by_channel:
                    await pubsub.subscribe(*(_PREFIX + channel for channel in self._feeds.by_channel))
                while True:
                    # The time limit lets the health check notice a connection that died without a word.
                    message = await pubsub.get_message(timeout=5)
                    if message is not None:
                        pause = 0.05
                        self._take(message)
            except (RedisError, OSError, TimeoutError) as exc:
                if self._well:
                    log.warning("Redis is away (%s); live updates between processes wait for it", exc)
                self._well = False
                self._pubsub = None
                for confirmed in self._confirmed.values():
                    confirmed.clear()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
            finally:
                self._pubsub = None
                with contextlib.suppress(Exception):
                    await pubsub.aclose()

    def _take(self, message: dict[str, Any]) -> None:
        channel = str(message["channel"]).removeprefix(_PREFIX)
        if message["type"] == "message":
            self._feeds.deliver(channel, message["data"])
        elif message["type"] == "subscribe":
            if message["channel"] == _ALIVE and not self._well:
                log.warning("Redis is back")
                self._well = True
                self._feeds.missed()
            if channel in self._confirmed:
                self._confirmed[channel].set()


async def open_bus(config: Config) -> Bus:
    """Redis when it is configured, else memory. Connects on first use."""
    return RedisBus(config.redis_url) if config.redis_url else MemoryBus()
