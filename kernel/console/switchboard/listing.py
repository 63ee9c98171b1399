"""All plugins with their features: what is on, why something is not, and what wants attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ...base.clock import now
from ...base.context import current_tenant
from ...base.contract import Feature
from ...base.i18n import N_, _
from ...base.runtime import runtime
from ...engines.connection import sql_one
from ...plugging.manifest import KERNEL
from ...plugging.registry import PluginInfo, Registry
from ...tenancy.snapshots import Snapshot, whole_snapshot
from ...web.views import page
from ...work.isolation import Trouble, troubles
from .explaining import Names, names_for, whom
from .planned import plans

#: Kinds of features: word, and what it means.
KINDS = {
    "release": (N_("Release"), N_("Something new, until everybody has it")),
    "experiment": (N_("Experiment"), N_("A comparison, for a while")),
    "operational": (N_("Operational"), N_("A valve for bad days")),
    "kill_switch": (N_("Kill switch"), N_("Off in an emergency")),
    "permission": (N_("Option"), N_("A choice of yours, for good")),
}
_STATES = {
    "broken": (N_("Broken"), "bad"),
    "blocked": (N_("Blocked"), "warn"),
    "skipped": (N_("Not loaded"), "warn"),
    "some": (N_("On for some"), "info"),
    "on": (N_("On"), "ok"),
    "off": (N_("Off"), ""),
}
_STAGES = {"experimental": N_("Experimental"), "deprecated": N_("Deprecated")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchable:
    """A plugin or a feature as the switchboard lists it. `whom` is for whom it is on; "" is everybody."""

    key: str
    label: str
    help: str = ""
    on: bool
    state: str
    tone: str
    why: str = ""
    whom: str = ""
    kind: str = ""
    planned: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRow:
    """A plugin with what it requires and the switches inside it."""

    info: PluginInfo
    switch: Switchable
    stage: str
    requires: tuple[tuple[str, bool], ...]  # title, whether it is on
    needed_by: tuple[str, ...]
    features: tuple[Switchable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A feature that outlived its purpose: `days` since it last changed, meant to live `lives`."""

    key: str
    label: str
    kind: str
    on: bool
    rule: bool
    days: int
    lives: int


async def show_plugins(request: web.Request) -> web.StreamResponse:
    """Every installed plugin with its state, the reason, and its features."""
    registry, snapshot = runtime().registry, whole_snapshot()
    names = await names_for(snapshot)
    planned = {plan.key: plan for plan in reversed(await plans()) if plan.state == "waiting"}
    rows = [_row(registry, snapshot, info, names, planned) for pid, info in registry.plugins.items() if pid != KERNEL]
    context = {
        "title": _("Plugins"),
        "rows": rows,
        "count": sum(1 for row in rows if row.switch.on),
        "troubles": _troubles(),
        "unwell": [row for row in rows if row.info.state in ("broken", "blocked")],
        "stale": await stale_features(snapshot),
        "kinds": {kind: _(label) for kind, (label, _help) in KINDS.items()},
    }
    return await page(request, "console/plugins.html", context)


def _troubles() -> dict[str, list[Trouble]]:
    """Parts that failed in this process for this tenant, by plugin: isolated, but never silently."""
    found: dict[str, list[Trouble]] = {}
    for trouble in troubles(current_tenant().id):
        found.setdefault(trouble.plugin, []).append(trouble)
    return found


def _row(
    registry: Registry, snapshot: Snapshot, info: PluginInfo, names: Names, planned: Mapping[str, Any]
) -> PluginRow:
    dependants = (registry.plugins[pid] for pid in registry.dependants(info.id))
    return PluginRow(
        info=info,
        switch=switchable(snapshot, info.id, names, planned),
        stage=_(_STAGES.get(info.stage, "")),
        requires=tuple(
            (_(registry.plugins[pid].title) if pid in registry.plugins else pid, pid in snapshot.effective)
            for pid in info.requires
        ),
        needed_by=tuple(_(other.title) for other in dependants if other.id in snapshot.effective),
        features=tuple(
            switchable(snapshot, feature.id, names, planned) for feature in registry.features.get(info.id, ())
        ),
    )


def switchable(snapshot: Snapshot, key: str, names: Names, planned: Mapping[str, Any]) -> Switchable:
    """One switch, in words."""
    registry = runtime().registry
    info = registry.plugins.get(key)
    feature: Feature | None = None if info is not None else registry.features_by_id[key][1]
    on, why = key in snapshot.effective, snapshot.why.get(key)
    rule = snapshot.rules.get(key)
    state: str
    if info is not None and not info.ready:
        state = info.state
    else:
        state = ("some" if rule is not None else "on") if on else "off"
    return Switchable(
        key=key,
        label=_(registry.title(key)),
        help=_(feature.help) if feature is not None and feature.help else "",
        on=on,
        state=_(_STATES[state][0]),
        tone=_STATES[state][1],
        why=why.text(names.people.get(why.actor_id, "") if why.actor_id else "") if why is not None else "",
        whom=whom(rule, names),
        kind=feature.kind if feature is not None else "",
        planned=planned.get(key),
    )


async def stale_features(snapshot: Snapshot) -> list[Stale]:
    """Features that were meant to go and have not changed for longer than they were meant to live; oldest first."""
    row = await sql_one("SELECT created_at FROM kernel_tenant WHERE id = $1", snapshot.tenant.id)
    begun, at, found = row.created_at if row else now(), now(), []
    for key, (_pid, feature) in runtime().registry.features_by_id.items():
        lives = feature.lives
        choice = snapshot.choices.get(key)
        since = choice.changed_at if choice is not None and choice.changed_at is not None else begun
        days = (at - since).days
        if lives is not None and days > lives:
            on, rule = key in snapshot.effective, key in snapshot.rules
            found.append(
                Stale(key=key, label=_(feature.label), kind=feature.kind, on=on, rule=rule, days=days, lives=lives)
            )
    return sorted(found, key=lambda one: -one.days)
