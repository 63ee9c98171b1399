"""The built-in provider: no real money, every outcome at will. It keeps its own record, as a real one would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from kernel import N_, current_tenant, execute, new_id, now, url

from ..api import GatewayPayment, GatewayResult
from ..models import SandboxCharge


@dataclass(frozen=True, slots=True)
class Card:
    """A test card: what it is called, and how a payment with it ends."""

    number: str
    label: str
    hint: str
    outcome: str
    reason: str = ""


CARDS: Final[Mapping[str, Card]] = {
    "approve": Card("4242", N_("Approved"), N_("The bank says yes at once."), "succeeded"),
    "secure": Card("3220", N_("Approved after 3-D Secure"), N_("The bank asks you to confirm first."),
                   "requires_action"),
    "funds": Card("9995", N_("Declined: not enough money"), N_("The bank says no."), "failed", "insufficient_funds"),
    "declined": Card("0002", N_("Declined without a reason"), N_("The bank says no."), "failed", "card_declined"),
    "expired": Card("0069", N_("Declined: card expired"), N_("The bank says no."), "failed", "expired_card"),
    "cvc": Card("0127", N_("Declined: wrong security code"), N_("The bank says no."), "failed", "incorrect_cvc"),
    "slow": Card("0119", N_("The bank does not answer"), N_("It says yes a few seconds later."), "unknown"),
}  # fmt: skip

#: How long the silent bank takes.
SILENCE: Final = timedelta(seconds=4)


class Sandbox:
    """PaymentGateway; its checkout page is ours."""

    name = "sandbox"

    async def create_checkout(self, payment: GatewayPayment, key: str) -> GatewayResult:
        return GatewayResult("requires_action", f"sbx_{payment.id.hex}", url=url("payments.checkout", id=payment.id))

    async def refund(self, payment: GatewayPayment, amount_minor: int, key: str) -> GatewayResult:
        return GatewayResult("succeeded", f"sbr_{key}"[:120])

    async def cancel(self, payment: GatewayPayment, key: str) -> GatewayResult:
        return await self.fetch(payment)

    async def fetch(self, payment: GatewayPayment) -> GatewayResult:
        charge = await SandboxCharge.filter(payment_id=payment.id).first()
        if charge is None:
            return GatewayResult("failed", reason="abandoned")
        if charge.outcome == "unknown" and charge.settles_at is not None and charge.settles_at <= now():
            await SandboxCharge.filter(id=charge.id, outcome="unknown").update(outcome="succeeded")
            return GatewayResult("succeeded")
        card = CARDS.get(charge.card)
        return GatewayResult(charge.outcome, reason=card.reason if card and charge.outcome == "failed" else "")

    async def charge(self, payment_id: UUID, card: str) -> GatewayResult:
        """The payer presses Pay. A payment is charged once: the first card counts, whatever comes after it."""
        chosen = CARDS[card]
        await execute(
            "INSERT INTO payments_sandbox_charge (id, tenant_id, payment_id, outcome, card, settles_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, payment_id) DO NOTHING",
            new_id(),
            current_tenant().id,
            payment_id,
            chosen.outcome,
            card,
            now() + SILENCE if chosen.outcome == "unknown" else None,
        )
        charge = await SandboxCharge.get(payment_id=payment_id)
        known = CARDS[charge.card]
        return GatewayResult(charge.outcome, reason=known.reason if charge.outcome == "failed" else "")

    async def confirm(self, payment_id: UUID, *, yes: bool) -> GatewayResult:
        """The payer's answer to the bank's question (3-D Secure). The first answer counts."""
        await SandboxCharge.filter(payment_id=payment_id, outcome="requires_action").update(
            outcome="succeeded" if yes else "failed"
        )
        charge = await SandboxCharge.filter(payment_id=payment_id).first()
        if charge is None:
            return GatewayResult("failed", reason="abandoned")
        return GatewayResult(charge.outcome, reason="authentication_failed" if charge.outcome == "failed" else "")


SANDBOX: Final = Sandbox()
