"""Somebody comes in, waits at the door, is let in or sent out, leaves.

Candidate and interviewers always have a seat; guests and observers share what is left. Who waits at the door is
present (nobody is stood up by somebody who did not open), but sees and hears nothing of the room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel import _, after_commit, compare_and_set, errors, now, services, setting, unit_of_work
from plugins.scheduling.api import Bookings, Invitations

from ..access import Seat, channel, guest_id, guest_role, role_of
from ..hub.wire import REPLACED, clean
from ..models import Guest, LiveSession, Presence
from ..settings import rules
from ..states.session import OPEN_STATES, PARTIES, Kind, Role
from .life import LEFT_BEHIND, hub, later, lock, opened, send_away, settle, settle_locked
from .media import number, without

_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else in the room, and the number of the connection with them."""

    id: UUID
    role: Role
    epoch: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What entering led to. `resumed`: connections go on as they are. In the `lobby` nobody is met yet.

    `knocking`: who waits at the door, for interviewers.
    """

    session: LiveSession
    epoch: int
    resumed: bool
    lobby: bool
    peers: tuple[Peer, ...]
    knocking: tuple[UUID, ...] = ()


class Refused(errors.Conflict):
    """Somebody may be in this room, but not so or not now; `code` says why: elsewhere or full."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.extra |= {"code": code}


def _open(session_id: UUID) -> Any:
    return Presence.filter(session_id=session_id, left_at=None, seen_at__gt=now() - LEFT_BEHIND)


async def elsewhere(session_id: UUID, person_id: UUID, tab: str) -> bool:
    """Whether they are in the room from somewhere else than this tab of theirs."""
    return bool(tab) and await _open(session_id).filter(account_id=person_id).exclude(tab=tab).exists()


async def may_enter(session: LiveSession, seat: Seat, tab: str, *, move: bool) -> None:
    """Raises Refused for somebody who is there on another device (unless they `move`), and when all seats are taken."""
    if not move and await elsewhere(session.id, seat.person.id, tab):
        raise Refused("elsewhere", _("You are in the room on another device. If you move here, it is closed there."))
    await _must_have_seat(session, seat)


async def _must_have_seat(session: LiveSession, seat: Seat) -> None:
    if seat.role in PARTIES:
        return
    seats = int(setting("live.seats")) - (3 if seat.booking.second_id else 2)
    others = _open(session.id).filter(role__in=["guest", "observer"]).exclude(account_id=seat.person.id)
    if len(set(await others.values_list("account_id", flat=True))) >= seats:
        raise Refused("full", _("All seats in this room are taken. Try again when somebody has left."))


async def greet(session: LiveSession, seat: Seat, name: str) -> None:
    """A guest says by which name they want to be known. The address stays who they are."""
    shown = clean(name).replace("\n", " ").replace("\t", " ")[:_LONGEST_NAME].strip() or seat.person.name
    values: dict[str, Any] = {"name": shown[:_LONGEST_NAME], "role": seat.role.value}
    async with unit_of_work():
        await lock(session.id)
        row = await Guest.filter(id=seat.person.id).first()
        if row is None:
            await Guest.create(id=seat.person.id, session=session, email=seat.person.email, **values)
        else:
            await Guest.filter(id=row.id).update(**values)


async def enter(seat: Seat, connection: UUID, resume: int | None, tab: str = "") -> Entry:
    """Somebody comes in, from a new tab, after a reload or after a lost connection.

    `resume` is the epoch with which the browser joined, when it still has its connections. Raises Forbidden when it
    is over, Refused when all seats are taken.
    """
    session = await opened(seat.booking)
    async with unit_of_work():
        session = await lock(session.id)
        if session.state not in OPEN_STATES:
            raise errors.Forbidden
        await _must_have_seat(session, seat)
        at, me = now(), seat.person.id
        lobby = await _must_wait(session, seat, at)
        before = await Presence.filter(session_id=session.id, account_id=me, lobby=False).order_by("-joined_at").first()
        resumed = not lobby and before is not None and bool(resume) and resume == before.epoch
        epoch = before.epoch if resumed and before is not None else session.epoch + (not lobby)
        mine = Presence.filter(session_id=session.id, account_id=me, left_at=None)
        if await mine.update(left_at=at, left_because="replaced"):
            after_commit(lambda: _replaced(session.id, me, connection))
        await Presence.create(
            session=session, account_id=me, role=seat.role.value, connection=connection, joined_at=at,
            epoch=0 if lobby else epoch, tab=tab, lobby=lobby,
        )  # fmt: skip
        if not resumed and not lobby:
            await compare_and_set(session, epoch=epoch, pairs=without(session.pairs, me))
        await settle_locked(session, at)
        entry = await _entry(session, seat, epoch, resumed=resumed, lobby=lobby)
    if lobby and setting("live.lobby") == "start":
        wait = (session.starts_at - at).total_seconds() + 0.2
        later.after(wait, f"admit:{session.id}", lambda: admit_due(session.id))
    return entry


async def _must_wait(session: LiveSession, seat: Seat, at: datetime) -> bool:
    """Whether they stay at the door. Who was let in once comes back freely."""
    how = setting("live.lobby")
    if how == "open" or seat.role is Role.INTERVIEWER or seat.kind is Kind.AI:
        return False
    if how == "start" and at >= session.starts_at:
        return False
    return not await Presence.filter(session_id=session.id, account_id=seat.person.id, lobby=False).exists()


async def _entry(session: LiveSession, seat: Seat, epoch: int, *, resumed: bool, lobby: bool) -> Entry:
    me = seat.person.id
    others = await Presence.filter(session_id=session.id, left_at=None).exclude(account_id=me).order_by("joined_at")
    inside = () if lobby else tuple(
        Peer(p.account_id, Role(p.role), number(session.pairs, (me, epoch), (p.account_id, p.epoch)))
        for p in others
        if not p.lobby
    )  # fmt: skip
    knocking = tuple(p.account_id for p in others if p.lobby) if seat.role is Role.INTERVIEWER else ()
    return Entry(session, 0 if lobby else epoch, resumed, lobby, inside, knocking)


async def leave(session_id: UUID, seat: Seat, connection: UUID, because: str) -> None:
    """A connection is gone. Does nothing when its place was taken by another one of the same person."""
    row = await Presence.filter(connection=connection, left_at=None).first()
    gone = await Presence.filter(connection=connection, left_at=None).update(left_at=now(), left_because=because)
    if row is None or not gone:
        return
    if await Presence.filter(session_id=session_id, account_id=seat.person.id, left_at=None).exists():
        return
    room = channel(session_id)
    if row.lobby:
        await hub.post(room, {"t": "unknock", "who": seat.person.id}, role=Role.INTERVIEWER.value)
    else:
        await hub.post(room, {"t": "left", "who": seat.person.id}, but=connection)
    if seat.role in PARTIES:
        later.after(rules().lost_after.total_seconds() + 0.5, f"lost:{session_id}", lambda: settle(session_id))


async def beat(connection: UUID) -> None:
    """The connection lives."""
    await Presence.filter(connection=connection, left_at=None).update(seen_at=now())


async def admit(seat: Seat, session_id: UUID, who: UUID) -> None:
    """An interviewer lets somebody in. Again, or somebody who went away: nothing."""
    if seat.role is not Role.INTERVIEWER:
        raise errors.Forbidden
    await _let_in(session_id, who)


async def admit_due(session_id: UUID) -> None:
    """The session starts: whoever waits for that goes in."""
    session = await LiveSession.filter(id=session_id).first()
    if session is None or setting("live.lobby") != "start" or session.starts_at > now():
        return
    for who in set(await _open(session_id).filter(lobby=True).values_list("account_id", flat=True)):
        await _let_in(session_id, who)


async def _let_in(session_id: UUID, who: UUID) -> None:
    async with unit_of_work():
        session = await lock(session_id)
        if not await Presence.filter(session_id=session_id, account_id=who, left_at=None, lobby=True).update(
            lobby=False
        ):
            return
        await settle_locked(session, now())
    # They come back at once with a connection that may hear everything.
    await hub.post(channel(session_id), {"t": "admitted"}, account=who)
    await hub.post(channel(session_id), {"t": "unknock", "who": who}, role=Role.INTERVIEWER.value)


async def remove(seat: Seat, email: str) -> bool:
    """Take a guest's invitation back: the link leads nowhere any more, and an open connection ends."""
    if seat.role not in PARTIES:
        raise errors.Forbidden
    email = email.strip().lower()
    if not await services.need(Invitations).withdraw(seat.booking.id, email):
        return False
    if seat.session is not None:
        await send_away(seat.session.id, guest_id(seat.booking.id, email), "removed")
    return True


async def remove_by_id(seat: Seat, who: UUID) -> None:
    """The same from inside the room, by an interviewer, who knows the guest but not the address."""
    if seat.role is not Role.INTERVIEWER:
        raise errors.Forbidden
    row = await Guest.filter(id=who).first()
    if row is not None:
        await remove(seat, row.email)


async def cast(session_id: UUID, seat: Seat) -> list[dict[str, Any]]:
    """Everybody whom this room has known, with name and role: for showing who says what."""
    booking = seat.booking
    found: dict[UUID, tuple[str, str]] = {booking.candidate_id: (booking.candidate_name, Role.CANDIDATE.value)}
    for host, name in ((booking.interviewer_id, booking.interviewer_name), (booking.second_id, booking.second_name)):
        if host is not None:
            found[host] = (name, Role.INTERVIEWER.value)
    for row in await Guest.filter(session_id=session_id):
        found[row.id] = (row.name, row.role)
    return [{"id": person, "name": name, "role": role} for person, (name, role) in found.items()]


async def card(seat: Seat) -> Mapping[str, Any]:
    """Who somebody is, for the others."""
    row = await Guest.filter(id=seat.person.id).first() if seat.person.email else None
    name = row.name if row is not None else seat.person.name
    return {"id": seat.person.id, "name": name, "role": seat.role.value}


async def guest_seat_of(booking_id: UUID, who: str, email: str) -> tuple[Role, str] | None:
    """Role and name of a guest who is still invited; None when the invitation was taken back."""
    if services.get(Bookings) is None:
        return None
    for invited in await services.need(Invitations).of(booking_id):
        if invited.email == email and str(guest_id(booking_id, email)) == who:
            return guest_role(invited.role), invited.name
    return None


async def still_theirs(seat: Seat, *, unmoved: bool = False) -> bool:
    """Whether they have their part in the session still; with `unmoved`, and it is as it was when they asked."""
    booking = await services.need(Bookings).get(seat.booking.id)
    if booking is None or (unmoved and booking.ical_sequence != seat.booking.ical_sequence):
        return False
    person = seat.person
    if person.email:
        return await guest_seat_of(booking.id, str(person.id), person.email) is not None
    return role_of(booking, person.id) is seat.role


async def _replaced(session_id: UUID, person_id: UUID, connection: UUID) -> None:
    await hub.post(
        channel(session_id), {"t": "replaced"}, account=person_id, but=connection, close=(REPLACED, "replaced")
    )
