"""Switching plugins and features for a tenant, at run time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from ..base.clock import now
from ..base.context import TenantRef, current_actor, tenant_scope
from ..base.errors import Conflict, NotFound
from ..base.i18n import gettext as _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import after_commit, execute, sql, unit_of_work
from ..plugging.manifest import KERNEL
from ..plugging.registry import Lifecycle, Registry
from .epoch import bump_epoch, bump_platform
from .events import PluginSwitched, announce
from .resolve import Choice, resolve
from .snapshots import Snapshot, current_snapshot, effective_plugins

__all__ = [
    "Rehearsal", "bump_epoch", "bump_platform", "offer", "rehearse", "run_lifecycle", "switch",
]  # fmt: skip

log = logging.getLogger(__name__)

#: A lifecycle hook that takes longer belongs into a job.
HOOK_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a switch would touch. `refusal` is why it cannot be done at all.

    `also` are plugins that follow: dependants that go off too, or requirements that have to be switched on.
    Routes, jobs and widgets are names; `menu` has labels in the source language.
    """

    key: str
    on: bool
    refusal: str
    also: tuple[str, ...]
    plugins: tuple[str, ...]
    features: tuple[str, ...]
    routes: tuple[str, ...]
    menu: tuple[str, ...]
    jobs: tuple[str, ...]
    widgets: tuple[str, ...]


async def switch(tenant: TenantRef, key: str, on: bool, *, reason: str = "", cascade: bool = False) -> Snapshot:
    """Switch a plugin or feature for `tenant` and return its new snapshot. The caller checks who may.

    Raises NotFound for an unknown id and Conflict, with the plugins concerned in `extra["plugins"]`, for a
    locked or withheld one, for requirements that are off and dependants that are on. With `cascade`
    requirements are switched on as well, and dependants go off; they come back on their own with what they
    require, since the tenant still wants them.
    """
    registry = runtime().registry
    with tenant_scope(tenant):
        async with unit_of_work():
            await bump_epoch()  # first: its row is the lock, so that two switches see each other
            choices, withheld = await _stored(tenant)
            before, _why = resolve(registry, choices, withheld)
            keys = _plan(registry, before, withheld, key, on, cascade)
            actor = current_actor()
            chosen = Choice(on, actor.id if actor else None, reason[:500], now())
            fresh = [k for k in keys if k not in choices or choices[k].is_on != on]
            for one in fresh:
                await _store(tenant, one, chosen)
            after, _why = resolve(registry, {**choices, **dict.fromkeys(fresh, chosen)}, withheld)
            for one in dict.fromkeys((*fresh, *sorted(before ^ after))):
                await announce(
                    PluginSwitched(
                        key=one, on=one in after, before=one in before, after=one in after,
                        actor_id=chosen.actor_id, reason=chosen.reason,
                    )
                )  # fmt: skip
            after_commit(partial(_tell_plugins, registry, tenant, before, after))
        return current_snapshot()


def rehearse(key: str, on: bool) -> Rehearsal:
    """What `switch` would do for the tenant in scope, by its snapshot; nothing happens."""
    registry, snapshot = runtime().registry, current_snapshot()
    try:
        _plan(registry, snapshot.effective, snapshot.withheld, key, on, True)
        refusal = ""
    except Conflict as fault:
        refusal = fault.detail
    also = _unmet(registry, snapshot.effective, key) if on else _served(registry, snapshot.effective, key)
    chosen = dict.fromkeys((key, *also) if on else (key,), Choice(on))
    after, _why = resolve(registry, {**snapshot.choices, **chosen}, snapshot.withheld)
    touched = snapshot.effective ^ after
    # In the larger set everything is listed that the smaller one lacks.
    more, less = (after, snapshot.effective) if on else (snapshot.effective, after)
    shapes = runtime().snapshots.shapes
    big, small = shapes.of(more), shapes.of(less)
    plugins = effective_plugins(registry, touched)
    return Rehearsal(
        key=key,
        on=on,
        refusal=refusal,
        also=also,
        plugins=plugins,
        features=tuple(sorted(touched - set(plugins))),
        routes=tuple(
            r.name
            for pid, routes in registry.routes.items()
            for r in routes
            if not r.always and (pid in touched or (r.feature in touched and pid in more))
        ),
        menu=tuple(item.label for pair in big.menu if pair not in small.menu for item in pair[1:]),
        jobs=tuple(name for name in big.jobs if name not in small.jobs),
        widgets=tuple(
            pair[1].name
            for slot, pairs in big.widgets.items()
            for pair in pairs
            if pair not in small.widgets.get(slot, ())
        ),
    )


async def offer(key: str, offered: bool, *, tenant: TenantRef | None = None, reason: str = "") -> None:
    """The operator offers or withholds a plugin or feature, for one tenant or for all. Data stays."""
    if runtime().registry.owner(key) is None:
        raise NotFound()
    scope = str(tenant.id) if tenant else "platform"
    before = {s.tenant.id: s for s in runtime().snapshots.all()}
    async with unit_of_work():
        await (bump_epoch(tenant.id) if tenant else bump_platform())
        await execute(
            "INSERT INTO kernel_offer (id, key, scope, offered, reason, changed_at) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (key, scope) DO UPDATE SET offered = excluded.offered, reason = excluded.reason,"
            " changed_at = excluded.changed_at",
            new_id(), key, scope, offered, reason[:500], now(),
        )  # fmt: skip
        after_commit(partial(_tell_all, before))


# --- the plan ---------------------------------------------------------------------------------------------


def _plan(
    registry: Registry, effective: frozenset[str], withheld: Mapping[str, str], key: str, on: bool, cascade: bool
) -> list[str]:
    """The ids whose choice has to be written. Raises NotFound or Conflict."""
    owner = registry.owner(key)
    if owner is None:
        raise NotFound()
    info = registry.plugins[owner]
    if not info.ready:
        raise _refusal(_("{plugin} does not work: {reason}").format(plugin=info.title, reason=info.reason))
    if not on:
        if key == KERNEL or (key == owner and info.locked):
            raise _refusal(_("{plugin} cannot be switched off.").format(plugin=info.title))
        served = _served(registry, effective, key)
        if served and not cascade:
            words = _("Other plugins need it: {plugins}. They would go off too.")
            raise _refusal(words.format(plugins=_titles(registry, served)), served)
        return [key]
    needed = (key, *_unmet(registry, effective, key))
    for one in needed:
        plugin = registry.plugins[registry.owner(one) or one]
        if not plugin.ready:
            raise _refusal(_("{plugin} does not work: {reason}").format(plugin=plugin.title, reason=plugin.reason))
        if one in withheld:
            raise _refusal(_("The operator does not offer {plugin}.").format(plugin=_titles(registry, [one])), (one,))
    if len(needed) > 1 and not cascade:
        words = _("Switch on what it needs first: {plugins}.")
        raise _refusal(words.format(plugins=_titles(registry, needed[1:])), needed[1:])
    return [*needed[1:], key]


def _unmet(registry: Registry, effective: frozenset[str], key: str) -> tuple[str, ...]:
    """Plugins that have to be on for `key` and are not, in the order of switching them on."""
    owner = registry.owner(key)
    if owner is None:
        return ()
    needed = registry.needs(owner) if owner == key else (*registry.needs(owner), owner)
    return tuple(pid for pid in needed if pid not in effective)


def _served(registry: Registry, effective: frozenset[str], key: str) -> tuple[str, ...]:
    """Plugins that are on and require `key`."""
    return tuple(pid for pid in registry.dependants(key) if pid in effective)


def _titles(registry: Registry, keys: Iterable[str]) -> str:
    labels = {f.id: f.label for _pid, f in registry.features_by_id.values()}
    return ", ".join(_(registry.plugins[k].title if k in registry.plugins else labels.get(k, k)) for k in keys)


def _refusal(words: str, plugins: Iterable[str] = ()) -> Conflict:
    fault = Conflict(words)
    fault.extra["plugins"] = list(plugins)
    return fault


# --- storing and telling ----------------------------------------------------------------------------------


async def _stored(tenant: TenantRef) -> tuple[dict[str, Choice], dict[str, str]]:
    """The truth as of now, under the epoch's lock."""
    query = "SELECT key, is_on, actor_id, reason, changed_at FROM kernel_toggle WHERE tenant_id = $1"
    choices = {r.key: Choice(r.is_on, r.actor_id, r.reason, r.changed_at) for r in await sql(query, tenant.id)}
    # The word about this tenant comes last and wins.
    query = (
        "SELECT key, offered, reason FROM kernel_offer WHERE scope IN ('platform', $1) ORDER BY scope = 'platform' DESC"
    )
    words = {r.key: (r.offered, r.reason) for r in await sql(query, str(tenant.id))}
    return choices, {key: reason for key, (offered, reason) in words.items() if not offered}


async def _store(tenant: TenantRef, key: str, choice: Choice) -> None:
    await execute(
        "INSERT INTO kernel_toggle (id, tenant_id, key, is_on, actor_id, reason, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, key) DO UPDATE SET is_on = excluded.is_on,"
        " actor_id = excluded.actor_id, reason = excluded.reason, changed_at = excluded.changed_at",
        new_id(), tenant.id, key, *choice,
    )  # fmt: skip


async def _tell_plugins(registry: Registry, tenant: TenantRef, before: frozenset[str], after: frozenset[str]) -> None:
    """on_disable from the outside in, then on_enable from the inside out; in this process only."""
    gone = effective_plugins(registry, before - after)
    await run_lifecycle("on_disable", tenant, reversed(gone))
    await run_lifecycle("on_enable", tenant, effective_plugins(registry, after - before))


async def _tell_all(before: Mapping[UUID, Snapshot]) -> None:
    registry = runtime().registry
    for snapshot in runtime().snapshots.all():
        old = before.get(snapshot.tenant.id)
        if old is not None and old.effective != snapshot.effective:
            await _tell_plugins(registry, snapshot.tenant, old.effective, snapshot.effective)


async def run_lifecycle(name: Lifecycle, tenant: TenantRef, plugins: Iterable[str]) -> list[str]:
    """Call a lifecycle hook of `plugins` in scope of `tenant`; ids of those that failed. One's fault is its own."""
    calls = runtime().registry.lifecycle(name)
    failed = []
    for pid in plugins:
        if pid not in calls:
            continue
        try:
            with tenant_scope(tenant):
                async with asyncio.timeout(HOOK_SECONDS):
                    await calls[pid](tenant)
        except Exception:
            log.exception("%s of plugin %s failed for tenant %s", name, pid, tenant.slug)
            failed.append(pid)
    return failed
