"""One browser's end of a room: an outbox that never makes the room wait for a slow reader."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final, Protocol
from uuid import UUID

from .limits import Limits
from .wire import TOO_SLOW, dump

_OUTBOX: Final = 256
_SEND_WITHIN: Final = 10.0


class Sink(Protocol):
    """The part of a WebSocket that is written to."""

    async def send_str(self, data: str, compress: int | None = None) -> None: ...

    async def close(self, *, code: int = 1000, message: bytes = b"") -> bool: ...


class Connection:
    """Messages wait in `_held` until the welcome is out, so that nothing overtakes it.

    `account_id` is the person's, account or guest. Somebody in the `lobby` hears only what is for them or for all.
    """

    __slots__ = ("_closing", "_held", "_more", "_outbox", "_sink", "account_id", "id", "limits", "lobby", "role")

    def __init__(self, id: UUID, account_id: UUID, role: str, sink: Sink) -> None:
        self.id = id
        self.account_id = account_id
        self.role = role
        self.limits = Limits()
        self.lobby = False
        self._sink = sink
        self._outbox: deque[str] = deque()
        self._held: list[str] | None = []
        self._more = asyncio.Event()
        self._closing: tuple[int, str] | None = None

    def keep_out(self) -> None:
        """They wait at the door: what came for the room meanwhile is not for them."""
        self.lobby = True
        self._held = []

    def welcome(self, message: dict[str, Any]) -> None:
        """The first message; whatever came for this connection meanwhile follows it."""
        held, self._held = self._held or [], None
        self._put(dump(message))
        for text in held:
            self._put(text)

    def send(self, message: dict[str, Any] | str) -> None:
        text = message if isinstance(message, str) else dump(message)
        if self._held is not None:
            self._held.append(text)
        else:
            self._put(text)

    @property
    def closing(self) -> bool:
        """Shut, though a slow reader may keep its end open for a while: what they send counts no more."""
        return self._closing is not None

    def shut(self, code: int, reason: str = "") -> None:
        """Close after what was sent before. The first call decides the code."""
        if self._closing is None:
            self._closing = (code, reason)
            self._more.set()

    def _put(self, text: str) -> None:
        if self._closing is not None:
            return
        if len(self._outbox) >= _OUTBOX:
            self._outbox.clear()
            self.shut(TOO_SLOW, "slow")
            return
        self._outbox.append(text)
        self._more.set()

    async def write(self) -> None:
        """Send until shut; run as a task for the life of the connection."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._outbox:
                try:
                    async with asyncio.timeout(_SEND_WITHIN):
                        await self._sink.send_str(self._outbox.popleft())
                except (TimeoutError, ConnectionError, RuntimeError):
                    # gone or stuck; the reading side notices and cleans up
                    self._closing = self._closing or (TOO_SLOW, "slow")
                    self._outbox.clear()
            if self._closing is not None:
                code, reason = self._closing
                await self._sink.close(code=code, message=reason.encode())
                return
