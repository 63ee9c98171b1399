"""Rooms of a process and the bus between processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kernel import new_id
from kernel.engines.bus import OVERFLOW, MemoryBus
from plugins.live.hub.connection import Connection
from plugins.live.hub.hub import Hub, Later


class Sink:
    """A WebSocket that only remembers."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.code: int | None = None
        self.stuck = asyncio.Event()
        if not stuck:
            self.stuck.set()

    async def send_str(self, data: str, compress: int | None = None) -> None:
        await self.stuck.wait()
        self.sent.append(json.loads(data))

    async def close(self, *, code: int = 1000, message: bytes = b"") -> bool:
        self.code = code
        return True


class Person:
    def __init__(self, role: str, account: Any = None, **options: Any) -> None:
        self.sink = Sink(**options)
        self.connection = Connection(new_id(), account or new_id(), role, self.sink)
        self.task = asyncio.create_task(self.connection.write())

    async def enter(self, hub: Hub, room: str) -> None:
        await hub.enter(room, self.connection)
        self.connection.welcome({"t": "welcome"})

    @property
    def got(self) -> list[str]:
        return [m["t"] for m in self.sink.sent]


def one_process() -> Hub:
    bus = MemoryBus()
    return Hub(lambda: bus)


async def quiet() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_everybody_hears_in_one_order_and_others_rooms_do_not() -> None:
    bus = MemoryBus()
    here, there = Hub(lambda: bus), Hub(lambda: bus)  # two processes
    ada, tom, eve = Person("candidate"), Person("interviewer"), Person("candidate")
    await ada.enter(here, "r1")
    await tom.enter(there, "r1")
    await eve.enter(here, "r2")
    await here.post("r1", {"t": "one"})
    await there.post("r1", {"t": "two"})
    await here.post("r1", {"t": "to_tom"}, role="interviewer")
    await there.post("r1", {"t": "to_ada"}, account=ada.connection.account_id)
    await here.post("r1", {"t": "not_ada"}, but=ada.connection.id)
    await quiet()
    assert ada.got == ["welcome", "one", "two", "to_ada"]
    assert tom.got == ["welcome", "one", "two", "to_tom", "not_ada"]
    assert eve.got == ["welcome"]


async def test_the_welcome_is_always_first() -> None:
    hub = one_process()
    ada = Person("candidate")
    await hub.enter("r", ada.connection)
    await hub.post("r", {"t": "early"})
    await quiet()
    assert ada.got == []
    ada.connection.welcome({"t": "welcome"})
    await quiet()
    assert ada.got == ["welcome", "early"]


async def test_closing_comes_after_what_was_sent() -> None:
    hub = one_process()
    first, second = Person("candidate"), Person("interviewer")
    await first.enter(hub, "r")
    await second.enter(hub, "r")
    await hub.post("r", {"t": "replaced"}, account=first.connection.account_id, close=(4001, "replaced"))
    await quiet()
    assert first.got == ["welcome", "replaced"]
    assert first.sink.code == 4001
    assert second.sink.code is None


async def test_a_slow_reader_is_closed_and_does_not_hold_up_the_room() -> None:
    hub = one_process()
    slow, quick = Person("candidate", stuck=True), Person("interviewer")
    await slow.enter(hub, "r")
    await quick.enter(hub, "r")
    for n in range(300):
        await hub.post("r", {"t": "chat", "n": n})
        await asyncio.sleep(0)
    await quiet()
    assert len(quick.sink.sent) == 301
    slow.sink.stuck.set()
    await quiet()
    assert slow.sink.code == 4008
    assert len(slow.sink.sent) < 10


async def test_lost_messages_of_the_bus_make_browsers_come_back() -> None:
    bus = MemoryBus()
    hub = Hub(lambda: bus)
    ada = Person("candidate")
    await ada.enter(hub, "r")
    await bus.publish("r", OVERFLOW)
    await quiet()
    assert ada.sink.code == 4008


async def test_with_the_bus_down_the_process_still_talks_to_itself() -> None:
    class Broken:
        async def publish(self, channel: str, payload: str) -> None:
            raise ConnectionError

        @asynccontextmanager
        async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[str]]:
            yield MemoryBus().subscribe("never")  # type: ignore[misc]

    hub = Hub(Broken)
    hub._rooms["r"] = room = _room("r")
    ada = Person("candidate")
    room.connections[ada.connection.id] = ada.connection
    ada.connection.welcome({"t": "welcome"})
    await hub.post("r", {"t": "one"})
    await quiet()
    assert ada.got == ["welcome", "one"]


def _room(channel: str) -> Any:
    from plugins.live.hub.hub import _Room

    return _Room(channel)


async def test_an_empty_room_stops_listening() -> None:
    bus = MemoryBus()
    hub = Hub(lambda: bus)
    ada = Person("candidate")
    await ada.enter(hub, "r")
    assert "r" in bus._feeds.by_channel
    await hub.leave("r", ada.connection)
    assert "r" not in bus._feeds.by_channel
    assert hub.here("r") == []


async def test_later_runs_once_and_the_newer_one_counts() -> None:
    ran: list[str] = []

    async def note(text: str) -> None:
        ran.append(text)

    later = Later()
    later.after(0.01, "k", lambda: note("old"))
    later.after(0.02, "k", lambda: note("new"))
    later.after(60, "other", lambda: note("never"))
    await asyncio.sleep(0.05)
    await later.close()
    assert ran == ["new"]
