"""One Jinja environment for the kernel and all plugins, and what every template may use without asking."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup

from ..auth.permissions import can
from ..base import i18n
from ..base.clock import now
from ..base.context import current_actor, current_locale, current_zone, speaking
from ..base.runtime import runtime
from ..tenancy.snapshots import is_on
from . import assets, csrf, flashes, idempotency, shell
from .endpoints import KERNEL
from .markdown import render_markdown
from .routing import url, url_with
from .visit import Visit, current_visit, visit_of
from .widgets import slot

if TYPE_CHECKING:
    from ..plugging.registry import Registry

_KERNEL_FOLDER: Final = Path(__file__).resolve().parent.parent
_KERNEL_PLACES: Final = (_KERNEL_FOLDER / "web" / "templates", _KERNEL_FOLDER / "console" / "templates")
ENVIRONMENT = web.AppKey("environment", jinja2.Environment)


class _Loader(jinja2.BaseLoader):
    """`<plugin>/x.html` is looked for in that plugin alone, so that no plugin replaces another's page or the shell."""

    def __init__(self, registry: Registry) -> None:
        self._kernel = jinja2.FileSystemLoader(_KERNEL_PLACES)
        self._plugins = {
            pid: jinja2.FileSystemLoader(info.folder / "templates")
            for pid, info in registry.plugins.items()
            if pid != KERNEL and info.folder is not None
        }

    def _loader(self, name: str) -> jinja2.FileSystemLoader:
        return self._plugins.get(name.partition("/")[0], self._kernel)

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        return self._loader(template).get_source(environment, template)

    def list_templates(self) -> list[str]:
        loaders = [self._kernel, *self._plugins.values()]
        return sorted({name for loader in loaders for name in loader.list_templates()})


def setup_templates(app: web.Application, registry: Registry) -> jinja2.Environment:
    """Make the environment and hang it on the application."""
    environment = aiohttp_jinja2.setup(
        app,
        app_key=ENVIRONMENT,
        default_helpers=False,
        loader=_Loader(registry),
        enable_async=True,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=runtime().config.mode == "demo",
        cache_size=1000,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    del environment.globals["app"]  # templates have no business with the application
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        i18n.gettext, i18n.ngettext, newstyle=True
    )
    for pid, declared in registry.template_globals.items():
        for given in declared:
            if given.name in _GLOBALS or given.name in environment.globals:
                raise ValueError(f"{pid}: the template name {given.name!r} is taken")
            environment.globals[given.name] = given.value
    environment.globals.update(_GLOBALS)
    environment.filters.update(_FILTERS)
    return environment


async def render(request: web.Request, template: str, context: Mapping[str, Any], *, whole: bool = True) -> str:
    """`template` with `context` and the names of `_names`. `whole` takes the waiting toasts along."""
    visit = visit_of(request)
    names = _names(visit)
    names["flash_messages"] = flashes.take(visit) if whole else []
    names.update(context)
    environment = request.app[ENVIRONMENT]
    return await environment.get_template(template).render_async(names)


async def piece(template: str, context: Mapping[str, Any] | None = None) -> Markup:
    """A piece of the page in hand, drawn from a template of its own: what widgets return."""
    return Markup(await render(_visit().request, template, context or {}, whole=False))  # noqa: S704 - autoescaped


async def render_neutral(request: web.Request, template: str) -> str:
    """A page that knows no tenant and no reader but their language."""
    locale = i18n.negotiate(request.headers.get("Accept-Language", ""), list(i18n.LOCALES)) or "en"
    with speaking(locale, "UTC"):
        names = {"locale": locale, "dir": "rtl" if i18n.is_rtl(locale) else "ltr"}
        return await request.app[ENVIRONMENT].get_template(template).render_async(names)


def _names(visit: Visit) -> dict[str, Any]:
    """Values that differ from request to request."""
    request, snapshot = visit.request, visit.snapshot
    locale = current_locale()
    styles, scripts = shell.page_assets(visit)
    return {
        "actor": current_actor(),
        "brand": shell.brand(visit),
        "dev": runtime().config.dev,
        "dir": "rtl" if i18n.is_rtl(locale) else "ltr",
        "importmap": assets.import_map(snapshot).json,
        "locale": locale,
        "locales": shell.locales(snapshot),
        "menu_sections": shell.menu_sections(visit),
        "now": now(),
        "page_scripts": scripts,
        "page_styles": styles,
        "request_id": visit.request_id,
        "request_path": request.path,
        "theme_mode": shell.theme_mode(request),
        "zone": current_zone(),
    }


# --- functions for templates -------------------------------------------------------------------------------------


def _visit() -> Visit:
    visit = current_visit()
    if visit is None:
        raise RuntimeError("a page can only be drawn while a request is answered")
    return visit


def csrf_token() -> str:
    """For scripts: goes into the header X-CSRF-Token."""
    return csrf.token(_visit())


def csrf_field() -> Markup:
    """For forms: the hidden field that proves that the form is ours."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, csrf_token())


def key_field() -> Markup:
    """For forms that create or pay: a double click then counts once."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(idempotency.FIELD, uuid.uuid4())


def _can(permission: str) -> bool:
    return can(permission)


_GLOBALS: Final[dict[str, Any]] = {
    "asset": assets.asset,
    "can": _can,
    "csrf_field": csrf_field,
    "csrf_token": csrf_token,
    "is_on": is_on,
    "key_field": key_field,
    "slot": slot,
    "url": url,
    "url_with": url_with,
    "vendor": assets.vendor,
}

_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "date": i18n.format_date,
    "datetime": i18n.format_datetime,
    "markdown": render_markdown,
    "money": i18n.format_money,
    "number": i18n.format_number,
    "percent": i18n.format_percent,
    "relative": i18n.relative,
    "time_left": i18n.time_left,
    "time": i18n.format_time,
}
