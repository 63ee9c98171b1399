"""What happened to money, for whoever listens. Amounts are integer minor units; a reference says what was paid for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import event


@event("payments.payment_succeeded.v1", personal=("description",))
@dataclass(frozen=True, slots=True)
class PaymentSucceeded:
    """The money is there and in the ledger."""

    payment_id: UUID
    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    amount_minor: int
    currency: str
    description: str = ""


@event("payments.payment_failed.v1", personal=("reason",))
@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """No money came. `reason` is a code: a provider's decline code, or `abandoned` when the payer gave up."""

    payment_id: UUID
    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    amount_minor: int
    currency: str
    reason: str


@event("payments.payment_expired.v1")
@dataclass(frozen=True, slots=True)
class PaymentExpired:
    """Nobody paid in time."""

    payment_id: UUID
    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    amount_minor: int
    currency: str


@event("payments.payment_refunded.v1", personal=("reason", "description"))
@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """Money went back to the payer. `total_refunded_minor` counts all refunds of this payment so far."""

    payment_id: UUID
    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    refund_minor: int
    currency: str
    reason: str
    amount_minor: int
    total_refunded_minor: int
    description: str = ""


@event("payments.earnings_released.v1")
@dataclass(frozen=True, slots=True)
class EarningsReleased:
    """A payee's share of a payment is theirs to be paid out."""

    payment_id: UUID
    reference_kind: str
    reference_id: UUID
    payee_id: UUID
    amount_minor: int
    currency: str


ALL: tuple[type, ...] = (PaymentSucceeded, PaymentFailed, PaymentExpired, PaymentRefunded, EarningsReleased)
