"""One setting: where its value comes from, what the operator allows, who changed it when, and whether it works."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from ...auth.accounts import accounts_by_ids
from ...base import errors
from ...base.context import current_tenant
from ...base.contract import Setting
from ...base.i18n import _
from ...base.log import get_logger
from ...base.runtime import runtime
from ...engines.connection import sql
from ...tenancy import acts, governing
from ...tenancy.floors import bounded, locked_words
from ...tenancy.settings import is_set
from ...tenancy.snapshots import current_snapshot
from ...web.routing import has_route, url, url_with
from ...web.views import flash, page, see_other
from ..landmarks import plugin_title

log = get_logger(__name__)

_PATIENCE = 10.0
_LINES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change. `by` is "" for work of the platform itself; values are texts, secrets masked."""

    at: datetime
    by: str
    what: str
    before: str
    after: str
    reason: str


def found(key: str) -> tuple[str, Setting]:
    """Plugin and declaration of a setting that this tenant has. Raises NotFound."""
    pair = runtime().registry.settings_by_key.get(key)
    if pair is None or pair[0] not in current_snapshot().effective:
        raise errors.NotFound()
    return pair


def place(declared: Setting, plugin: str) -> str:
    """Where the setting is changed: its plugin's own page, or its card on the settings page; "" for the operator's."""
    if declared.page and has_route(declared.page):
        return url(declared.page)
    if declared.scope != "tenant":
        return url("kernel.own_preferences") if declared.scope == "account" else ""
    return url_with("kernel.settings", {}, {}) + f"#f-{declared.key.replace('.', '-')}"


async def show_setting(request: web.Request) -> web.StreamResponse:
    plugin, declared = found(request.match_info["key"])
    explained = governing.explain(declared.key)
    limits = bounded(declared, explained.rule)
    context = {
        "title": _(declared.label),
        "declared": declared,
        "plugin": plugin_title(plugin),
        "why": explained,
        "levels": [(_level(lv.scope), lv) for lv in explained.levels],
        "limits": limits,
        "locked": locked_words(explained.rule) if explained.rule.locked else "",
        "place": place(declared, plugin),
        "lines": await history(declared.key),
        "testable": declared.test is not None and is_set(declared.key),
        "can_reset": declared.scope == "tenant" and not explained.rule.locked and explained.levels[0].shown is not None,
    }
    return await page(request, "console/setting.html", context)


def _level(scope: str) -> str:
    if scope == "tenant":
        return _("This site")
    return _("The operator, for all sites") if scope == "platform" else _("Default")


async def history(key: str, limit: int = _LINES) -> list[Line]:
    """Changes of the tenant's value, and what the operator did about the setting for all; newest first."""
    tenant = current_tenant()
    rows = await sql(
        "SELECT data, actor_id, occurred_at FROM kernel_event WHERE tenant_id = $1"
        " AND name = 'kernel.setting_changed.v1' AND data->>'key' = $2 ORDER BY occurred_at DESC, id DESC LIMIT $3",
        tenant.id, key, limit,
    )  # fmt: skip
    facts = [(row, json.loads(row.data) if isinstance(row.data, str) else row.data) for row in rows]
    people = await accounts_by_ids([row.actor_id for row, _data in facts if row.actor_id])
    lines = [
        Line(
            at=row.occurred_at,
            by=people[row.actor_id].name if row.actor_id in people else "",
            what=_("Changed") if data["after"] else _("Reset"),
            before=data["before"], after=data["after"], reason=data.get("reason", ""),
        )
        for row, data in facts
    ]  # fmt: skip
    for act in await acts.acts_on(key, limit=limit):
        about_us = act.tenant_slug == tenant.slug and act.action in ("setting.locked", "setting.unlocked")
        if act.tenant_slug == "" or about_us:
            lines.append(
                Line(
                    at=act.at, by=_("Operator"), what=_act(act.action), before=act.before, after=act.after,
                    reason=act.reason,
                )
            )  # fmt: skip
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]


def _act(action: str) -> str:
    words = {
        "setting.locked": _("Locked"), "setting.unlocked": _("Bounds or lock changed"),
        "setting.reset": _("Reset for all sites"),
    }  # fmt: skip
    return words.get(action, _("Changed for all sites"))


async def try_setting(request: web.Request) -> web.StreamResponse:
    """Ask the plugin whether what is stored works."""
    _plugin, declared = found(request.match_info["key"])
    wrong = await attempt(declared)
    flash(request, wrong or _("It works."), "bad" if wrong else "ok")
    return see_other(url("kernel.setting", key=declared.key))


async def attempt(declared: Setting) -> str | None:
    """What the plugin's own test says; None: it works. Raises NotFound where there is no test."""
    if declared.test is None:
        raise errors.NotFound()
    try:
        async with asyncio.timeout(_PATIENCE):
            said = await declared.test()
            return _(said) if said else None
    except TimeoutError:
        return _("There was no answer within {n} seconds.").format(n=int(_PATIENCE))
    except Exception:
        log.exception("the test of setting %s failed", declared.key)
        return _("The test itself failed. It has been noted.")
