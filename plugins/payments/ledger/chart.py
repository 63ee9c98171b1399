"""The accounts of the books. A line is a debit when positive and a credit when negative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kernel import N_

CLEARING = "provider_clearing"
HELD = "interviewer_payable_held"
AVAILABLE = "interviewer_payable_available"
COMMISSION = "platform_commission"
TAX = "tax_payable"
FEES = "provider_fees"
ROUNDING = "rounding"
GOODWILL = "goodwill_expense"


@dataclass(frozen=True, slots=True)
class Account:
    """`owned` accounts are kept per payee. Of `credit` ones the balance is shown with the sign turned."""

    label: str
    about: str
    credit: bool
    owned: bool = False


ACCOUNTS: Final[Mapping[str, Account]] = {
    CLEARING: Account(N_("Money at the provider"), N_("What payers paid, less what went back."), credit=False),
    HELD: Account(N_("Earnings on hold"), N_("Owed to interviewers once the hold is over."), credit=True, owned=True),
    AVAILABLE: Account(N_("Earnings available"), N_("Owed to interviewers, to be paid out."), credit=True, owned=True),
    COMMISSION: Account(N_("Commission"), N_("What the house earned, without tax."), credit=True),
    TAX: Account(N_("Tax to be paid"), N_("Tax contained in the commission."), credit=True),
    FEES: Account(N_("Provider fees"), N_("What the provider keeps for its work."), credit=False),
    ROUNDING: Account(N_("Rounding"), N_("Minor units that no share could take."), credit=True),
    GOODWILL: Account(N_("Goodwill"), N_("Refunds that the house bears alone."), credit=False),
}

KINDS: Final[Mapping[str, str]] = {
    "payment": N_("Payment"),
    "refund": N_("Refund"),
    "release": N_("Release of earnings"),
    "handover": N_("Handed over to a colleague"),
}
