"""The addresses of this plugin, who may open them, and what answers."""

from __future__ import annotations

from typing import Any

from kernel import Listing, Page, Route

from .. import rest
from ..permissions import BRANDING, MAINTENANCE, TEXTS
from . import branding, maintenance, texts

_LOGO = 9 * 1024 * 1024


#: Why the look is there for a site that is not.
_PAUSED = "the page that says that a site is paused wears its look"


def _get(path: str, handler: Any, name: str, permission: str = "", always: str = "") -> Route:
    """A page or file; without a permission it is public."""
    kept = permission or None
    return Route(
        method="GET", path=path, handler=handler, name=name, permission=kept, public=not kept, always=always
    )  # fmt: skip


def _post(path: str, handler: Any, name: str, permission: str, **more: Any) -> Route:
    return Route(method="POST", path=path, handler=handler, name=name, permission=permission, **more)


def _json(method: Any, path: str, handler: Any, name: str, permission: str = "", **more: Any) -> Route:
    kept, path = permission or None, f"/api/v1/theming/{path}"
    return Route(method=method, path=path, handler=handler, name=name, permission=kept, public=not kept, **more)


ROUTES = [
    _get("/theme/{hash:[0-9a-f]{12}}.css", branding.theme_sheet, "theming.sheet", always=_PAUSED),
    _get("/theme/logo/{id}.webp", branding.logo, "theming.logo", always=_PAUSED),
    _get("/theme/preview.css", branding.preview_css, "theming.preview_css", BRANDING),
    _get("/admin/branding", branding.show, "theming.branding", BRANDING),
    _post("/admin/branding", branding.save, "theming.branding_save", BRANDING),
    _get("/admin/branding/preview", branding.preview, "theming.branding_preview", BRANDING),
    _post("/admin/branding/logo", branding.save_logo, "theming.logo_save", BRANDING, body_limit=_LOGO, rate="20/600"),
    _post("/admin/branding/logo/remove", branding.remove_logo, "theming.logo_drop", BRANDING),
    _post("/admin/branding/reset", branding.reset, "theming.branding_reset", BRANDING),
    _get("/admin/texts", texts.show, "theming.texts", TEXTS),
    _post("/admin/texts/preview", texts.preview, "theming.text_preview", TEXTS,
          no_twin="draws what is being typed, for the editor only"),
    _get("/admin/texts/pages/{page}", texts.show_page, "theming.text", TEXTS),
    _post("/admin/texts/pages/{page}", texts.save_page, "theming.text_save", TEXTS),
    _post("/admin/texts/pages/{page}/reset", texts.reset_page, "theming.text_reset", TEXTS),
    _get("/admin/texts/terminology", texts.show_terms, "theming.terminology", TEXTS),
    _post("/admin/texts/terminology", texts.save_terms, "theming.terminology_save", TEXTS),
    _get("/admin/texts/languages", texts.show_languages, "theming.languages", TEXTS),
    _post("/admin/texts/languages", texts.save_languages, "theming.languages_save", TEXTS),
    _get("/admin/maintenance", maintenance.show, "theming.maintenance", MAINTENANCE),
    _post("/admin/maintenance/plan", maintenance.plan, "theming.maintenance_plan", MAINTENANCE, idempotent=True),
    _post("/admin/maintenance/start", maintenance.start, "theming.maintenance_start", MAINTENANCE, idempotent=True),
    _post("/admin/maintenance/{id}/stop", maintenance.stop, "theming.maintenance_stop", MAINTENANCE),
    _post("/admin/maintenance/{id}/prolong", maintenance.prolong, "theming.maintenance_prolong", MAINTENANCE),
    _json("GET", "status", rest.status, "theming.status", response=rest.StatusOut),
    _json("GET", "look", rest.get_look, "theming.api_look", BRANDING, response=rest.LookModel),
    _json("PUT", "look", rest.put_look, "theming.api_look_save", BRANDING, request=rest.LookModel,
          response=rest.LookModel, twin_of=("theming.branding_save",)),
    _json("POST", "look/reset", rest.reset_look, "theming.api_branding_reset", BRANDING, response=rest.LookModel),
    _json("PUT", "look/logo", rest.put_logo, "theming.api_logo_save", BRANDING, request=rest.LogoIn,
          response=rest.LookModel, body_limit=2 * _LOGO, rate="20/600"),
    _json("DELETE", "look/logo", rest.drop_logo, "theming.api_logo_drop", BRANDING, response=rest.LookModel),
    _json("PUT", "texts/{page}/{locale}", rest.put_text, "theming.api_text_save", TEXTS, request=rest.PageTextIn,
          response=rest.PageTextOut),
    _json("DELETE", "texts/{page}/{locale}", rest.reset_text, "theming.api_text_reset", TEXTS,
          response=rest.PageTextOut),
    _json("PUT", "terminology/{locale}", rest.put_terms, "theming.api_terminology_save", TEXTS, request=rest.TermsIn,
          response=rest.TermsOut),
    _json("GET", "languages", rest.get_languages, "theming.api_languages", TEXTS, response=rest.LanguagesModel),
    _json("PUT", "languages", rest.put_languages, "theming.api_languages_save", TEXTS, request=rest.LanguagesModel,
          response=rest.LanguagesModel),
    _json("GET", "maintenance", rest.list_windows, "theming.api_windows", MAINTENANCE, query=Listing,
          response=Page[rest.WindowOut]),
    _json("POST", "maintenance", rest.plan_window, "theming.api_plan", MAINTENANCE, request=rest.WindowIn,
          response=rest.WindowOut, idempotent=True, status=201,
          twin_of=("theming.maintenance_plan", "theming.maintenance_start")),
    _json("POST", "maintenance/{id}/stop", rest.stop_window, "theming.api_stop", MAINTENANCE, request=rest.VersionIn,
          response=rest.WindowOut, idempotent=True, twin_of=("theming.maintenance_stop",)),
    _json("POST", "maintenance/{id}/prolong", rest.prolong_window, "theming.api_maintenance_prolong", MAINTENANCE,
          request=rest.ProlongIn, response=rest.WindowOut),
]  # fmt: skip
