"""Addresses, rights and menu entries of these pages, and their JSON twins."""

from __future__ import annotations

from typing import Any

from ...base.contract import SIGNED_IN, Handler, MenuItem, Permission, Route
from ...base.i18n import N_
from ...web.paging import Listing, Page
from . import account_pages, domain_pages, rest, setting_pages, usage_pages

DOMAINS, SETTINGS = "kernel.domains.manage", "kernel.settings.manage"
_KEY = "{key:[a-z][a-z0-9_.-]{0,99}}"
_HOST = "{host:[a-z0-9.-]{1,253}}"

PERMISSIONS = [Permission(id=DOMAINS, label=N_("Manage the site's domains"))]

MENU = [
    MenuItem(section="settings", label=N_("Domains"), route="kernel.domains", icon="globe", order=22,
             permission=DOMAINS),
    MenuItem(section="settings", label=N_("Limits"), route="kernel.usage", icon="bars", order=24, permission=SETTINGS),
]  # fmt: skip


def _page(path: str, handler: Handler, name: str, permission: str) -> Route:
    return Route(method="GET", path=path, handler=handler, name=f"kernel.{name}", permission=permission)


def _act(path: str, handler: Handler, name: str, permission: str, twin: str, rate: str | None = None) -> Route:
    return Route(
        method="POST", path=path, handler=handler, name=f"kernel.{name}", permission=permission,
        twin=f"kernel.api_{twin}", rate=rate,
    )  # fmt: skip


def _json(method: Any, path: str, handler: Handler, name: str, permission: str, response: Any, **more: Any) -> Route:
    return Route(
        method=method, path=f"/api/v1/{path}", handler=handler, name=f"kernel.api_{name}", permission=permission,
        response=response, **more,
    )  # fmt: skip


#: A look at the name system costs somebody else's servers something.
_SLOW = "30/60"

ROUTES = [
    _page(f"/admin/setting/{_KEY}", setting_pages.show_setting, "setting", SETTINGS),
    _act(f"/admin/setting/{_KEY}/test", setting_pages.try_setting, "setting_test", SETTINGS, "setting_test", _SLOW),
    _page("/admin/domains", domain_pages.show_domains, "domains", DOMAINS),
    _act("/admin/domains", domain_pages.add_domain, "domain_add", DOMAINS, "domain_add"),
    _act(f"/admin/domains/{_HOST}/verify", domain_pages.verify_domain, "domain_verify", DOMAINS, "domain_verify",
         _SLOW),
    _act(f"/admin/domains/{_HOST}/primary", domain_pages.make_primary, "domain_primary", DOMAINS, "domain_primary"),
    _act(f"/admin/domains/{_HOST}/remove", domain_pages.remove_domain, "domain_remove", DOMAINS, "domain_remove"),
    _page("/admin/limits", usage_pages.show_usage, "usage", SETTINGS),
    _page("/account/preferences", account_pages.show_own, "own_preferences", SIGNED_IN),
    _act("/account/preferences", account_pages.save_own, "own_preferences_save", SIGNED_IN, "own_setting_save"),
    _act("/account/preferences/reset", account_pages.reset_own, "own_preferences_reset", SIGNED_IN,
         "own_setting_reset"),
    _json("GET", "settings", rest.list_settings, "settings", SETTINGS, Page[rest.SettingOut], query=Listing),
    _json("GET", f"settings/{_KEY}", rest.show_setting, "setting", SETTINGS, rest.SettingOut),
    _json("PUT", f"settings/{_KEY}", rest.put_setting, "settings_save", SETTINGS, rest.SettingOut,
          request=rest.ValueIn),
    _json("DELETE", f"settings/{_KEY}", rest.delete_setting, "settings_reset", SETTINGS, rest.SettingOut),
    _json("GET", f"settings/{_KEY}/history", rest.setting_history, "setting_history", SETTINGS, Page[rest.ChangeOut],
          query=Listing),
    _json("POST", f"settings/{_KEY}/test", rest.test_setting, "setting_test", SETTINGS, rest.TestedOut, rate=_SLOW),
    _json("GET", "me/settings", rest.list_own, "own_settings", SIGNED_IN, Page[rest.SettingOut], query=Listing),
    _json("PUT", f"me/settings/{_KEY}", rest.put_own, "own_setting_save", SIGNED_IN, rest.SettingOut,
          request=rest.ValueIn, errors=(403,)),
    _json("DELETE", f"me/settings/{_KEY}", rest.delete_own, "own_setting_reset", SIGNED_IN, rest.SettingOut),
    _json("GET", "domains", rest.list_domains, "domains", DOMAINS, Page[rest.DomainOut], query=Listing),
    _json("POST", "domains", rest.add_domain, "domain_add", DOMAINS, rest.DomainOut, request=rest.DomainIn,
          status=201, errors=(409,), idempotent=True),
    _json("POST", f"domains/{_HOST}/verify", rest.verify_domain, "domain_verify", DOMAINS, rest.DomainOut,
          rate=_SLOW),
    _json("POST", f"domains/{_HOST}/primary", rest.primary_domain, "domain_primary", DOMAINS, rest.DomainOut,
          errors=(409,)),
    _json("DELETE", f"domains/{_HOST}", rest.remove_domain, "domain_remove", DOMAINS, rest.RemovedOut, errors=(409,)),
    _json("GET", "quotas", rest.list_quotas, "quotas", SETTINGS, Page[rest.QuotaOut], query=Listing),
]  # fmt: skip
