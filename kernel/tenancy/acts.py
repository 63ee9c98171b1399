"""The operator's own log: who did what to the platform or to a tenant. It outlives the tenants."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import datetime

from ..base.clock import now
from ..base.ids import new_id
from ..engines.connection import execute, sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line. `before` and `after` are texts for people, secrets masked."""

    at: datetime
    action: str
    subject: str
    tenant_slug: str
    by: str
    reason: str
    before: str
    after: str


def operator_name() -> str:
    """Whoever runs the command, by the machine's own account."""
    try:
        return getpass.getuser()[:120]
    except (OSError, KeyError, ImportError):  # a container without an entry for its user
        return "operator"


async def note(
    action: str, subject: str, *, tenant_slug: str = "", reason: str = "", before: str = "", after: str = ""
) -> None:
    """Add a line; joins the open unit of work."""
    await execute(
        "INSERT INTO kernel_operator_act (id, at, action, subject, tenant_slug, by, reason, before, after)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new_id(), now(), action, subject[:120], tenant_slug, operator_name(), reason[:500], before[:4000], after[:4000],
    )  # fmt: skip


async def acts_on(subject: str, *, limit: int = 50) -> list[Act]:
    """Lines about one thing, newest first."""
    rows = await sql(
        "SELECT at, action, subject, tenant_slug, by, reason, before, after FROM kernel_operator_act"
        " WHERE subject = $1 ORDER BY at DESC, id DESC LIMIT $2",
        subject, limit,
    )  # fmt: skip
    return [
        Act(
            at=r.at, action=r.action, subject=r.subject, tenant_slug=r.tenant_slug, by=r.by, reason=r.reason,
            before=r.before, after=r.after,
        )
        for r in rows
    ]  # fmt: skip
