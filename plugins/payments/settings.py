"""What a tenant may set."""

from __future__ import annotations

from kernel import N_, Setting

COMMISSION, TAX, HOLD_DAYS = "payments.commission_percent", "payments.tax_percent", "payments.hold_days"
SELLER, NOTE = "payments.seller", "payments.receipt_note"

SETTINGS = [
    Setting(
        key=COMMISSION,
        type=int,
        default=20,
        minimum=0,
        maximum=90,
        label=N_("Commission in percent"),
        help=N_("Your share of each payment. Payments that were already asked for keep the one they began with."),
    ),
    Setting(
        key=TAX,
        type=int,
        default=0,
        minimum=0,
        maximum=40,
        label=N_("Tax contained in the commission, in percent"),
        help=N_("Set aside in the ledger as tax to be paid. 0: none."),
    ),
    Setting(
        key=HOLD_DAYS,
        type=int,
        default=3,
        minimum=0,
        maximum=60,
        label=N_("Days that earnings are held after a session"),
        help=N_("Time for complaints. After it, earnings can be paid out."),
    ),
    Setting(
        key=SELLER,
        type=str,
        default="",
        maximum=500,
        multiline=True,
        label=N_("Seller on receipts"),
        help=N_("Legal name and address, as they are to be printed. Empty: the name of this site."),
    ),
    Setting(
        key=NOTE,
        type=str,
        default="",
        maximum=500,
        multiline=True,
        label=N_("Note at the end of receipts"),
    ),
]
