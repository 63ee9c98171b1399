"""What tokens were used for: gathered in the process, written once a second, one row per route and status."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network
from uuid import UUID

from ...base.clock import now
from ...base.context import TenantRef, current_tenant, tenant_scope
from ...base.ids import new_id
from ...base.log import get_logger
from ...engines.connection import execute
from ..models import ApiCall

log = get_logger(__name__)

_EVERY = 1.0


@dataclass(slots=True)
class _Count:
    n: int
    at: datetime
    ip: str


@dataclass(slots=True)
class _Pending:
    counts: dict[tuple[TenantRef, UUID, str, int], _Count] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


_pending = _Pending()


def coarse(ip: str) -> str:
    """An address as we keep it: its network, which tells a data centre from a home without naming one."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def note(token_id: UUID, route: str, status: int, ip: str) -> None:
    """One call was made with this token."""
    key = (current_tenant(), token_id, route[:120], status)
    known = _pending.counts.get(key)
    _pending.counts[key] = _Count((known.n if known else 0) + 1, now(), coarse(ip))
    if _pending.task is None or _pending.task.done():
        _pending.task = asyncio.get_running_loop().create_task(_later())


async def _later() -> None:
    await asyncio.sleep(_EVERY)
    await flush()


async def flush() -> None:
    """Write what was gathered. A failure costs counts, never a request."""
    counts, _pending.counts = _pending.counts, {}
    for (tenant, token_id, route, status), seen in counts.items():
        with tenant_scope(tenant):
            try:
                await _write(token_id, route, status, seen)
            except Exception:
                log.exception("calls of an API token could not be counted")


async def _write(token_id: UUID, route: str, status: int, seen: _Count) -> None:
    tenant_id = current_tenant().id
    # Joined to the token, which may have been deleted with its person in the meantime.
    await execute(
        "INSERT INTO kernel_api_call AS c (id, tenant_id, token_id, route, status, count, last_at, last_ip)"
        " SELECT $1, $2, t.id, $4, $5, $6, $7, $8 FROM kernel_api_token t WHERE t.tenant_id = $2 AND t.id = $3"
        " ON CONFLICT (tenant_id, token_id, route, status) DO UPDATE SET count = c.count + excluded.count,"
        " last_at = greatest(c.last_at, excluded.last_at), last_ip = excluded.last_ip",
        new_id(), tenant_id, token_id, route, status, seen.n, seen.at, seen.ip,
    )  # fmt: skip
    await execute(
        "UPDATE kernel_api_token SET last_used_at = $3, last_ip = $4 WHERE tenant_id = $1 AND id = $2"
        " AND (last_used_at IS NULL OR last_used_at < $3)",
        tenant_id, token_id, seen.at, seen.ip,
    )  # fmt: skip


async def calls_of(token_id: UUID, limit: int = 50) -> list[ApiCall]:
    """What a token was used for, the latest first."""
    return await ApiCall.filter(token_id=token_id).order_by("-last_at", "-id").limit(limit)
