"""Secrets of a session: the one-time ticket that opens its WebSocket, and credentials for the TURN server.

A ticket works once, for a minute, for one person in one room as it stands, and for an account only from the sign-in
session that got it: the address of a WebSocket ends up in logs, so what is in it must be worthless afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import one_time, setting

from .access import Seat

_PURPOSE: Final = "live.join"
TICKET_TTL: Final = timedelta(seconds=60)
_LONGEST: Final = 200


def _facts(session_id: UUID, seat: Seat) -> dict[str, Any]:
    """What must still be so when the ticket is used: a booking that moved meanwhile has another sequence."""
    return {
        "session": str(session_id), "role": seat.role.value, "who": str(seat.person.id), "sign_in": seat.person.sign_in,
        "sequence": seat.booking.ical_sequence,
    }  # fmt: skip


async def issue(session_id: UUID, seat: Seat, tab: str = "") -> str:
    """A ticket for the person of this seat to come in with one tab of a browser."""
    account_id = None if seat.person.email else seat.person.id
    data = {**_facts(session_id, seat), "tab": tab, "email": seat.person.email}
    return await one_time.issue(_PURPOSE, account_id, data=data, ttl=TICKET_TTL)


async def redeem(ticket: str) -> Mapping[str, Any] | None:
    """What the ticket says; None for one that does not work. It is used up, whether it fits or not."""
    if not ticket or len(ticket) > _LONGEST:
        return None
    found = await one_time.redeem(_PURPOSE, ticket)
    return found.data if found is not None else None


def fits(data: Mapping[str, Any], session_id: UUID, seat: Seat) -> bool:
    """Whether a redeemed ticket was made for this seat, as it is now."""
    return all(data.get(name) == value for name, value in _facts(session_id, seat).items())


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
