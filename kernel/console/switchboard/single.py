"""One switch: why it is as it is, what moving it touches, and the forms that move it now, for some, or later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import StringConstraints

from ...auth.permissions import all_roles
from ...base import zones
from ...base.context import current_tenant
from ...base.errors import Conflict, Invalid, NotFound
from ...base.i18n import N_, _
from ...base.runtime import runtime
from ...plugging.manifest import KERNEL
from ...tenancy.planning import Rehearsal, rehearse
from ...tenancy.snapshots import whole_snapshot
from ...tenancy.toggles import switch
from ...web.forms import Form, Parsed, read_form
from ...web.routing import url
from ...web.views import flash, page, see_other
from ...web.words import Words
from .explaining import explain, names_for
from .history import recent
from .listing import KINDS, switchable
from .planned import cancel_plan, plan_switch, plans
from .rule_form import Reason, RuleForm, as_typed, instant_typed, rule_typed
from .touching import touched_by


class SwitchForm(Form):
    """`follow` agrees to what the rehearsal listed: dependants go off, or requirements come on."""

    on: Literal["0", "1"]
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    follow: bool = False


class PlanForm(Form):
    """A switch for later; `at` is wall time in the tenant's zone."""

    on: Literal["0", "1"]
    at: Annotated[datetime, Words(missing=N_("Enter a date and a time."), bad=N_("Enter a date and a time."))]
    reason: Reason
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A form that came back: which one, as typed, and what is wrong with it."""

    form: Literal["switch", "rule", "plan", ""] = ""
    raw: Mapping[str, object] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


def _refused(form: Literal["switch", "rule", "plan"], parsed: Parsed[Any], status: int = 422) -> Refused:
    raw: dict[str, object] = {**parsed.raw, "roles": parsed.raw_lists.get("roles", [])}
    return Refused(form=form, raw=raw, errors=parsed.errors, status=status)


async def show_switch(request: web.Request) -> web.StreamResponse:
    """The rehearsal: what a switch would touch, and the question."""
    return await _show(request, Refused())


def _key(request: web.Request) -> str:
    key = request.match_info["key"]
    if key == KERNEL or runtime().registry.owner(key) is None:
        raise NotFound()
    return key


async def _show(request: web.Request, back: Refused) -> web.StreamResponse:
    key = _key(request)
    registry, snapshot = runtime().registry, whole_snapshot()
    info = registry.plugins.get(key)
    # A choice that cannot take effect (its requirement is off) is also undone by switching on.
    on = str(back.raw.get("on", "0" if key in snapshot.effective else "1")) == "1"
    what = rehearse(key, on)
    mine, names = await plans(key), await names_for(snapshot)
    choice = snapshot.choices.get(key)
    context = {
        "title": _(registry.title(key)),
        "key": key,
        "on": on,
        "one": switchable(snapshot, key, names, {}),
        "kind": "" if info is not None else _(KINDS[registry.features_by_id[key][1].kind][0]),
        "locked": info is not None and info.locked,
        "verdict": explain(snapshot, key, names),
        "what": what,
        "touched": await touched_by(what, request.app),
        "also": [_(registry.title(one)) for one in what.also],
        "yields": [_(registry.title(one)) for one in what.yields],
        "routes": _routes(what),
        "menu": [_(one) for one in what.menu],
        "notices": [_(one) for one in what.notices],
        "features": [_(registry.title(one)) for one in what.features],
        "back": back,
        "rule": back.raw if back.form == "rule" else await as_typed(choice.rule if choice is not None else None),
        "dated": choice is not None and choice.is_on,
        "roles": [(role.id, role.label) for role in await all_roles()],
        "plans": mine,
        "people": names.people,
        "place": zones.city(snapshot.zone),
        "changes": await recent(key=key, limit=5),
    }
    return await page(request, "console/plugin_switch.html", context, status=back.status)


def _routes(what: Rehearsal) -> list[str]:
    """`GET /path` of each route that appears or goes."""
    names = set(what.routes)
    found = (r for routes in runtime().registry.routes.values() for r in routes)
    return [f"{r.method} {r.path}" for r in found if r.name in names]


async def switch_plugin(request: web.Request) -> web.StreamResponse:
    """Switch now; off only for a reason, which is kept."""
    key = _key(request)
    parsed = await read_form(request, SwitchForm)
    form = parsed.value
    if form is not None and form.on == "0" and len(form.reason) < 3:
        missing, short = _("Enter a reason, so that others understand later"), _("Say a little more")
        parsed.refuse({"reason": short if form.reason else missing})
    if parsed.value is None or form is None:
        return await _show(request, _refused("switch", parsed))
    on = form.on == "1"
    try:
        await switch(current_tenant(), key, on, reason=form.reason, cascade=form.follow)
    except Conflict as exc:
        parsed.refuse({"follow" if exc.extra.get("plugins") else "reason": exc.detail})
        return await _show(request, _refused("switch", parsed, 409))
    text = _("{name} is on") if on else _("{name} is off")
    flash(request, text.format(name=_(runtime().registry.title(key))))
    return see_other(url("kernel.plugins"))


async def set_rule(request: web.Request) -> web.StreamResponse:
    """On, but for some people only, or between two dates; an empty rule is everybody, always."""
    key = _key(request)
    parsed = await read_form(request, RuleForm)
    if parsed.value is None:
        return await _show(request, _refused("rule", parsed))
    try:
        rule = await rule_typed(parsed.value)
        await switch(current_tenant(), key, True, reason=parsed.value.reason, rule=rule)
    except Invalid as exc:
        parsed.refuse(exc.errors)
        return await _show(request, _refused("rule", parsed))
    except Conflict as exc:
        parsed.refuse({"reason": exc.detail})
        return await _show(request, _refused("rule", parsed, 409))
    flash(request, _("Saved"))
    return see_other(url("kernel.plugin_switch", key=key))


async def plan_later(request: web.Request) -> web.StreamResponse:
    """Plan a switch for a time to come."""
    key = _key(request)
    parsed = await read_form(request, PlanForm)
    form = parsed.value
    if form is None:
        return await _show(request, _refused("plan", parsed))
    problems: dict[str, str] = {}
    at = instant_typed(form.at, "at", problems)
    if at is None:
        parsed.refuse(problems)
        return await _show(request, _refused("plan", parsed))
    try:
        await plan_switch(key, form.on == "1", at, reason=form.reason, cascade=form.follow)
    except Invalid as exc:
        parsed.refuse(exc.errors)
        return await _show(request, _refused("plan", parsed))
    except Conflict as exc:
        parsed.refuse({"at": exc.detail})
        return await _show(request, _refused("plan", parsed, 409))
    flash(request, _("Planned"))
    return see_other(url("kernel.plugin_switch", key=key))


async def cancel_planned(request: web.Request) -> web.StreamResponse:
    """Call a planned switch off."""
    row = await cancel_plan(request.match_info["id"])
    flash(request, _("The planned switch was called off"))
    return see_other(url("kernel.plugin_switch", key=row.key))
