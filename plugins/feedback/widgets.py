"""Pieces of other pages: what is to do on the start page, the panel of a booking, ratings on a profile."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, current_actor, services, templates
from plugins.scheduling.api import BookingInfo, Bookings

from . import queries
from .access import Seat, exchange_for, is_finished, side_of
from .models import Exchange
from .ratings import RatingsOfReviews


async def home(subject: Any) -> Markup | None:
    """What somebody still has to write, and their latest scorecard."""
    actor = current_actor()
    if actor is None:
        return None
    todo = await queries.todo(actor.id, 4)
    card = await queries.latest_released(actor.id)
    if not todo and card is None:
        return None
    return await templates.piece("feedback/home.html", {"todo": todo, "card": card})


async def booking_panel(subject: Any) -> Markup | None:
    """On the page of a finished booking: what to write and what there is to read."""
    actor = current_actor()
    booking_id = _id_of(subject)
    if actor is None or booking_id is None:
        return None
    seat = await _seat(booking_id, subject)
    if seat is None:
        return None
    context = {
        "practice": seat.practice,
        "booking_id": booking_id,
        "found": None if seat.practice else await queries.session(seat),
    }
    return await templates.piece("feedback/panel.html", context)


async def profile(subject: Any) -> Markup | None:
    """On an interviewer's public profile: the rating and the latest reviews, without names."""
    interviewer_id = _id_of(subject)
    if interviewer_id is None:
        return None
    ratings = RatingsOfReviews()
    summary = await ratings.summary(interviewer_id)
    if summary.average is None:
        return None
    context = {"summary": summary, "recent": await ratings.recent(interviewer_id, 4)}
    return await templates.piece("feedback/profile.html", context)


def _id_of(subject: Any) -> UUID | None:
    if isinstance(subject, BookingInfo):
        return subject.id
    try:
        return subject if isinstance(subject, UUID) else UUID(str(subject))
    except ValueError:
        return None


async def _seat(booking_id: UUID, subject: Any) -> Seat | None:
    """The reader's place, also before the end of the session was heard of; None before the end and for others."""
    actor = current_actor()
    if actor is None:
        return None
    exchange = await Exchange.filter(booking_id=booking_id).first()
    if exchange is not None:
        side = side_of(exchange, actor.id)
        return Seat(exchange, side, actor) if side is not None else None
    bookings = services.get(Bookings)
    booking = subject if isinstance(subject, BookingInfo) else await bookings.get(booking_id) if bookings else None
    side = side_of(booking, actor.id) if booking is not None else None
    if booking is None or side is None or not is_finished(booking):
        return None
    return Seat(exchange_for(booking), side, actor, stored=False)


WIDGETS = [
    Widget(slot="home", name="feedback.todo", render=home, order=20, permission=SIGNED_IN),
    Widget(slot="scheduling.booking", name="feedback.panel", render=booking_panel, order=30, permission=SIGNED_IN),
    Widget(slot="scheduling.profile", name="feedback.reviews", render=profile, order=20),
]
