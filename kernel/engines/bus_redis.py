"""The bus of several processes. Imported only where Redis is configured."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from ..base.log import get_logger
from .bus import Feeds

log = get_logger(__name__)

_PREFIX = "greenroom:"
_ALIVE = _PREFIX + "alive"
#: Seconds that a publisher waits for Redis.
_PATIENCE = 1.0


class RedisBus:
    """Between processes: one reading connection each, which comes back and subscribes again by itself."""

    def __init__(self, url: str) -> None:
        # Only TCP has it: the library refuses the word for a socket in a folder.
        alive: dict[str, Any] = {} if url.startswith("unix:") else {"socket_keepalive": True}
        self._redis: Redis = Redis.from_url(
            url, decode_responses=True, socket_connect_timeout=5, health_check_interval=10,
            # No second attempts on the quiet: the reader has to know that it was deaf for a while.
            retry=Retry(NoBackoff(), 0), **alive,
        )  # fmt: skip
        self._feeds = Feeds()
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
