"""What plugins leave behind is found by one walk over the heap, however many sockets are open."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from kernel.app import Greenroom
from kernel.work import leaks
from kernel.work.leaks import Leak, leaked_sockets


class Holder:
    """Stands for an object of a plugin's."""

    def __init__(self) -> None:
        self.things: list[Any] = []


Holder.__module__ = "leaky.objects"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("leaky.state")
    monkeypatch.setitem(sys.modules, "leaky.state", made)
    monkeypatch.setattr(leaks, "owner_of", lambda name: "leaky" if name.startswith("leaky.") else None)
    return made


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the collector, in order."""
    asked: list[str] = []
    every = gc.get_objects
    monkeypatch.setattr(gc, "get_objects", lambda: asked.append("objects") or every())
    monkeypatch.setattr(gc, "get_referrers", lambda *_: asked.append("referrers") or [])
    return asked


def where(thing: socket.socket) -> Leak:
    return Leak("leaky", f"socket {thing.getsockname()} is still open")


def opened(stack: ExitStack) -> socket.socket:
    thing = stack.enter_context(socket.socket())
    thing.bind(("127.0.0.1", 0))
    return thing


def test_sockets_of_a_module_and_of_an_object_are_found_and_others_are_not(module: ModuleType) -> None:
    with ExitStack() as stack:
        mine, deep, held, _foreign = (opened(stack) for _ in range(4))
        shut = socket.socket()
        shut.close()
        vars(module).update(mine=mine, shut=shut, pool={"idle": [(deep, "later")]})
        holder = Holder()
        holder.things.append(held)
        assert sorted(leaked_sockets(["leaky"]), key=str) == sorted(map(where, (mine, deep, held)), key=str)
        assert leaked_sockets(["other"]) == []


async def test_a_stream_is_followed_to_its_socket(module: ModuleType) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    _reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    vars(module)["writer"] = writer
    at = writer.get_extra_info("sockname")
    try:
        assert leaked_sockets(["leaky"]) == [Leak("leaky", f"socket {at} is still open")]
    finally:
        writer.close()
        server.close()


def test_a_hundred_open_sockets_cost_one_walk(module: ModuleType, walks: list[str]) -> None:
    with ExitStack() as stack:
        vars(module)["many"] = [opened(stack) for _ in range(100)]
        assert len(leaked_sockets(["leaky"])) == 100
    assert walks == ["objects"]


async def test_nobody_gone_costs_no_walk(walks: list[str]) -> None:
    assert await leaks.report([]) == []
    assert await leaks.report(["kernel"]) == []
    assert walks == []


async def test_the_heap_is_walked_beside_the_loop(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    monkeypatch.setattr(leaks, "leaked_sockets", lambda plugins: threads.append(threading.get_ident()) or [])
    assert await leaks.report(["leaky"]) == []
    assert threads and threads[0] != threading.get_ident()


async def test_many_switches_are_one_look_and_none_while_others_have_it_on(
    greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[list[str]] = []
    heard: list[Callable[[Any, Any], None]] = []

    async def note(plugins: list[str]) -> list[Leak]:
        looked.append(plugins)
        return []

    def on_change(hear: Callable[[Any, Any], None]) -> Callable[[], None]:
        heard.append(hear)
        return heard.clear

    snapshots = greenroom.runtime.snapshots
    first, second = sorted(greenroom.runtime.registry.ready)[:2]
    monkeypatch.setattr(leaks, "SETTLING", 0.0)
    monkeypatch.setattr(leaks, "report", note)
    monkeypatch.setattr(snapshots, "on_change", on_change)
    monkeypatch.setattr(snapshots, "all", lambda: [SimpleNamespace(effective={second})])
    end = leaks.watch_switches()
    both, none = SimpleNamespace(effective={first, second}), SimpleNamespace(effective=set())
    for _ in range(20):
        heard[0](both, none)
    for _ in range(5):
        await asyncio.sleep(0)
    assert looked == [[first]]  # the second is on for somebody
    end()
    assert heard == []
