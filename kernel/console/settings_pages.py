"""The settings page: a card per plugin, a form per card, made from what the plugins declare."""

from __future__ import annotations

from aiohttp import web

from ..base import errors
from ..base.i18n import _
from ..tenancy.settings import reset_setting, set_settings
from ..tenancy.snapshots import current_snapshot
from ..web.body import FormData, read_form_data
from ..web.routing import url_with
from ..web.views import flash, page, see_other
from .settings_form import cards, read, settings_of


async def show_settings(request: web.Request) -> web.StreamResponse:
    """All settings, or those that match the search."""
    return await _page(request, _words(request.query.get("q", "")))


def _words(text: str) -> str:
    return " ".join(text.split())[:100]


async def _page(
    request: web.Request,
    words: str,
    *,
    plugin: str = "",
    form: FormData | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    typed = {plugin: form} if form is not None else {}
    context = {
        "title": _("Settings"),
        "q": words,
        "cards": cards(words, typed=typed, problems=problems),
        "errors": problems or {},
    }
    return await page(request, "console/settings.html", context, status=status)


def _plugin(request: web.Request) -> str:
    plugin = request.match_info["plugin"]
    if plugin not in current_snapshot().effective or not settings_of(plugin):
        raise errors.NotFound()
    return plugin


async def save_settings(request: web.Request) -> web.StreamResponse:
    """Save one card: all of it or, when a value is refused, nothing."""
    plugin = _plugin(request)
    form = await read_form_data(request)
    words = _words(form.get("q"))
    changed, problems = read(plugin, form)
    if not problems:
        try:
            if changed:
                await set_settings(changed)
        except errors.Invalid as exc:
            problems = exc.errors
    if problems:
        return await _page(request, words, plugin=plugin, form=form, problems=problems, status=422)
    flash(request, _("Settings saved") if changed else _("Nothing was changed"))
    return see_other(_back(words, plugin))


def _back(words: str, plugin: str) -> str:
    return url_with("kernel.settings", {}, {"q": words or None}) + f"#s-{plugin}"


async def reset(request: web.Request) -> web.StreamResponse:
    """Back to the default: the operator's value, or the plugin's."""
    plugin = _plugin(request)
    form = await read_form_data(request)
    key = form.get("reset")
    if key not in {s.key for s in settings_of(plugin)}:
        raise errors.NotFound()
    await reset_setting(key)
    flash(request, _("Back to the default"))
    return see_other(_back(_words(form.get("q")), plugin))
