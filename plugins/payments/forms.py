"""What the forms of this plugin may send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kernel import N_, Form, Words

SORTS = ("when", "amount", "state")


class CardForm(Form):
    card: Annotated[
        Literal["approve", "secure", "funds", "declined", "expired", "cvc", "slow"],
        Words(missing=N_("Choose a test card"), bad=N_("Choose a test card")),
    ]


class BankForm(Form):
    answer: Annotated[Literal["yes", "no"], Words(missing=N_("Choose one of the buttons"))]


class MineFilter(Form):
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class EarningsFilter(Form):
    state: Literal["", "held", "available"] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class PaymentFilter(Form):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    state: Literal["", "open", "paid", "refunded", "failed", "ended"] = ""
    sort: Literal["when", "amount", "state"] = "when"
    desc: bool = False
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class LedgerFilter(Form):
    kind: Literal["", "payment", "refund", "release"] = ""
    account: Annotated[str, StringConstraints(max_length=40)] = ""
    payment: Annotated[str, StringConstraints(max_length=40)] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class RefundDraft(Form):
    """How much, why and who bears it: asked for first, to show the effect."""

    amount: Annotated[str, StringConstraints(min_length=1, max_length=20), Words(missing=N_("Enter an amount"))]
    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=300),
        Words(missing=N_("Enter a reason"), short=N_("Enter a reason of at least 3 characters")),
    ]
    bearer: Literal["shared", "house"] = "shared"


class RefundForm(RefundDraft):
    """The confirmed one: `version` and `ref` tie it to what was shown."""

    version: int
    ref: Annotated[str, StringConstraints(pattern=r"[0-9a-f]{32}")]
