"""Lists as people like to see them: filters and order under a name, one's own or everybody's.

context["views"] = await saved_views(request)     # in the handler of any list
{{ ui.saved_views(views) }}                       # above its filters
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from aiohttp import web
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from ..auth.permissions import can
from ..base.context import Actor, current_actor
from ..base.contract import SIGNED_IN, Route
from ..base.errors import Conflict, Invalid, NotFound, SignInRequired
from ..base.i18n import _
from ..base.runtime import runtime
from ..engines.connection import unit_of_work
from ..tenancy.snapshots import current_snapshot
from .models import SavedView
from .routing import url
from .visit import route_name

#: Views of one list that one person may keep.
MOST: Final = 30
_LONGEST_NAME: Final = 60
_LONGEST_QUERY: Final = 2000
#: Where somebody is in a list is no part of how it is seen.
_PLACES: Final = frozenset({"cursor", "page"})
#: May take down what others share.
_LOOKS_AFTER: Final = "kernel.settings.manage"


@dataclass(frozen=True, slots=True)
class View:
    """One saved view. `mine`: the reader may change and remove it."""

    id: UUID
    name: str
    href: str
    query: str
    shared: bool
    mine: bool
    current: bool


@dataclass(frozen=True, slots=True)
class SavedViews:
    """The views of a list for its reader, and what is looked at now: `query`, as it would be saved."""

    list: str
    query: str
    views: tuple[View, ...]
    may_share: bool


def plain_query(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string without empty values and without the place in the list, always in the same order."""
    return urlencode(sorted((k, v) for k, v in pairs if v and k not in _PLACES and "\0" not in k + v))


async def saved_views(request: web.Request) -> SavedViews:
    """The views of the list that this request shows."""
    return await views_of(route_name(request), plain_query(request.query.items()))


async def views_of(list_name: str, query: str = "") -> SavedViews:
    """One's own and the shared views of a list, by name. NotFound for what is no list that one may see."""
    route, actor = _list(list_name), _me()
    rows = await SavedView.filter(Q(account_id=actor.id) | Q(shared=True), list=list_name).order_by("name", "id")
    return SavedViews(list_name, query, tuple(_view(row, actor, query) for row in rows), _may_share(route))


async def save_view(list_name: str, name: str, query: str, *, shared: bool = False) -> SavedView:
    """Keep a query under a name; one's own view of that name is replaced."""
    route, actor, name = _list(list_name), _me(), name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise Invalid({"name": _("Enter a name of at most {n} characters").format(n=_LONGEST_NAME)})
    if shared and not _may_share(route):
        raise Invalid({"shared": _("This list is everybody’s own, so its views cannot be shared.")})
    kept = plain_query(parse_qsl(query))
    if len(kept) > _LONGEST_QUERY:
        raise Invalid({"query": _("There are too many filters to keep.")})
    async with unit_of_work():
        row = await SavedView.filter(list=list_name, account_id=actor.id, name=name).select_for_update().first()
        if row is not None:
            row.query, row.shared = kept, shared
            await row.save(update_fields=["query", "shared"])
            return row
        if await SavedView.filter(list=list_name, account_id=actor.id).count() >= MOST:
            raise Invalid({"name": _("You keep {n} views of this list already. Remove one first.").format(n=MOST)})
        try:
            return await SavedView.create(
                list=list_name, account_id=actor.id, name=name, query=kept, shared=shared
            )  # fmt: skip
        except IntegrityError:  # a second click
            raise Conflict(_("This view was just saved. Load the page again.")) from None


async def delete_view(view_id: UUID) -> SavedView:
    """Forget a view of one's own; whoever looks after the site may also take down shared ones."""
    actor = _me()
    row = await SavedView.filter(id=view_id).first()
    if row is None or not _may_change(row, actor):
        raise NotFound
    await row.delete()
    return row


async def held(account_id: UUID) -> list[dict[str, str]]:
    """What somebody keeps, for the export of their data."""
    rows = await SavedView.filter(account_id=account_id).order_by("list", "name")
    return [{"list": row.list, "name": row.name, "filters": row.query} for row in rows]


async def forget(account_id: UUID) -> None:
    """Somebody is erased: their own views go, those they shared stay, nobody's."""
    await SavedView.filter(account_id=account_id, shared=False).delete()
    await SavedView.filter(account_id=account_id).update(account_id=None)


def _view(row: SavedView, actor: Actor, query: str) -> View:
    href = url(row.list) + (f"?{row.query}" if row.query else "")
    return View(row.id, row.name, href, row.query, row.shared, _may_change(row, actor), row.query == query)


def _may_change(row: SavedView, actor: Actor) -> bool:
    return row.account_id == actor.id or (row.shared and can(_LOOKS_AFTER))


def _may_share(route: Route) -> bool:
    """Lists behind a right are the same for all who have it; "my sessions" are not."""
    return route.permission not in (None, SIGNED_IN)


def _me() -> Actor:
    actor = current_actor()
    if actor is None:
        raise SignInRequired
    return actor


def _list(name: str) -> Route:
    """The page of that name, if it exists for this tenant and the reader may open it."""
    plugin, effective = name.partition(".")[0], current_snapshot().effective
    for route in runtime().registry.routes.get(plugin, ()):
        if route.name == name and route.method == "GET" and "{" not in route.path:
            off = plugin != "kernel" and plugin not in effective
            if off or (route.feature is not None and route.feature not in effective):
                break
            if route.permission in (None, SIGNED_IN) or can(route.permission):
                return route
            break
    raise NotFound
