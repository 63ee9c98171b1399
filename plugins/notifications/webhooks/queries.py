"""Reading: how webhooks are doing, and their record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import Q
from yarl import URL

from kernel import N_, current_tenant, ngettext, now, sql
from kernel import gettext as _

from ..models import Webhook, WebhookAttempt, WebhookDelivery
from . import sending

#: State -> (word, tone of its badge).
STATES: Final = {"active": (N_("Active"), "ok"), "paused": (N_("Paused"), "warn"), "disabled": (N_("Disabled"), "bad")}
OUTCOMES: Final = {
    "waiting": (N_("Waiting"), "info"),
    "delivered": (N_("Delivered"), "ok"),
    "failed": (N_("Failed"), "bad"),
}
RECENT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a webhook does. `tried` and `delivered` count deliveries of the last 24 hours, tests left out."""

    webhook: Webhook
    tried: int
    delivered: int
    waiting: int
    failed: int
    last_at: datetime | None
    last_state: str
    last_status: int | None

    @property
    def rate(self) -> int | None:
        """Percent that arrived, never rounded up to all; None when nothing was sent."""
        return 100 * self.delivered // self.tried if self.tried else None


_HEALTH = """
SELECT w.id, s.tried, s.delivered, s.waiting, s.failed, l.created_at AS last_at, l.state AS last_state,
       l.status AS last_status
FROM notifications_webhook w
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE created_at >= $2 AND attempts > 0 AND NOT test) AS tried,
         count(*) FILTER (WHERE created_at >= $2 AND state = 'delivered' AND NOT test) AS delivered,
         count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'failed') AS failed
  FROM notifications_webhook_delivery d WHERE d.tenant_id = $1 AND d.webhook_id = w.id) s
LEFT JOIN LATERAL (
  SELECT created_at, state, status FROM notifications_webhook_delivery d
  WHERE d.tenant_id = $1 AND d.webhook_id = w.id ORDER BY created_at DESC, id DESC LIMIT 1) l ON true
WHERE w.tenant_id = $1 AND ($3::uuid IS NULL OR w.id = $3) ORDER BY w.created_at, w.id"""


async def health(only: UUID | None = None) -> list[Health]:
    """All webhooks with their numbers, oldest first, or one."""
    rows = await sql(_HEALTH, current_tenant().id, now() - RECENT, only)
    hooks = {hook.id: hook for hook in await Webhook.filter(id__in=[row.id for row in rows])}
    return [
        Health(
            webhook=hooks[row.id], tried=row.tried, delivered=row.delivered, waiting=row.waiting, failed=row.failed,
            last_at=row.last_at, last_state=row.last_state or "", last_status=row.last_status,
        )
        for row in rows
        if row.id in hooks
    ]  # fmt: skip


async def log(
    webhook_id: UUID, *, state: str = "", event: str = "", after: Any = None, size: int = 25
) -> tuple[Sequence[WebhookDelivery], list[str] | None]:
    """Some of the record, newest first, and where the next page goes on. Raises ValueError for an odd `after`."""
    rows = WebhookDelivery.filter(webhook_id=webhook_id)
    if state:
        rows = rows.filter(state=state)
    if event:
        rows = rows.filter(event=event)
    if after is not None:
        at, id = datetime.fromisoformat(after[0]), UUID(after[1])
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=id))
    found = await rows.order_by("-created_at", "-id").limit(size + 1)
    if len(found) <= size:
        return found, None
    last = found[size - 1]
    return found[:size], [last.created_at.isoformat(), str(last.id)]


async def events_of(webhook_id: UUID) -> list[str]:
    """Names of the events on record: for the filter."""
    rows = await sql(
        "SELECT DISTINCT event FROM notifications_webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2"
        " ORDER BY event",
        current_tenant().id, webhook_id,
    )  # fmt: skip
    return [row.event for row in rows]


async def attempts(row: WebhookDelivery) -> list[WebhookAttempt]:
    """Every request of a delivery, newest first."""
    return await WebhookAttempt.filter(delivery_id=row.id).order_by("-at", "-id").limit(200)


async def body(row: WebhookDelivery) -> str | None:
    """What is sent, laid out to be read; None when its event is no longer kept."""
    sent = await sending.body(row)
    return None if sent is None else json.dumps(json.loads(sent), ensure_ascii=False, indent=2)


def host(hook: Webhook) -> str:
    """The address in short: the path may hold a secret."""
    return URL(hook.url).host or hook.url


def again_words(count: int) -> str:
    """What came of sending failed deliveries again."""
    if not count:
        return _("Nothing failed in that time.")
    return ngettext("{n} delivery is sent again", "{n} deliveries are sent again", count).format(n=count)


def state(hook: Webhook) -> tuple[str, str]:
    """Word and tone of how a webhook stands."""
    if hook.state == "active" and hook.failures >= sending.TOLERATED:
        return _("Failing"), "bad"
    word, tone = STATES.get(hook.state, (hook.state, ""))
    return _(word), tone
