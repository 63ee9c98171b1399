"""Applying migrations one by one: each with its record in one transaction, and never in the way of people for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

import asyncpg
from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel, TortoiseOperation
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from ..base.log import get_logger

log = get_logger(__name__)
T = TypeVar("T")

#: How long a change may wait for a table that people are using: everybody behind it waits as well. Then it lets
#: them pass and tries again, after these pauses (seconds).
LOCK_TIMEOUT = "2s"
PAUSES: tuple[float, ...] = (0.5, 1, 2, 4, 8)


class MigrationBlocked(RuntimeError):
    """A table was in use for too long, in one sentence; what was not applied may be tried again at any time."""


class Sql(TortoiseOperation):
    """A step of a migration in plain SQL, one or several statements; `backward` undoes it, '' if nothing need be."""

    def __init__(self, forward: str, backward: str = "") -> None:
        self.forward, self.backward = forward, backward

    def describe(self) -> str:
        return "Run SQL"

    def state_forward(self, app_label: str, state: State) -> None:
        return None

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        if state_editor is not None:
            await state_editor._run_sql(self.forward)

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        if state_editor is not None and self.backward:
            await state_editor._run_sql(self.backward)


#: Operations that look only at what there is after them.
_ONLY_AFTER = (CreateModel, AddField, AddIndex, AddConstraint, Sql)


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
        state: State | None = None

        async def take(migration: Migration) -> State:
            nonlocal state
            # Applying changes it in place: after an attempt that failed it is made anew.
            before, state = state or await self._project_state(applied), None
            return await self._one(migration, before)

        for step in plan:
            key = MigrationKey(step.migration.app_label, step.migration.name)
            state = await patiently(str(key), partial(take, step.migration))
            applied.add(key)
            log.info("migration %s applied", key)
        return [MigrationKey(step.migration.app_label, step.migration.name) for step in plan]

    async def _one(self, migration: Migration, state: State) -> State:
        """All of one migration and its record, or nothing. Changes `state`."""
        editor = self._schema_editor(atomic=True)
        label = migration.app_label
        async with self.connection._in_transaction() as transaction:
            editor.client = transaction
            for operation in migration.operations:
                # A copy of every model there is costs a tenth of a second: made for those alone who look at it.
                before = state if isinstance(operation, _ONLY_AFTER) else state.clone()
                operation.state_forward(label, state)
                await operation.database_forward(label, before, state, editor)
            state.validate_relations_initialized()
            await MigrationRecorder(transaction).record_applied(label, migration.name)
        return state

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        """The models as the `applied` migrations leave them."""
        connections = {label: str(app.get("default_connection")) for label, app in self.loader.apps_config.items()}
        state = State(models={}, apps=_Tables(default_connections=connections))
        for key in self._full_plan():
            if key == upto:
                break
            if key in applied and (migration := self.loader.graph.nodes[key]) is not None:
                await migration.apply(state, dry_run=True)
        return state


class _Tables(StateApps):
    """Models to make tables from: nobody queries them, so what queries need is left out."""

    def _build_initial_querysets(self) -> None:
        for app in self.apps.values():
            for model in app.values():
                if model._meta._inited:
                    model._meta.finalise_fields()
                    model._meta._resolve_index_expressions()


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
