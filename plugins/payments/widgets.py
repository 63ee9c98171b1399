"""Pieces of other pages: money on the page of a booking, earnings on the start page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, can, current_actor, parse_id, templates

from . import bookkeeping, earnings, states
from .handlers import BOOKING
from .models import Payment
from .permissions import EARN, MANAGE
from .services import share_left
from .services.steps import of_reference


async def booking_panel(subject: Any) -> Markup | None:
    """The payer sees state and receipt, the payee the share, an admin the way to the payment; nobody else anything."""
    found = getattr(subject, "id", subject)
    booking_id = found if isinstance(found, UUID) else parse_id(str(found or ""))
    actor = current_actor()
    if booking_id is None or actor is None:
        return None
    payment = await of_reference(BOOKING, booking_id)
    if payment is None:
        return None
    role = "payer" if actor.id == payment.payer_id else "payee" if actor.id == payment.payee_id else "admin"
    if role == "admin" and not can(MANAGE):
        return None
    if role == "payee" and payment.state not in states.CAPTURED:
        return None
    return await templates.piece("payments/w_booking.html", await _context(payment, role))


async def _context(payment: Payment, role: str) -> dict[str, Any]:
    return {
        "payment": payment,
        "role": role,
        "state": states.label(payment.state),
        "open": payment.state in states.OPEN,
        "paid": payment.state in states.CAPTURED,
        "why": states.reason_text(payment.reason),
        "share": await share_left(payment) if role == "payee" else 0,
    }


async def home_earnings(subject: Any) -> Markup | None:
    """What I am owed, and the latest lines; nothing for somebody who never earned."""
    actor = current_actor()
    if actor is None:
        return None
    owed = await bookkeeping.owed_to(actor.id)
    if not owed:
        return None
    rows, _total = await earnings.of(actor.id, "", 1)
    return await templates.piece("payments/w_earnings.html", {"owed": owed, "rows": rows[:3]})


WIDGETS = [
    Widget(slot="scheduling.booking", name="payments.state", render=booking_panel, order=40, permission=SIGNED_IN),
    Widget(slot="home", name="payments.earnings", render=home_earnings, order=60, permission=EARN),
]
