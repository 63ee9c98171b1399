"""What surrounds every page: brand, menu, languages. Computed once per tenant snapshot, not once per request."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from aiohttp import web

from ..auth.permissions import can
from ..base.context import TenantRef, current_actor, current_locale, tenant_in_scope
from ..base.contract import SIGNED_IN, Brand, MenuItem
from ..base.i18n import LOCALES, N_, gettext
from ..base.log import get_logger
from ..base.runtime import runtime
from . import assets
from .routing import ENDPOINTS, url
from .visit import Visit

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot

log = get_logger(__name__)

#: Sections of the menu, in order.
SECTIONS: Final = {"workspace": N_("Workspace"), "operations": N_("Operations"), "settings": N_("Settings")}
_MAX_KEPT = 512
_MAX_WORDS = 20_000


class MenuEntry(NamedTuple):
    label: str
    href: str
    icon: str
    current: bool


Sections = list[tuple[str, str, list[MenuEntry]]]

_kept: dict[UUID, tuple[object, dict[Hashable, Any]]] = {}


def _of(snapshot: Snapshot) -> dict[Hashable, Any]:
    """Room for what follows from this snapshot; emptied when the tenant gets another one."""
    snapshot = snapshot.whole or snapshot
    found = _kept.get(snapshot.tenant.id)
    if found is None or found[0] is not snapshot or len(found[1]) > _MAX_KEPT:
        found = _kept[snapshot.tenant.id] = (snapshot, {})
    return found[1]


def brand(visit: Visit) -> Brand:
    """The tenant's look; a plain one when no plugin gives it, or when that fails."""
    snapshot = visit.snapshot
    if snapshot is None:
        return Brand(name="Greenroom")
    kept = _of(snapshot)
    key = ("brand", snapshot.shape)  # readers may differ in what they have
    found: Brand | None = kept.get(key)
    if found is None:
        found = kept[key] = _brand(snapshot)
    return found


def _brand(snapshot: Snapshot) -> Brand:
    for pid, branding in snapshot.shape.branding[:1]:
        try:
            return branding.brand()
        except Exception:
            log.exception("the brand of %s could not be read", pid)
    return Brand(name=snapshot.tenant.name)


def tenant_words(locale: str, text: str) -> str:
    """A translated message in the own terms of the tenant in scope; for `i18n.use_rewriter`."""
    tenant = tenant_in_scope()
    snapshot = runtime().snapshots.of(tenant.id) if isinstance(tenant, TenantRef) else None
    if snapshot is None or not snapshot.shape.branding:
        return text
    pid, branding = snapshot.shape.branding[0]
    if branding.rewrite is None:
        return text
    kept: dict[tuple[str, str], str] = _of(snapshot).setdefault("words", {})
    found = kept.get((locale, text))
    if found is None:
        try:
            found = branding.rewrite(locale, text)
        except Exception:
            log.exception("the words of %s could not be read", pid)
            found = text
        if len(kept) < _MAX_WORDS:
            kept[locale, text] = found
    return found


def menu_sections(visit: Visit) -> Sections:
    """The sidebar of this reader, with the entry of the page in hand marked. Empty when nobody is signed in."""
    snapshot, actor = visit.snapshot, current_actor()
    if snapshot is None or actor is None:
        return []
    key = ("menu", snapshot.shape, actor.permissions, actor.roles, current_locale())
    kept = _of(snapshot)
    sections: Sections | None = kept.get(key)
    if sections is None:
        sections = kept[key] = _menu(visit, snapshot)
    return _marked(sections, visit.request.path)


def _menu(visit: Visit, snapshot: Snapshot) -> Sections:
    endpoints = visit.request.app[ENDPOINTS]
    found: dict[str, list[MenuEntry]] = {section: [] for section in SECTIONS}
    for _pid, item in snapshot.shape.menu:
        if item.route in endpoints and _may_open(item, endpoints[item.route].permission):
            found[item.section].append(MenuEntry(gettext(item.label), url(item.route), item.icon, False))
    return [(section, gettext(SECTIONS[section]), items) for section, items in found.items() if items]


def _may_open(item: MenuItem, of_route: str | None) -> bool:
    actor = current_actor()
    if item.role is not None and (actor is None or item.role not in actor.roles):
        return False
    needed = item.permission or of_route
    return needed is None or needed == SIGNED_IN or can(needed)


def _marked(sections: Sections, path: str) -> Sections:
    """The longest address that `path` lies under is the current one."""
    best = ""
    for _section, _label, items in sections:
        for entry in items:
            href = entry.href
            if len(href) > len(best) and (path == href or path.startswith(href.rstrip("/") + "/")):
                best = href
    if not best:
        return sections
    return [
        (section, label, [e._replace(current=True) if e.href == best else e for e in items])
        for section, label, items in sections
    ]


def page_assets(visit: Visit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Addresses of style sheets and modules for the page in hand."""
    if visit.snapshot is None:
        return (), ()
    return assets.assets().of_page(visit.snapshot, visit.endpoint.name if visit.endpoint is not None else "")


def locales(snapshot: Snapshot | None) -> list[tuple[str, str]]:
    """Languages that the tenant offers: code and own name."""
    return [(code, LOCALES.get(code, code)) for code in (snapshot.locales if snapshot is not None else ("en",))]


def theme_mode(request: web.Request) -> str:
    """`light`, `dark`, or "" for what the device prefers."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in ("light", "dark") else ""
