"""The life of a room: somebody enters, leaves, ends it; what is due then is done. The only writer of sessions.

Every change of a session happens under its row lock, so that two processes and the sweep agree. What others in
the room must know is posted after the commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

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
    sql_one,
    unit_of_work,
)
from plugins.scheduling.api import BookingInfo, Bookings

from .access import Seat, channel
from .ai import practice_report
from .events import NoShow, ParticipantWaiting, SessionEnded, SessionStarted
from .hub.hub import Hub, Later
from .hub.wire import OVER, REPLACED
from .models import LiveSession, Presence
from .settings import rules
from .states.session import (
    FINAL_STATES,
    OPEN_STATES,
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


@dataclass(frozen=True, slots=True)
class Entry:
    """What entering led to. `resumed`: the media connection of `epoch` goes on as it is."""

    session: LiveSession
    epoch: int
    resumed: bool
    peers: tuple[Role, ...]


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
    if (session.starts_at, session.ends_at) != (booking.starts_at, booking.ends_at):
        session = await moved(session, booking.starts_at, booking.ends_at)
    return session


async def moved(session: LiveSession, starts_at: datetime, ends_at: datetime) -> LiveSession:
    """The booking got another time. A session that has begun keeps its own."""
    async with unit_of_work():
        locked = await _locked(session.id)
        if locked.state in (State.SCHEDULED, State.LOBBY):
            await compare_and_set(
                locked, starts_at=starts_at, ends_at=ends_at, state=State.SCHEDULED.value, late_until=None
            )
        return locked


async def enter(seat: Seat, connection: UUID, resume: int | None) -> Entry:
    """Somebody comes in, from a new tab, after a reload or after a lost connection.

    `resume` is the epoch of a media connection that the browser still has. Raises Forbidden when it is over.
    """
    session = await opened(seat.booking)
    async with unit_of_work():
        session = await _locked(session.id)
        if session.state not in OPEN_STATES:
            raise errors.Forbidden
        at = now()
        mine = Presence.filter(session_id=session.id, account_id=seat.actor.id, left_at=None)
        if await mine.update(left_at=at, left_because="replaced"):
            after_commit(lambda: _replaced(session.id, seat.actor.id, connection))
        await Presence.create(
            session=session, account_id=seat.actor.id, role=seat.role.value, connection=connection, joined_at=at
        )
        resumed = bool(resume) and resume == session.epoch
        if not resumed:
            await compare_and_set(session, epoch=session.epoch + 1)
        stays = await _settle(session, at)
        peers = tuple(sorted({s.role for s in stays if s.until is None} - {seat.role}))
    return Entry(session, session.epoch, resumed, peers)


async def leave(session_id: UUID, role: Role, connection: UUID, because: str) -> None:
    """A connection is gone. Does nothing when its place was taken by another one of the same person."""
    gone = await Presence.filter(connection=connection, left_at=None).update(left_at=now(), left_because=because)
    if gone and not await Presence.filter(session_id=session_id, role=role.value, left_at=None).exists():
        await hub.post(channel(session_id), {"t": "left", "role": role.value}, but=connection)
        later.after(rules().lost_after.total_seconds() + 0.5, f"lost:{session_id}", lambda: settle(session_id))


async def beat(connection: UUID) -> None:
    """The connection lives."""
    await Presence.filter(connection=connection, left_at=None).update(seen_at=now())


async def rebuild(session_id: UUID, epoch: int) -> None:
    """Both sides make a new media connection, if the broken one is still the current one."""
    row = await sql_one(
        "UPDATE live_session SET epoch = epoch + 1, version = version + 1 WHERE id = $1 AND epoch = $2 RETURNING epoch",
        session_id,
        epoch,
    )
    if row is not None:
        await hub.post(channel(session_id), {"t": "epoch", "epoch": row.epoch})


async def end(seat: Seat) -> LiveSession:
    """Somebody ends the session for everybody. Conflict when it has not begun; nothing when it is over."""
    if seat.session is None:
        raise errors.Conflict
    async with unit_of_work():
        session = await _locked(seat.session.id)
        if State(session.state) in FINAL_STATES:
            return session
        try:
            await _change(session, Cause.ENDED, now(), await _stays(session), by=seat.actor.id)
        except IllegalChange:
            raise errors.Conflict from None
    return session


async def meet(session: LiveSession) -> None:
    """A practice session begins or goes on, whether or not a socket is open. The caller holds the row lock."""
    await _change(session, Cause.MET, now(), await _stays(session))


async def settle(session_id: UUID) -> LiveSession:
    """Do whatever is due for the session by now."""
    async with unit_of_work():
        session = await _locked(session_id)
        await _settle(session, now())
    return session


async def cancelled(booking_id: UUID) -> None:
    """The booking was cancelled: its room closes. Idempotent."""
    session = await LiveSession.filter(booking_id=booking_id).first()
    if session is None:
        return
    async with unit_of_work():
        session = await _locked(session.id)
        if session.state in OPEN_STATES:
            await _change(session, Cause.CANCELLED, now(), await _stays(session))


async def running_late(booking: BookingInfo, until: datetime) -> None:
    """Somebody will come later: until then nobody counts as absent. Idempotent; the latest moment counts."""
    session = await opened(booking)
    async with unit_of_work():
        session = await _locked(session.id)
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
            await settle(session_id)
        except Exception:
            log.exception("a session could not be settled")
    return len(ids)


async def _locked(session_id: UUID) -> LiveSession:
    return await LiveSession.filter(id=session_id).select_for_update().get()


async def _stays(session: LiveSession) -> tuple[Stay, ...]:
    """Who was here and when; closes what a dead process left open."""
    found: list[Stay] = []
    for row in await Presence.filter(session_id=session.id).order_by("joined_at"):
        until = row.left_at
        if until is None and now() - row.seen_at > LEFT_BEHIND:
            until = row.left_at = row.seen_at
            row.left_because = "left_behind"
            await row.save(update_fields=["left_at", "left_because"])
        found.append(Stay(Role(row.role), row.joined_at, until))
    return tuple(found)


async def _settle(session: LiveSession, at: datetime) -> tuple[Stay, ...]:
    stays, times = await _stays(session), await _times(session)
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
    needed = frozenset({Role.CANDIDATE}) if kind is Kind.AI else frozenset(Role)
    if kind is Kind.AI and not stays and session.started_at is not None:
        # practised through plain forms: no presence was seen, so the span counts, up to the booked length
        return int(min(at - session.started_at, session.ends_at - session.starts_at).total_seconds())
    return int(together(stays, needed, at).total_seconds())


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
    here = {s.role for s in stays if s.until is None}
    bookings = services.get(Bookings)
    booking = await bookings.get(session.booking_id) if bookings is not None and len(here) == 1 else None
    if booking is None or booking.interviewer_id is None:
        return
    interviewer = (booking.interviewer_id, booking.interviewer_name)
    candidate = (booking.candidate_id, booking.candidate_name)
    waiting, missing = (interviewer, candidate) if Role.INTERVIEWER in here else (candidate, interviewer)
    await compare_and_set(session, waiting_told=True)
    await publish(
        ParticipantWaiting(
            booking_id=session.booking_id,
            waiting_id=waiting[0],
            waiting_name=waiting[1],
            missing_id=missing[0],
            title=session.title,
        )
    )


async def _replaced(session_id: UUID, account_id: UUID, connection: UUID) -> None:
    await hub.post(
        channel(session_id), {"t": "replaced"}, account=account_id, but=connection, close=(REPLACED, "replaced")
    )


async def _tell(session_id: UUID, state: State, cause: Cause) -> None:
    close = (OVER, state.value) if state in FINAL_STATES else None
    await hub.post(channel(session_id), {"t": "state", "state": state.value, "cause": cause.value}, close=close)
