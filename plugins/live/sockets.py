"""The room's WebSocket. Everything is checked before the upgrade: who is refused gets a 403, not a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web

from kernel import _, errors, get_logger, is_on, new_id, now, open_socket, parse_id, setting
from kernel import services as kernel_services
from plugins.scheduling.api import Bookings

from . import queries, services, tickets
from .access import Person, Seat, channel, guest_id, must_be_open, seat_for, seat_of
from .ai import practice
from .engines.base import MediaEngine, Refused
from .engines.p2p import PeerToPeer
from .hub import wire
from .hub.connection import Connection
from .states.session import Kind, Role
from .tools import chat, clockwork, notes
from .tools.timer import StaleTimer, epoch_ms

log = get_logger(__name__)

ENGINE: Final[MediaEngine] = PeerToPeer()
_HEARTBEAT: Final = 15.0


async def socket(request: web.Request) -> web.StreamResponse:
    """`/rooms/{booking_id}/ws?ticket=…[&resume=<epoch>][&seq=<last message>]`"""
    seat = await seat_of(request.match_info["booking_id"])
    return await _sit(request, seat, await tickets.redeem(request.query.get("ticket", "")))


async def guest_socket(request: web.Request) -> web.StreamResponse:
    """The same for a guest: only the ticket says who they are, and the invitation is looked up anew."""
    booking_id, data = parse_id(request.match_info["booking_id"]), await tickets.redeem(request.query.get("ticket", ""))
    booking = await kernel_services.need(Bookings).get(booking_id) if booking_id is not None else None
    if booking is None or not data or not data.get("email"):
        raise errors.Forbidden
    invited = await services.guest_seat_of(booking.id, str(data["who"]), str(data["email"]))
    if invited is None:
        raise errors.Forbidden
    person = Person(guest_id(booking.id, str(data["email"])), invited[1], "", str(data["email"]))
    return await _sit(request, await seat_for(booking, invited[0], person), data)


async def _sit(request: web.Request, seat: Seat, data: Mapping[str, Any] | None) -> web.StreamResponse:
    must_be_open(seat)
    session = await services.opened(seat.booking)
    if data is None or not tickets.fits(data, session.id, seat):
        raise errors.Forbidden
    ws = await open_socket(request, plugin="live", max_msg_size=wire.MAX_MESSAGE, heartbeat=_HEARTBEAT)
    connection = Connection(new_id(), seat.person.id, seat.role.value, ws)
    room = channel(session.id)
    writing = asyncio.create_task(connection.write(), name="live socket writer")
    await services.hub.enter(room, connection)
    because = "closed"
    beating: asyncio.Task[None] | None = None
    try:
        entry = await services.enter(seat, connection.id, _number(request, "resume"), str(data.get("tab", "")))
        # Once more, now that they can be sent out: who lost their part just before was not in the room yet.
        if not await services.still_theirs(seat, unmoved=True):
            raise errors.Forbidden
        beating = asyncio.create_task(_beat(connection, seat), name="live socket beat")
        await _arrive(seat, entry, connection, room, _number(request, "seq") or 0)
        await _Talk(seat, session.id, connection, room).listen(ws)
    except services.Refused:
        connection.keep_out()
        connection.welcome({"t": "error", "code": "full"})
        connection.shut(wire.FULL, "full")
    except errors.Problem:
        # it ended, or their part in it did, between the check and the entrance
        connection.keep_out()
        connection.welcome({"t": "error", "code": "over"})
        connection.shut(wire.OVER, "over")
    except ConnectionError:
        because = "lost"
    finally:
        await services.hub.leave(room, connection)
        if beating is not None:
            beating.cancel()
        connection.shut(1000)
        try:
            await services.leave(session.id, seat, connection.id, because)
        except Exception:
            log.exception("a departure could not be noted; the sweep finds it")
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(5):
                await writing
        writing.cancel()
    return ws


async def _arrive(seat: Seat, entry: services.Entry, connection: Connection, room: str, seq: int) -> None:
    """They learn how the room is, the others that they are here (or, of interviewers, that they knock)."""
    who = await services.card(seat)
    if entry.lobby:
        connection.keep_out()
        connection.welcome(_lobby(seat, entry))
        await services.hub.post(room, {"t": "knock", "who": who}, role=Role.INTERVIEWER.value)
        return
    connection.welcome(await _welcome(seat, entry, seq))
    told = {"t": "resumed" if entry.resumed else "joined", "who": who, "epoch": entry.epoch}
    await services.hub.post(room, told, but=connection.id)


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


async def _beat(connection: Connection, seat: Seat) -> None:
    """They are here; and, should nobody have told this process, they still may be."""
    while True:
        await asyncio.sleep(services.BEAT)
        try:
            await services.beat(connection.id)
            if not await services.still_theirs(seat):
                connection.shut(wire.NOT_ALLOWED, "removed")
        except Exception:
            log.warning("a presence could not be noted", exc_info=True)


def _lobby(seat: Seat, entry: services.Entry) -> dict[str, Any]:
    """For somebody at the door: how long it may take, and nothing of the room."""
    return {
        "t": "welcome",
        "protocol": wire.PROTOCOL,
        "lobby": setting("live.lobby"),
        "me": seat.person.id,
        "role": seat.role.value,
        "clock": epoch_ms(now()),
        "starts": epoch_ms(entry.session.starts_at),
    }


async def _welcome(seat: Seat, entry: services.Entry, last_seq: int) -> dict[str, Any]:
    """Everything that a browser needs to draw the room as it is now."""
    session = entry.session
    message: dict[str, Any] = {
        "t": "welcome",
        "protocol": wire.PROTOCOL,
        "lobby": "",
        "me": seat.person.id,
        "role": seat.role.value,
        "people": await services.cast(session.id, seat),
        "peers": [{"id": peer.id, "role": peer.role.value, "epoch": peer.epoch} for peer in entry.peers],
        "knocking": list(entry.knocking),
        "epoch": entry.epoch,
        "resumed": entry.resumed,
        "state": session.state,
        "clock": epoch_ms(now()),
        "ends": epoch_ms(session.ends_at),
        "closes": epoch_ms(seat.window.closes_at),
        "chat": await chat.history(session.id, last_seq),
        "timer": (await clockwork.load(session)).wire(now()),
    }
    if seat.kind is Kind.HUMAN:
        message["media"] = queries.media_of(ENGINE, seat)
        if seat.role is Role.INTERVIEWER:
            message["note"] = notes.wire(await notes.read(session.id, seat.person.id, seat.role))
    else:
        standing = await practice.standing(session.id)
        message["practice"] = standing.wire() if standing is not None else None
    return message


class _Talk:
    """What one connection sends, handled in order."""

    def __init__(self, seat: Seat, session_id: Any, connection: Connection, room: str) -> None:
        self.seat, self.session_id, self.connection, self.room = seat, session_id, connection, room
        self._handlers: dict[type, Callable[[Any], Awaitable[None]]] = {
            wire.Signal: self._signal,
            wire.Media: self._media,
            wire.Chat: self._chat,
            wire.TimerChange: self._timer,
            wire.NoteChange: self._note,
            wire.Rebuild: self._rebuild,
            wire.Practice: self._practice,
            wire.Admit: self._admit,
            wire.Remove: self._remove,
            wire.End: self._end,
            wire.Ping: self._ping,
        }

    async def listen(self, ws: web.WebSocketResponse) -> None:
        async for frame in ws:
            if self.connection.closing:
                return
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                message = wire.parse(frame.data)
                if not self.connection.limits.allow(message.t, time.monotonic()):
                    raise wire.BadMessage("too_fast")
                if self.connection.lobby and not isinstance(message, wire.Ping):
                    raise wire.BadMessage("lobby")
                await self._handlers[type(message)](message)
            except (wire.BadMessage, Refused) as refusal:
                self._refuse(refusal.code)
            except errors.Problem as problem:
                self._refuse("refused", problem.detail)
            except ConnectionError:
                raise
            except Exception:
                # the text of the message is not logged: it may be a note or network addresses
                log.exception("a message in a room failed")
                self._refuse("failed")

    def _refuse(self, code: str, detail: str = "") -> None:
        self.connection.send({"t": "error", "code": code, "detail": detail})

    async def _others(self, message: dict[str, Any]) -> None:
        await services.hub.post(self.room, message, but=self.connection.id)

    async def _signal(self, message: wire.Signal) -> None:
        if self.seat.kind is not Kind.HUMAN:
            raise Refused("signal")
        passed = ENGINE.checked(message, sends=self.seat.sends)
        await services.hub.post(self.room, {**passed, "from": self.connection.account_id}, account=message.to)

    async def _media(self, message: wire.Media) -> None:
        if message.screen and not is_on("live.screen_share"):
            raise wire.BadMessage("screen_off")
        if not self.seat.sends and (message.audio or message.video or message.screen):
            raise wire.BadMessage("watching")
        await self._others({**message.model_dump(), "who": self.connection.account_id})

    async def _chat(self, message: wire.Chat) -> None:
        if self.seat.kind is Kind.AI:
            await practice.act(await self._fresh(), "answer", message.text, message.cid)
            return
        if self.seat.role is Role.OBSERVER and not setting("live.observers_write"):
            raise errors.Forbidden(_("Observers read the chat here, they do not write in it."))
        said, new = await chat.say(self.session_id, self.seat.person.id, self.seat.role, message.cid, message.text)
        if said is None:
            return
        if new:
            await services.hub.post(self.room, said)
        else:  # only its sender does not know that it arrived
            self.connection.send(said)

    async def _timer(self, message: wire.TimerChange) -> None:
        if self.seat.kind is Kind.HUMAN and self.seat.role is not Role.INTERVIEWER:
            raise errors.Forbidden
        try:
            timer = await clockwork.change(self.session_id, message.do, message.base, message.seconds)
        except StaleTimer:
            timer = await clockwork.load(await services.opened(self.seat.booking))
        await services.hub.post(self.room, {"t": "timer", **timer.wire(now())})

    async def _note(self, message: wire.NoteChange) -> None:
        # Straight to this connection and to no other: a note is on nobody else's wire.
        try:
            saved = await notes.save(self.session_id, self.seat.person.id, self.seat.role, message.base, message.body)
        except notes.StaleNote as stale:
            self.connection.send({"t": "note_conflict", **notes.wire(stale.current)})
            return
        self.connection.send({"t": "note_saved", "version": saved.version, "clock": epoch_ms(now())})

    async def _rebuild(self, message: wire.Rebuild) -> None:
        await services.rebuild(self.session_id, self.connection.account_id, message.to, message.epoch)

    async def _admit(self, message: wire.Admit) -> None:
        await services.admit(self.seat, self.session_id, message.who)

    async def _remove(self, message: wire.Remove) -> None:
        await services.remove_by_id(await self._fresh(), message.who)

    async def _practice(self, message: wire.Practice) -> None:
        await practice.act(await self._fresh(), message.do)

    async def _end(self, message: wire.End) -> None:
        await services.end(await self._fresh())

    async def _ping(self, message: wire.Ping) -> None:
        self.connection.send({"t": "pong", "at": message.at, "clock": epoch_ms(now())})

    async def _fresh(self) -> Seat:
        """The seat as it is now; the one of the connection may be hours old. Guests do nothing that needs it."""
        if self.seat.person.email:
            raise errors.Forbidden
        return await seat_of(str(self.seat.booking.id))
