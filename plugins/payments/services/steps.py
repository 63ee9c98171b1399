"""Moving a payment from one state to the next, and what every use case needs for that."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import compare_and_set, current_actor, current_tenant, new_id, sql_one

from .. import states
from ..ledger.split import Shares
from ..models import Payment, PaymentStep


async def step(payment: Payment, after: str, why: str = "", /, **changes: Any) -> None:
    """Put the payment into another state if the table allows it and nobody was quicker; else raises Conflict.

    Inside a unit of work, together with everything else that the step means.
    """
    before = payment.state
    states.check(before, after)
    await compare_and_set(payment, state=after, **changes)
    actor = current_actor()
    await PaymentStep.create(
        payment_id=payment.id,
        before=before,
        after=after,
        actor_id=actor.id if actor else None,
        reason=why[:200],
    )


async def next_number(series: str) -> int:
    """The next of a series without gaps: a rollback gives it back."""
    row = await sql_one(
        "INSERT INTO payments_series AS s (id, tenant_id, name, number) VALUES ($1, $2, $3, 1)"
        " ON CONFLICT (tenant_id, name) DO UPDATE SET number = s.number + 1 RETURNING number",
        new_id(),
        current_tenant().id,
        series,
    )
    assert row is not None  # noqa: S101 - the statement always returns a row
    return int(row.number)


async def of_reference(kind: str, reference_id: UUID) -> Payment | None:
    """The payment for a reference that is open or paid, else the latest attempt."""
    found = await Payment.filter(reference_kind=kind, reference_id=reference_id).order_by("-created_at", "-id")
    return next((p for p in found if p.state in states.OPEN | states.CAPTURED), found[0] if found else None)


async def additions(kind: str, reference_id: UUID) -> list[Payment]:
    """Payments that raised the price of a reference, the first one first."""
    return await Payment.filter(adds_to_kind=kind, adds_to_id=reference_id).order_by("created_at", "id")


async def captured(kind: str, reference_id: UUID) -> list[Payment]:
    """Everything that was paid for a reference, what raised its price last."""
    first = await of_reference(kind, reference_id)
    found = [*([first] if first is not None else []), *await additions(kind, reference_id)]
    return [payment for payment in found if payment.state in states.CAPTURED]


def shares_of(payment: Payment) -> Shares:
    """How what was paid is shared out."""
    rest = payment.amount_minor - payment.payee_minor - payment.commission_minor - payment.tax_minor
    return Shares(payment.payee_minor, payment.commission_minor, payment.tax_minor, rest)
