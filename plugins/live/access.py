"""Who may be in which room, and when: asked before every page, ticket, socket and action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from kernel import Actor, _, current_actor, errors, now, parse_id, services, tenant_key
from plugins.scheduling.api import BookingInfo, Bookings

from .models import LiveSession
from .settings import rules
from .states.session import FINAL_STATES, Kind, Role, State, Window

#: How a room looks to somebody who belongs to it. `over` comes with the session's final state.
Standing = Literal["unconfirmed", "cancelled", "early", "open", "closed", "over"]

_UNCONFIRMED: Final = frozenset({"held", "pending"})
_CANCELLED: Final = frozenset({"cancelled", "rejected", "expired"})


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in the room of a booking. `session` is None until somebody has entered."""

    booking: BookingInfo
    session: LiveSession | None
    role: Role
    actor: Actor
    window: Window

    @property
    def kind(self) -> Kind:
        return Kind(self.booking.kind)

    @property
    def partner(self) -> str:
        """Name of the person on the other side; empty in a practice session."""
        other = self.booking.candidate_name if self.role is Role.INTERVIEWER else self.booking.interviewer_name
        return other or ""

    @property
    def standing(self) -> Standing:
        status = self.booking.status
        if status in _UNCONFIRMED:
            return "unconfirmed"
        if status in _CANCELLED or (self.session is not None and self.session.state == State.CANCELLED):
            return "cancelled"
        if status == "completed" or (self.session is not None and State(self.session.state) in FINAL_STATES):
            return "over"
        return self.window.phase(now())


def channel(session_id: UUID) -> str:
    """The room's channel on the bus."""
    return tenant_key("live", str(session_id))


def role_of(booking: BookingInfo, account_id: UUID) -> Role | None:
    if account_id == booking.candidate_id:
        return Role.CANDIDATE
    return Role.INTERVIEWER if account_id == booking.interviewer_id else None


async def seat_of(booking_id: str) -> Seat:
    """The seat of whoever asks. NotFound when there is no such booking, and when it is other people's."""
    key, actor = parse_id(booking_id), current_actor()
    if actor is None:
        raise errors.SignInRequired
    booking = await services.need(Bookings).get(key) if key is not None else None
    role = role_of(booking, actor.id) if booking is not None else None
    if booking is None or role is None:
        # One answer for both: nobody learns which bookings there are.
        raise errors.NotFound(
            _("There is no such room, or it belongs to other people. Open your own sessions from your bookings."),
            title=_("This is not your room"),
        )
    session = await LiveSession.filter(booking_id=booking.id).first()
    return Seat(booking, session, role, actor, Window.of(booking.starts_at, booking.ends_at, rules()))


def must_be_open(seat: Seat) -> None:
    """Forbidden, with the reason, unless people may be in the room now."""
    if seat.standing != "open":
        raise errors.Forbidden(why_not(seat.standing), title=_("The room is closed"))


def why_not(standing: Standing) -> str:
    return {
        "unconfirmed": _("This booking is not confirmed yet."),
        "cancelled": _("This booking was cancelled."),
        "early": _("The room is not open yet."),
        "open": "",
        "closed": _("The time of this session has passed."),
        "over": _("This session is over."),
    }[standing]
