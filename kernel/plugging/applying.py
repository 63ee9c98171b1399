"""Applying migrations one by one: each with its record in one transaction, and never in the way of people for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import asyncpg
from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_generator.state import State

from ..base.log import get_logger

log = get_logger(__name__)
T = TypeVar("T")

#: How long a change may wait for a table that people are using: everybody behind it waits as well. Then it lets
#: them pass and tries again, after these pauses (seconds).
LOCK_TIMEOUT = "2s"
PAUSES: tuple[float, ...] = (0.5, 1, 2, 4, 8)


class MigrationBlocked(RuntimeError):
    """A table was in use for too long, in one sentence; what was not applied may be tried again at any time."""


class Executor(MigrationExecutor):
    """Applies forward plans, recording each migration in the transaction that made its changes."""

    async def forward(self, targets: Iterable[MigrationTarget]) -> list[MigrationKey]:
        await self.loader.build_graph()
        await self.recorder.ensure_schema(self._schema_editor(atomic=False))
        applied = set(await self.recorder.applied_migrations())
        # A target that is applied already would be read as: back to it.
        wanted = [
            t
            for t in targets
            if any(key.app_label == t.app_label for key in self.loader.graph.nodes)
            and MigrationKey(t.app_label, t.name) not in applied
        ]
        plan = self._migration_plan(wanted, applied, self.loader.graph)
        self._validate_plan_direction(plan, "forward")
        state = await self._project_state(applied) if plan else None
        done: list[MigrationKey] = []
        for step in plan:
            assert state is not None  # noqa: S101 - for the type checker
            key = MigrationKey(step.migration.app_label, step.migration.name)
            before = state
            state = await patiently(str(key), lambda m=step.migration, s=before: self._one(m, s.clone()))  # type: ignore[misc]
            log.info("migration %s applied", key)
            done.append(key)
        return done

    async def _one(self, migration: Migration, state: State) -> State:
        """All of one migration and its record, or nothing."""
        editor = self._schema_editor(atomic=True)
        async with self.connection._in_transaction() as transaction:
            editor.client = transaction
            after = await migration.apply(state, schema_editor=editor)
            await MigrationRecorder(transaction).record_applied(migration.app_label, migration.name)
        return after


async def patiently(what: str, work: Callable[[], Awaitable[T]]) -> T:
    """Run `work`, again after a pause when a table was in use. Raises MigrationBlocked in the end."""
    for pause in (*PAUSES, None):
        try:
            return await work()
        except (asyncpg.LockNotAvailableError, OperationalError) as exc:
            if not isinstance(exc, asyncpg.LockNotAvailableError) and "lock timeout" not in str(exc):
                raise
            if pause is None:
                raise MigrationBlocked(
                    f"{what} could not be applied: a table was in use for longer than {LOCK_TIMEOUT}, again and "
                    "again. Nothing of it was changed; try when there is less to do, or end long transactions."
                ) from exc
            log.warning("%s waits for a table that is in use; again in %g s", what, pause)
            await asyncio.sleep(pause)
    raise AssertionError
