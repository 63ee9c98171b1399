"""Switching plugins and features for a tenant, at run time; and the operator's word above it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from ..base.clock import now
from ..base.context import TenantRef, current_actor, current_tenant, tenant_scope
from ..base.errors import Conflict, Invalid, NotFound
from ..base.i18n import gettext as _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import after_commit, execute, sql, unit_of_work
from ..plugging.registry import Lifecycle, Registry
from .epoch import bump_epoch, bump_platform
from .events import PluginSwitched, announce
from .loading import PLATFORM, STOPPED, choice_of, read_words
from .planning import choices_after, plan, refusal, titles
from .resolve import Choice, resolve
from .snapshots import Snapshot, effective_plugins, reading_as, whole_snapshot
from .switch_rules import MOST_LISTED, SwitchRule, rule_of

__all__ = [
    "bump_epoch", "bump_platform", "choose_all", "offer", "run_lifecycle", "stop_everywhere", "switch", "take_back",
]  # fmt: skip

log = logging.getLogger(__name__)

#: Told of each lifecycle hook that failed; the floor that counts failures registers itself here.
failures: list[Callable[[TenantRef, str, str, BaseException], None]] = []
#: A lifecycle hook that takes longer belongs into a job.
HOOK_SECONDS = 30.0


async def switch(
    tenant: TenantRef, key: str, on: bool, *, reason: str = "", cascade: bool = False, rule: SwitchRule | None = None
) -> Snapshot:
    """Switch a plugin or feature for `tenant` and return its new snapshot. The caller checks who may.

    Raises NotFound for an unknown id and Conflict, with the plugins concerned in `extra["plugins"]`, for a
    locked, withheld or stopped one, for requirements that are off, dependants and rivals that are on. With
    `cascade` requirements come on as well, rivals and dependants go off; dependants come back on their own with
    what they require, since the tenant still wants them. `rule` says for whom and when it is on (None: everybody,
    always); Invalid when it makes no sense.
    """
    registry = runtime().registry
    rule = _checked(registry, key, on, rule)
    with tenant_scope(tenant):
        async with unit_of_work():
            await bump_epoch()  # first: its row is the lock, so that two switches see each other
            choices = await _choices(tenant)
            words = (await read_words())(tenant.id)
            before, _why = resolve(registry, choices, words)
            moves = plan(registry, before, words, key, on, cascade)
            actor = current_actor()
            who = (actor.id if actor else None, reason[:500], now())
            fresh: dict[str, Choice | None] = {}
            for one, state in moves.items():
                wanted = rule if one == key else None
                if one not in choices or choices[one].is_on != state or (one == key and choices[one].rule != wanted):
                    fresh[one] = Choice(state, *who, wanted)
            await _write(registry, tenant, choices, fresh, reason=reason[:500])
        return whole_snapshot()


async def take_back(tenant: TenantRef, batch_id: UUID, *, reason: str = "") -> Snapshot:
    """Undo one switch, with all that moved along: back to what was chosen before. The caller checks who may.

    Raises NotFound, and Conflict when any of it was changed again since, or was taken back already.
    """
    registry = runtime().registry
    with tenant_scope(tenant):
        async with unit_of_work():
            await bump_epoch()
            rows = await sql(_BATCH, tenant.id, batch_id)
            if not rows:
                raise NotFound()
            later = [row.key for row in rows if row.later]
            if later:
                said = _("{plugins} was changed again since; take that back first.")
                raise Conflict(said.format(plugins=titles(registry, later)))
            actor, at = current_actor(), now()
            fresh: dict[str, Choice | None] = {}
            for row in rows:
                was = _loads(row.before)
                fresh[row.key] = (
                    Choice(was["on"], actor.id if actor else None, reason[:500], at, rule_of(was.get("rule")))
                    if was is not None
                    else None
                )
            await _write(registry, tenant, await _choices(tenant), fresh, reason=reason[:500], undoes=batch_id)
        return whole_snapshot()


_BATCH = """
SELECT c.key, c.before, EXISTS (
  SELECT FROM kernel_switch_change l WHERE l.tenant_id = c.tenant_id AND l.key = c.key AND l.id > c.id
) AS later
FROM kernel_switch_change c WHERE c.tenant_id = $1 AND c.batch_id = $2 ORDER BY c.id
"""


async def choose_all(fresh: Mapping[str, Choice | None], *, reason: str) -> None:
    """Set choices of the tenant in scope as given (None: none any more), without asking what follows: for bundles."""
    tenant = current_tenant()
    async with unit_of_work():
        await bump_epoch()
        await _write(runtime().registry, tenant, await _choices(tenant), fresh, reason=reason[:500])


async def offer(key: str, offered: bool, *, tenant: TenantRef | None = None, reason: str = "") -> None:
    """The operator offers or withholds a plugin or feature, for one tenant or for all. Data stays."""
    await _say(key, str(tenant.id) if tenant else PLATFORM, offered, reason, tenant)


async def stop_everywhere(key: str, stopped: bool, *, reason: str = "") -> None:
    """The kill switch: off for every tenant at once, whatever anybody chose or was offered; or back again."""
    await _say(key, STOPPED, not stopped, reason, None)


async def _say(key: str, scope: str, offered: bool, reason: str, tenant: TenantRef | None) -> None:
    if runtime().registry.owner(key) is None:
        raise NotFound()
    before = {s.tenant.id: s for s in runtime().snapshots.all()}
    async with unit_of_work():
        await (bump_epoch(tenant.id) if tenant else bump_platform())
        await execute(
            "INSERT INTO kernel_offer (id, key, scope, offered, reason, changed_at) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (key, scope) DO UPDATE SET offered = excluded.offered, reason = excluded.reason,"
            " changed_at = excluded.changed_at",
            new_id(), key, scope, offered, reason[:500], now(),
        )  # fmt: skip
        after_commit(partial(tell_all, before, reason[:500]))


def _checked(registry: Registry, key: str, on: bool, rule: SwitchRule | None) -> SwitchRule | None:
    """The rule, or None for one that lets everybody in. Raises Invalid or Conflict."""
    if rule is None or rule.empty:
        return None
    info = registry.plugins.get(key)
    if not on or (info is not None and info.locked):
        raise refusal(_("{plugin} cannot be on for some people only.").format(plugin=titles(registry, [key])))
    if rule.percent is not None and not 0 <= rule.percent <= 100:
        raise Invalid({"percent": _("Enter a share from 0 to 100")})
    if rule.since is not None and rule.until is not None and rule.until <= rule.since:
        raise Invalid({"until": _("The end must come after the beginning")})
    if len(rule.accounts) > MOST_LISTED or len(rule.domains) > MOST_LISTED:
        raise Invalid({"people": _("List at most {count}; for more, use a role").format(count=MOST_LISTED)})
    return rule


# --- storing and telling ----------------------------------------------------------------------------------


async def _choices(tenant: TenantRef) -> dict[str, Choice]:
    """The truth as of now, under the epoch's lock."""
    query = "SELECT key, is_on, actor_id, reason, changed_at, rule FROM kernel_toggle WHERE tenant_id = $1"
    return {row.key: choice_of(row) for row in await sql(query, tenant.id)}


async def _write(
    registry: Registry,
    tenant: TenantRef,
    choices: Mapping[str, Choice],
    fresh: Mapping[str, Choice | None],
    *,
    reason: str,
    undoes: UUID | None = None,
) -> None:
    """Store choices and history, announce what changed, and tell plugins after the commit."""
    words = (await read_words())(tenant.id)
    before, _why = resolve(registry, choices, words)
    after, _why = resolve(registry, choices_after(choices, fresh), words)
    actor, batch, at = current_actor(), new_id(), now()
    actor_id = actor.id if actor else None
    for key, choice in fresh.items():
        await _store(tenant, key, choice)
        await execute(
            "INSERT INTO kernel_switch_change (id, tenant_id, batch_id, key, before, after, was_on, is_on, actor_id,"
            " reason, changed_at, undoes) VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9, $10, $11, $12)",
            new_id(), tenant.id, batch, key, _dumps(choices.get(key)), _dumps(choice), key in before, key in after,
            actor_id, reason, at, undoes,
        )  # fmt: skip
    for one in dict.fromkeys((*fresh, *sorted(before ^ after))):
        old, new = choices.get(one), fresh.get(one, choices.get(one))
        await announce(
            PluginSwitched(
                key=one, on=one in after, before=one in before, after=one in after, actor_id=actor_id, reason=reason,
                rule_before=_rule_text(old), rule_after=_rule_text(new),
            )
        )  # fmt: skip
    after_commit(partial(tell_plugins, registry, tenant, before, after))


async def _store(tenant: TenantRef, key: str, choice: Choice | None) -> None:
    if choice is None:
        await execute("DELETE FROM kernel_toggle WHERE tenant_id = $1 AND key = $2", tenant.id, key)
        return
    await execute(
        "INSERT INTO kernel_toggle (id, tenant_id, key, is_on, actor_id, reason, changed_at, rule)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb) ON CONFLICT (tenant_id, key) DO UPDATE SET"
        " is_on = excluded.is_on, actor_id = excluded.actor_id, reason = excluded.reason,"
        " changed_at = excluded.changed_at, rule = excluded.rule",
        new_id(), tenant.id, key, choice.is_on, choice.actor_id, choice.reason, choice.changed_at,
        json.dumps(choice.rule.stored()) if choice.rule else None,
    )  # fmt: skip


def _dumps(choice: Choice | None) -> str | None:
    if choice is None:
        return None
    return json.dumps({"on": choice.is_on, "rule": choice.rule.stored() if choice.rule else None})


def _loads(value: object) -> dict[str, Any] | None:
    found = json.loads(value) if isinstance(value, str | bytes) else value
    return found if isinstance(found, dict) else None


def _rule_text(choice: Choice | None) -> str:
    return json.dumps(choice.rule.stored(), sort_keys=True) if choice is not None and choice.rule else ""


async def tell_plugins(registry: Registry, tenant: TenantRef, before: frozenset[str], after: frozenset[str]) -> None:
    """on_disable from the outside in, then on_enable from the inside out; in this process only."""
    gone = effective_plugins(registry, before - after)
    await run_lifecycle("on_disable", tenant, reversed(gone))
    await run_lifecycle("on_enable", tenant, effective_plugins(registry, after - before))


async def tell_all(before: Mapping[UUID, Snapshot], reason: str) -> None:
    """After the operator's word, which counts already: record and tell what it changed, tenant by tenant."""
    registry = runtime().registry
    for snapshot in runtime().snapshots.all():
        old = before.get(snapshot.tenant.id)
        if old is None or old.effective == snapshot.effective:
            continue
        await announce_turn(snapshot.tenant, old.effective, snapshot.effective, reason)
        await tell_plugins(registry, snapshot.tenant, old.effective, snapshot.effective)


async def announce_turn(tenant: TenantRef, before: frozenset[str], after: frozenset[str], reason: str) -> None:
    """Record what changed without the tenant's own doing: by the operator's word, or by a date."""
    with tenant_scope(tenant):
        async with unit_of_work():
            for key in sorted(before ^ after):
                await announce(
                    PluginSwitched(key=key, on=key in after, before=key in before, after=key in after, reason=reason)
                )


async def run_lifecycle(name: Lifecycle, tenant: TenantRef, plugins: Iterable[str]) -> list[str]:
    """Call a lifecycle hook of `plugins` in scope of `tenant`; ids of those that failed. One's fault is its own."""
    calls = runtime().registry.lifecycle(name)
    failed = []
    for pid in plugins:
        if pid not in calls:
            continue
        try:
            with tenant_scope(tenant), reading_as(None):
                async with asyncio.timeout(HOOK_SECONDS):
                    await calls[pid](tenant)
        except Exception as exc:
            log.exception("%s of plugin %s failed for tenant %s", name, pid, tenant.slug)
            failed.append(pid)
            for told in failures:
                told(tenant, pid, name, exc)
    return failed
