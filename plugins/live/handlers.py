"""Reactions to bookings. The sweep would find these too, a little later."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel import Happened, Subscriber, services
from plugins.scheduling.api import Bookings

from . import services as rooms
from .models import LiveSession


async def booking_cancelled(happened: Happened) -> None:
    """Nobody may wait in the room of a cancelled booking."""
    await rooms.cancelled(UUID(happened.data["booking_id"]))


async def booking_rescheduled(happened: Happened) -> None:
    """The room opens and closes at the new time. Read anew: the booking may have moved again meanwhile."""
    booking_id = UUID(happened.data["booking_id"])
    bookings = services.get(Bookings)
    booking = await bookings.get(booking_id) if bookings is not None else None
    if booking is not None and await LiveSession.filter(booking_id=booking_id).exists():
        await rooms.opened(booking)


async def interviewer_changed(happened: Happened) -> None:
    """Whoever held the session before has no part in it any more, also when they are in the room already."""
    booking_id, old = UUID(happened.data["booking_id"]), UUID(happened.data["old_interviewer_id"])
    bookings = services.get(Bookings)
    booking = await bookings.get(booking_id) if bookings is not None else None
    session = await LiveSession.filter(booking_id=booking_id).first()
    if booking is None or session is None:
        return
    await rooms.opened(booking)
    if old not in (booking.interviewer_id, booking.second_id):
        await rooms.send_away(session.id, old, "reassigned")


async def running_late(happened: Happened) -> None:
    """Whoever said that they will be late is not absent before that moment."""
    bookings = services.get(Bookings)
    booking = await bookings.get(UUID(happened.data["booking_id"])) if bookings is not None else None
    until = datetime.fromisoformat(happened.data["until"])
    if booking is not None and booking.status == "accepted" and until < booking.ends_at:
        await rooms.running_late(booking, until)


SUBSCRIBERS = [
    Subscriber(event="scheduling.booking_cancelled.v1", handler=booking_cancelled),
    Subscriber(event="scheduling.booking_rescheduled.v1", handler=booking_rescheduled),
    Subscriber(event="scheduling.interviewer_changed.v1", handler=interviewer_changed),
    Subscriber(event="scheduling.running_late.v1", handler=running_late),
]
