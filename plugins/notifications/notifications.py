"""Messages of this plugin's own."""

from __future__ import annotations

from uuid import UUID

from yarl import URL

from kernel import N_, Notice, NotificationType, url

WEBHOOK = "notifications.webhook_failing"
TEST, REFUSED = "notifications.test", "notifications.address_refused"

NOTIFICATION_TYPES = [
    NotificationType(id=TEST, label=N_("Test messages that I send to myself")),
    NotificationType(id=WEBHOOK, label=N_("A webhook of this site keeps failing"), critical=True),
    NotificationType(id=REFUSED, label=N_("My email address stops working"), channels=("inapp",), critical=True),
]


def test_notice(account_id: UUID, nonce: str, *, name: str) -> Notice:
    """What an admin sends to see whether mail arrives."""
    return Notice(
        key=f"notifications.test:{nonce}",
        account_id=account_id,
        subject=N_("This is a test message"),
        body=N_("Hello {name},\n\nmessages from this site reach you. There is nothing to do."),
        params={"name": name},
        action_label=N_("Open notifications"),
        action_url=url("notifications.list"),
    )


def refused_notice(account_id: UUID, email_id: UUID, *, address: str) -> Notice:
    """In the app, since mail does not reach them."""
    return Notice(
        key=f"notifications.address_refused:{email_id}",
        account_id=account_id,
        subject=N_("Your email address does not take our mail"),
        body=N_(
            "The mail server of {address} turned our last message away for good. We stop writing there, except about"
            " your account itself.\n\nIf your mailbox works again, tell us on the page of your preferences."
        ),
        params={"address": address},
        action_label=N_("Open preferences"),
        action_url=url("notifications.preferences"),
    )


def webhook_notice(account_id: UUID, webhook_id: UUID, key: str, *, url: str, disabled: bool) -> Notice:
    """For those who run the site: an address does not take events."""
    failing = N_("The last deliveries to {address} failed. We keep trying for three days, at growing intervals.")
    given_up = N_(
        "We gave {address} up: it took nothing for days, or said that it is gone for good.\n\nOnce it works again,"
        " resume the webhook and send again what failed meanwhile."
    )
    return Notice(
        key=f"notifications.webhook:{webhook_id}:{key}",
        account_id=account_id,
        subject=N_("A webhook was switched off") if disabled else N_("A webhook keeps failing"),
        body=given_up if disabled else failing,
        params={"address": URL(url).host or ""},  # the path may hold a secret
    )
