"""The cache of several processes. Imported only where Redis is configured."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

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
