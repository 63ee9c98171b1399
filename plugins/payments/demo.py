"""Payments for the bookings of a demo tenant, with books that balance. Written in bulk; nothing is announced."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import new_id, now, setting, unit_of_work
from kernel import services as neighbours

from . import settings, states
from .gateways.sandbox import SANDBOX
from .ledger import posting
from .ledger.split import Shares, difference, percent_of, share_out, taken_back
from .models import LedgerEntry, LedgerLine, Payment, PaymentStep, Refund, SandboxCharge, Series

_BACK, _AHEAD = timedelta(days=90), timedelta(days=90)
_DECLINED: Final = (("9995", "insufficient_funds", "funds"), ("0069", "expired_card", "expired"))
_CALLED_OFF = "Caught a cold, sorry"
_GOODWILL = "The sound was bad for ten minutes"


@dataclass(slots=True)
class _Rows:
    """Everything to be written, in the order of its references."""

    payments: list[Payment] = field(default_factory=list)
    steps: list[PaymentStep] = field(default_factory=list)
    charges: list[SandboxCharge] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    lines: list[LedgerLine] = field(default_factory=list)

    def book(self, key: str, kind: str, payment: Payment, lines: list[posting.Line], at: datetime) -> None:
        entry, rows = posting.build(key, kind, payment, lines, at, None)
        self.entries.append(entry)
        self.lines += rows

    def step(self, payment: Payment, before: str, after: str, at: datetime, reason: str = "") -> None:
        self.steps.append(
            PaymentStep(
                id=new_id(), payment_id=payment.id, before=before, after=after, at=at, reason=reason,
                actor_id=None if reason else payment.payer_id,
            )
        )  # fmt: skip


async def seed(slug: str) -> None:
    """A payment for every priced booking that stands or stood. Nothing without scheduling, or a second time."""
    bookings = neighbours.get("scheduling.Bookings")
    if bookings is None or await Payment.all().exists():
        return
    known = await bookings.for_period(now() - _BACK, now() + _AHEAD)
    found = [b for b in known if b.price_minor > 0 and b.interviewer_id]
    dice = random.Random(f"payments {slug}")  # noqa: S311 - the same demo each time
    rows = _Rows()
    for booking in sorted(found, key=lambda b: (b.starts_at, str(b.id))):
        _one(rows, booking, dice)
    _number(rows)
    await _write(rows)


def _one(rows: _Rows, booking: Any, dice: random.Random) -> None:
    paid_at = min(
        booking.starts_at - timedelta(minutes=dice.randint(1800, 9000)),
        now() - timedelta(minutes=dice.randint(30, 600)),
    )
    if dice.random() < 0.08:
        _declined(rows, booking, paid_at - timedelta(minutes=6), dice)
    payment = _payment(booking, booking.id, paid_at)
    shares = share_out(payment.amount_minor, payment.commission_percent, payment.tax_percent, has_payee=True)
    payment.state, payment.paid_at, payment.method = states.PAID, paid_at, "4242"
    payment.payee_minor, payment.commission_minor, payment.tax_minor = shares.payee, shares.commission, shares.tax
    rows.payments.append(payment)
    rows.charges.append(SandboxCharge(id=new_id(), payment_id=payment.id, outcome="succeeded", card="approve"))
    rows.step(payment, states.CREATED, states.PAID, paid_at)
    rows.book(f"payment:{payment.id}", "payment", payment, posting.payment_lines(shares, payment.payee_id), paid_at)
    if booking.status == "cancelled":
        _cancelled(rows, payment, shares, booking, dice)
    elif booking.status == "completed":
        _completed(rows, payment, shares, booking, dice)


def _payment(booking: Any, reference_id: UUID, at: datetime) -> Payment:
    payment_id, begun = new_id(), at - timedelta(minutes=2)
    return Payment(
        id=payment_id,
        reference_kind="booking",
        reference_id=reference_id,
        payer_id=booking.candidate_id,
        payee_id=booking.interviewer_id,
        amount_minor=booking.price_minor,
        currency=booking.currency,
        description=booking.type_title[:200],
        gateway=SANDBOX.name,
        gateway_ref=f"sbx_{payment_id.hex}",
        checkout_url=f"/checkout/{payment_id}",
        commission_percent=setting(settings.COMMISSION),
        tax_percent=setting(settings.TAX),
        return_url=booking.path,
        cancel_url=booking.path,
        created_at=begun,
        updated_at=at,
        expires_at=begun + timedelta(minutes=15),
    )


def _declined(rows: _Rows, booking: Any, at: datetime, dice: random.Random) -> None:
    """An attempt before it that came to nothing."""
    method, reason, card = dice.choice(_DECLINED)
    payment = _payment(booking, new_id(), at)
    payment.state, payment.reason, payment.method = states.FAILED, reason, method
    rows.payments.append(payment)
    rows.charges.append(SandboxCharge(id=new_id(), payment_id=payment.id, outcome="failed", card=card))
    rows.step(payment, states.CREATED, states.FAILED, at, reason)


def _cancelled(rows: _Rows, payment: Payment, shares: Shares, booking: Any, dice: random.Random) -> None:
    at = _between(payment, min(booking.starts_at, now()), 0.6)
    percent = 50 if dice.random() < 0.3 else 100
    _refund(rows, payment, shares, percent_of(payment.amount_minor, percent), at, _CALLED_OFF, "cancelled")
    if percent < 100:
        _release(rows, payment, shares, at + timedelta(days=setting(settings.HOLD_DAYS)), "late_cancellation")


def _completed(rows: _Rows, payment: Payment, shares: Shares, booking: Any, dice: random.Random) -> None:
    if booking.outcome in ("no_show_interviewer", "no_show_both"):
        at = min(booking.ends_at, now())
        _refund(rows, payment, shares, payment.amount_minor, at, states.SESSION_NOT_HELD, "no_show")
        return
    if dice.random() < 0.05:
        amount, at = percent_of(payment.amount_minor, 20), min(booking.ends_at + timedelta(hours=3), now())
        _refund(rows, payment, shares, amount, at, _GOODWILL, "goodwill", "house")
    why = "session_held" if booking.outcome in (None, "completed") else "candidate_absent"
    _release(rows, payment, shares, booking.ends_at + timedelta(days=setting(settings.HOLD_DAYS)), why)


def _between(payment: Payment, until: datetime, part: float) -> datetime:
    begun = payment.paid_at or until
    return begun + max(until - begun, timedelta()) * part


def _refund(
    rows: _Rows,
    payment: Payment,
    shares: Shares,
    amount: int,
    at: datetime,
    reason: str,
    key: str,
    bearer: str = "shared",
) -> None:
    payment.refunded_minor = amount
    payment.state = states.REFUNDED if amount == payment.amount_minor else states.PARTLY
    refund = Refund(
        id=new_id(), payment_id=payment.id, key=key, amount_minor=amount, currency=payment.currency, bearer=bearer,
        reason=reason, state="done", created_at=at, done_at=at,
    )  # fmt: skip
    rows.refunds.append(refund)
    rows.step(payment, states.PAID, payment.state, at, reason)
    if bearer == "house":
        lines = posting.goodwill_lines(amount)
    else:
        back = difference(taken_back(shares, amount), taken_back(shares, 0))
        lines = posting.refund_lines(back, payment.payee_id, released=False)
    rows.book(f"refund:{refund.id}", "refund", payment, lines, at)


def _release(rows: _Rows, payment: Payment, shares: Shares, at: datetime, why: str) -> None:
    """The hold ends at `at`; when that is past, the share is available. What is still held, the sweep releases."""
    payment.release_at, payment.release_why = at, why
    shared = sum(r.amount_minor for r in rows.refunds if r.payment_id == payment.id and r.bearer == "shared")  # type: ignore[attr-defined]
    left = shares.payee - taken_back(shares, shared).payee
    if at > now() or payment.payee_id is None:
        return
    payment.released_at = at
    if left > 0:
        rows.book(f"release:{payment.id}", "release", payment, posting.release_lines(left, payment.payee_id), at)


def _number(rows: _Rows) -> None:
    """Receipts and refunds are numbered in the order in which they happened."""
    rows.payments.sort(key=lambda p: p.paid_at or p.created_at)
    rows.refunds.sort(key=lambda r: r.created_at)
    for number, payment in enumerate((p for p in rows.payments if p.paid_at), 1):
        payment.receipt_no = number
    for number, refund in enumerate(rows.refunds, 1):
        refund.refund_no = number


async def _write(rows: _Rows) -> None:
    receipts = sum(1 for p in rows.payments if p.receipt_no)
    async with unit_of_work():
        await Payment.bulk_create(rows.payments, batch_size=200)
        await PaymentStep.bulk_create(rows.steps, batch_size=500)
        await SandboxCharge.bulk_create(rows.charges, batch_size=500)
        await Refund.bulk_create(rows.refunds, batch_size=200)
        await LedgerEntry.bulk_create(rows.entries, batch_size=500)
        await LedgerLine.bulk_create(rows.lines, batch_size=500)
        numbers = (("receipt", receipts), ("refund", len(rows.refunds)))
        await Series.bulk_create([Series(id=new_id(), name=name, number=n) for name, n in numbers if n])
