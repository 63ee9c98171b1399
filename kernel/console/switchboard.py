"""The plugin switchboard: what is on, why something is not, and switching with a rehearsal first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import StringConstraints

from ..auth import accounts
from ..base import errors
from ..base.context import current_tenant
from ..base.i18n import N_, _
from ..base.runtime import runtime
from ..plugging.manifest import KERNEL
from ..plugging.registry import PluginInfo, Registry
from ..tenancy.resolve import Why
from ..tenancy.snapshots import Snapshot, current_snapshot
from ..tenancy.planning import Rehearsal, rehearse
from ..tenancy.toggles import switch
from ..web.forms import Form, read_form
from ..web.routing import url
from ..web.views import flash, page, see_other
from ..web.words import Words
from ..work.isolation import Trouble, troubles


class SwitchForm(Form):
    """`follow` agrees to what the rehearsal listed: dependants go off, or requirements come on."""

    on: Literal["0", "1"]
    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=500),
        Words(missing=N_("Enter a reason, so that others understand later"), short=N_("Say a little more")),
    ]
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchable:
    """A plugin or a feature as the switchboard lists it."""

    key: str
    label: str
    help: str = ""
    on: bool
    why: str = ""
    may_switch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRow:
    """A plugin with what it requires and the switches inside it."""

    info: PluginInfo
    switch: Switchable
    tone: str
    state: str
    stage: str
    requires: tuple[tuple[str, bool], ...]  # title, whether it is on
    needed_by: tuple[str, ...]
    features: tuple[Switchable, ...]


_STATES = {
    "broken": (N_("Broken"), "bad"),
    "blocked": (N_("Blocked"), "warn"),
    "skipped": (N_("Not loaded"), "warn"),
    "on": (N_("On"), "ok"),
    "off": (N_("Off"), ""),
}
_STAGES = {"experimental": N_("Experimental"), "deprecated": N_("Deprecated")}


async def show_plugins(request: web.Request) -> web.StreamResponse:
    """Every installed plugin with its state, the reason, and its features."""
    registry, snapshot = runtime().registry, current_snapshot()
    names = await _names(snapshot.why.values())
    rows = [_row(registry, snapshot, info, names) for pid, info in registry.plugins.items() if pid != KERNEL]
    context = {
        "title": _("Plugins"),
        "rows": rows,
        "count": sum(1 for row in rows if row.switch.on),
        "troubles": _troubles(),
        "unwell": [row for row in rows if row.info.state in ("broken", "blocked")],
    }
    return await page(request, "console/plugins.html", context)


def _troubles() -> dict[str, list[Trouble]]:
    """Parts that failed in this process for this tenant, by plugin: isolated, but never silently."""
    found: dict[str, list[Trouble]] = {}
    for trouble in troubles(current_tenant().id):
        found.setdefault(trouble.plugin, []).append(trouble)
    return found


async def _names(reasons: Iterable[Why]) -> dict[Any, str]:
    """Names of the people who switched something off."""
    cards = await accounts.accounts_by_ids({why.actor_id for why in reasons if why.actor_id is not None})
    return {card.id: card.name for card in cards.values()}


def _why(snapshot: Snapshot, key: str, names: dict[Any, str]) -> str:
    why = snapshot.why.get(key)
    return "" if why is None else why.text(names.get(why.actor_id, ""))


def _row(registry: Registry, snapshot: Snapshot, info: PluginInfo, names: dict[Any, str]) -> PluginRow:
    on = info.id in snapshot.effective
    state, tone = _STATES[("on" if on else "off") if info.ready else info.state]
    dependants = (registry.plugins[pid] for pid in registry.dependants(info.id))
    return PluginRow(
        info=info,
        switch=Switchable(
            key=info.id, label=_(info.title), on=on, why=_why(snapshot, info.id, names),
            may_switch=info.ready and not info.locked,
        ),
        tone=tone,
        state=_(state),
        stage=_(_STAGES.get(info.stage, "")),
        requires=tuple(
            (_(registry.plugins[pid].title) if pid in registry.plugins else pid, pid in snapshot.effective)
            for pid in info.requires
        ),
        needed_by=tuple(_(other.title) for other in dependants if other.id in snapshot.effective),
        features=tuple(
            Switchable(
                key=feature.id, label=_(feature.label), help=_(feature.help), on=feature.id in snapshot.effective,
                why=_why(snapshot, feature.id, names) if on else "", may_switch=on,
            )
            for feature in registry.features.get(info.id, ())
        ),
    )  # fmt: skip


async def show_switch(request: web.Request) -> web.StreamResponse:
    """The rehearsal: what a switch would touch, and the question."""
    return await _rehearsal(request, {}, {})


def _label(key: str) -> str:
    registry = runtime().registry
    if key in registry.plugins:
        return _(registry.plugins[key].title)
    found = registry.features_by_id.get(key)
    return _(found[1].label) if found else key


async def _rehearsal(
    request: web.Request, raw: dict[str, str], problems: dict[str, str], status: int = 200
) -> web.StreamResponse:
    key = request.match_info["key"]
    registry, snapshot = runtime().registry, current_snapshot()
    if key == KERNEL or registry.owner(key) is None:
        raise errors.NotFound()
    # A choice that cannot take effect (its requirement is off) is also undone by switching on.
    on = raw.get("on", "0" if key in snapshot.effective else "1") == "1"
    what = rehearse(key, on)
    label = _label(key)
    context = {
        "title": (_("Switch on {name}") if on else _("Switch off {name}")).format(name=label),
        "key": key,
        "label": label,
        "on": on,
        "what": what,
        "also": [_label(one) for one in what.also],
        "routes": _routes(registry, what),
        "menu": [_(one) for one in what.menu],
        "reason": raw.get("reason", ""),
        "follow": "follow" in raw,
        "errors": problems,
    }
    return await page(request, "console/plugin_switch.html", context, status=status)


def _routes(registry: Registry, what: Rehearsal) -> list[str]:
    """`GET /path` of each route that appears or goes."""
    names = set(what.routes)
    return [f"{r.method} {r.path}" for routes in registry.routes.values() for r in routes if r.name in names]


async def switch_plugin(request: web.Request) -> web.StreamResponse:
    """Switch, for a reason that is kept."""
    key = request.match_info["key"]
    if key == KERNEL:
        raise errors.NotFound()
    parsed = await read_form(request, SwitchForm)
    if parsed.value is None:
        return await _rehearsal(request, parsed.raw, parsed.errors, 422)
    form, on = parsed.value, parsed.value.on == "1"
    try:
        await switch(current_tenant(), key, on, reason=form.reason, cascade=form.follow)
    except errors.Conflict as exc:
        field = "follow" if exc.extra.get("plugins") else "reason"
        return await _rehearsal(request, parsed.raw, {field: exc.detail}, 409)
    text = _("{name} is on") if on else _("{name} is off")
    flash(request, text.format(name=_label(key)))
    return see_other(url("kernel.plugins"))
