"""Asking for money and getting it, or not. Whatever ends a payment, ends it once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import (
    _,
    cancel_jobs,
    enqueue,
    errors,
    local_path,
    new_id,
    now,
    publish,
    setting,
    unit_of_work,
    url,
)

from .. import settings, states
from ..api import CheckoutRequest, CheckoutSession, GatewayResult, PaymentInfo
from ..events import PaymentExpired, PaymentFailed, PaymentSucceeded
from ..gateways import DEFAULT, as_seen, gateway_of
from ..gateways.sandbox import CARDS, SANDBOX
from ..ledger import posting
from ..ledger.split import share_out
from ..models import Payment
from . import refunds
from .steps import additions, next_number, of_reference, step

_CURRENCY = re.compile(r"[A-Z]{3}")
#: How long to wait before asking again about an unknown outcome; the last one repeats.
_ASK_AGAIN: Final = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 3600, 86400))


# --- beginning ------------------------------------------------------------------------------------------------


async def start(request: CheckoutRequest) -> CheckoutSession:
    """Open a checkout, or find the one that is open or paid. See api.Checkout."""
    _check(request)
    for _attempt in range(4):
        found = await of_reference(request.reference_kind, request.reference_id)
        if found is not None and found.state in states.OPEN | states.CAPTURED:
            if found.state in states.CLOSABLE and found.expires_at <= now():
                await expire(found.id)
                continue
            return await _again(found, request)
        try:
            return await _open(await _created(request))
        except IntegrityError:
            continue  # somebody else began it at the same moment
    raise errors.Conflict(_("This payment is being started somewhere else. Try again in a moment."))


def _check(request: CheckoutRequest) -> None:
    if request.amount_minor <= 0 or not _CURRENCY.fullmatch(request.currency):
        raise ValueError("a payment needs an amount above zero and an ISO 4217 currency")
    if request.expires_at.tzinfo is None:
        raise ValueError("expires_at must be aware")
    for path in (request.return_url, request.cancel_url):
        if local_path(path, "") != path:
            raise ValueError(f"not a path of this site: {path!r}")


async def _created(request: CheckoutRequest) -> Payment:
    async with unit_of_work():
        payment = await Payment.create(
            id=new_id(),
            reference_kind=request.reference_kind,
            reference_id=request.reference_id,
            adds_to_kind=request.adds_to_kind,
            adds_to_id=request.adds_to_id,
            payer_id=request.payer_id,
            payee_id=request.payee_id,
            amount_minor=request.amount_minor,
            currency=request.currency,
            description=request.description[:200],
            gateway=DEFAULT.name,
            commission_percent=setting(settings.COMMISSION),
            tax_percent=setting(settings.TAX),
            return_url=request.return_url,
            cancel_url=request.cancel_url,
            expires_at=request.expires_at,
        )
        await _schedule_expiry(payment)
    return payment


async def _schedule_expiry(payment: Payment) -> None:
    args = {"payment_id": str(payment.id)}
    await enqueue("payments.expire", args, run_at=payment.expires_at, key=f"payments.expire:{payment.id}")


async def _open(payment: Payment) -> CheckoutSession:
    """Ask the provider for its page; asked again after a crash, it answers the same."""
    if not payment.checkout_url:
        result = await gateway_of(payment).create_checkout(as_seen(payment), f"checkout:{payment.id}")
        payment.gateway_ref, payment.checkout_url = result.ref, result.url
        await Payment.filter(id=payment.id).update(gateway_ref=result.ref, checkout_url=result.url)
    return CheckoutSession(payment.id, payment.checkout_url)


async def _again(found: Payment, request: CheckoutRequest) -> CheckoutSession:
    asked = (request.amount_minor, request.currency, request.payer_id)
    if asked != (found.amount_minor, found.currency, found.payer_id):
        raise errors.Conflict(_("A payment for this is open already, with another amount."))
    if found.state in states.CLOSABLE and request.expires_at > found.expires_at:
        # The job that ends it looks at the row, and comes back later by itself.
        await Payment.filter(id=found.id).update(expires_at=request.expires_at)
    return await _open(found)


# --- the payer acts (sandbox) -----------------------------------------------------------------------------------


async def pay(payment: Payment, card: str) -> None:
    """The payer pays with a test card. Raises Conflict when the payment was ended somewhere else, or just now."""
    if await _too_late(payment):
        return
    states.check(payment.state, states.PAID)
    async with unit_of_work():
        # The provider's record and ours in one transaction: a lost race leaves no charge behind.
        result = await SANDBOX.charge(payment.id, card)
        await _apply(payment, result, method=CARDS[card].number)


async def answer_bank(payment: Payment, *, yes: bool) -> None:
    """The payer confirms with the bank, or refuses."""
    if await _too_late(payment):
        return
    if payment.state != states.ACTION:
        raise errors.Conflict(_("There is nothing to confirm for this payment."))
    async with unit_of_work():
        await _apply(payment, await SANDBOX.confirm(payment.id, yes=yes))


async def give_up(payment: Payment) -> None:
    """The payer goes back without paying."""
    await _end(payment, states.CANCELLED, "abandoned")


async def _too_late(payment: Payment) -> bool:
    if payment.state in states.CLOSABLE and payment.expires_at <= now():
        await expire(payment.id)
        await payment.refresh_from_db()
        return True
    return False


# --- what the provider says -------------------------------------------------------------------------------------


async def apply_result(payment: Payment, result: GatewayResult) -> None:
    """Move on by a provider's answer, forward only: what is known already changes nothing."""
    if payment.state in states.CAPTURED and result.outcome == "succeeded":
        return
    if payment.state == {"requires_action": states.ACTION, "unknown": states.UNKNOWN}.get(result.outcome):
        return
    async with unit_of_work():
        await _apply(payment, result)


async def _apply(payment: Payment, result: GatewayResult, method: str = "") -> None:
    changes = {"method": method} if method else {}
    if result.outcome == "succeeded":
        await _succeed(payment, changes)
    elif result.outcome == "failed":
        reason = result.reason or "card_declined"
        await step(payment, states.FAILED, reason, reason=reason, **changes)
        await _forget_expiry(payment)
        await publish(PaymentFailed(**_facts(payment), reason=reason))
    elif result.outcome == "requires_action":
        await step(payment, states.ACTION, **changes)
    else:
        await step(payment, states.UNKNOWN, **changes)
        await _forget_expiry(payment)
        await _ask_later(payment, 0)


async def _succeed(payment: Payment, changes: dict[str, str]) -> None:
    """The money is there: receipt number, books and the event, all or nothing."""
    shares = share_out(
        payment.amount_minor, payment.commission_percent, payment.tax_percent, has_payee=payment.payee_id is not None
    )
    number = await next_number("receipt")
    await step(
        payment,
        states.PAID,
        paid_at=now(),
        receipt_no=number,
        payee_minor=shares.payee,
        commission_minor=shares.commission,
        tax_minor=shares.tax,
        **changes,
    )
    await posting.post(f"payment:{payment.id}", "payment", payment, posting.payment_lines(shares, payment.payee_id))
    await _forget_expiry(payment)
    await publish(PaymentSucceeded(**_facts(payment), description=payment.description))


def _facts(payment: Payment) -> dict[str, Any]:
    """What every event tells of a payment."""
    return {
        "payment_id": payment.id,
        "reference_kind": payment.reference_kind,
        "reference_id": payment.reference_id,
        "payer_id": payment.payer_id,
        "payee_id": payment.payee_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
    }


async def _forget_expiry(payment: Payment) -> None:
    await cancel_jobs(f"payments.expire:{payment.id}")


# --- ending without money ---------------------------------------------------------------------------------------


async def _end(payment: Payment, after: str, reason: str) -> None:
    """Close an open payment, unless the payer was quicker. Raises Conflict for one that moved on meanwhile."""
    states.check(payment.state, after)
    result = await gateway_of(payment).cancel(as_seen(payment), f"cancel:{payment.id}")
    if result.outcome == "succeeded":
        await apply_result(payment, result)
        return
    async with unit_of_work():
        await step(payment, after, reason, reason=reason)
        if after == states.EXPIRED:
            await publish(PaymentExpired(**_facts(payment)))
        else:
            await _forget_expiry(payment)
            await publish(PaymentFailed(**_facts(payment), reason=reason))


async def expire(payment_id: UUID) -> None:
    """Nobody paid in time. Does nothing for a payment that moved on; comes back later for one that was prolonged."""
    payment = await Payment.filter(id=payment_id).first()
    if payment is None or payment.state not in states.CLOSABLE:
        return
    if payment.expires_at > now():
        await cancel_jobs(f"payments.expire:{payment.id}")
        await _schedule_expiry(payment)
        return
    try:
        await _end(payment, states.EXPIRED, "")
    except errors.Conflict:
        await payment.refresh_from_db()
        if payment.state in states.CLOSABLE:
            raise  # it only moved between open states: the job tries again


async def close(reference_kind: str, reference_id: UUID) -> None:
    """What was to be paid for is gone. Does nothing unless a checkout is open."""
    for _attempt in range(3):
        payment = await of_reference(reference_kind, reference_id)
        if payment is None or payment.state not in states.CLOSABLE:
            return
        try:
            await _end(payment, states.CANCELLED, "closed")
            return
        except errors.Conflict:
            continue
    raise errors.Conflict


async def close_open() -> None:
    """Close every open checkout of the tenant, also at the provider: the tenant is about to go."""
    for payment in await Payment.filter(state__in=list(states.CLOSABLE)):
        await close(payment.reference_kind, payment.reference_id)


# --- unknown outcomes -------------------------------------------------------------------------------------------


async def reconcile(payment_id: UUID, attempt: int) -> None:
    """Ask the provider how it ended, and again later while it does not say."""
    payment = await Payment.filter(id=payment_id).first()
    if payment is None or payment.state != states.UNKNOWN:
        return
    result = await gateway_of(payment).fetch(as_seen(payment))
    if result.outcome in ("succeeded", "failed"):
        await apply_result(payment, result)
        return
    await _ask_later(payment, attempt + 1)


async def _ask_later(payment: Payment, attempt: int) -> None:
    delay = _ASK_AGAIN[min(attempt, len(_ASK_AGAIN) - 1)]
    key = f"payments.reconcile:{payment.id}:{attempt}"
    await enqueue("payments.reconcile", {"payment_id": str(payment.id), "attempt": attempt}, delay=delay, key=key)


# --- the service for others -------------------------------------------------------------------------------------


class _Checkout:
    """payments.Checkout."""

    async def start(self, request: CheckoutRequest) -> CheckoutSession:
        return await start(request)

    async def refund(self, reference_kind: str, reference_id: UUID, percent: int, reason: str, key: str = "") -> None:
        await close(reference_kind, reference_id)
        for more in await additions(reference_kind, reference_id):
            await close(more.reference_kind, more.reference_id)
        await refunds.refund_reference(reference_kind, reference_id, percent, reason, key)

    async def close(self, reference_kind: str, reference_id: UUID) -> None:
        await close(reference_kind, reference_id)

    async def status(self, reference_kind: str, reference_id: UUID) -> PaymentInfo | None:
        payment = await of_reference(reference_kind, reference_id)
        return None if payment is None else info(payment)


def info(payment: Payment) -> PaymentInfo:
    """The payment as other plugins see it."""
    way = payment.checkout_url if payment.state in states.OPEN else ""
    if payment.state in states.CAPTURED:
        way = url("payments.receipt", id=payment.id)
    return PaymentInfo(
        id=payment.id,
        state=payment.state,
        amount_minor=payment.amount_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency,
        payer_id=payment.payer_id,
        payee_id=payment.payee_id,
        url=way,
        paid_at=payment.paid_at,
    )


CHECKOUT: Final = _Checkout()
