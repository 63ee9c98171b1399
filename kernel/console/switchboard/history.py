"""What was switched, by whom and why; and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from ...auth import accounts
from ...base.context import current_tenant
from ...base.errors import NotFound
from ...base.i18n import _
from ...base.ids import parse_id
from ...base.runtime import runtime
from ...engines.connection import sql
from ...tenancy.toggles import take_back
from ...web.routing import url, url_with
from ...web.views import flash, page, see_other

_PAGE = 30


@dataclass(frozen=True, slots=True)
class Moved:
    """One switch within a change. `rule`: whether it was on for some or between dates only."""

    key: str
    label: str
    on: bool
    rule: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was switched together. `last`: nothing of it was changed since, so that it can be taken back."""

    batch_id: UUID
    moved: tuple[Moved, ...]
    who: str
    reason: str
    at: datetime
    last: bool
    undoes: bool


_CHANGES = """
WITH batches AS (
  SELECT batch_id, max(id::text) AS newest FROM kernel_switch_change
  WHERE tenant_id = $1 AND ($2 = '' OR key = $2) GROUP BY batch_id ORDER BY newest DESC LIMIT $3 OFFSET $4
)
SELECT c.batch_id, c.key, c.after->>'on' AS chosen, jsonb_typeof(c.after->'rule') = 'object' AS rule,
  c.is_on, c.actor_id, c.reason, c.changed_at, c.undoes IS NOT NULL AS undoes, EXISTS (
    SELECT FROM kernel_switch_change l WHERE l.tenant_id = c.tenant_id AND l.key = c.key AND l.id > c.id
  ) AS later
FROM batches b JOIN kernel_switch_change c ON c.batch_id = b.batch_id
WHERE c.tenant_id = $1 ORDER BY b.newest DESC, c.id
"""


async def recent(*, key: str = "", limit: int = _PAGE, offset: int = 0) -> list[Change]:
    """Changes of the tenant in scope, newest first; those of one switch when given."""
    rows = await sql(_CHANGES, current_tenant().id, key, limit, offset)
    cards = await accounts.accounts_by_ids({row.actor_id for row in rows if row.actor_id})
    title = runtime().registry.title
    batches: dict[UUID, list[Any]] = {}
    for row in rows:
        batches.setdefault(row.batch_id, []).append(row)
    return [
        Change(
            batch_id=batch_id,
            moved=tuple(
                Moved(r.key, _(title(r.key)), r.is_on if r.chosen is None else r.chosen == "true", bool(r.rule))
                for r in members
            ),
            who=cards[first.actor_id].name if first.actor_id in cards else "",
            reason=first.reason,
            at=first.changed_at,
            last=not any(r.later for r in members),
            undoes=first.undoes,
        )
        for batch_id, members in batches.items()
        for first in members[:1]
    ]  # fmt: skip


async def show_history(request: web.Request) -> web.StreamResponse:
    """Every change of this tenant's switches, newest first."""
    text = request.query.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text) else 1
    found = await recent(limit=_PAGE + 1, offset=(number - 1) * _PAGE)
    context = {
        "title": _("Plugins"),
        "changes": found[:_PAGE],
        "newer": url_with("kernel.switch_history", {}, {"page": number - 1}) if number > 1 else None,
        "older": url_with("kernel.switch_history", {}, {"page": number + 1}) if len(found) > _PAGE else None,
    }
    return await page(request, "console/switch_history.html", context)


async def undo(request: web.Request) -> web.StreamResponse:
    """Take one change back, with all that moved along."""
    batch_id = parse_id(request.match_info["batch"])
    if batch_id is None:
        raise NotFound()
    await take_back_change(batch_id)
    flash(request, _("Taken back"))
    return see_other(url("kernel.switch_history"))


async def take_back_change(batch_id: UUID) -> None:
    """Raises NotFound, and Conflict when it was changed again since."""
    rows = await sql(
        "SELECT reason FROM kernel_switch_change WHERE tenant_id = $1 AND batch_id = $2 LIMIT 1",
        current_tenant().id, batch_id,
    )  # fmt: skip
    if not rows:
        raise NotFound()
    said = rows[0].reason
    await take_back(current_tenant(), batch_id, reason=_("Taken back: {reason}").format(reason=said) if said else "")
