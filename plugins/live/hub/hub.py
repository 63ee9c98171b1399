"""The rooms that have somebody in this process, joined over the bus with the same rooms of other processes.

A message for a room always goes over its channel of the bus and comes back to every process, this one
included: so there is one order for everybody, and one process behaves like many. Private messages (notes,
acknowledgements) never enter the bus; they go straight to the connection that they belong to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

import orjson

from kernel import get_logger

from .connection import Connection
from .wire import TOO_SLOW, dump

log = get_logger(__name__)

_READY_WITHIN: Final = 5.0
_DEAF_FOR: Final = 1.0


class Fanout(Protocol):
    """The kernel's bus, as far as it is used here."""

    async def publish(self, channel: str, payload: str) -> None: ...

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[str]]: ...


@dataclass(slots=True)
class _Room:
    channel: str
    connections: dict[UUID, Connection] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Hub:
    """`bus` is asked for when it is needed, since it exists only after start-up."""

    def __init__(self, bus: Callable[[], Fanout]) -> None:
        self._bus = bus
        self._rooms: dict[str, _Room] = {}

    async def enter(self, channel: str, connection: Connection) -> None:
        """From now on `connection` gets what is posted to the room (held back until its welcome)."""
        room = self._rooms.get(channel)
        if room is None:
            room = self._rooms[channel] = _Room(channel)
            room.task = asyncio.create_task(self._listen(room), name=f"live room {channel}")
        room.connections[connection.id] = connection
        with suppress(TimeoutError):  # a bus that is down: this process alone still works
            async with asyncio.timeout(_READY_WITHIN):
                await room.ready.wait()

    async def leave(self, channel: str, connection: Connection) -> None:
        room = self._rooms.get(channel)
        if room is None or room.connections.pop(connection.id, None) is None or room.connections:
            return
        del self._rooms[channel]
        if room.task is not None:
            room.task.cancel()
            with suppress(asyncio.CancelledError):
                await room.task

    async def post(
        self,
        channel: str,
        message: dict[str, Any] | None,
        *,
        role: str | None = None,
        account: UUID | None = None,
        but: UUID | None = None,
        close: tuple[int, str] | None = None,
    ) -> None:
        """Send to everybody in the room, or only to `role` or `account`, except the connection `but`.

        With `close` their connections are closed after it.
        """
        envelope = dump({"m": message, "role": role, "account": account, "but": but, "close": close})
        try:
            await self._bus().publish(channel, envelope)
        except Exception:
            log.exception("the bus did not take a message; it reaches this process only")
            self._deliver(channel, envelope)

    def here(self, channel: str) -> list[Connection]:
        """The connections of this process in a room."""
        room = self._rooms.get(channel)
        return list(room.connections.values()) if room else []

    async def close(self) -> None:
        """Leave every room: the process stops. Browsers come back on their own."""
        rooms, self._rooms = list(self._rooms.values()), {}
        for room in rooms:
            for connection in room.connections.values():
                connection.shut(1001, "restart")
            if room.task is not None:
                room.task.cancel()
        await asyncio.gather(*(r.task for r in rooms if r.task), return_exceptions=True)

    async def _listen(self, room: _Room) -> None:
        while True:
            try:
                async with self._bus().subscribe(room.channel) as items:
                    room.ready.set()
                    async for item in items:
                        if item.startswith("{"):
                            self._deliver(room.channel, item)
                        else:  # messages were lost: whoever comes back gets them from the database
                            self._send_back(room)
                return  # the bus was closed: the process stops
            except Exception:
                log.exception("a room cannot hear the bus; it tries again")
                await asyncio.sleep(_DEAF_FOR)
                self._send_back(room)

    @staticmethod
    def _send_back(room: _Room) -> None:
        for connection in room.connections.values():
            connection.shut(TOO_SLOW, "slow")

    def _deliver(self, channel: str, envelope: str) -> None:
        to = orjson.loads(envelope)
        text = dump(to["m"]) if to["m"] is not None else None
        for connection in self.here(channel):
            if str(connection.id) == to["but"] or (connection.lobby and to["account"] is None and not to["close"]):
                continue
            if to["role"] not in (None, connection.role) or to["account"] not in (None, str(connection.account_id)):
                continue
            if text is not None:
                connection.send(text)
            if to["close"] is not None:
                connection.shut(*to["close"])


class Later:
    """Work that is due in a few seconds unless the process stops; keyed, so that a newer one replaces an older."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def after(self, seconds: float, key: str, work: Callable[[], Awaitable[object]]) -> None:
        self.drop(key)
        task = asyncio.create_task(self._run(seconds, work), name=f"live later {key}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._tasks.pop(key, None) if self._tasks.get(key) is done else None)

    def drop(self, key: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def close(self) -> None:
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _run(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("work put off in a room failed; the sweep does it again")
