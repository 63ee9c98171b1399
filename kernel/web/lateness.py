"""How long an answer may take: one look around twice a second for all requests, as a timer for each costs too much."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from ..base.errors import Unavailable
from ..base.i18n import _
from ..base.runtime import runtime
from ..work.isolation import record_failure

if TYPE_CHECKING:
    from .visit import Visit

_TICK: Final = 0.5
#: What is being answered and by whom, the longest first. A visit does not know its task: its context knows the visit,
#: and such a cycle is left to the garbage collector, which is dear.
_running: dict[Visit, asyncio.Task[Any] | None] = {}
#: The loop on which the next look is due.
_watched: asyncio.AbstractEventLoop | None = None


def begin(visit: Visit) -> None:
    """From now on `visit` is cut when it takes too long. The caller must `end` it."""
    global _watched
    loop = asyncio.get_running_loop()
    if loop is not _watched:
        if _watched is not None:  # tests have one loop after the other
            _running.clear()
        _watched = loop
        loop.call_later(_TICK, _look)
    _running[visit] = asyncio.current_task(loop)


def end(visit: Visit) -> None:
    _running.pop(visit, None)


def was_cut(visit: Visit) -> bool:
    """Whether the CancelledError in hand is ours. Takes it back then."""
    task = asyncio.current_task()
    return visit.cut and task is not None and task.uncancel() == 0


def told(visit: Visit) -> Unavailable:
    """The answer in place of one that did not come; its plugin has failed."""
    if visit.endpoint is not None:
        late = TimeoutError(f"no answer within {runtime().config.page_seconds:g} s")
        record_failure(visit.endpoint.plugin, f"page {visit.endpoint.name}", late, breaks=False)
    return Unavailable(_("This page took too long. Try again in a moment."), retry_after=30)


def _look() -> None:
    global _watched
    if not _running:
        _watched = None
        return
    _watched = asyncio.get_running_loop()
    _watched.call_later(_TICK, _look)
    now = time.perf_counter()
    latest = now - runtime().config.page_seconds
    for visit, task in list(_running.items()):
        if visit.since > latest:
            return
        del _running[visit]
        if visit.request.writer.output_size > 0 or task is None:
            continue  # streams and sockets have begun
        if not visit.request.content.is_eof():
            visit.since = now  # still arriving: the deadlines of bodies look after that
            _running[visit] = task
        else:
            visit.cut = True
            task.cancel()
