"""What a person may set for themselves: settings that plugins declare for accounts."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from markupsafe import Markup

from ...base import errors
from ...base.context import current_actor
from ...base.contract import Setting
from ...base.i18n import _
from ...base.runtime import runtime
from ...engines.connection import unit_of_work
from ...tenancy.settings import account_own, account_setting, reset_account_setting, set_account_setting
from ...tenancy.snapshots import current_snapshot
from ...web import templating
from ...web.body import FormData, read_form_data
from ...web.routing import url
from ...web.views import flash, page, see_other
from ..landmarks import plugin_title
from ..settings_form import Asked, asked, parse


def own_settings() -> list[tuple[str, Setting]]:
    """Settings of plugins that are on which accounts have, without those with a page of their own."""
    effective = current_snapshot().effective
    return [
        (plugin, declared)
        for plugin, settings in runtime().registry.settings.items()
        for declared in settings
        if plugin in effective and declared.scope == "account" and not declared.page
    ]


async def menu_link(_subject: object) -> Markup | None:
    """The entry of the account menu, where there is anything to set."""
    return await templating.piece("console/preferences_link.html") if own_settings() else None


async def show_own(request: web.Request) -> web.StreamResponse:
    return await _page(request, {}, None)


async def _page(request: web.Request, problems: dict[str, str], typed: FormData | None) -> web.StreamResponse:
    groups: dict[str, list[Asked]] = {}
    own = await account_own()
    for plugin, declared in own_settings():
        value = await account_setting(declared.key)
        field = asked(declared, value, typed, problems, origin="account" if declared.key in own else None)
        groups.setdefault(plugin_title(plugin), []).append(field)
    context = {"title": _("Preferences"), "groups": groups, "errors": problems}
    return await page(request, "console/own_preferences.html", context, status=422 if problems else 200)


async def save_own(request: web.Request) -> web.StreamResponse:
    """All of it or, when a value is refused, nothing."""
    form = await read_form_data(request)
    shown = set(form.getall("shown"))
    changed: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for _plugin, declared in own_settings():
        if declared.key not in shown or (declared.secret and not form.get(declared.key)):
            continue
        try:
            value = parse(declared, form)
        except ValueError as exc:
            problems[declared.key] = str(exc)
            continue
        if declared.secret or value != await account_setting(declared.key):
            changed[declared.key] = value
    if not problems:
        try:
            await _store(changed)
        except errors.Invalid as exc:
            problems = exc.errors
    if problems:
        return await _page(request, problems, form)
    flash(request, _("Preferences saved") if changed else _("Nothing was changed"))
    return see_other(url("kernel.own_preferences"))


async def _store(values: dict[str, Any]) -> None:
    async with unit_of_work():
        for key, value in values.items():
            await set_account_setting(key, value)


async def reset_own(request: web.Request) -> web.StreamResponse:
    """Back to what the site has."""
    key = (await read_form_data(request)).get("reset")
    if key not in {declared.key for _plugin, declared in own_settings()} or current_actor() is None:
        raise errors.NotFound()
    await reset_account_setting(key)
    flash(request, _("Back to the default"))
    return see_other(url("kernel.own_preferences"))
