"""Guests and observers, as other plugins ask about them."""

from __future__ import annotations

from uuid import UUID

from kernel import errors, unit_of_work

from . import queries
from .api import Invitation, Invited
from .models import Booking
from .services import joining
from .services.changes import role_in
from .services.core import locked, move
from .states import Status


def _name(booking: Booking, email: str) -> str:
    return next((str(p.get("name", "")) for p in booking.people if p["email"] == email), "")


class InvitationsOfScheduling:
    """Provides `scheduling.Invitations`."""

    async def behind(self, token: str) -> Invitation | None:
        try:
            ticket = await joining.opened(token)
        except errors.NotFound:
            return None
        info = await queries.BOOKINGS.get(ticket.booking.id)
        if info is None or not ticket.email:
            return None
        return Invitation(info, ticket.email, _name(ticket.booking, ticket.email), ticket.role, ticket.stale)

    async def of(self, booking_id: UUID) -> list[Invited]:
        booking = await Booking.filter(id=booking_id).first()
        if booking is None:
            return []
        return [
            Invited(
                str(p["email"]),
                str(p.get("name", "")),
                str(p.get("role", "guest")),
                await joining.link_for(booking, str(p["email"])),
            )
            for p in booking.people
        ]

    async def withdraw(self, booking_id: UUID, email: str) -> bool:
        async with unit_of_work():
            booking = await locked(booking_id)
            left = [p for p in booking.people if p["email"] != email]
            if len(left) == len(booking.people):
                return False
            status, role = Status(booking.status), role_in(booking) or "admin"
            await move(booking, status, role=role, details={"uninvited": True}, people=left)
        return True


INVITATIONS = InvitationsOfScheduling()
