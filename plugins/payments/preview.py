"""What a refund would do, computed by the same functions that do it."""

from __future__ import annotations

from dataclasses import dataclass

from .ledger.split import Shares
from .models import Payment, Refund
from .services.refunds import HOUSE, SHARED, share_of


@dataclass(frozen=True, slots=True)
class Effect:
    """Who gives what: the payer gets `amount_minor`, and `shares` say whose it was (goodwill: the house's)."""

    amount_minor: int
    bearer: str
    shares: Shares
    payee_before: int
    payee_after: int
    from_available: bool
    closes: bool


async def effect_of(payment: Payment, amount: int, bearer: str) -> Effect:
    """The effect of refunding `amount` now, counting refunds that are still on their way."""
    pending = await Refund.filter(payment_id=payment.id, state__in=["created", "done"], bearer=SHARED)
    before = sum(r.amount_minor for r in pending)
    shares = Shares(0, amount, 0, 0) if bearer == HOUSE else share_of(payment, before, amount)
    had = payment.payee_minor - share_of(payment, 0, before).payee
    return Effect(
        amount_minor=amount,
        bearer=bearer,
        shares=shares,
        payee_before=had,
        payee_after=had - (0 if bearer == HOUSE else shares.payee),
        from_available=payment.released_at is not None,
        closes=payment.refunded_minor + amount == payment.amount_minor,
    )
