"""Arithmetic of money: shares of a payment, and how a refund takes them back. Integers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets how much of an amount. All are rounded down; `rest` is what no share could take, and never negative."""

    payee: int
    commission: int
    tax: int
    rest: int

    @property
    def total(self) -> int:
        return self.payee + self.commission + self.tax + self.rest


def share_out(amount: int, commission_percent: int, tax_percent: int, *, has_payee: bool) -> Shares:
    """Split what was paid. Without a payee all of it is the house's. The tax is contained in the house's part."""
    payee = amount * (100 - commission_percent) // 100 if has_payee else 0
    house = amount * commission_percent // 100 if has_payee else amount
    tax = house * tax_percent // (100 + tax_percent)
    return Shares(payee, house - tax, tax, amount - payee - house)


def percent_of(amount: int, percent: int) -> int:
    """`percent` (0 to 100) of an amount; half a minor unit or more counts as one, in favour of the payer."""
    if not 0 <= percent <= 100:
        raise ValueError("a percentage from 0 to 100 is needed")
    return (amount * percent * 2 + 100) // 200


def taken_back(shares: Shares, refunded: int) -> Shares:
    """What the parties have given back in all once `refunded` of the whole has gone back to the payer.

    Computed from the whole each time, so that many small refunds end exactly where one big one does.
    """
    whole = shares.total
    if not 0 <= refunded <= whole:
        raise ValueError("a refund cannot exceed what was paid")
    if whole == 0:
        return shares
    payee, commission, tax = (part * refunded // whole for part in (shares.payee, shares.commission, shares.tax))
    return Shares(payee, commission, tax, refunded - payee - commission - tax)


def difference(after: Shares, before: Shares) -> Shares:
    """What one more refund takes from each."""
    return Shares(
        after.payee - before.payee,
        after.commission - before.commission,
        after.tax - before.tax,
        after.rest - before.rest,
    )
