"""What a tenant may set."""

from __future__ import annotations

from typing import Any

from kernel import N_, Setting, accounts
from kernel import gettext as _

SENDER, REPLY_TO = "notifications.sender", "notifications.reply_to"
MAX_WEBHOOKS = "notifications.max_webhooks"
KEEP_MESSAGES, KEEP_EMAILS = "notifications.keep_messages_days", "notifications.keep_emails_days"


def _address(value: Any) -> str | None:
    if not value:
        return None
    try:
        accounts.normalise_email(str(value))
    except ValueError:
        return _("Enter an email address like name@example.com.")
    return None


SETTINGS = [
    Setting(
        key=SENDER, type=str, default="", maximum=254, check=_address, label=N_("Sender address of emails"),
        help=N_("Empty: no-reply at this site's own host name. The domain has to allow your mail server (SPF, DKIM)."),
    ),
    Setting(
        key=REPLY_TO, type=str, default="", maximum=254, check=_address, label=N_("Address for replies"),
        help=N_("Where answers to our emails go. Empty: to the sender."),
    ),
    Setting(
        key=KEEP_MESSAGES, type=int, default=180, minimum=7, maximum=3650,
        label=N_("Days that read notifications are kept"),
        help=N_("Unread ones are kept three times as long."),
    ),
    Setting(
        key=KEEP_EMAILS, type=int, default=90, minimum=1, maximum=3650,
        label=N_("Days that the record of emails is kept"),
        help=N_("To whom, about what, and how it went. The content is dropped as soon as the mail server has it."),
    ),
    Setting(
        key=MAX_WEBHOOKS, type=int, default=20, minimum=0, maximum=1000, scope="platform",
        label=N_("Webhooks at most"), help=N_("Addresses to which one site may send its events."),
    ),
]  # fmt: skip
