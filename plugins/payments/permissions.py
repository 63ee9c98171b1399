"""Rights of this plugin."""

from __future__ import annotations

from kernel import N_, Permission

MANAGE = "payments.manage"
LEDGER = "payments.ledger.view"
EARN = "payments.earnings.view"

PERMISSIONS = [
    Permission(id=MANAGE, label=N_("See all payments and refund them")),
    Permission(id=LEDGER, label=N_("See the ledger")),
    Permission(id=EARN, label=N_("See one's own earnings"), roles=("interviewer",)),
]
