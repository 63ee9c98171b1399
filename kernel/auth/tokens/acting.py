"""From a token to the actor that it stands for. The database is asked each time, so that an end counts at once."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from uuid import UUID

from ...base.clock import now
from ...base.context import Actor, current_tenant
from ...engines.connection import sql_one
from ..one_time import digest
from ..permissions import OWNER, permissions_of
from .scopes import narrowed
from .secret import well_formed

#: Whoever may use tokens of their own. Without it a person's tokens rest.
OWN = "kernel.tokens.own"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that counts, and what its request is still to be held against."""

    token_id: UUID
    actor: Actor
    ips: tuple[str, ...]
    per_minute: int | None

    def admits(self, ip: str) -> bool:
        """Whether it may be used from this address."""
        if not self.ips:
            return True
        try:
            address = ip_address(ip)
        except ValueError:
            return False
        if (mapped := getattr(address, "ipv4_mapped", None)) is not None:
            address = mapped
        return any(address in ip_network(network) for network in self.ips)


_LOAD = """
SELECT t.id AS token_id, t.token_hash, t.name AS token_name, t.prefix, t.scopes, t.role, t.ips, t.per_minute,
  a.id, a.email, a.name, a.locale, a.zone, a.picture_id,
  ARRAY(SELECT g.role FROM kernel_grant g WHERE g.tenant_id = a.tenant_id AND g.account_id = a.id
    AND (g.until IS NULL OR g.until > $3)) AS roles
FROM kernel_api_token t JOIN kernel_account a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
WHERE t.tenant_id = $1 AND t.token_hash = $2 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $3)
  AND a.state = CASE WHEN t.role IS NULL THEN 'active' ELSE 'service' END
"""


async def load(token: str, *, safe: bool) -> Bearer | None:
    """Who a token stands for, in one query; None when it is unknown, over, revoked, or its owner is not active.

    `safe`: the request only reads.
    """
    if not well_formed(token):
        return None
    hashed = digest(token)
    row = await sql_one(_LOAD, current_tenant().id, hashed, now())
    if row is None or not hmac.compare_digest(row.token_hash, hashed):
        return None
    roles = frozenset((row.role,) if row.role is not None else row.roles)
    held = await permissions_of(roles)
    if row.role is None and OWN not in held:
        return None
    scopes = frozenset(json.loads(row.scopes) if isinstance(row.scopes, str) else row.scopes)
    actor = Actor(
        id=row.id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        zone=row.zone,
        # Owners are asked by role in a few places; a token is only ever as strong as its scopes.
        roles=roles - {OWNER},
        permissions=narrowed(held, scopes, safe=safe),
        picture_id=row.picture_id,
        token_id=row.token_id,
        scopes=scopes,
        via=f"{row.prefix}… {row.token_name}",
    )
    return Bearer(row.token_id, actor, tuple(row.ips.split()), row.per_minute)
