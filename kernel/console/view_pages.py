"""Saving and removing views of lists: forms, and the same as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ..base import errors
from ..base.contract import SIGNED_IN, Route
from ..base.i18n import _
from ..base.ids import parse_id
from ..web import saved_views
from ..web.body import read_json
from ..web.forms import Form, read_form
from ..web.models import SavedView
from ..web.paging import Listing, Page, read_listing
from ..web.routing import url
from ..web.views import flash, json_answer, see_other

_Text = Annotated[str, Field(max_length=2000)]


class ViewForm(Form):
    list: Annotated[str, Field(max_length=100)]
    query: _Text = ""
    name: _Text = ""
    shared: bool = False


class ViewIn(BaseModel):
    """`list` is the name of the list's page, `query` the query string to keep."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    list: Annotated[str, Field(max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    query: _Text = ""
    shared: bool = False


class ViewOut(BaseModel):
    """A saved view. `mine`: the caller may change and remove it."""

    id: UUID
    list: str
    name: str
    query: str
    shared: bool
    mine: bool


class ViewsOf(Listing):
    list: Annotated[str, Field(max_length=100, description="Name of the list's page.")] = ""


class DeletedOut(BaseModel):
    deleted: bool = True


def _back(row: SavedView, query: str) -> web.StreamResponse:
    return see_other(url(row.list) + (f"?{query}" if query else ""))


async def save(request: web.Request) -> web.StreamResponse:
    """Keep what is looked at under a name, and go on looking at it."""
    parsed = await read_form(request, ViewForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    form = parsed.value
    try:
        row = await saved_views.save_view(form.list, form.name, form.query, shared=form.shared)
    except errors.Invalid as exc:
        if not exc.errors.keys() <= {"name", "shared", "query"}:
            raise
        flash(request, " ".join(exc.errors.values()), "bad")
        return see_other(url(form.list) + (f"?{form.query}" if form.query.isascii() and form.query else ""))
    flash(request, _("View saved"))
    return _back(row, row.query)


async def delete(request: web.Request) -> web.StreamResponse:
    """Forget a view; the list stays as it is seen."""
    view_id = parse_id(request.match_info["id"])
    if view_id is None:
        raise errors.NotFound
    row = await saved_views.delete_view(view_id)
    flash(request, _("View removed"))
    return _back(row, row.query)


async def list_views(request: web.Request) -> web.StreamResponse:
    """The caller's own and the shared views of a list."""
    asked = read_listing(request, ViewsOf)
    if not asked.list:
        raise errors.Invalid({"list": _("Say which list.")})
    rows, after = asked.cut((await saved_views.views_of(asked.list)).views)
    items = [
        ViewOut(id=v.id, list=asked.list, name=v.name, query=v.query, shared=v.shared, mine=v.mine) for v in rows
    ]  # fmt: skip
    return json_answer(Page[ViewOut](items=items, next=after))


async def create_view(request: web.Request) -> web.StreamResponse:
    """Keep a query under a name; one's own view of that name is replaced."""
    sent = await read_json(request, ViewIn)
    row = await saved_views.save_view(sent.list, sent.name, sent.query, shared=sent.shared)
    found = ViewOut(id=row.id, list=row.list, name=row.name, query=row.query, shared=row.shared, mine=True)
    return json_answer(found, 201)


async def remove_view(request: web.Request) -> web.StreamResponse:
    """Forget a view."""
    view_id = parse_id(request.match_info["id"])
    if view_id is None:
        raise errors.NotFound
    await saved_views.delete_view(view_id)
    return json_answer(DeletedOut())


ROUTES = [
    Route(method="POST", path="/saved-views", handler=save, name="kernel.saved_view_save", permission=SIGNED_IN,
          rate="60/60"),
    Route(method="POST", path="/saved-views/{id}/delete", handler=delete, name="kernel.saved_view_delete",
          permission=SIGNED_IN),
    Route(method="GET", path="/api/v1/saved-views", handler=list_views, name="kernel.api_saved_views",
          permission=SIGNED_IN, query=ViewsOf, response=Page[ViewOut]),
    Route(method="POST", path="/api/v1/saved-views", handler=create_view, name="kernel.api_saved_view_create",
          permission=SIGNED_IN, request=ViewIn, response=ViewOut, status=201, idempotent=True,
          twin_of=("kernel.saved_view_save",)),
    Route(method="DELETE", path="/api/v1/saved-views/{id}", handler=remove_view, name="kernel.api_saved_view_delete",
          permission=SIGNED_IN, response=DeletedOut),
]  # fmt: skip
