"""What a tenant can set about people."""

from __future__ import annotations

import re
from typing import Any

from kernel import N_, Setting
from kernel import gettext as _

_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


def _domains(value: Any) -> str | None:
    odd = next((d for d in value if not _DOMAIN.fullmatch(d.strip().lower().lstrip("@"))), None)
    return None if odd is None else _("Write domains such as example.com, one per line.")


SETTINGS = [
    Setting(
        key="users.sign_up", type=str, default="open", label=N_("Who may sign up"),
        choices=(("open", N_("Everybody")), ("closed", N_("Nobody; accounts are made by administrators"))),
    ),
    Setting(
        key="users.allowed_domains", type=list, default=[], label=N_("Only these email domains"), check=_domains,
        help=N_("One per line. Leave empty to allow all."),
    ),
    Setting(
        key="users.blocked_domains", type=list, default=[], label=N_("Never these email domains"), check=_domains,
        help=N_("One per line."),
    ),
    Setting(
        key="users.link_hours", type=int, default=48, minimum=1, maximum=336,
        label=N_("Hours until a confirmation link expires"),
    ),
    Setting(
        key="users.reset_minutes", type=int, default=60, minimum=10, maximum=1440,
        label=N_("Minutes until a link for a new password expires"),
    ),
    Setting(
        key="users.purge_days", type=int, default=14, minimum=0, maximum=365,
        label=N_("Days until accounts that were never confirmed are deleted"), help=N_("0 keeps them."),
    ),
    Setting(
        key="users.reapply_days", type=int, default=30, minimum=0, maximum=365,
        label=N_("Days until somebody who was rejected may apply again"),
    ),
    Setting(
        key="users.rate_minimum", type=int, default=10, minimum=0, maximum=1_000_000,
        label=N_("Lowest hourly rate"), help=N_("In whole units of your currency."),
    ),
    Setting(
        key="users.rate_maximum", type=int, default=500, minimum=0, maximum=1_000_000,
        label=N_("Highest hourly rate"), help=N_("In whole units of your currency."),
    ),
    Setting(
        key="users.contact_filter", type=bool, default=True, label=N_("No contact details in public profiles"),
        help=N_("Refuses email addresses and phone numbers in texts that visitors see."),
    ),
]  # fmt: skip
