"""Rate limits: fixed windows counted in the cache, per tenant and client."""

from __future__ import annotations

import re
from ipaddress import ip_address

from aiohttp import web

from ..base.clock import now
from ..base.context import current_actor, tenant_key
from ..base.errors import TooMany
from ..base.i18n import ngettext
from ..base.log import get_logger
from ..base.runtime import runtime

log = get_logger(__name__)


def parse_rate(text: str) -> tuple[int, int]:
    """`"20/60"` as (20, 60): twenty in sixty seconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})", text)
    if match is None:
        raise ValueError(f"a rate is <count>/<seconds>, not {text!r}")
    return int(match[1]), int(match[2])


async def spend(request: web.Request, what: str, count: int, seconds: int) -> None:
    """Note one use of `what` by this client. Raises TooMany when it had `count` in the current window."""
    actor = current_actor()
    client = str(actor.id) if actor is not None else client_ip(request)
    await spend_for(client, what, count, seconds)


async def spend_for(client: str, what: str, count: int, seconds: int) -> None:
    """Like `spend`, for a client named by the caller (an e-mail address, an account)."""
    instant = int(now().timestamp())
    window = instant // seconds
    used = await runtime().cache.incr(tenant_key("rate", what, client, str(window)), seconds + 1)
    if used > count:
        wait = (window + 1) * seconds - instant
        detail = ngettext("Try again in %(n)s second.", "Try again in %(n)s seconds.", wait) % {"n": wait}
        raise TooMany(wait, detail)


def client_ip(request: web.BaseRequest) -> str:
    """Address of the client. X-Forwarded-For counts only as far as configured proxies wrote it, from the right."""
    peer = request.remote or ""
    proxies = runtime().config.trusted_proxies
    if not proxies:
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
