"""What the kernel holds about a person: export and erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ..base.i18n import N_, _
from . import accounts, sessions
from .models import Account, ApiToken, Session, as_instant


async def export(account_id: UUID) -> dict[str, Any]:
    """The account and its sign-ins, ready for JSON."""
    row = await Account.get_or_none(id=account_id)
    if row is None:
        return {}
    held = {
        "email": row.email,
        "name": row.name,
        "state": row.state,
        "language": row.locale,
        "time zone": row.zone,
        "created": as_instant(row.created_at),
        "confirmed": as_instant(row.verified_at),
        "last seen": as_instant(row.last_seen_at),
        "roles": sorted(await accounts.roles_of(account_id)),
    }
    history = await Session.filter(account_id=account_id).order_by("-created_at").limit(1000)
    signed_in = [
        {
            "device": sessions.device_name(s.user_agent),
            "from": as_instant(s.created_at),
            "last used": as_instant(s.last_seen_at),
            "ended": as_instant(s.ended_at),
        }
        for s in history
    ]
    tokens = [
        {
            "name": t.name,
            "begins with": t.prefix,
            "scopes": t.scopes,
            "created": as_instant(t.created_at),
            "last used": as_instant(t.last_used_at),
            "ends": as_instant(t.revoked_at or t.expires_at),
        }
        for t in await ApiToken.filter(account_id=account_id).order_by("-created_at").limit(1000)
    ]
    return {"account": held, "sessions": signed_in, "api tokens": tokens}


async def erase(account_id: UUID) -> list[str]:
    """Forget the person; the row itself stays, nameless, because what others hold points to it."""
    await accounts.erase(account_id)
    return [_(N_("An account number without name or address, because records kept by law refer to it."))]
