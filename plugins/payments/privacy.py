"""What payments hold about a person. Money has to be accounted for by law, so its rows stay."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from kernel import N_, PrivacyProvider, unit_of_work

from . import bookkeeping, queries
from .models import Payment, Refund
from .money import plain_amount
from .states import OWN_REASONS


async def export(account_id: UUID) -> dict[str, Any]:
    """Payments and refunds of the person, what they earned, and what they are owed."""
    paid = await Payment.filter(payer_id=account_id).order_by("created_at")
    refunds = await queries.refunds_of([p.id for p in paid])
    earned = await Payment.filter(payee_id=account_id, paid_at__isnull=False).order_by("paid_at")
    return {
        "payments": [
            _payment(p) | {"refunds": [{"amount": plain_amount(r.amount_minor, r.currency), "reason": r.reason,
                                        "state": r.state, "at": r.created_at.isoformat()} for r in refunds[p.id]]}
            for p in paid
        ],
        "earnings": [
            {"for": p.description, "share": plain_amount(p.payee_minor, p.currency), "currency": p.currency,
             "commission_percent": p.commission_percent, "paid_at": p.paid_at.isoformat() if p.paid_at else None}
            for p in earned
        ],
        "owed": await bookkeeping.owed_to(account_id),
    }  # fmt: skip


def _payment(p: Payment) -> dict[str, Any]:
    return {
        "for": p.description,
        "amount": plain_amount(p.amount_minor, p.currency),
        "currency": p.currency,
        "state": p.state,
        "receipt": queries.receipt_number(p),
        "asked_for_at": p.created_at.isoformat(),
        "paid_at": p.paid_at.isoformat() if p.paid_at else None,
    }


async def erase(account_id: UUID) -> list[str]:
    """Texts that somebody typed go; amounts, dates and the pseudonymous id stay for the books."""
    mine = Q(payment__payer_id=account_id) | Q(payment__payee_id=account_id)
    async with unit_of_work():
        ids = await Refund.filter(mine).exclude(reason__in=sorted(OWN_REASONS)).values_list("id", flat=True)
        if ids:
            await Refund.filter(id__in=list(ids)).update(reason="—")
    kept = await Payment.filter(Q(payer_id=account_id) | Q(payee_id=account_id)).count()
    return [N_("Payments, refunds and ledger entries without name: accounting has to be kept by law.")] if kept else []


PRIVACY = PrivacyProvider(
    title=N_("Payments"),
    models=("Payment", "PaymentStep", "Refund", "Series", "LedgerEntry", "LedgerLine", "SandboxCharge"),
    export=export,
    erase=erase,
)
