"""What a payee earned, line by line, each with its reason: the read side of /earnings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel import current_tenant, sql

from . import states
from .models import Payment
from .queries import Subject, subjects

PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Earning:
    """One payment from the payee's side. `minor` is what is left of the share, `state` held, available or none."""

    payment: Payment
    subject: Subject
    minor: int
    refunded_minor: int
    state: str
    why: str
    until: datetime | None


async def of(payee_id: UUID, state: str, page: int) -> tuple[list[Earning], int]:
    """A payee's payments, the latest first, and how many there are."""
    rows = Payment.filter(payee_id=payee_id, paid_at__isnull=False)
    if state == "held":
        rows = rows.filter(released_at=None, state__in=[states.PAID, states.PARTLY])
    elif state == "available":
        rows = rows.filter(released_at__isnull=False)
    total = await rows.count()
    found = await rows.order_by("-paid_at", "-id").offset((page - 1) * PAGE).limit(PAGE)
    about = await subjects(found, payee_id)
    left = await shares_left([p.id for p in found], payee_id)
    return [_earning(p, about[p.id], left.get(p.id, 0)) for p in found], total


async def shares_left(payment_ids: list[UUID], payee_id: UUID) -> dict[UUID, int]:
    """What the books owe a payee for each payment, held or available."""
    rows = await sql(
        "SELECT e.payment_id, -sum(l.amount_minor)::bigint AS minor FROM payments_ledger_line l"
        " JOIN payments_ledger_entry e ON e.tenant_id = l.tenant_id AND e.id = l.entry_id"
        " WHERE l.tenant_id = $1 AND l.owner_id = $2 AND e.payment_id = ANY($3::uuid[]) GROUP BY e.payment_id",
        current_tenant().id,
        payee_id,
        payment_ids,
    )
    return {row.payment_id: row.minor for row in rows}


def _earning(payment: Payment, subject: Subject, minor: int) -> Earning:
    back = payment.payee_minor - minor
    if minor == 0 and payment.payee_minor:
        return Earning(payment, subject, 0, back, "none", "refunded", None)
    if payment.released_at is not None:
        return Earning(payment, subject, minor, back, "available", payment.release_why, payment.released_at)
    return Earning(payment, subject, minor, back, "held", payment.release_why or "waiting", payment.release_at)
