"""Secrets that work once: mailed links, invitations, challenges."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from ..base.clock import now
from ..base.context import current_tenant
from ..engines.connection import execute, sql_one
from .models import OneTimeToken


def digest(token: str) -> str:
    """What is stored of a random secret. A fast hash is right: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


async def issue(purpose: str, account_id: UUID | None, *, data: Mapping[str, Any] | None = None, ttl: timedelta) -> str:
    """A fresh token for `purpose` (`<plugin>.<what>`), valid for `ttl`. Joins the open transaction."""
    token = secrets.token_urlsafe(32)
    await OneTimeToken.create(
        purpose=purpose,
        account_id=account_id,
        token_hash=digest(token),
        data=dict(data or {}),
        expires_at=now() + ttl,
    )
    return token


async def peek(purpose: str, token: str) -> OneTimeToken | None:
    """The token if it would still work; it stays usable (for the page that asks before it acts)."""
    return await OneTimeToken.filter(
        purpose=purpose, token_hash=digest(token), used_at=None, expires_at__gt=now()
    ).first()


async def redeem(purpose: str, token: str) -> OneTimeToken | None:
    """Use the token up. Of several simultaneous calls exactly one gets it; None when it does not work."""
    row = await sql_one(
        "UPDATE kernel_one_time_token SET used_at = $1 WHERE tenant_id = $2 AND token_hash = $3 AND purpose = $4"
        " AND used_at IS NULL AND expires_at > $1 RETURNING id",
        now(),
        current_tenant().id,
        digest(token),
        purpose,
    )
    return None if row is None else await OneTimeToken.get(id=row.id)


async def withdraw(purpose: str, account_id: UUID) -> int:
    """Make every unused token of this purpose and account useless (a newer one was mailed, the password changed)."""
    return await execute(
        "UPDATE kernel_one_time_token SET used_at = $1 WHERE tenant_id = $2 AND purpose = $3 AND account_id = $4"
        " AND used_at IS NULL",
        now(),
        current_tenant().id,
        purpose,
        account_id,
    )
