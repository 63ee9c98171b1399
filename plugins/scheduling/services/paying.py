"""The price difference of a move is paid before the move is carried out; moving.py does the rest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import Money, _, errors, format_money, now, services, url

from .. import policies
from ..models import Booking, PaidMove
from ..settings import payment_time
from .standing import Checkout

KIND = "booking_move"


class PaysFirst(errors.Conflict):
    """The new time costs more: it is the session's once `url` has taken the difference. Until then nothing changes."""

    def __init__(self, asked: PaidMove, where: str) -> None:
        booking = asked.booking
        amount = format_money(Money(asked.difference_minor, booking.currency))
        super().__init__(_("The new time costs {amount} more. It is yours once that is paid.").format(amount=amount))
        self.url = where
        self.extra |= {
            "code": "pays_first", "charge_minor": asked.difference_minor, "currency": booking.currency, "pay": where,
        }  # fmt: skip


def last_moment(booking: Booking) -> datetime:
    """Until when it can be moved by its policy at the latest: until it begins, or for a day after that."""
    return booking.starts_at + timedelta(days=policies.terms_of(booking.policy).past_moves)


async def ask_for(booking: Booking, start: datetime, difference: int, actor_id: UUID | None) -> PaidMove:
    """What is to be paid by this person for this move; again, the same. Joins the transaction under the row lock."""
    same: dict[str, Any] = {
        "starts_at": start, "difference_minor": difference, "sequence": booking.ical_sequence, "state": "open",
        "actor_id": actor_id,
    }  # fmt: skip
    found = await PaidMove.filter(booking_id=booking.id, expires_at__gt=now(), **same).first()
    if found is None:
        found = await PaidMove.create(
            booking=booking, price_minor=booking.price_minor + difference,
            expires_at=min(now() + payment_time(), start, last_moment(booking)), **same,
        )  # fmt: skip
    found.booking = booking
    return found


async def checkout_for(booking: Booking, asked: PaidMove) -> str:
    """Where to pay. Other moves of this session that were never paid for are given up."""
    checkout = services.need("payments.Checkout")
    for other in await PaidMove.filter(booking_id=booking.id, state="open").exclude(id=asked.id):
        await checkout.close(KIND, other.id)
        await lapse(other.id)
    page = url("scheduling.booking", id=booking.id)
    session = await checkout.start(
        Checkout(
            reference_kind=KIND,
            reference_id=asked.id,
            payer_id=asked.actor_id or booking.candidate_id,
            payee_id=booking.interviewer_id,
            amount_minor=asked.difference_minor,
            currency=booking.currency,
            description=_("{title}: price difference").format(title=booking.title),
            return_url=page,
            cancel_url=url("scheduling.reschedule", id=booking.id),
            expires_at=asked.expires_at,
            adds_to_kind="booking",
            adds_to_id=booking.id,
        )
    )
    return str(session.url)


async def lapse(move_id: UUID) -> None:
    """Nobody paid: the session stays where it is."""
    checkout = services.get("payments.Checkout")
    latest = await checkout.status(KIND, move_id) if checkout is not None else None
    if latest is None or not (latest.is_open or latest.is_paid):
        await PaidMove.filter(id=move_id, state="open").update(state="lapsed")
