"""Slows guessing down: waits that grow per (account, address). Never a hard lock, which would lock people out."""

from __future__ import annotations

import hashlib

from ..base import errors
from ..base.clock import now
from ..base.context import tenant_key
from ..base.i18n import ngettext
from ..base.runtime import runtime

#: Attempts that are never slowed down, per account and address.
FREE = 5
_FIRST_WAIT, _LONGEST_WAIT = 4, 900
_MEMORY = 3600
#: One address failing on many accounts: this many in ten minutes, then one attempt every few seconds.
_FREE_TOKENS = 30
_FREE_PER_ADDRESS, _ADDRESS_WINDOW, _ADDRESS_WAIT = 100, 600, 5


def _key(kind: str, *parts: str) -> str:
    return tenant_key("throttle", kind, hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32])


async def admit(email: str, ip: str) -> None:
    """Count one attempt. Raises TooMany while the caller has to wait; a refused attempt does not lengthen the wait.

    The first attempt in each wait is let through by an atomic counter, so parallel guesses gain nothing.
    """
    cache = runtime().cache
    if int(await cache.get(_key("ip", ip)) or 0) > _FREE_PER_ADDRESS:
        await _one_per(_key("ip-gate", ip), _ADDRESS_WAIT)
    if await cache.incr(_key("n", email, ip), _MEMORY) <= FREE:
        return
    level = int(await cache.get(_key("level", email, ip)) or 0)
    await _one_per(_key("gate", email, ip), min(_FIRST_WAIT * 2**level, _LONGEST_WAIT))
    await cache.incr(_key("level", email, ip), _MEMORY)


async def _one_per(key: str, wait: int) -> None:
    cache = runtime().cache
    if await cache.incr(key, wait) <= 1:  # 0 while the counters are away: then nobody waits
        await cache.set(f"{key}:until", str(int(now().timestamp()) + wait), wait)
        return
    until = int(await cache.get(f"{key}:until") or 0)
    left = max(1, min(wait, until - int(now().timestamp()))) if until else wait
    raise errors.TooMany(
        left,
        ngettext(
            "Too many attempts. Try again in {n} second.", "Too many attempts. Try again in {n} seconds.", left
        ).format(n=left),
    )


async def refused_token(ip: str) -> None:
    """A token that does not count came from this address. Raises TooMany when that happened too often."""
    count = await runtime().cache.incr(_key("token", ip), _ADDRESS_WINDOW)
    if count > _FREE_TOKENS:
        raise errors.TooMany(_ADDRESS_WAIT)


async def failed(ip: str) -> None:
    """A wrong password came from this address, whoever's it was."""
    await runtime().cache.incr(_key("ip", ip), _ADDRESS_WINDOW)


async def succeeded(email: str, ip: str) -> None:
    """The right password came: forget the account's failed attempts from this address."""
    cache = runtime().cache
    for kind in ("n", "level", "gate"):
        await cache.delete(_key(kind, email, ip))
