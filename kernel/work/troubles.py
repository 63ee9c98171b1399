"""Writes failures down where every process and page can see them, and says when a plugin fails too much."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ..base.clock import now
from ..base.context import TenantRef, tenant_key, tenant_scope
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import execute
from ..tenancy import toggles
from . import breakers, isolation
from .isolation import Fault

log = get_logger(__name__)

#: Called with tenant, plugin and the last error when a plugin has failed too often within a minute.
OnPile = Callable[[TenantRef, str, str], Awaitable[object]]
_MOST = 2000


@dataclass(slots=True)
class _Heap:
    tenant: TenantRef
    times: int = 0
    counted: int = 0
    error: str = ""
    opened: datetime | None = None


class Recorder:
    """Gathers failures for a moment and writes them in a task of its own: they happen amid requests."""

    def __init__(self, on_pile: OnPile, *, pause: float = 0.2) -> None:
        self._on_pile = on_pile
        self._pause = pause
        self._heaps: dict[tuple[UUID, str, str], _Heap] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        isolation.listeners[:] = [self.note]
        toggles.failures[:] = [self.hook_failed]

    async def stop(self) -> None:
        isolation.listeners.clear()
        toggles.failures.clear()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=5)
        await self.flush()

    def note(self, fault: Fault) -> None:
        if fault.tenant is None or len(self._heaps) >= _MOST:
            return
        heap = self._heaps.setdefault((fault.tenant.id, fault.plugin, fault.what), _Heap(fault.tenant))
        heap.times += 1
        heap.counted += fault.counts
        heap.error, heap.opened = fault.error, fault.opened or heap.opened
        if self._task is None or self._task.done():
            # An empty context: no transaction or tenant of whoever failed.
            self._task = asyncio.get_running_loop().create_task(self._later(), context=Context())

    def hook_failed(self, tenant: TenantRef, plugin: str, hook: str, error: BaseException) -> None:
        with tenant_scope(tenant):
            isolation.record_failure(plugin, hook, error, breaks=False)

    async def _later(self) -> None:
        while self._heaps:
            await asyncio.sleep(self._pause)
            await self.flush()

    async def flush(self) -> None:
        heaps, self._heaps = self._heaps, {}
        for (tenant_id, plugin, what), heap in heaps.items():
            try:
                await breakers.note(tenant_id, plugin, what, heap.error, times=heap.times, open_until=heap.opened)
                if heap.counted and await self._too_many(heap, plugin):
                    await self._on_pile(heap.tenant, plugin, f"{what}: {heap.error}")
            except Exception:
                log.exception("a failure of %s could not be written down", plugin)

    async def _too_many(self, heap: _Heap, plugin: str) -> bool:
        """Counted over all processes, as far as the cache reaches."""
        with tenant_scope(heap.tenant):
            allowed, key = breakers.errors_allowed(), tenant_key("troubles", plugin)
        cache, crossed = runtime().cache, False
        for _ in range(min(heap.counted, allowed)):
            count = await cache.incr(key, breakers.WINDOW.total_seconds())
            crossed = crossed or count >= allowed
        return crossed


def process_name() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


async def note_incident(plugin: str, kind: str, text: str) -> None:
    """For the admins of all tenants: what a plugin did to this whole process."""
    await execute(
        "INSERT INTO kernel_incident (plugin, kind, text, process, at) VALUES ($1, $2, $3, $4, $5)",
        plugin[:60], kind, text[:20_000], process_name(), now(),
    )  # fmt: skip
