"""Pieces of other plugins' pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from markupsafe import Markup

from kernel import Widget, current_actor, is_on, services, templates
from plugins.scheduling.api import BookingInfo, Bookings, Invitations, Invited

from . import queries
from .access import Seat, person_of, role_of, seat_for
from .states.session import Kind


async def join_panel(subject: Any) -> Markup | None:
    """On the page of a booking: the way into its room, or what became of the session."""
    booking = await _booking(subject)
    actor = current_actor()
    if booking is None or actor is None:
        return None
    role = role_of(booking, actor.id)
    if role is None:
        return None
    seat = await seat_for(booking, role, person_of(booking, actor))
    session = seat.session
    if seat.standing in ("cancelled", "unconfirmed") or (seat.kind is Kind.AI and not is_on("live.practice")):
        return None
    context = {
        "seat": seat,
        "standing": seat.standing,
        "practice": seat.kind is Kind.AI,
        "partner_here": seat.standing == "open" and await queries.partner_here(seat),
        "state": queries.STATES.get(session.state) if session is not None else None,
        "guests": await _guests(seat),
        "minutes": round(session.seconds / 60) if session is not None else 0,
    }
    return await templates.piece("live/join_panel.html", context)


async def _guests(seat: Seat) -> list[Invited]:
    """Whose invitation can be taken back from here."""
    invitations = services.get(Invitations)
    if invitations is None or seat.standing not in ("early", "open"):
        return []
    return await invitations.of(seat.booking.id)


async def _booking(subject: Any) -> BookingInfo | None:
    if isinstance(subject, BookingInfo):
        return subject
    bookings = services.get(Bookings)
    if bookings is None or subject is None:
        return None
    return await bookings.get(subject if isinstance(subject, UUID) else UUID(str(subject)))


WIDGETS = [Widget(slot="scheduling.booking", name="live.join", render=join_panel, order=10)]
