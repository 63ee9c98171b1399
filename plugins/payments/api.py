"""What other plugins may ask of payments, and what a provider of payments must be able to do.

A reference says what is paid for: a kind (`booking`) and an id. For one reference there is at most one payment that
is open or paid; a failed, cancelled or expired one makes room for another attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """Somebody is to pay `amount_minor` (above zero) before `expires_at`.

    `payee_id` is the account that earns it, None when all of it is the house's. `return_url` and `cancel_url` are
    paths of this site: where the payer goes after paying, and after declining, giving up or being too late.
    `adds_to_kind` and `adds_to_id`: the reference whose price this raises; what happens to that one (refunds in
    percent, release, another payee) happens to this payment with it.
    """

    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    amount_minor: int
    currency: str
    description: str
    return_url: str
    cancel_url: str
    expires_at: datetime
    adds_to_kind: str = ""
    adds_to_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """Where to send the payer. `id` is the payment's."""

    id: UUID
    url: str


@dataclass(frozen=True, slots=True)
class PaymentInfo:
    """The latest payment for a reference.

    `state` is created, requires_action, unknown, succeeded, partially_refunded, refunded, failed, cancelled or
    expired. `url` leads on: to the checkout while it is open, to the receipt once it is paid, else empty.
    """

    id: UUID
    state: str
    amount_minor: int
    refunded_minor: int
    currency: str
    payer_id: UUID
    payee_id: UUID | None
    url: str
    paid_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("created", "requires_action", "unknown")

    @property
    def is_paid(self) -> bool:
        return self.state in ("succeeded", "partially_refunded", "refunded")


class Checkout(Protocol):
    """Taking money and giving it back. Call it outside a unit of work: a provider may be asked over the network."""

    async def start(self, request: CheckoutRequest) -> CheckoutSession:
        """Begin, or find again: the same reference leads to the same checkout while that is open or paid."""

    async def refund(self, reference_kind: str, reference_id: UUID, percent: int, reason: str, key: str = "") -> None:
        """Give `percent` of what it costs back, never more than is left. The same `key` (or reason) acts once.

        What was paid later to raise the price counts in, what was given back because it fell does not.

        Of a part of a minor unit, a half or more counts as one in favour of the payer. Nothing was paid: nothing
        happens, and an open checkout is closed.
        """

    async def close(self, reference_kind: str, reference_id: UUID) -> None:
        """What was to be paid for is gone: an open checkout accepts no payment any more. Paid ones stay as they are."""

    async def status(self, reference_kind: str, reference_id: UUID) -> PaymentInfo | None:
        """The latest payment for the reference; None when there never was one."""


@dataclass(frozen=True, slots=True)
class GatewayResult:
    """A provider's answer. `outcome` is succeeded, failed, requires_action or unknown (nobody can tell yet)."""

    outcome: str
    ref: str = ""
    reason: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """What a provider learns about a payment."""

    id: UUID
    amount_minor: int
    currency: str
    description: str
    gateway_ref: str
    return_url: str
    cancel_url: str
    expires_at: datetime


class PaymentGateway(Protocol):
    """A provider of payments. Every call carries a key derived from the fact itself, so that a repeat acts once."""

    name: str

    async def create_checkout(self, payment: GatewayPayment, key: str) -> GatewayResult:
        """Open a checkout page; `url` says where."""

    async def refund(self, payment: GatewayPayment, amount_minor: int, key: str) -> GatewayResult:
        """Give money back."""

    async def cancel(self, payment: GatewayPayment, key: str) -> GatewayResult:
        """Make sure that an open checkout can not be paid any more; `succeeded` when the payer was quicker."""

    async def fetch(self, payment: GatewayPayment) -> GatewayResult:
        """How things stand, for settling an unknown outcome."""
