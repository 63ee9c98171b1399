"""What plugins leave behind: tasks that go on although the plugin is off everywhere, sockets that nobody closes."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Callable, Iterable
from contextvars import Context
from dataclasses import dataclass
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
    """Open sockets that these plugins' modules or objects hold, looked for a few steps from them.

    The heap is walked once, whatever is open: a search from each socket back to its holder walks it for every step
    of every socket, and the loop stands still meanwhile.
    """
    wanted, found = set(plugins), []
    seen: set[int] = set()
    for owner, root in _roots(wanted):
        layer: list[Any] = [root]
        for _ in range(_STEPS):
            following: list[Any] = []
            for thing in gc.get_referents(*layer):
                if id(thing) in seen:
                    continue
                seen.add(id(thing))
                if isinstance(thing, socket.socket):
                    if thing.fileno() != -1:
                        found.append(Leak(owner, f"socket {_address(thing)} is still open"))
                elif isinstance(thing, _CARRIERS) or _owner(type(thing)) == owner:
                    following.append(thing)
            layer = following
    return found


#: How far from a plugin's module or object a socket is looked for.
_STEPS: Final = 5
#: What is looked into on the way; whatever else belongs to a library or to the kernel.
_CARRIERS: Final = (dict, list, tuple, set, asyncio.StreamWriter, asyncio.BaseTransport)


def _roots(wanted: set[str]) -> list[tuple[str, Any]]:
    """These plugins' modules and instances of their classes."""
    if not wanted:
        return []
    roots: list[tuple[str, Any]] = []
    for name, module in list(sys.modules.items()):
        if module is not None and (owner := owner_of(name)) in wanted:
            roots.append((str(owner), vars(module)))
    owners: dict[type, str | None] = {}
    for thing in gc.get_objects():
        kind = type(thing)
        if kind not in owners:
            owners[kind] = _owner(kind)
        if (owner := owners[kind]) in wanted:
            roots.append((str(owner), thing))
    return roots


def _owner(kind: type) -> str | None:
    return owner_of(str(getattr(kind, "__module__", "")))


def _address(thing: socket.socket) -> str:
    try:
        return str(thing.getsockname())
    except OSError:
        return "of an unknown address"


async def report(plugins: Iterable[str]) -> list[Leak]:
    """Say what these plugins left behind, in the log and to the admins."""
    plugins = [pid for pid in plugins if pid != "kernel"]
    if not plugins:
        return []
    found = leaked_tasks(plugins) + await asyncio.to_thread(leaked_sockets, plugins)
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
    gone: set[str] = set()
    looking: asyncio.Task[None] | None = None

    def changed(old: Snapshot, new: Snapshot) -> None:
        nonlocal looking
        went = (old.effective - new.effective) & set(runtime().registry.ready)
        gone.update(went)
        if went and (looking is None or looking.done()):  # one look for all that is switched meanwhile
            looking = asyncio.get_running_loop().create_task(_look(gone), context=Context())

    unhear = runtime().snapshots.on_change(changed)

    def end() -> None:
        unhear()
        if looking is not None:
            looking.cancel()

    return end


async def _look(gone: set[str]) -> None:
    """Until nothing more has gone."""
    while gone:
        await asyncio.sleep(SETTLING)
        on = {key for snapshot in runtime().snapshots.all() for key in snapshot.effective}
        off = [pid for pid in runtime().registry.ready if pid in gone and pid not in on]
        gone.clear()
        await report(off)
