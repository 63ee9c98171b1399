"""The room's WebSocket. Everything is checked before the upgrade: who is refused gets a 403, not a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web

from kernel import errors, get_logger, is_on, new_id, now, open_socket

from . import queries, services, tickets
from .access import Seat, channel, must_be_open, seat_of
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
    must_be_open(seat)
    session = await services.opened(seat.booking)
    if not await tickets.redeem(request.query.get("ticket", ""), session.id, seat.role, seat.actor):
        raise errors.Forbidden
    ws = await open_socket(request, plugin="live", max_msg_size=wire.MAX_MESSAGE, heartbeat=_HEARTBEAT)
    connection = Connection(new_id(), seat.actor.id, seat.role.value, ws)
    room = channel(session.id)
    writing = asyncio.create_task(connection.write(), name="live socket writer")
    await services.hub.enter(room, connection)
    because = "closed"
    beating: asyncio.Task[None] | None = None
    try:
        entry = await services.enter(seat, connection.id, _number(request, "resume"))
        beating = asyncio.create_task(_beat(connection), name="live socket beat")
        connection.welcome(await _welcome(seat, entry, _number(request, "seq") or 0))
        joined = {"t": "resumed" if entry.resumed else "joined", "role": seat.role.value, "epoch": entry.epoch}
        await services.hub.post(room, joined, but=connection.id)
        await _Talk(seat, session.id, connection, room).listen(ws)
    except errors.Problem:
        # it ended between the check and the entrance
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
            await services.leave(session.id, seat.role, connection.id, because)
        except Exception:
            log.exception("a departure could not be noted; the sweep finds it")
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(5):
                await writing
        writing.cancel()
    return ws


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


async def _beat(connection: Connection) -> None:
    while True:
        await asyncio.sleep(services.BEAT)
        try:
            await services.beat(connection.id)
        except Exception:
            log.warning("a presence could not be noted", exc_info=True)


async def _welcome(seat: Seat, entry: services.Entry, last_seq: int) -> dict[str, Any]:
    """Everything that a browser needs to draw the room as it is now."""
    session = entry.session
    message: dict[str, Any] = {
        "t": "welcome",
        "protocol": wire.PROTOCOL,
        "role": seat.role.value,
        "peers": [role.value for role in entry.peers],
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
            message["note"] = notes.wire(await notes.read(session.id, seat.actor.id, seat.role))
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
            wire.End: self._end,
            wire.Ping: self._ping,
        }

    async def listen(self, ws: web.WebSocketResponse) -> None:
        async for frame in ws:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                message = wire.parse(frame.data)
                if not self.connection.limits.allow(message.t, time.monotonic()):
                    raise wire.BadMessage("too_fast")
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
        await self._others(ENGINE.checked(message))

    async def _media(self, message: wire.Media) -> None:
        if message.screen and not is_on("live.screen_share"):
            raise wire.BadMessage("screen_off")
        await self._others({**message.model_dump(), "role": self.seat.role.value})

    async def _chat(self, message: wire.Chat) -> None:
        if self.seat.kind is Kind.AI:
            await practice.act(await self._fresh(), "answer", message.text, message.cid)
            return
        said, new = await chat.say(self.session_id, self.seat.actor.id, self.seat.role, message.cid, message.text)
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
            saved = await notes.save(self.session_id, self.seat.actor.id, self.seat.role, message.base, message.body)
        except notes.StaleNote as stale:
            self.connection.send({"t": "note_conflict", **notes.wire(stale.current)})
            return
        self.connection.send({"t": "note_saved", "version": saved.version, "clock": epoch_ms(now())})

    async def _rebuild(self, message: wire.Rebuild) -> None:
        await services.rebuild(self.session_id, message.epoch)

    async def _practice(self, message: wire.Practice) -> None:
        await practice.act(await self._fresh(), message.do)

    async def _end(self, message: wire.End) -> None:
        await services.end(await self._fresh())

    async def _ping(self, message: wire.Ping) -> None:
        self.connection.send({"t": "pong", "at": message.at, "clock": epoch_ms(now())})

    async def _fresh(self) -> Seat:
        """The seat as it is now; the one of the connection may be hours old."""
        return await seat_of(str(self.seat.booking.id))
