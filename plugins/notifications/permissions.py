"""Rights of this plugin."""

from __future__ import annotations

from kernel import N_, Permission

WEBHOOKS = "notifications.webhook.manage"
VIEW, RETRY = "notifications.emails.view", "notifications.emails.retry"

PERMISSIONS = [
    Permission(id=VIEW, label=N_("See which emails were sent and how that went")),
    Permission(id=WEBHOOKS, label=N_("Decide which other systems hear about events (webhooks)")),
    Permission(id=RETRY, label=N_("Send failed emails again")),
]
