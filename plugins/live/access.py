"""Who may be in which room, and when: asked before every page, ticket, socket and action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID, uuid5

from kernel import Actor, _, current_actor, errors, now, parse_id, services, tenant_key
from plugins.scheduling.api import BookingInfo, Bookings, Invitations

from .models import LiveSession
from .settings import rules
from .states.session import FINAL_STATES, PARTIES, Kind, Role, State, Window

#: How a room looks to somebody who belongs to it. `over` comes with the session's final state.
Standing = Literal["unconfirmed", "cancelled", "moved", "early", "open", "closed", "over"]

_UNCONFIRMED: Final = frozenset({"held", "requested", "pending"})
_CANCELLED: Final = frozenset({"cancelled", "rejected", "expired"})


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sits in a room. `id` is an account's or a guest's; `sign_in`: what their tickets are bound to.

    `email` is the address to which a guest's link is bound, and empty for somebody with an account.
    """

    id: UUID
    name: str
    sign_in: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in the room of a booking. `session` is None until somebody has entered.

    `stale`: a guest's link was made for another time or interviewer of the booking.
    """

    booking: BookingInfo
    session: LiveSession | None
    role: Role
    person: Person
    window: Window
    stale: bool = False

    @property
    def kind(self) -> Kind:
        return Kind(self.booking.kind)

    @property
    def partner(self) -> str:
        """Name of the person on the other side, of a panel both; empty in a practice session."""
        if self.role is Role.INTERVIEWER:
            return self.booking.candidate_name
        hosts = [name for name in (self.booking.interviewer_name, self.booking.second_name) if name]
        if self.role is not Role.CANDIDATE:
            hosts.insert(0, self.booking.candidate_name)
        return ", ".join(hosts)

    @property
    def several(self) -> bool:
        """Whether more than one person is on the other side."""
        return self.role not in PARTIES or (self.role is Role.CANDIDATE and bool(self.booking.second_name))

    @property
    def sends(self) -> bool:
        """Whether they may be seen and heard. An observer only watches."""
        return self.role is not Role.OBSERVER

    @property
    def standing(self) -> Standing:
        status = self.booking.status
        if status in _UNCONFIRMED:
            return "unconfirmed"
        if self.stale:
            return "cancelled" if status in _CANCELLED else "moved"
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
    return Role.INTERVIEWER if account_id in (booking.interviewer_id, booking.second_id) else None


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
    return await seat_for(booking, role, person_of(booking, actor))


def person_of(booking: BookingInfo, actor: Actor) -> Person:
    """The signed-in account as it is known in this room: a candidate perhaps by another name."""
    name = booking.candidate_name if actor.id == booking.candidate_id else actor.name
    return Person(actor.id, name or actor.name, str(actor.session_id))


async def seat_for(booking: BookingInfo, role: Role, person: Person, *, stale: bool = False) -> Seat:
    session = await LiveSession.filter(booking_id=booking.id).first()
    window = Window.of(booking.starts_at, booking.ends_at, rules())
    return Seat(booking, session, role, person, window, stale)


def guest_id(booking_id: UUID, email: str) -> UUID:
    """By which a guest is known in a room, on whichever device they come."""
    return uuid5(booking_id, email)


async def guest_seat(token: str) -> Seat:
    """The seat behind a guest's personal link. NotFound for a link that leads nowhere (any more)."""
    found = await services.need(Invitations).behind(token) if 20 <= len(token) <= 120 else None
    if found is None:
        raise errors.NotFound
    booking = found.booking
    person = Person(guest_id(booking.id, found.email), found.name or found.email.split("@")[0], "", found.email)
    return await seat_for(booking, guest_role(found.role), person, stale=found.stale)


def guest_role(role: str) -> Role:
    return Role.OBSERVER if role == "observer" else Role.GUEST


def must_be_open(seat: Seat) -> None:
    """Forbidden, with the reason, unless people may be in the room now."""
    if seat.standing != "open":
        raise errors.Forbidden(why_not(seat.standing), title=_("The room is closed"))


def why_not(standing: Standing) -> str:
    return {
        "unconfirmed": _("This booking is not confirmed yet."),
        "cancelled": _("This booking was cancelled."),
        "moved": _("The session has another time or interviewer now. The latest mail has a link that works."),
        "early": _("The room is not open yet."),
        "open": "",
        "closed": _("The time of this session has passed."),
        "over": _("This session is over."),
    }[standing]
