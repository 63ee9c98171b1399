"""A payee's share: on hold after the payment, available some days after the work was done."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel import compare_and_set, enqueue, errors, now, publish, unit_of_work

from .. import states
from ..events import EarningsReleased
from ..ledger import posting
from ..ledger.split import taken_back
from ..models import Payment, Refund
from .refunds import SHARED
from .steps import additions, captured, of_reference, shares_of


async def share_left(payment: Payment) -> int:
    """What the payee has of a payment after its refunds."""
    done = await Refund.filter(payment_id=payment.id, state="done", bearer=SHARED)
    shares = shares_of(payment)
    return shares.payee - taken_back(shares, sum(r.amount_minor for r in done)).payee


async def schedule_release(kind: str, reference_id: UUID, at: datetime, why: str) -> None:
    """The payee earned it: it becomes available at `at`. The first date stays."""
    for payment in await captured(kind, reference_id):
        await _schedule(payment, at, why)


async def _schedule(payment: Payment, at: datetime, why: str) -> None:
    for _attempt in range(5):
        if payment.payee_id is None or payment.state not in states.CAPTURED:
            return
        if payment.release_at is not None:
            return
        try:
            async with unit_of_work():
                await compare_and_set(payment, release_at=at, release_why=why)
                args = {"payment_id": str(payment.id)}
                await enqueue("payments.release", args, run_at=at, key=f"payments.release:{payment.id}")
            return
        except errors.Conflict:
            await payment.refresh_from_db()
    raise errors.Conflict


async def release(payment_id: UUID) -> None:
    """Move what is left of the payee's share from held to available. Does nothing before its time, or again."""
    payment = await Payment.filter(id=payment_id).first()
    if payment is None or payment.payee_id is None or payment.state not in states.CAPTURED:
        return
    if payment.release_at is None or payment.release_at > now() or payment.released_at is not None:
        return
    async with unit_of_work():
        amount = await share_left(payment)
        # The version guards `amount`: a refund booked meanwhile makes this a Conflict, and the job comes again.
        await compare_and_set(payment, released_at=now())
        if amount > 0:
            lines = posting.release_lines(amount, payment.payee_id)
            await posting.post(f"release:{payment.id}", "release", payment, lines)
            await publish(
                EarningsReleased(
                    payment_id=payment.id,
                    reference_kind=payment.reference_kind,
                    reference_id=payment.reference_id,
                    payee_id=payment.payee_id,
                    amount_minor=amount,
                    currency=payment.currency,
                )
            )


async def hand_over(kind: str, reference_id: UUID, payee_id: UUID) -> None:
    """Somebody else does the work: what is on hold for it is theirs from now on. Again: nothing.

    What was released already stays with whom it was released to; a payment that is still open is shared out to the
    new payee when it arrives.
    """
    first = await of_reference(kind, reference_id)
    for payment in [*([first] if first is not None else []), *await additions(kind, reference_id)]:
        await _to_payee(payment, payee_id)


async def _to_payee(payment: Payment, payee_id: UUID) -> None:
    for _attempt in range(5):
        if payment.payee_id in (None, payee_id) or payment.released_at is not None:
            return
        if payment.state not in states.OPEN | states.CAPTURED:
            return
        try:
            async with unit_of_work():
                await _hand_over(payment, payee_id)
            return
        except errors.Conflict:
            await payment.refresh_from_db()
    raise errors.Conflict


async def _hand_over(payment: Payment, payee_id: UUID) -> None:
    old, amount = payment.payee_id, await share_left(payment) if payment.state in states.CAPTURED else 0
    # The version guards `amount`, as in release().
    await compare_and_set(payment, payee_id=payee_id)
    if old is not None and amount > 0:
        lines = posting.handover_lines(amount, old, payee_id)
        await posting.post(f"handover:{payment.id}:{payment.version}", "handover", payment, lines)
