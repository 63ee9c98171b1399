"""Writing into the books: one function, for one fact, in the transaction of that fact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import current_actor, in_unit_of_work, new_id, now

from ..models import LedgerEntry, LedgerLine, Payment
from . import chart
from .split import Shares


@dataclass(frozen=True, slots=True)
class Line:
    """An amount on an account: debit positive, credit negative. Zero is left out when posted."""

    account: str
    amount: int
    owner: UUID | None = None


def payment_lines(shares: Shares, payee_id: UUID | None) -> list[Line]:
    """The money is at the provider; it is owed to the payee (on hold) and earned by the house."""
    return [
        Line(chart.CLEARING, shares.total),
        Line(chart.HELD, -shares.payee, payee_id),
        Line(chart.COMMISSION, -shares.commission),
        Line(chart.TAX, -shares.tax),
        Line(chart.ROUNDING, -shares.rest),
    ]


def refund_lines(back: Shares, payee_id: UUID | None, *, released: bool) -> list[Line]:
    """Each gives back a share; the payee's comes from where it lies now."""
    return [
        Line(chart.CLEARING, -back.total),
        Line(chart.AVAILABLE if released else chart.HELD, back.payee, payee_id),
        Line(chart.COMMISSION, back.commission),
        Line(chart.TAX, back.tax),
        Line(chart.ROUNDING, back.rest),
    ]


def goodwill_lines(amount: int) -> list[Line]:
    """The house pays alone."""
    return [Line(chart.CLEARING, -amount), Line(chart.GOODWILL, amount)]


def release_lines(amount: int, payee_id: UUID) -> list[Line]:
    """The hold is over."""
    return [Line(chart.HELD, amount, payee_id), Line(chart.AVAILABLE, -amount, payee_id)]


def handover_lines(amount: int, old: UUID, new: UUID) -> list[Line]:
    """What was held for one is held for another."""
    return [Line(chart.HELD, amount, old), Line(chart.HELD, -amount, new)]


def build(
    key: str, kind: str, payment: Payment, lines: list[Line], at: datetime, actor_id: UUID | None
) -> tuple[LedgerEntry, list[LedgerLine]]:
    """Rows of an entry. Raises ValueError for one that does not sum to zero or names no known account."""
    kept = [line for line in lines if line.amount]
    if len(kept) < 2 or sum(line.amount for line in kept) != 0:
        raise ValueError(f"the ledger entry {key} does not balance")
    for line in kept:
        if (line.owner is not None) != chart.ACCOUNTS[line.account].owned:
            raise ValueError(f"the ledger entry {key} has an owner where there is none, or none where there is one")
    entry = LedgerEntry(
        id=new_id(), key=key, kind=kind, payment_id=payment.id, line_count=len(kept), at=at, actor_id=actor_id
    )
    rows = [
        LedgerLine(
            id=new_id(),
            entry_id=entry.id,
            account=line.account,
            owner_id=line.owner,
            amount_minor=line.amount,
            currency=payment.currency,
        )
        for line in kept
    ]
    return entry, rows


async def post(key: str, kind: str, payment: Payment, lines: list[Line]) -> None:
    """Book a fact of `payment`. `key` is unique; booking it twice raises IntegrityError, as a fault of ours.

    Needs an open unit of work: the books and what they tell of commit together.
    """
    if not in_unit_of_work():
        raise RuntimeError(f"the ledger entry {key} could part from its fact: open a unit of work")
    actor = current_actor()
    entry, rows = build(key, kind, payment, lines, now(), actor.id if actor else None)
    await entry.save(force_create=True)
    await LedgerLine.bulk_create(rows)
