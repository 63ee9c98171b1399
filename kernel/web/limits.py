"""Rate limits: fixed windows counted in the cache, per tenant and client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from ..base.clock import now
from ..base.context import current_actor, tenant_key
from ..base.errors import TooMany
from ..base.i18n import ngettext
from ..base.log import get_logger
from ..base.runtime import runtime
from .visit import current_visit

log = get_logger(__name__)

#: Left in the data folder when somebody we do not trust forwards requests; the doctor asks about it.
FORWARDED: Final = "forwarded-by"


def parse_rate(text: str) -> tuple[int, int]:
    """`"20/60"` as (20, 60): twenty in sixty seconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})", text)
    if match is None:
        raise ValueError(f"a rate is <count>/<seconds>, not {text!r}")
    return int(match[1]), int(match[2])


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit: `left` of `count` in a window of `seconds`, of which `reset` are still to come."""

    name: str
    count: int
    seconds: int
    left: int
    reset: int


def quota_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers)."""
    return {
        "RateLimit-Policy": ", ".join(f'"{q.name}";q={q.count};w={q.seconds}' for q in quotas),
        "RateLimit": ", ".join(f'"{q.name}";r={q.left};t={q.reset}' for q in quotas),
    }


async def spend(request: web.Request, what: str, count: int, seconds: int, *, told_as: str = "route") -> None:
    """Note one use of `what` by this client. Raises TooMany when it had `count` in the current window.

    `told_as` names the limit in the answer's headers.
    """
    actor = current_actor()
    client = str(actor.id) if actor is not None else client_ip(request)
    await spend_for(client, what, count, seconds, told_as=told_as)


async def spend_for(client: str, what: str, count: int, seconds: int, *, told_as: str = "") -> None:
    """Like `spend`, for a client named by the caller (an e-mail address, an account)."""
    instant = int(now().timestamp())
    window = instant // seconds
    used = await runtime().cache.incr(tenant_key("rate", what, client, str(window)), seconds + 1)
    wait = (window + 1) * seconds - instant
    if told_as and (visit := current_visit()) is not None:
        visit.quotas = (*visit.quotas, Quota(told_as, count, seconds, max(0, count - used), wait))
    if used > count:
        detail = ngettext("Try again in %(n)s second.", "Try again in %(n)s seconds.", wait) % {"n": wait}
        raise TooMany(wait, detail)


def client_ip(request: web.BaseRequest) -> str:
    """Address of the client. X-Forwarded-For counts only as far as configured proxies wrote it, from the right."""
    peer = request.remote or ""
    proxies = runtime().config.trusted_proxies
    if not proxies:
        if "X-Forwarded-For" in request.headers:
            _note_forwarded(peer)
        return peer
    chain = [part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    for hop in reversed([*chain, peer]):
        try:
            address = ip_address(hop)
        except ValueError:
            return peer
        if not any(address in network for network in proxies):
            return str(address)
    return peer


_noted = False


def _note_forwarded(peer: str) -> None:
    """Say once that a proxy seems to stand before us, and that its word does not count."""
    global _noted
    if not _noted:
        _noted = True
        log.warning("%s sends X-Forwarded-For and is not in GREENROOM_TRUSTED_PROXIES: its word is not taken", peer)
        with suppress(OSError):
            (runtime().config.data_dir / FORWARDED).write_text(peer, encoding="ascii")
