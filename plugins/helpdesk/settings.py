"""What a tenant can set about support."""

from __future__ import annotations

from kernel import N_, Setting

REOPEN_DAYS = "helpdesk.reopen_days"
URGENT_MINUTES = "helpdesk.urgent_minutes"

SETTINGS = [
    Setting(
        key=REOPEN_DAYS, type=int, default=14, minimum=1, maximum=90,
        label=N_("Days in which a reply opens a solved ticket again"),
        help=N_("After that the ticket is closed, and a reply becomes a new ticket."),
    ),
    Setting(
        key=URGENT_MINUTES, type=int, default=120, minimum=5, maximum=1440,
        label=N_("Minutes before a session from which a ticket about it is urgent"),
    ),
]  # fmt: skip
