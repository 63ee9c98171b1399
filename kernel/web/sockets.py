"""Connections that outlive a request: WebSockets and event streams, tied to a tenant, a plugin and a session.

They end with close code 4404 when the plugin goes off, 4401 when the session ends, 1001 when the process stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp.http import WS_CLOSED_MESSAGE

from ..auth.sessions import ENDED_CHANNEL, alive
from ..base.context import TenantRef, current_actor, current_tenant, tenant_scope
from ..base.errors import TooMany, Unavailable
from ..base.i18n import _
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.bus import OVERFLOW
from ..engines.connection import DatabaseDown
from ..tenancy.quotas import room_for
from ..tenancy.switch_rules import Reader, reader_of
from . import csrf
from .limits import client_ip
from .visit import current_visit

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot, Snapshots

log = get_logger(__name__)

OFF: Final = 4404
SESSION_ENDED: Final = 4401
#: Seconds between two heartbeats of a stream: how late a vanished reader is noticed.
STREAM_HEARTBEAT: Final = 15.0
#: Open sockets and streams of one account in one process, and of one address without an account.
PER_ACCOUNT: Final = 40
PER_ADDRESS: Final = 100
#: Seconds between two looks at the sessions behind open connections, in case a bell was not heard.
RECHECK: Final = 5.0


@dataclass(eq=False, slots=True)
class _Tie:
    """An open connection: whose it is, and how to end it with a code."""

    tenant: TenantRef
    plugin: str
    session_id: UUID | None
    reader: Reader
    holder: str
    end: Callable[[int], None]


class Connections:
    """All open connections of this process."""

    def __init__(self) -> None:
        self._ties: set[_Tie] = set()
        self._closers: set[asyncio.Task[bool]] = set()
        self._held: Counter[str] = Counter()
        self.stopping = False

    def __len__(self) -> int:
        return len(self._ties)

    def admit(self, request: web.Request) -> str:
        """Whom a new connection counts for. Raises TooMany when they have enough."""
        actor = current_actor()
        holder = str(actor.id) if actor is not None else f"{current_tenant().id}/{client_ip(request)}"
        if self._held[holder] >= (PER_ACCOUNT if actor is not None else PER_ADDRESS):
            raise TooMany(30, _("Too many live connections are open. Close other tabs, then try again."))
        return holder

    def tie(self, plugin: str, holder: str, end: Callable[[int], None]) -> _Tie:
        actor = current_actor()
        session = actor.session_id if actor is not None else None
        visit = current_visit()
        if visit is not None and visit.meter is not None:
            visit.meter.leave()  # from here on a connection, which has a limit of its own
            visit.meter = None
        tie = _Tie(current_tenant(), plugin, session, reader_of(actor), holder, end)
        self._ties.add(tie)
        self._held[holder] += 1
        return tie

    def count(self, tenant_id: UUID) -> int:
        """Open connections of one tenant in this process."""
        return sum(tie.tenant.id == tenant_id for tie in self._ties)

    def untie(self, tie: _Tie) -> None:
        if tie not in self._ties:
            return
        self._ties.discard(tie)
        self._held[tie.holder] -= 1
        if self._held[tie.holder] <= 0:
            del self._held[tie.holder]

    def close_socket(self, socket: web.WebSocketResponse, code: int) -> None:
        """Close without waiting for the other side."""
        task = asyncio.get_running_loop().create_task(socket.close(code=code))
        self._closers.add(task)
        task.add_done_callback(self._closers.discard)

    def on_change(self, old: Snapshot, new: Snapshot) -> None:
        """A tenant's switches moved: end what hangs on a plugin or feature that is off now."""
        gone = old.effective - new.effective
        if gone or new.rules or new.state != "active":
            self._end(lambda tie: tie.tenant.id == new.tenant.id and _groundless(tie, gone, new), OFF)

    def on(self, tenant_id: UUID, keys: frozenset[str]) -> int:
        """How many open connections of a tenant hang on one of these plugins and features."""
        return sum(1 for tie in self._ties if tie.tenant.id == tenant_id and tie.plugin in keys)

    def end_sessions(self, ended: set[UUID]) -> None:
        self._end(lambda tie: tie.session_id in ended, SESSION_ENDED)

    def sessions(self) -> dict[UUID, TenantRef]:
        """Sessions behind the open connections."""
        return {tie.session_id: tie.tenant for tie in self._ties if tie.session_id is not None}

    async def stop(self) -> None:
        """The process is going: end everything and let the frames out."""
        self.stopping = True
        self._end(lambda tie: True, WSCloseCode.GOING_AWAY)
        if self._closers:
            await asyncio.wait(self._closers, timeout=2)

    def _end(self, wanted: Callable[[_Tie], bool], code: int) -> None:
        for tie in [tie for tie in self._ties if wanted(tie)]:
            self.untie(tie)
            tie.end(code)


def _groundless(tie: _Tie, gone: frozenset[str], new: Snapshot) -> bool:
    """Whether what the connection hangs on is off now, for everybody or for who holds it."""
    if new.state != "active" or tie.plugin in gone:
        return True
    return tie.plugin in new.effective and tie.plugin not in new.seen_by(tie.reader).effective


CONNECTIONS = web.AppKey("connections", Connections)


async def open_socket(
    request: web.Request, *, plugin: str, max_msg_size: int = 64 * 1024, heartbeat: float = 25.0,
    rate: float = 50.0, burst: int = 250,
) -> web.WebSocketResponse:  # fmt: skip
    """A WebSocket that is open. `plugin` is the plugin or feature on which it hangs. Sizes in bytes, time in seconds.

    Whoever sends more than `rate` messages a second, after the first `burst`, is cut off with 1008.
    Check rights before calling: a refusal must be an answer (403), not a socket that closes. Raises Forbidden
    for a page of another site. Ends by itself when plugin, session or process do; `async for` then stops.
    """
    csrf.check_origin(request)
    connections = request.app[CONNECTIONS]
    if connections.stopping:
        raise Unavailable
    holder = connections.admit(request)
    await room_for("kernel.sockets", status=429)
    # Not compressed: one frame can then be written to many sockets as it is.
    socket = _Socket(max_msg_size=max_msg_size, heartbeat=heartbeat, compress=False, timeout=5.0)
    socket.limit(rate, burst)
    await socket.prepare(request)
    socket.tie_to(connections, plugin, holder)
    return socket


class _Socket(web.WebSocketResponse):
    """Takes itself off the list when its handler is through."""

    _tie: tuple[Connections, _Tie] | None = None

    _rate = _left = _full = _counted = 0.0

    def limit(self, rate: float, burst: int) -> None:
        self._rate, self._left, self._full, self._counted = rate, float(burst), float(burst), time.monotonic()

    def tie_to(self, connections: Connections, plugin: str, holder: str) -> None:
        self._tie = (connections, connections.tie(plugin, holder, lambda code: connections.close_socket(self, code)))

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109  as in aiohttp's own
        message = await super().receive(timeout)
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            at = time.monotonic()
            self._left = min(self._full, self._left + (at - self._counted) * self._rate) - 1
            self._counted = at
            if self._left < 0:
                log.warning("a socket was closed: too many messages")
                await self.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many messages")
                return WS_CLOSED_MESSAGE
        return message

    async def write_eof(self) -> None:  # type: ignore[override]  # as in aiohttp's own
        if self._tie is not None:
            self._tie[0].untie(self._tie[1])
        await super().write_eof()


# --- event streams ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SseMessage:
    """One event of a stream; `event` is its name for the page's script."""

    data: str
    event: str = ""
    id: str = ""

    def encode(self) -> bytes:
        head = "".join(
            f"{name}: {value.translate(_ONE_LINE)}\n"
            for name, value in (("id", self.id), ("event", self.event))
            if value
        )
        body = "".join(f"data: {line}\n" for line in self.data.splitlines() or [""])
        return f"{head}{body}\n".encode()


_ONE_LINE = {ord("\n"): None, ord("\r"): None, 0: None}


async def sse(
    request: web.Request, source: AsyncIterator[SseMessage | str], *, plugin: str, heartbeat: float = STREAM_HEARTBEAT
) -> web.StreamResponse:
    """Send what `source` yields until it ends, the reader goes, the plugin or session ends, or the process stops.

    A string is the data of an unnamed event. `source` is closed in any case.
    """
    connections = request.app[CONNECTIONS]
    holder = connections.admit(request)
    await room_for("kernel.sockets", status=429)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    if request.method == "HEAD" or connections.stopping:
        return response
    ended = asyncio.Event()
    tie = connections.tie(plugin, holder, lambda code: ended.set())
    try:
        await _pump(request, response, source, ended, heartbeat)
    except ConnectionError:
        pass  # the reader has gone
    finally:
        connections.untie(tie)
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
    return response


async def _pump(
    request: web.Request,
    response: web.StreamResponse,
    source: AsyncIterator[SseMessage | str],
    ended: asyncio.Event,
    heartbeat: float,
) -> None:
    end = asyncio.ensure_future(ended.wait())
    following: asyncio.Future[SseMessage | str] | None = None
    try:
        await response.write(b": open\n\n")
        while not ended.is_set() and request.transport is not None:
            following = following or asyncio.ensure_future(anext(source))
            awaited: list[asyncio.Future[Any]] = [following, end]
            done, _waiting = await asyncio.wait(awaited, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
            if following in done:
                message, following = following, None
                try:
                    found = message.result()
                except StopAsyncIteration:
                    return
                await response.write((found if isinstance(found, SseMessage) else SseMessage(found)).encode())
            elif not done:
                await response.write(b":\n\n")
    finally:
        end.cancel()
        if following is not None:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                await following


# --- keeping up ------------------------------------------------------------------------------------------------


def setup_connections(app: web.Application, snapshots: Snapshots) -> None:
    """Hang the list on the application and end connections when their ground goes."""
    connections = app[CONNECTIONS] = Connections()

    async def watch(app: web.Application) -> AsyncIterator[None]:
        forget = snapshots.on_change(connections.on_change)
        tasks = [asyncio.create_task(_hear_bell(connections)), asyncio.create_task(_recheck(connections))]
        yield
        forget()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(app: web.Application) -> None:
        await connections.stop()

    app.cleanup_ctx.append(watch)
    app.on_shutdown.append(stop)


async def _hear_bell(connections: Connections) -> None:
    """Sessions ended anywhere are told on the bus; what is missed is found by looking them up."""
    while True:
        try:
            async with runtime().bus.subscribe(ENDED_CHANNEL) as heard:
                async for payload in heard:
                    if payload == OVERFLOW:
                        await _look_up(connections)
                    else:
                        connections.end_sessions(_sessions_in(payload))
        except Exception:
            log.warning("the bus cannot be heard; sessions are looked up instead", exc_info=True)
        await asyncio.sleep(1)


def _sessions_in(payload: str) -> set[UUID]:
    try:
        return {UUID(text) for text in json.loads(payload)["sessions"]}
    except (ValueError, KeyError, TypeError):
        return set()


async def _recheck(connections: Connections) -> None:
    while True:
        await asyncio.sleep(RECHECK)
        try:
            await _look_up(connections)
        except Exception:
            log.exception("sessions behind open connections could not be looked up")


async def _look_up(connections: Connections) -> None:
    """End connections whose session is over. Sessions that cannot be looked up stay: calls outlive the database."""
    for session_id, tenant in connections.sessions().items():
        try:
            with tenant_scope(tenant):
                if not await alive(session_id):
                    connections.end_sessions({session_id})
        except DatabaseDown:
            return
