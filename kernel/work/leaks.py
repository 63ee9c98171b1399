"""What plugins leave behind: tasks that go on although the plugin is off everywhere, sockets that nobody closes."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Iterable
from contextvars import Context
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from ..base.log import get_logger
from ..base.runtime import runtime
from .troubles import note_incident
from .watchdog import owner_of

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot

log = get_logger(__name__)

#: Seconds that a plugin has to clear up after it went off.
SETTLING: Final = 5.0


@dataclass(frozen=True, slots=True)
class Leak:
    plugin: str
    what: str


def leaked_tasks(plugins: Iterable[str]) -> list[Leak]:
    """Tasks of this loop that run these plugins' own coroutines: neither a request nor a job of the kernel's."""
    wanted, found = set(plugins), []
    for task in asyncio.all_tasks():
        frame = getattr(task.get_coro(), "cr_frame", None)
        owner = owner_of(str(frame.f_globals.get("__name__", ""))) if frame is not None else None
        if owner in wanted and not task.done():
            name = getattr(task.get_coro(), "__qualname__", "?")
            found.append(Leak(str(owner), f"task {name} is still running"))
    return found


def leaked_sockets(plugins: Iterable[str]) -> list[Leak]:
    """Open sockets that lead back to these plugins' modules or objects."""
    wanted, found = set(plugins), []
    for thing in gc.get_objects():
        if isinstance(thing, socket.socket) and thing.fileno() != -1:
            owner = _holder(thing, wanted)
            if owner is not None:
                found.append(Leak(owner, f"socket {_address(thing)} is still open"))
    return found


def _address(thing: socket.socket) -> str:
    try:
        return str(thing.getsockname())
    except OSError:
        return "of an unknown address"


def _holder(thing: object, wanted: set[str], depth: int = 4) -> str | None:
    """The plugin whose module, or an instance of whose class, holds `thing`; looked for a few steps away."""
    seen: set[int] = set()
    layer: list[Any] = [thing]
    for _ in range(depth):
        following: list[Any] = []
        for referrer in gc.get_referrers(*layer):
            if id(referrer) in seen or referrer is layer:
                continue
            seen.add(id(referrer))
            owner = owner_of(_module(referrer))
            if owner in wanted:
                return owner
            if isinstance(referrer, dict | list | tuple | set) and len(following) < 200:
                following.append(referrer)
        layer = following
        if not layer:
            return None
    return None


def _module(thing: Any) -> str:
    if isinstance(thing, dict):
        return str(thing.get("__name__", "")) if "__spec__" in thing else ""
    if isinstance(thing, ModuleType):
        return thing.__name__
    return str(getattr(type(thing), "__module__", ""))


async def report(plugins: Iterable[str]) -> list[Leak]:
    """Say what these plugins left behind, in the log and to the admins."""
    plugins = [pid for pid in plugins if pid != "kernel"]
    found = leaked_tasks(plugins) + leaked_sockets(plugins)
    by_plugin: dict[str, list[str]] = {}
    for leak in found:
        by_plugin.setdefault(leak.plugin, []).append(leak.what)
    for plugin, what in by_plugin.items():
        log.error("%s left something behind: %s", plugin, "; ".join(what))
        try:
            await note_incident(plugin, "leak", "\n".join(what))
        except Exception:
            log.exception("what %s left behind could not be written down", plugin)
    return found


def watch_switches() -> Callable[[], None]:
    """Look for what a plugin left behind, a while after it went off for the last tenant; call the result to end."""
    looking: set[asyncio.Task[None]] = set()

    def changed(old: Snapshot, new: Snapshot) -> None:
        gone = old.effective - new.effective
        if gone & set(runtime().registry.ready):
            task = asyncio.get_running_loop().create_task(_look(gone), context=Context())
            looking.add(task)
            task.add_done_callback(looking.discard)

    unhear = runtime().snapshots.on_change(changed)

    def end() -> None:
        unhear()
        for task in looking:
            task.cancel()

    return end


async def _look(gone: frozenset[str]) -> None:
    await asyncio.sleep(SETTLING)
    on = {key for snapshot in runtime().snapshots.all() for key in snapshot.effective}
    await report([pid for pid in runtime().registry.ready if pid in gone and pid not in on])
