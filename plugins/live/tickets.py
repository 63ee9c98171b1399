"""Secrets of a session: the one-time ticket that opens its WebSocket, and credentials for the TURN server.

A ticket works once, for a minute, for one account in one room, and only from the sign-in session that got it:
the address of a WebSocket ends up in logs, so what is in it must be worthless afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import Actor, one_time, setting

_PURPOSE: Final = "live.join"
TICKET_TTL: Final = timedelta(seconds=60)
_LONGEST: Final = 200


async def issue(session_id: UUID, role: str, actor: Actor) -> str:
    """A ticket for `actor` to enter as `role`."""
    data = {"session": str(session_id), "role": role, "sign_in": str(actor.session_id)}
    return await one_time.issue(_PURPOSE, actor.id, data=data, ttl=TICKET_TTL)


async def redeem(ticket: str, session_id: UUID, role: str, actor: Actor) -> bool:
    """Whether the ticket opens this room for this actor. It is used up either way."""
    if not ticket or len(ticket) > _LONGEST:
        return False
    found = await one_time.redeem(_PURPOSE, ticket)
    if found is None or found.account_id != actor.id:
        return False
    return bool(found.data == {"session": str(session_id), "role": role, "sign_in": str(actor.session_id)})


def turn_credentials(secret: str, user: str, expires_at: datetime) -> tuple[str, str]:
    """User name and password by the shared-secret scheme of TURN servers (HMAC-SHA1 is what they check)."""
    name = f"{int(expires_at.timestamp())}:{user}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode()


def ice_servers(user: str, until: datetime) -> list[dict[str, Any]]:
    """What the browsers of a session get to find a way to each other; valid up to an hour after `until`."""
    servers: list[dict[str, Any]] = []
    if urls := list(setting("live.stun_urls")):
        servers.append({"urls": urls})
    urls, secret = list(setting("live.turn_urls")), setting("live.turn_secret")
    if urls and secret:
        name, password = turn_credentials(secret, user, until + timedelta(hours=1))
        servers.append({"urls": urls, "username": name, "credential": password})
    return servers
