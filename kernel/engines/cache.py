"""Values that may vanish at any time, and counters: page fragments, rate limits. Never the truth.

Keys of a tenant are made by `tenant_key()`. With Redis away reads find nothing, writes are dropped and
counters stay at 0 (limits fail open), with a line in the log.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from ..base.clock import now
from ..base.config import Config


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


async def open_cache(config: Config) -> Cache:
    """Redis when it is configured, else memory. Connects on first use."""
    if config.redis_url is None:
        return MemoryCache()
    from .cache_redis import RedisCache  # see bus.py

    return RedisCache(config.redis_url)
