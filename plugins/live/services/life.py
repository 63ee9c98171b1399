"""The life of a session: what is due is done, somebody ends it, its booking changes.

Every change of a session happens under its row lock, so that two processes and the sweep agree. What others in
the room must know is posted after the commit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import F

from kernel import (
    after_commit,
    bus,
    compare_and_set,
    errors,
    get_logger,
    new_id,
    now,
    publish,
    services,
    unit_of_work,
)
from plugins.scheduling.api import BookingInfo, Bookings

from ..access import Seat, channel
from ..ai import practice_report
from ..events import NoShow, ParticipantWaiting, SessionEnded, SessionStarted
from ..hub.hub import Hub, Later
from ..hub.wire import NOT_ALLOWED, OVER
from ..models import LiveSession, Presence
from ..settings import rules
from ..states.session import (
    FINAL_STATES,
    OPEN_STATES,
    PARTIES,
    Cause,
    Facts,
    IllegalChange,
    Kind,
    Role,
    Rules,
    State,
    Stay,
    after,
    due,
    needed,
    together,
)

log = get_logger(__name__)

#: A connection that was not heard of for so long belongs to a process that is gone.
LEFT_BEHIND: Final = timedelta(seconds=60)
#: How often a living connection is noted.
BEAT: Final = 20.0
#: Somebody who waits is worth a message from so long before the start.
_TELL_BEFORE: Final = timedelta(minutes=5)

#: The rooms of this process, and what it will look at again in a few seconds.
hub = Hub(lambda: bus())
later = Later()


async def opened(booking: BookingInfo) -> LiveSession:
    """The session of a booking, made when it is first needed and kept in step with the booking's times."""
    session = await LiveSession.filter(booking_id=booking.id).first()
    if session is None:
        row = LiveSession(
            id=new_id(),
            booking_id=booking.id,
            kind=booking.kind,
            candidate_id=booking.candidate_id,
            interviewer_id=booking.interviewer_id,
            title=booking.type_title[:200],
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
        )
        await LiveSession.bulk_create([row], ignore_conflicts=True)
        session = await LiveSession.get(booking_id=booking.id)
    known = (session.starts_at, session.ends_at, session.candidate_id, session.interviewer_id)
    if known != (booking.starts_at, booking.ends_at, booking.candidate_id, booking.interviewer_id):
        session = await follow(session, booking)
    return session


async def follow(session: LiveSession, booking: BookingInfo) -> LiveSession:
    """The booking got another time or other people. A session that has begun only follows its end."""
    async with unit_of_work():
        locked = await lock(session.id)
        times: dict[str, Any] = {"starts_at": booking.starts_at, "ends_at": booking.ends_at}
        if locked.state in (State.SCHEDULED, State.LOBBY):
            times |= {"candidate_id": booking.candidate_id, "interviewer_id": booking.interviewer_id}
            if locked.starts_at != booking.starts_at:
                times |= {"state": State.SCHEDULED.value, "late_until": None}
                await _send_out(locked)
            await compare_and_set(locked, **times)
        elif locked.state in OPEN_STATES and locked.starts_at == booking.starts_at:
            await compare_and_set(locked, ends_at=booking.ends_at)
        return locked


async def _send_out(session: LiveSession) -> None:
    """Whoever is in the room came for a time that is not the session's any more."""
    gone = await Presence.filter(session_id=session.id, left_at=None).update(left_at=now(), left_because="moved")
    if gone:
        after_commit(lambda: hub.post(channel(session.id), {"t": "moved"}, close=(OVER, "moved")))


async def send_away(session_id: UUID, person_id: UUID, why: str) -> None:
    """Somebody has no part in the session any more: their connection ends, on whichever process it is."""
    await Presence.filter(session_id=session_id, account_id=person_id, left_at=None).update(
        left_at=now(), left_because=why
    )
    room = channel(session_id)
    await hub.post(room, {"t": "left", "who": person_id})
    await hub.post(room, None, account=person_id, close=(NOT_ALLOWED, why))


async def end(seat: Seat) -> LiveSession:
    """Somebody ends the session for everybody. Conflict when it has not begun; nothing when it is over."""
    if seat.role not in PARTIES:
        raise errors.Forbidden
    if seat.session is None:
        raise errors.Conflict
    async with unit_of_work():
        session = await lock(seat.session.id)
        if State(session.state) in FINAL_STATES:
            return session
        try:
            await _change(
                session,
                Cause.ENDED,
                now(),
                await stays_of(session),
                by=seat.person.id,
            )
        except IllegalChange:
            raise errors.Conflict from None
    return session


async def meet(session: LiveSession) -> None:
    """A practice session begins or goes on, whether or not a socket is open. The caller holds the row lock."""
    await _change(session, Cause.MET, now(), await stays_of(session))


async def settle(session_id: UUID) -> LiveSession:
    """Do whatever is due for the session by now."""
    async with unit_of_work():
        session = await lock(session_id)
        await settle_locked(session, now())
    return session


async def cancelled(booking_id: UUID) -> None:
    """The booking was cancelled: its room closes. Idempotent."""
    session = await LiveSession.filter(booking_id=booking_id).first()
    if session is None:
        return
    async with unit_of_work():
        session = await lock(session.id)
        if session.state in OPEN_STATES:
            await _change(session, Cause.CANCELLED, now(), await stays_of(session))


async def running_late(booking: BookingInfo, until: datetime) -> None:
    """Somebody will come later: until then nobody counts as absent. Idempotent; the latest moment counts."""
    session = await opened(booking)
    async with unit_of_work():
        session = await lock(session.id)
        if session.state in (State.SCHEDULED, State.LOBBY) and (session.late_until or session.starts_at) < until:
            await compare_and_set(session, late_until=until)


async def sweep() -> int:
    """Look at every session that may have something due; how many were looked at.

    Catches what no connection reports: nobody came, a process died, the room's time is over.
    """
    at, times = now(), rules()
    bookings = services.get(Bookings)
    if bookings is not None:
        for booking in await bookings.for_period(at - timedelta(hours=12), at):
            if booking.status in ("accepted", "in_progress") and booking.starts_at <= at:
                await opened(booking)
    ids: list[Any] = (
        await LiveSession.filter(state__in=[s.value for s in OPEN_STATES], starts_at__lte=at + times.opens_before)
        .order_by("starts_at")
        .limit(500)
        .values_list("id", flat=True)
    )
    for session_id in ids:
        try:
            from .entering import admit_due

            await settle(session_id)
            await admit_due(session_id)
        except Exception:
            log.exception("a session could not be settled")
    return len(ids)


async def lock(session_id: UUID) -> LiveSession:
    return await LiveSession.filter(id=session_id).select_for_update().get()


async def stays_of(session: LiveSession) -> tuple[Stay, ...]:
    """Which parties were here and when; closes what a dead process left open.

    Without guests: nothing is due because of them, and one who comes and goes all the time shall not weigh on it.
    """
    stays = Presence.filter(session_id=session.id)
    await stays.filter(left_at=None, seen_at__lt=now() - LEFT_BEHIND).update(
        left_at=F("seen_at"), left_because="left_behind"
    )
    rows = stays.filter(role__in=[role.value for role in PARTIES]).order_by("joined_at")
    found = await rows.values_list("role", "joined_at", "left_at", "lobby")
    return tuple(Stay(Role(role), since, until, lobby) for role, since, until, lobby in found)


async def settle_locked(session: LiveSession, at: datetime) -> tuple[Stay, ...]:
    stays, times = await stays_of(session), await _times(session)
    while True:
        facts = Facts(
            Kind(session.kind), State(session.state), session.starts_at, session.ends_at, stays, session.late_until
        )
        cause = due(facts, times, at)
        if cause is None:
            await _tell_waiting(session, stays, at)
            return stays
        await _change(session, cause, at, stays)


async def _times(session: LiveSession) -> Rules:
    """The house's times; how long people wait for each other is what the booking's policy promised."""
    times = rules()
    if session.state not in (State.SCHEDULED, State.LOBBY) or session.kind != Kind.HUMAN:
        return times
    bookings = services.get(Bookings)
    booking = await bookings.get(session.booking_id) if bookings is not None else None
    if booking is None or booking.wait_minutes is None:
        return times
    return replace(times, no_show_after=timedelta(minutes=booking.wait_minutes))


async def _change(
    session: LiveSession, cause: Cause, at: datetime, stays: tuple[Stay, ...], *, by: UUID | None = None
) -> None:
    state = after(State(session.state), cause)
    final = state in FINAL_STATES
    values: dict[str, Any] = {"state": state.value}
    first = state is State.LIVE and session.started_at is None
    if first:
        values["started_at"] = at
    if final:
        values |= {"ended_at": at, "end_cause": cause.value, "ended_by": by}
        if session.started_at is not None:
            values["seconds"] = _seconds(session, stays, at)
    await compare_and_set(session, **values)
    if first:
        await _started(session)
    if final:
        await Presence.filter(session_id=session.id, left_at=None).update(left_at=at, left_because="over")
        await _finished(session, state, by)
    after_commit(lambda: _tell(session.id, state, cause))


def _seconds(session: LiveSession, stays: tuple[Stay, ...], at: datetime) -> int:
    kind = Kind(session.kind)
    if kind is Kind.AI and not stays and session.started_at is not None:
        # practised through plain forms: no presence was seen, so the span counts, up to the booked length
        return int(min(at - session.started_at, session.ends_at - session.starts_at).total_seconds())
    return int(together(stays, needed(kind), at).total_seconds())


async def _started(session: LiveSession) -> None:
    await publish(SessionStarted(session.booking_id, session.candidate_id, session.interviewer_id, session.kind))
    bookings = services.get(Bookings)
    if bookings is not None:
        await _say_to_scheduling(bookings.start(session.booking_id))


async def _finished(session: LiveSession, state: State, by: UUID | None) -> None:
    who = (session.booking_id, session.candidate_id, session.interviewer_id, session.kind)
    bookings = services.get(Bookings)
    if state is State.ENDED:
        if session.kind == Kind.AI:
            await practice_report.store(session)
        await publish(SessionEnded(*who, seconds=session.seconds, ended_by=by, cause=session.end_cause))
        if bookings is not None:
            await _say_to_scheduling(bookings.finish(session.booking_id, "completed"))
    elif state.startswith("no_show"):
        await publish(NoShow(*who, missing=state.removeprefix("no_show_")))
        if bookings is not None:
            await _say_to_scheduling(bookings.finish(session.booking_id, state.value))


async def _say_to_scheduling(telling: Any) -> None:
    """A booking that has moved on without us (closed by an admin) must not keep the room from closing."""
    try:
        async with unit_of_work():
            await telling
    except errors.Problem as problem:
        log.warning("scheduling did not take the change of a session: %s", problem)


async def _tell_waiting(session: LiveSession, stays: tuple[Stay, ...], at: datetime) -> None:
    """Once somebody is here alone and the start is near, the other one is told. Once per session."""
    if session.waiting_told or session.state != State.LOBBY or at < session.starts_at - _TELL_BEFORE:
        return
    here = {s.role for s in stays if s.until is None and s.role in PARTIES}
    bookings = services.get(Bookings)
    booking = await bookings.get(session.booking_id) if bookings is not None and len(here) == 1 else None
    if booking is None or booking.interviewer_id is None:
        return
    hosts = [(booking.interviewer_id, booking.interviewer_name)]
    if booking.second_id is not None:
        hosts.append((booking.second_id, booking.second_name))
    candidate = [(booking.candidate_id, booking.candidate_name)]
    (waiting, *_others), missing = (hosts, candidate) if Role.INTERVIEWER in here else (candidate, hosts)
    await compare_and_set(session, waiting_told=True)
    for person_id, _name in missing:
        await publish(
            ParticipantWaiting(
                booking_id=session.booking_id,
                waiting_id=waiting[0],
                waiting_name=waiting[1],
                missing_id=person_id,
                title=session.title,
            )
        )


async def _tell(session_id: UUID, state: State, cause: Cause) -> None:
    close = (OVER, state.value) if state in FINAL_STATES else None
    await hub.post(channel(session_id), {"t": "state", "state": state.value, "cause": cause.value}, close=close)
