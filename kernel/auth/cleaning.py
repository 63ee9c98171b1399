"""Keeps the auth tables small: rows that can never count again."""

from __future__ import annotations

from datetime import timedelta

from ..base.clock import now
from ..base.context import current_tenant
from ..engines.connection import execute

#: Ended sessions stay for a while, so that "new device" and an inquiry can look back.
KEEP_SESSIONS = timedelta(days=60)
KEEP_TOKENS = timedelta(days=7)


async def clean_auth() -> None:
    """Delete long-ended sessions and long-expired one-time tokens of the tenant in scope."""
    tenant_id = current_tenant().id
    await execute(
        "DELETE FROM kernel_session WHERE tenant_id = $1 AND least(ended_at, expires_at) < $2",
        tenant_id,
        now() - KEEP_SESSIONS,
    )
    await execute(
        "DELETE FROM kernel_one_time_token WHERE tenant_id = $1 AND expires_at < $2", tenant_id, now() - KEEP_TOKENS
    )
    await execute(
        "DELETE FROM kernel_api_token WHERE tenant_id = $1 AND least(revoked_at, expires_at) < $2",
        tenant_id,
        now() - KEEP_SESSIONS,
    )
    await execute("DELETE FROM kernel_grant WHERE tenant_id = $1 AND until < $2", tenant_id, now() - KEEP_SESSIONS)
