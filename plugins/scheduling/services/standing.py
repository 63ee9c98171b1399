"""The payment of a booking, and the moment from which it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import now, publish, services, unit_of_work, url

from ..availability import minute
from ..events import BookingConfirmed
from ..models import Booking, Waiting
from ..settings import payment_time
from ..states import PASSING, Status
from .core import is_collision, move, plan, plan_expiry
from .parties import give_away


@dataclass(frozen=True, slots=True)
class Checkout:
    """What the plugin that takes the money is asked for; the fields of its CheckoutRequest."""

    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    amount_minor: int
    currency: str
    description: str
    return_url: str
    cancel_url: str
    expires_at: datetime
    adds_to_kind: str = ""
    adds_to_id: UUID | None = None


async def go_on(booking: Booking, *, until: datetime, role: str, reason: str = "", **fields: Any) -> None:
    """To the payment when it costs something and somebody takes money, else it stands. Joins the transaction."""
    if fields.get("price_minor", booking.price_minor) > 0 and services.get("payments.Checkout") is not None:
        await move(booking, Status.PENDING, role=role, reason=reason, hold_until=until, **fields)
        await plan_expiry(booking)
    else:
        await accept(booking, role=role, reason=reason, **fields)


async def checkout_of(booking: Booking) -> str:
    """Where to pay. The provider is asked outside of any transaction; asked again it gives the same checkout."""
    page = url("scheduling.booking", id=booking.id)
    session = await services.need("payments.Checkout").start(
        Checkout(
            reference_kind="booking",
            reference_id=booking.id,
            payer_id=booking.booked_by or booking.candidate_id,
            payee_id=booking.interviewer_id,
            amount_minor=booking.price_minor,
            currency=booking.currency,
            description=booking.title,
            return_url=page,
            cancel_url=url("scheduling.hold", id=booking.id) if booking.mode in ("instant", "offer") else page,
            expires_at=booking.hold_until or now() + payment_time(),
        )
    )
    return str(session.url)


async def accept(booking: Booking, *, role: str, reason: str = "", **changes: Any) -> None:
    """The booking stands; joins the open transaction."""
    await move(booking, Status.ACCEPTED, role=role, reason=reason, hold_until=None, confirmed_at=now(), **changes)
    await plan(booking)
    if booking.mode == "offer":
        await Waiting.filter(booking_id=booking.id, state="offered").update(state="taken")
    await publish(
        BookingConfirmed(
            booking.id,
            booking.candidate_id,
            booking.interviewer_id,
            booking.starts_at,
            booking.ends_at,
            booking.type_id,
            booking.title,
            booking.kind,
            booking.price_minor,
            booking.currency,
            booking.ical_sequence,
        )
    )
    await give_away(booking)


async def paid(booking_id: UUID) -> bool:
    """The money is there. False when the time is lost, so that it has to go back."""
    try:
        async with unit_of_work():
            booking = await Booking.filter(id=booking_id).select_for_update().first()
            if booking is None or booking.status in (Status.EXPIRED, Status.CANCELLED, Status.REJECTED):
                return False
            if booking.status in PASSING:
                await accept(booking, role="system", reason="paid", **_late_start(booking))
            return True
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        return False


def _late_start(booking: Booking) -> dict[str, Any]:
    """A session that was to begin at once begins when it is paid."""
    at = now().replace(second=0, microsecond=0)
    if booking.mode != "now" or booking.starts_at >= at:
        return {}
    shift = minute(at) - booking.from_minute
    return {
        "starts_at": at, "ends_at": booking.ends_at + timedelta(minutes=shift), "from_minute": minute(at),
        "to_minute": booking.to_minute + shift, "guard_from": booking.guard_from + shift,
        "guard_to": booking.guard_to + shift,
    }  # fmt: skip
