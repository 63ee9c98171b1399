"""Values that may vanish at any time, and counters: page fragments, rate limits. Never the truth.

Keys of a tenant are made by `tenant_key()`. With Redis away reads find nothing, writes are dropped and
counters stay at 0 (limits fail open), with a line in the log.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from ..base.clock import now
from ..base.config import Config
from ..base.log import get_logger

log = get_logger(__name__)

_PREFIX = "greenroom:"
#: Seconds to wait for Redis, and how long to do without it after it did not answer.
_PATIENCE, _PAUSE = 0.5, 2.0
# INCR and its expiry in one step: a crash in between would leave a counter that never ends.
_COUNT = """
local n = redis.call('INCRBY', KEYS[1], ARGV[2])
if n == tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n
"""


class Cache(Protocol):
    """`ttl` in seconds. `incr` starts a window of `ttl` seconds at its first call; later calls do not move it."""

    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes | str, ttl: float) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def incr(self, key: str, ttl: float, *, by: int = 1) -> int: ...

    async def close(self) -> None: ...


class MemoryCache:
    """Within one process; the least recently used entries go first. Follows the kernel's clock, as tests need."""

    def __init__(self, *, max_entries: int = 20_000, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0
        self._max_entries, self._max_bytes = max_entries, max_bytes

    async def get(self, key: str) -> bytes | None:
        found = self._live(key)
        return None if found is None else found[1]

    async def set(self, key: str, value: bytes | str, ttl: float) -> None:
        self._put(key, now().timestamp() + ttl, value.encode() if isinstance(value, str) else value)

    async def delete(self, key: str) -> None:
        self._drop(key)

    async def incr(self, key: str, ttl: float, *, by: int = 1) -> int:
        found = self._live(key)
        count = int(found[1]) + by if found else by
        self._put(key, found[0] if found else now().timestamp() + ttl, b"%d" % count)
        return count

    async def close(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def _live(self, key: str) -> tuple[float, bytes] | None:
        found = self._entries.get(key)
        if found is None:
            return None
        if found[0] <= now().timestamp():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return found

    def _put(self, key: str, until: float, value: bytes) -> None:
        self._drop(key)
        self._entries[key] = (until, value)
        self._bytes += len(key) + len(value)
        while self._entries and (len(self._entries) > self._max_entries or self._bytes > self._max_bytes):
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self._bytes -= len(key) + len(found[1])


class RedisCache:
    """Shared by all processes."""

    def __init__(self, url: str) -> None:
        # A cache that answers late is worse than none; once more only for a connection that went in the meantime.
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )  # fmt: skip
        self._complained = float("-inf")
        self._away_until = float("-inf")

    async def get(self, key: str) -> bytes | None:
        found: Any = await self._try(lambda: self._redis.get(_PREFIX + key), None)
        return found if found is None or isinstance(found, bytes) else bytes(found)

    async def set(self, key: str, value: bytes | str, ttl: float) -> None:
        await self._try(lambda: self._redis.set(_PREFIX + key, value, px=max(1, round(ttl * 1000))), None)

    async def delete(self, key: str) -> None:
        await self._try(lambda: self._redis.delete(_PREFIX + key), 0)

    async def incr(self, key: str, ttl: float, *, by: int = 1) -> int:
        window = str(max(1, round(ttl * 1000)))
        found: Any = await self._try(lambda: self._redis.eval(_COUNT, 1, _PREFIX + key, window, str(by)), 0)
        return int(found)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _try(self, work: Callable[[], Awaitable[Any]], otherwise: Any) -> Any:
        # While it is away one request in a while finds out whether it is back; the others do not wait for it.
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return await work()
        except (RedisError, OSError, TimeoutError) as exc:
            self._away_until = time.monotonic() + _PAUSE
            if time.monotonic() - self._complained > 10:
                self._complained = time.monotonic()
                log.warning("Redis is away (%s): nothing is cached and rate limits are open", exc)
            return otherwise


async def open_cache(config: Config) -> Cache:
    """Redis when it is configured, else memory. Connects on first use."""
    return RedisCache(config.redis_url) if config.redis_url else MemoryCache()
