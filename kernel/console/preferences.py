"""Theme, language and time zone: remembered in a cookie, and with the account when there is one."""

from __future__ import annotations

from aiohttp import web

from ..auth import accounts
from ..base import errors, zones
from ..base.context import current_actor
from ..base.i18n import _
from ..base.runtime import runtime
from ..tenancy.snapshots import current_snapshot
from ..web.forms import Form, read_form
from ..web.routing import url
from ..web.views import local_path, see_other

_YEAR = 365 * 24 * 3600
_COOKIES = {"theme": "theme", "locale": "locale", "zone": "tz"}
_THEMES = ("auto", "light", "dark")


class PreferenceForm(Form):
    value: str
    next: str = ""


async def set_preference(request: web.Request) -> web.StreamResponse:
    """`POST /preferences/{theme|locale|zone}` with `value`; back to `next`, or 204 for a script."""
    kind = request.match_info["kind"]
    parsed = await read_form(request, PreferenceForm)
    if kind not in _COOKIES:
        raise errors.NotFound()
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    value = _checked(kind, parsed.value.value)
    actor = current_actor()
    if actor is not None and kind != "theme":
        await accounts.update_account(actor.id, **{kind: value})  # type: ignore[arg-type]
    by_script = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate" or "HX-Request" in request.headers
    response: web.StreamResponse
    if by_script:
        response = web.Response(status=204)
    else:
        response = see_other(local_path(parsed.value.next, url("kernel.landing")))
    secure = runtime().config.cookie_secure
    # Readable by scripts on purpose: they hold no secret and the page applies them before it is drawn.
    response.set_cookie(_COOKIES[kind], value, max_age=_YEAR, path="/", secure=secure, samesite="Lax")
    return response


def _checked(kind: str, value: str) -> str:
    if kind == "theme" and value not in _THEMES:
        raise errors.Invalid({"value": _("Choose auto, light or dark.")})
    if kind == "locale" and value not in current_snapshot().locales:
        raise errors.Invalid({"value": _("Choose one of the languages offered here.")})
    if kind == "zone" and not zones.is_zone(value):
        raise errors.Invalid({"value": _("Choose a time zone from the list.")})
    return value
