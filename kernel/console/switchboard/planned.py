"""Switches for later: kept in a table, done once by a job at their instant, called off before that."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ...auth import audit
from ...auth.permissions import can
from ...auth.sessions import actor_of
from ...base.clock import now
from ...base.context import acting_as, current_actor, current_tenant
from ...base.contract import Happened
from ...base.errors import Conflict, Invalid, NotFound
from ...base.i18n import _
from ...base.ids import new_id, parse_id
from ...base.runtime import runtime
from ...engines.connection import execute, sql, unit_of_work
from ...engines.models import get_or_404
from ...plugging.manifest import KERNEL
from ...tenancy.models import PlannedSwitch
from ...tenancy.planning import rehearse
from ...tenancy.resolve import resolve
from ...tenancy.snapshots import whole_snapshot
from ...tenancy.switch_rules import rule_of
from ...tenancy.toggles import announce_turn, switch, tell_plugins
from ...work.jobs import cancel_jobs, enqueue

RUN, TURN = "kernel.run_planned_switch", "kernel.turn_switch_dates"
PERMISSION = "kernel.plugins.manage"
_MOST_AHEAD = timedelta(days=366)
#: Most plans that may wait at a time.
_MOST = 100


async def plan_switch(key: str, on: bool, at: datetime, *, reason: str, cascade: bool) -> PlannedSwitch:
    """Switch `key` at `at`. Raises NotFound, Conflict for what can never be done, Invalid for an odd time."""
    if key == KERNEL or runtime().registry.owner(key) is None:
        raise NotFound()
    if not now() < at < now() + _MOST_AHEAD:
        raise Invalid({"at": _("Choose a time within the coming year")})
    refused = rehearse(key, on).refusal
    if refused:
        raise Conflict(refused)
    actor = current_actor()
    async with unit_of_work():
        if await PlannedSwitch.filter(state="waiting").count() >= _MOST:
            raise Conflict(_("Too many switches are planned already."))
        row = await PlannedSwitch.create(
            id=new_id(), key=key, is_on=on, cascade=cascade, at=at, reason=reason[:500],
            actor_id=actor.id if actor else None, created_at=now(),
        )  # fmt: skip
        await enqueue(RUN, {"plan": str(row.id)}, run_at=at, key=_job_key(row.id))
        await audit.record(
            "kernel.switch_planned",
            subject="plugin",
            subject_id=key,
            after={"on": on, "at": at.isoformat()},
            reason=reason,
        )
    return row


async def cancel_plan(plan_id: UUID | str) -> PlannedSwitch:
    """Call a plan off. Raises NotFound, and Conflict when it is not waiting any more."""
    row = await get_or_404(PlannedSwitch, plan_id)
    async with unit_of_work():
        hit = await execute(
            "UPDATE kernel_planned_switch SET state = 'cancelled'"
            " WHERE tenant_id = $1 AND id = $2 AND state = 'waiting'",
            current_tenant().id, row.id,
        )  # fmt: skip
        if not hit:
            raise Conflict(_("This plan is not waiting any more."))
        await cancel_jobs(_job_key(row.id))
        await audit.record(
            "kernel.switch_plan_cancelled", subject="plugin", subject_id=row.key,
            before={"on": row.is_on, "at": row.at.isoformat()},
        )  # fmt: skip
    return row


async def plans(key: str = "") -> list[Any]:
    """Plans that wait, soonest first, and those refused within the last week; of one switch when given."""
    return await sql(
        "SELECT id, key, is_on, at, actor_id, reason, state, note FROM kernel_planned_switch WHERE tenant_id = $1"
        " AND ($2 = '' OR key = $2) AND (state = 'waiting' OR (state = 'refused' AND at > $3)) ORDER BY at, id",
        current_tenant().id, key, now() - timedelta(days=7),
    )  # fmt: skip


async def run_planned(plan: str) -> None:
    """Job: do what was planned, if it still may be done, by whoever planned it."""
    plan_id = parse_id(plan)
    row = await PlannedSwitch.get_or_none(id=plan_id) if plan_id else None
    if row is None or row.state != "waiting":
        return
    actor = await actor_of(row.actor_id) if row.actor_id else None
    if row.actor_id is not None and (actor is None or not can(PERMISSION, actor)):
        return await _refuse(row, _("Whoever planned it may no longer switch plugins."))
    try:
        with acting_as(actor):
            async with unit_of_work():
                hit = await execute(
                    "UPDATE kernel_planned_switch SET state = 'done'"
                    " WHERE tenant_id = $1 AND id = $2 AND state = 'waiting'",
                    current_tenant().id, row.id,
                )  # fmt: skip
                if hit:
                    await switch(current_tenant(), row.key, row.is_on, reason=row.reason, cascade=row.cascade)
    except (Conflict, NotFound) as fault:
        await _refuse(row, fault.detail or _("It is not installed any more."))


async def _refuse(row: PlannedSwitch, why: str) -> None:
    async with unit_of_work():
        await execute(
            "UPDATE kernel_planned_switch SET state = 'refused', note = $3"
            " WHERE tenant_id = $1 AND id = $2 AND state = 'waiting'",
            current_tenant().id, row.id, why[:500],
        )  # fmt: skip
        await audit.record(
            "kernel.planned_switch_refused", subject="plugin", subject_id=row.key, after={"on": row.is_on}, reason=why
        )


def _job_key(plan_id: UUID) -> str:
    return f"{RUN}:{plan_id}"


# --- dates of rules --------------------------------------------------------------------------------------------


async def on_switched(happened: Happened) -> None:
    """A rule with dates was set: snapshots follow by themselves; plugins and the record are told at each date."""
    key, text = happened.data["key"], happened.data.get("rule_after", "")
    rule = rule_of(json.loads(text)) if text else None
    for at in (rule.since, rule.until) if rule is not None else ():
        if at is not None and at > now():
            await enqueue(TURN, {"key": key, "at": at.isoformat()}, run_at=at, key=f"{TURN}:{key}:{at.isoformat()}")


async def turn_dates(key: str, at: str) -> None:
    """Job: at a date of a rule, record what it changed and call the plugins' hooks; nothing if it was moved since."""
    instant = datetime.fromisoformat(at)
    snapshot = whole_snapshot()
    choice = snapshot.choices.get(key)
    if choice is None or choice.rule is None or instant not in (choice.rule.since, choice.rule.until):
        return
    registry = runtime().registry
    before, _why = resolve(registry, snapshot.choices, snapshot.words, instant - timedelta(seconds=1))
    after, _why = resolve(registry, snapshot.choices, snapshot.words, instant)
    runtime().snapshots.turn()
    if before != after:
        await announce_turn(snapshot.tenant, before, after, _("As planned by its dates"))
        await tell_plugins(registry, snapshot.tenant, before, after)
