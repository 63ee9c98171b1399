"""How long a connection may take: aiohttp itself waits for ever for a head or body that does not come.

Uses `RequestHandler.data_received`, `connection_made` and `AppRunner._make_server`, which are not promised to
stay: tests/kernel/web/test_deadlines.py must pass on every new aiohttp.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

from ..base.runtime import runtime
from . import headers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds, and bytes per second. `stall`: how long a reader may take nothing of what we send."""

    head: float = 10.0
    body_grace: float = 10.0
    body_rate: float = 500.0
    stall: float = 60.0
    keep_alive: float = 75.0
    shutdown: float = 10.0
    #: Open connections per client address; addresses of this machine and of trusted proxies are exempt.
    per_client: int = 256
    #: Open connections of the whole process. Those beyond are closed before they cost anything.
    total: int = 10_000


DEFAULT: Final = Deadlines()
#: Seconds at the end in which requests that are on their way still get in.
_LAST_REQUESTS: Final = 0.2


class _Nameless(web.Response):
    """An answer outside of the application, where no signal takes the Server header off."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


class _Connection(RequestHandler):
    """One client's connection, with a clock on what it owes us."""

    __slots__ = ("_body", "_body_bytes", "_body_since", "_client", "_clock", "_stall_clock")

    def __init__(self, server: _Server, **kwargs: Any) -> None:
        super().__init__(server, **kwargs)
        self._clock: asyncio.TimerHandle | None = None
        self._stall_clock: asyncio.TimerHandle | None = None
        self._client = ""
        #: The body that has not come to its end yet, since when, and how much came meanwhile.
        self._body: StreamReader | None = None
        self._body_since = 0.0
        self._body_bytes = 0

    @property
    def _server(self) -> _Server | None:
        return self._manager  # type: ignore[return-value]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        server = self._server
        if server is None:
            return
        peer = transport.get_extra_info("peername")
        self._client = server.admit(peer[0] if isinstance(peer, tuple) else "")
        limits = server.deadlines
        if len(server.connections) > limits.total or (
            self._client and server.clients[self._client] > limits.per_client
        ):
            self._abort()
            return
        self._start_clock(server.deadlines.head, self._head_is_late)

    def connection_lost(self, exc: BaseException | None) -> None:
        server = self._server
        if server is not None and self._client:
            server.leave(self._client)
            self._client = ""
        self._stop_clock()
        self._stop_stall_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._body is not None and (self._force_close or self._close):
            self._finish_body(data)
        else:
            super().data_received(data)
        if self._body is not None:
            self._body_bytes += len(data)
            if self._body.is_eof():
                self._body = None
                self._stop_clock()
        elif self._messages:  # a head has come
            if self._clock is not None:
                self._stop_clock()
            body = self._messages[-1][1]
            if not body.is_eof():
                self._watch_body(body)
        elif data and self._clock is None and self._current_request is None and self._server is not None:
            self._start_clock(self._server.deadlines.head, self._head_is_late)  # a next head has begun

    def _finish_body(self, data: bytes) -> None:
        """We are stopping: aiohttp would not hear the rest of a body whose request is being handled already."""
        force, close = self._force_close, self._close
        self._force_close = self._close = False
        try:
            super().data_received(data)
        finally:
            self._force_close, self._close = self._force_close or force, self._close or close

    # --- head ------------------------------------------------------------------------------------------------

    def _head_is_late(self) -> None:
        self._clock = None
        if self._current_request is None and not self._messages:
            self._abort()

    # --- body ------------------------------------------------------------------------------------------------

    def _watch_body(self, body: StreamReader) -> None:
        """Start the clock for a body that is not all here."""
        if self._server is None:
            return
        self._body = body
        self._body_since = asyncio.get_running_loop().time()
        self._body_bytes = 0
        self._start_clock(self._server.deadlines.body_grace, self._check_body)

    def _check_body(self) -> None:
        self._clock = None
        server, body = self._server, self._body
        if server is None or body is None or body.is_eof():
            self._body = None
            return
        limits = server.deadlines
        late = asyncio.get_running_loop().time() - self._body_since - limits.body_grace
        # When we stopped reading because the handler is busy, the slowness is ours.
        if self._body_bytes < late * limits.body_rate and not self._reading_paused:
            self._abort()
            return
        self._start_clock(min(1.0, limits.body_grace), self._check_body)

    # --- reading our answer ------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        server = self._server
        if server is not None and self._stall_clock is None:
            self._stall_clock = asyncio.get_running_loop().call_later(server.deadlines.stall, self._abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_stall_clock()

    def _stop_stall_clock(self) -> None:
        if self._stall_clock is not None:
            self._stall_clock.cancel()
            self._stall_clock = None

    # --- answers to what is no request -------------------------------------------------------------------------

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Neutral words and our headers: aiohttp would quote the client's bytes and log a traceback."""
        if request.writer.output_size > 0:
            log.error("an answer broke off", exc_info=exc)
            raise ConnectionError("part of an answer is out already")
        if status >= 500:
            log.error("a request failed outside of its handler", exc_info=exc)
        else:
            log.debug("what came is not a request: %s", message)
        response = _Nameless(status=status, text="Bad request.\n" if status < 500 else "Something went wrong.\n")
        headers.bare(response.headers)
        response.headers["Cache-Control"] = "no-store"
        response.force_close()
        return response

    def _start_clock(self, seconds: float, late: Any) -> None:
        self._stop_clock()
        self._clock = asyncio.get_running_loop().call_later(seconds, late)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _abort(self) -> None:
        transport = self.transport
        self.force_close()
        if isinstance(transport, asyncio.Transport):
            transport.abort()


class _Server(web.Server):
    """aiohttp's server, handing out connections with deadlines. Made by changing the class of a finished one."""

    deadlines: Deadlines
    clients: Counter[str]

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def admit(self, address: str) -> str:
        """Count a connection; the name it is counted under, "" when it is exempt."""
        try:
            client = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        if client.is_loopback or any(client in network for network in runtime().config.trusted_proxies):
            return ""
        self.clients[address] += 1
        return address

    def leave(self, client: str) -> None:
        self.clients[client] -= 1
        if self.clients[client] <= 0:
            del self.clients[client]


class GreenroomRunner(web.AppRunner):
    """An AppRunner whose connections have deadlines; without an access log, as the middleware writes one."""

    def __init__(self, app: web.Application, *, deadlines: Deadlines = DEFAULT, **kwargs: Any) -> None:
        self._deadlines = deadlines
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=deadlines.keep_alive,
            lingering_time=2.0,
            shutdown_timeout=deadlines.shutdown,
            **kwargs,
        )

    async def cleanup(self) -> None:
        """Take no new connections, then finish: aiohttp alone hangs up on those whose first request it has not read."""
        for site in list(self.sites):
            await site.stop()
        if self._server is not None:
            await asyncio.sleep(_LAST_REQUESTS)
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server
        assert isinstance(server, _Server)  # noqa: S101 - for the type checker
        server.deadlines = self._deadlines
        server.clients = Counter()
        return server
