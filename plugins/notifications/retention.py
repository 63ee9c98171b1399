"""Forgetting what is old."""

from __future__ import annotations

from datetime import timedelta

from kernel import current_tenant, execute, now, setting

from .settings import KEEP_EMAILS, KEEP_MESSAGES

_BATCH = 5000
#: Unread messages are kept this many times longer than read ones.
_UNREAD = 3
#: The record of webhooks.
KEEP_DELIVERIES = timedelta(days=30)


async def clean() -> None:
    """Delete read messages and ended e-mails whose time is over; unread messages a while later."""
    tenant, kept = current_tenant().id, timedelta(days=setting(KEEP_MESSAGES))
    while await execute(
        "DELETE FROM notifications_message WHERE id IN (SELECT id FROM notifications_message WHERE tenant_id = $1"
        " AND (read_at < $2 OR created_at < $3) LIMIT $4)",
        tenant, now() - kept, now() - kept * _UNREAD, _BATCH,
    ):  # fmt: skip
        pass
    before = now() - timedelta(days=setting(KEEP_EMAILS))
    old = (
        "SELECT id FROM notifications_email WHERE tenant_id = $1 AND state IN ('sent', 'failed', 'suppressed')"
        " AND created_at < $2 ORDER BY created_at LIMIT $3"
    )
    while True:
        await execute(
            f"DELETE FROM notifications_attachment WHERE tenant_id = $1 AND email_id IN ({old})",  # noqa: S608  constants
            tenant, before, _BATCH,
        )  # fmt: skip
        gone = f"DELETE FROM notifications_email WHERE tenant_id = $1 AND id IN ({old})"  # noqa: S608  constants
        if not await execute(gone, tenant, before, _BATCH):
            break
    # Also what still waits: its webhook has been paused all that time.
    ended = (
        "SELECT id FROM notifications_webhook_delivery WHERE tenant_id = $1 AND created_at < $2"
        " ORDER BY created_at LIMIT $3"
    )
    while True:
        await execute(
            f"DELETE FROM notifications_webhook_attempt WHERE tenant_id = $1 AND delivery_id IN ({ended})",  # noqa: S608
            tenant, now() - KEEP_DELIVERIES, _BATCH,
        )  # fmt: skip
        gone = f"DELETE FROM notifications_webhook_delivery WHERE tenant_id = $1 AND id IN ({ended})"  # noqa: S608
        if not await execute(gone, tenant, now() - KEEP_DELIVERIES, _BATCH):
            return
