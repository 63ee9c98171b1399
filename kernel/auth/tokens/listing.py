"""Tokens as pages show them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ...base.clock import now
from ...base.context import Actor, current_tenant
from ...engines.connection import sql
from ...engines.models import get_or_404
from ..models import ApiToken


@dataclass(frozen=True, slots=True)
class Card:
    """A token as lists show it. `calls` since it was made; `state`: live, replaced, expired or revoked."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    role: str | None
    owner_id: UUID
    owner: str
    owner_email: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_ip: str
    revoked_at: datetime | None
    replaced_by_id: UUID | None
    ips: tuple[str, ...]
    per_minute: int | None
    calls: int

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now():
            return "expired"
        return "replaced" if self.replaced_by_id is not None else "live"

    @property
    def ends_soon(self) -> bool:
        return self.state == "live" and self.expires_at is not None and self.expires_at - now() < timedelta(days=14)


async def own_token(actor: Actor, id: str) -> ApiToken:
    """One of the actor's own tokens. NotFound for anybody else's."""
    return await get_or_404(ApiToken, id, account_id=actor.id, role=None)


async def any_token(id: str) -> ApiToken:
    """A token of the tenant, for whoever manages them."""
    return await get_or_404(ApiToken, id)


_CARDS = """
SELECT t.id, t.name, t.prefix, t.scopes, t.role, t.account_id, a.name AS owner, a.email AS owner_email, t.created_at,
  t.expires_at, t.last_used_at, t.last_ip, t.revoked_at, t.replaced_by_id, t.ips, t.per_minute,
  coalesce((SELECT sum(c.count) FROM kernel_api_call c
    WHERE c.tenant_id = t.tenant_id AND c.token_id = t.id), 0)::bigint AS calls
FROM kernel_api_token t JOIN kernel_account a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
WHERE t.tenant_id = $1 AND ($2::uuid IS NULL OR t.account_id = $2) AND ($3::bool IS NULL OR (t.role IS NOT NULL) = $3)
  AND ($4::uuid IS NULL OR t.id = $4)
ORDER BY (t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $5)) DESC, t.created_at DESC, t.id DESC
LIMIT 200
"""


async def cards(
    *, account_id: UUID | None = None, service: bool | None = None, token_id: UUID | None = None
) -> list[Card]:
    """Tokens of the tenant: an account's, the service ones or the personal ones; those that work come first."""
    rows = await sql(_CARDS, current_tenant().id, account_id, service, token_id, now())
    out = []
    for row in rows:
        values = list(row)
        values[3] = tuple(json.loads(values[3]) if isinstance(values[3], str) else values[3])
        values[14] = tuple(values[14].split())
        out.append(Card(*values))
    return out
