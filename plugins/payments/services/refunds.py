"""Giving money back: reserve, ask the provider, book. Each step can be repeated, none acts twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import (
    _,
    audit,
    compare_and_set,
    current_actor,
    enqueue,
    errors,
    format_money,
    get_logger,
    in_unit_of_work,
    new_id,
    now,
    publish,
    unit_of_work,
)

from .. import states
from ..events import PaymentRefunded
from ..gateways import as_seen, gateway_of
from ..ledger import posting
from ..ledger.split import Shares, difference, percent_of, taken_back
from ..models import Payment, Refund
from .steps import captured, next_number, shares_of, step

log = get_logger(__name__)
SHARED, HOUSE = "shared", "house"
_PRICE = "price:"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What is to be given back. `version` is that of the payment as its reader saw it, None for a machine's order."""

    amount_minor: int
    reason: str
    key: str
    bearer: str = SHARED
    version: int | None = None


async def refund_reference(kind: str, reference_id: UUID, percent: int, reason: str, key: str = "") -> None:
    """Give `percent` of what a reference costs back, as far as it is still there. See api.Checkout.

    The percentage is taken of the sum and spread over the payments, so that rounding is that of one price.
    """
    total = given = 0
    for payment in await captured(kind, reference_id):
        total += payment.amount_minor - await _lowered(payment)
        wanted = percent_of(total, percent) - given
        given += wanted
        if wanted > 0:
            await open_refund(payment, RefundOrder(wanted, reason, (key or reason)[:120]), clip=True)


async def lower_price(kind: str, reference_id: UUID, amount_minor: int, reason: str, key: str) -> None:
    """A reference costs less now: give the difference back, from what was paid last. The same `key` acts once."""
    left = amount_minor
    for payment in reversed(await captured(kind, reference_id)):
        found = await Refund.filter(payment_id=payment.id, key=_PRICE + key).first()
        if found is None:
            there = payment.amount_minor - payment.refunded_minor
            if min(left, there) <= 0:
                continue
            found = await open_refund(payment, RefundOrder(min(left, there), reason, _PRICE + key), clip=True)
        left -= found.amount_minor if found is not None else 0


async def _lowered(payment: Payment) -> int:
    """What of a payment was given back because the price fell, and so belongs to nobody's percentage."""
    rows = await Refund.filter(payment_id=payment.id, key__startswith=_PRICE).exclude(state="failed")
    return sum(row.amount_minor for row in rows)


async def open_refund(payment: Payment, order: RefundOrder, *, clip: bool = False) -> Refund | None:
    """Set the amount aside and have it sent. The same key gives the same refund; None when nothing is left.

    With `clip` what exceeds the rest is cut off, else refused (Invalid). Raises Conflict when the payment is not
    as the reader saw it.
    """
    refund = await _reserve(payment, order, clip=clip)
    if refund is not None and refund.state == "created" and not in_unit_of_work():
        try:
            await settle_refund(refund.id)
            await refund.refresh_from_db()
        except Exception:
            log.exception("refund %s is tried again in the background", refund.id)
    return refund


async def _reserve(payment: Payment, order: RefundOrder, *, clip: bool) -> Refund | None:
    for _attempt in range(8):
        found = await Refund.filter(payment_id=payment.id, key=order.key).first()
        if found is not None:
            return found
        amount = _amount(payment, order, clip=clip)
        if amount == 0:
            return None
        try:
            async with unit_of_work():
                await compare_and_set(payment, refunded_minor=payment.refunded_minor + amount)
                return await _new_refund(payment, order, amount)
        except (errors.Conflict, IntegrityError):
            await payment.refresh_from_db()
    raise errors.Conflict


def _amount(payment: Payment, order: RefundOrder, *, clip: bool) -> int:
    left: int = payment.amount_minor - payment.refunded_minor
    if payment.state not in states.CAPTURED:
        raise errors.Conflict(_("Only a payment that was made can be refunded."))
    if order.version is not None and order.version != payment.version:
        raise errors.Conflict(_("This payment has changed since you opened the form. Look at the effect again."))
    if clip:
        return min(order.amount_minor, left)
    if not 0 < order.amount_minor <= left:
        most = format_money(left, payment.currency)
        raise errors.Invalid({"amount": _("Enter an amount above zero and not above {most}.").format(most=most)})
    return order.amount_minor


async def _new_refund(payment: Payment, order: RefundOrder, amount: int) -> Refund:
    actor = current_actor()
    refund = await Refund.create(
        id=new_id(),
        payment_id=payment.id,
        key=order.key,
        amount_minor=amount,
        currency=payment.currency,
        bearer=order.bearer,
        reason=order.reason[:300],
        actor_id=actor.id if actor else None,
    )
    await enqueue("payments.settle_refund", {"refund_id": str(refund.id)}, key=f"payments.settle_refund:{refund.id}")
    if actor is not None:
        money = {"amount": f"{amount} {payment.currency}", "bearer": order.bearer}
        await audit.record(
            "payments.refund_ordered",
            subject="payment",
            subject_id=str(payment.id),
            after=money,
            reason=order.reason,
        )
    return refund


async def settle_refund(refund_id: UUID) -> None:
    """Ask the provider to send a refund, and book what it says. The provider knows a repeat by its key."""
    refund = await Refund.filter(id=refund_id).first()
    if refund is None or refund.state != "created":
        return
    payment = await Payment.get(id=refund.payment_id)  # type: ignore[attr-defined]
    result = await gateway_of(payment).refund(as_seen(payment), refund.amount_minor, f"refund:{refund.id}")
    if result.outcome not in ("succeeded", "failed"):
        raise errors.Unavailable(_("The provider has not answered yet."))
    for _attempt in range(8):
        try:
            async with unit_of_work():
                if result.outcome == "succeeded":
                    await _book(payment, refund, result.ref)
                else:
                    await _refused(payment, refund)
            return
        except errors.Conflict:
            await refund.refresh_from_db()
            if refund.state != "created":
                return  # another worker was quicker
            await payment.refresh_from_db()
    raise errors.Conflict


async def _book(payment: Payment, refund: Refund, ref: str) -> None:
    done = await Refund.filter(payment_id=payment.id, state="done").values_list("amount_minor", "bearer")
    before = sum(amount for amount, bearer in done if bearer == SHARED)
    total = sum(amount for amount, _bearer in done) + refund.amount_minor
    number = await next_number("refund")
    await compare_and_set(refund, state="done", done_at=now(), gateway_ref=ref, refund_no=number)
    # The payment's version guards `before` and `total`: of two refunds at once, one begins anew.
    after = states.REFUNDED if total == payment.amount_minor else states.PARTLY
    await step(payment, after, refund.reason)
    if refund.bearer == HOUSE:
        lines = posting.goodwill_lines(refund.amount_minor)
    else:
        lines = posting.refund_lines(
            share_of(payment, before, refund.amount_minor), payment.payee_id, released=payment.released_at is not None
        )
    await posting.post(f"refund:{refund.id}", "refund", payment, lines)
    await publish(PaymentRefunded(**_facts(payment, refund), total_refunded_minor=total))


def share_of(payment: Payment, before: int, amount: int) -> Shares:
    """What a shared refund of `amount` takes from each, when `before` was refunded that way already."""
    shares = shares_of(payment)
    return difference(taken_back(shares, before + amount), taken_back(shares, before))


def _facts(payment: Payment, refund: Refund) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "reference_kind": payment.reference_kind,
        "reference_id": payment.reference_id,
        "payer_id": payment.payer_id,
        "payee_id": payment.payee_id,
        "refund_minor": refund.amount_minor,
        "currency": refund.currency,
        "reason": refund.reason,
        "amount_minor": payment.amount_minor,
        "description": payment.description,
    }


async def _refused(payment: Payment, refund: Refund) -> None:
    """The provider will not: what was set aside is free again."""
    await compare_and_set(refund, state="failed", done_at=now())
    await compare_and_set(payment, refunded_minor=payment.refunded_minor - refund.amount_minor)
