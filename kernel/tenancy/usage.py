"""Counting what is too frequent for a row each (API calls): in memory, written in sums every few seconds.

Totals are of the whole installation and of today (UTC). What a process counted and had not written when it was
killed is lost: a few seconds of one tenant's calls.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from ..base.clock import now
from ..base.context import current_tenant, every_tenant
from ..base.ids import new_id
from ..base.log import get_logger
from ..engines.connection import DatabaseDown, execute, sql, sql_one

log = get_logger(__name__)

PAUSE: Final = 5.0
#: Days that are kept, for looking back.
KEEP: Final = 90

_Key = tuple[UUID, str]


class Counters:
    """This process's counts. `add` is cheap enough for every request."""

    def __init__(self) -> None:
        self._pending: dict[_Key, int] = {}
        self._totals: dict[_Key, int] = {}
        #: On its way to the database: in neither of the others, and counted all the same.
        self._leaving: dict[_Key, int] = {}
        self._day = now().date()
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    def add(self, tenant_id: UUID, name: str, count: int = 1) -> int:
        """Count, and give today's total as far as this process knows it."""
        key = (tenant_id, name)
        pending = self._pending[key] = self._pending.get(key, 0) + count
        return self._totals.get(key, 0) + self._leaving.get(key, 0) + pending

    async def flush(self) -> None:
        """Write what was counted and learn what the others have. Counts go back when the database is away.

        One at a time: whoever comes second finds everything written that was counted before.
        """
        async with self._writing:
            await self._flush()

    async def _flush(self) -> None:
        today = now().date()
        if today != self._day:
            self._day = today
            self._totals.clear()
        taken, self._pending = self._pending, {}
        left = self._leaving = dict(taken)
        try:
            with every_tenant():
                for (tenant_id, name), count in taken.items():
                    self._totals[tenant_id, name] = await _write(tenant_id, name, today, count)
                    del left[tenant_id, name]
        finally:
            for key, count in left.items():
                self._pending[key] = self._pending.get(key, 0) + count
            left.clear()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep_flushing(), context=Context())

    async def stop(self) -> None:
        """Write the rest and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        try:
            await self.flush()
        except DatabaseDown:
            log.warning("the last counts of API calls could not be written")

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self.flush()
            except DatabaseDown as exc:
                log.warning("counts are kept until the database is back: %s", exc)
            except Exception:
                log.exception("counts could not be written")


#: Of this process.
counters = Counters()


async def _write(tenant_id: UUID, name: str, day: date, count: int) -> int:
    row = await sql_one(
        "INSERT INTO kernel_usage (id, tenant_id, name, day, used) SELECT $1, id, $3, $4, $5 FROM kernel_tenant"
        " WHERE id = $2 ON CONFLICT (tenant_id, name, day) DO UPDATE SET used = kernel_usage.used + excluded.used"
        " RETURNING used",
        new_id(), tenant_id, name, day, count,
    )  # fmt: skip
    return row.used if row else 0  # the tenant is gone


async def used_today(name: str) -> int:
    """Today's total of the tenant in scope, with what this process has not written yet."""
    tenant = current_tenant()
    row = await sql_one(
        "SELECT used FROM kernel_usage WHERE tenant_id = $1 AND name = $2 AND day = $3",
        tenant.id, name, now().date(),
    )  # fmt: skip
    return (row.used if row else 0) + counters._pending.get((tenant.id, name), 0)


async def by_day(name: str, days: int = 30) -> list[tuple[date, int]]:
    """Use per day of the tenant in scope, oldest first, days without use left out."""
    rows = await sql(
        "SELECT day, used FROM kernel_usage WHERE tenant_id = $1 AND name = $2 AND day > $3 ORDER BY day",
        current_tenant().id, name, now().date() - timedelta(days=days),
    )  # fmt: skip
    return [(row.day, row.used) for row in rows]


async def purge_usage() -> None:
    """Forget days of the tenant in scope that are too old to look at."""
    await execute(
        "DELETE FROM kernel_usage WHERE tenant_id = $1 AND day < $2",
        current_tenant().id, now().date() - timedelta(days=KEEP),
    )  # fmt: skip
