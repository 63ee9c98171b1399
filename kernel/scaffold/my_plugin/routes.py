"""Pages: parse, call a service, draw."""

from __future__ import annotations

from aiohttp import web

from kernel import (
    SIGNED_IN,
    Parsed,
    Route,
    _,
    accounts,
    can,
    current_actor,
    errors,
    flash,
    get_or_404,
    page,
    read_form,
    read_query,
    see_other,
    url,
    url_with,
)

from . import queries, services
from .forms import NoteForm, NotesQuery
from .models import Note
from .permissions import REMOVE, WRITE


async def show_notes(request: web.Request) -> web.StreamResponse:
    """The board."""
    return await _draw(request)


async def _draw(request: web.Request, form: Parsed[NoteForm] | None = None) -> web.StreamResponse:
    query = read_query(request, NotesQuery).value or NotesQuery()
    rows, total = await queries.notes(query.q, query.page)
    people = await accounts.accounts_by_ids(row.author_id for row in rows)
    actor = current_actor()
    me = actor.id if actor else None
    last = (query.page - 1) * queries.PAGE + len(rows)
    context = {
        "title": _("My plugin"),
        "notes": [
            {
                "row": row,
                "author": people[row.author_id].name if row.author_id in people else "",
                "removable": can(REMOVE) or row.author_id == me,
            }
            for row in rows
        ],
        "query": query,
        "form": form,
        "may_write": can(WRITE),
        "shown": _("{last} of {total}").format(last=last, total=total),
        "prev": _link(query, query.page - 1) if query.page > 1 else None,
        "next": _link(query, query.page + 1) if last < total else None,
    }
    return await page(request, "my_plugin/notes.html", context, status=422 if form else 200)


def _link(query: NotesQuery, number: int) -> str:
    return url_with("my_plugin.notes", {}, {"q": query.q or None, "page": number})


async def add(request: web.Request) -> web.StreamResponse:
    """Put a note on the board."""
    form = await read_form(request, NoteForm)
    if form.value is None:
        return await _draw(request, form)
    actor = current_actor()
    if actor is None:
        raise errors.NotFound()
    await services.add_note(actor.id, form.value.text)
    flash(request, _("Note added"))
    return see_other(url("my_plugin.notes"))


async def remove(request: web.Request) -> web.StreamResponse:
    """Take a note off the board."""
    await services.remove_note(await get_or_404(Note, request.match_info["id"]))
    flash(request, _("Note removed"))
    return see_other(url("my_plugin.notes"))


ROUTES = [
    Route(method="GET", path="/my-plugin", handler=show_notes, name="my_plugin.notes", permission=SIGNED_IN),
    Route(method="POST", path="/my-plugin", handler=add, name="my_plugin.add", permission=WRITE, idempotent=True),
    Route(method="POST", path="/my-plugin/{id}/remove", handler=remove, name="my_plugin.remove", permission=SIGNED_IN),
]
