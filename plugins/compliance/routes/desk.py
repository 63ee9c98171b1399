"""The administrators' desk for requests about personal data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    accounts,
    current_locale,
    errors,
    flash,
    format_date,
    format_datetime,
    get_or_404,
    now,
    page,
    read_form,
    read_query,
    see_other,
    url,
    url_with,
)
from kernel import gettext as _

from .. import queries, states
from ..forms import DeclineForm, ExecuteForm, NewRequestForm, RequestsQuery
from ..models import DataRequest
from ..services import erasing, exporting
from .mine import me

_SIZE = 25


async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request)


async def _list(
    request: web.Request,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    query = read_query(request, RequestsQuery).value or RequestsQuery()
    rows, total = await queries.requests(query.group, _SIZE, (query.page - 1) * _SIZE)
    cards = await accounts.accounts_by_ids(r.account_id for r in rows)
    counts = await queries.counts()

    def link(group: str, number: int = 1) -> str:
        return url_with("compliance.requests", {}, {"group": group, "page": number if number > 1 else None})

    last = min(query.page * _SIZE, total)
    names = {"open": _("Open erasures"), "closed": _("Closed erasures"), "exports": _("Copies")}
    context = {
        "title": _("Privacy requests"),
        "tabs": [(group, label, link(group), counts[group]) for group, label in names.items()],
        "group": query.group,
        "rows": [_row(r, cards) for r in rows],
        "raw": dict(raw or {}),
        "errors": dict(problems or {}),
        "kinds": [(key, _(label)) for key, label in states.KINDS.items()],
        "pager": {
            "shown": _("{first}–{last} of {total}").format(first=(query.page - 1) * _SIZE + 1, last=last, total=total),
            "prev": link(query.group, query.page - 1) if query.page > 1 else None,
            "next": link(query.group, query.page + 1) if last < total else None,
        },
    }
    return await page(request, "compliance/requests.html", context, status=status)


def _row(row: DataRequest, cards: Mapping[Any, Any]) -> dict[str, Any]:
    card = cards.get(row.account_id)
    late = row.state in (*states.OPEN, states.PARTIAL) and row.kind == states.ERASURE and row.due_at < now()
    return {
        "row": row,
        "name": card.name if card and card.name else _("Erased person"),
        "email": card.email if card and card.name else str(row.account_id),
        "label": _(states.LABELS[row.state]),
        "tone": states.TONES.get(row.state, ""),
        "late": late,
    }


async def create(request: web.Request) -> web.StreamResponse:
    """A request that came by letter or telephone."""
    parsed = await read_form(request, NewRequestForm)
    form = parsed.value
    if form is None:
        return await _list(request, parsed.raw, parsed.errors, 422)
    account = await accounts.find_account(form.email)
    if account is None or account.state == "erased":
        return await _list(request, parsed.raw, {"email": _("Nobody has this address here.")}, 422)
    locale = account.locale or current_locale()
    try:
        if form.kind == states.EXPORT:
            await exporting.ask(account.id, locale, by=me().id)
            flash(request, _("The copy is being made; the person is told when it is ready."))
            return see_other(url_with("compliance.requests", {}, {"group": "exports"}))
        row = await erasing.ask(account.id, form.note, locale, by=me().id)
    except errors.Conflict as exc:
        return await _list(request, parsed.raw, {"email": exc.detail}, 409)
    flash(request, _("Request noted"))
    return see_other(url("compliance.request", id=row.id))


async def show_one(request: web.Request) -> web.StreamResponse:
    return await _one(request)


async def _one(
    request: web.Request,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    row = await get_or_404(DataRequest, request.match_info["id"], kind=states.ERASURE)
    people = {row.account_id, row.decided_by, row.asked_by} - {None}
    cards = await accounts.accounts_by_ids(p for p in people if p is not None)
    card = cards.get(row.account_id)
    erased = card is None or card.state == "erased"
    open_still = row.state in (states.REQUESTED, states.PARTIAL)
    ahead = await erasing.sessions_ahead(row.account_id) if row.state == states.REQUESTED else ()
    held = await exporting.held(row.account_id) if row.state == states.REQUESTED else []
    decider = cards.get(row.decided_by) if row.decided_by else None
    context = {
        "title": _("Erasure"),
        "row": row,
        "name": card.name if card and card.name else _("Erased person"),
        "email": card.email if card and not erased else "",
        "erased": erased,
        "label": _(states.LABELS[row.state]),
        "tone": states.TONES.get(row.state, ""),
        "late": open_still and row.due_at < now(),
        "open": open_still,
        "own": row.account_id == me().id,
        "held": [(h, _(h.title), queries.plugin_name(h.plugin)) for h in held],
        "ahead": ahead,
        "facts": _facts(row, card.email if card and not erased else str(row.account_id), decider),
        "results": [_result(r) for r in row.results],
        "raw": dict(raw or {}),
        "errors": dict(problems or {}),
    }
    return await page(request, "compliance/request.html", context, status=status)


def _facts(row: DataRequest, person: str, decider: accounts.AccountCard | None) -> list[tuple[str, str]]:
    """What is known of the request; empty lines are left out."""
    by_admin = row.asked_by is not None and row.asked_by != row.account_id
    found = [
        (_("Person"), person),
        (_("Requested"), format_datetime(row.created_at)),
        (_("Noted by"), _("an administrator") if by_admin else _("the person")),
        (_("Due"), format_date(row.due_at)),
        (_("Note"), row.note),
        (_("Decided"), format_datetime(row.decided_at) if row.decided_at else ""),
        (_("By"), decider.name if decider else ""),
        (_("Finished"), format_datetime(row.finished_at) if row.finished_at else ""),
        (_("Reason"), row.reason),
        (_("Number"), str(row.id)),
    ]
    return [(name, value) for name, value in found if value]


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    words = {
        "ok": (_("Erased"), "ok"),
        "nothing": (_("Holds nothing"), ""),
        "error": (_("Failed"), "bad"),
    }
    label, tone = words.get(result["outcome"], (result["outcome"], ""))
    if result["outcome"] == "ok" and result["kept"]:
        label, tone = _("Erased, some kept"), "info"
    return {"title": _(result["title"]), "label": label, "tone": tone, "kept": result["kept"], "error": result["error"]}


async def execute(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, ExecuteForm)
    if parsed.value is None:
        return await _one(request, parsed.raw, parsed.errors, 422)
    try:
        await erasing.execute(request.match_info["id"], parsed.value.version, parsed.value.confirm)
    except errors.Invalid as exc:
        return await _one(request, parsed.raw, exc.errors, 422)
    except errors.Conflict as exc:
        return await _one(request, parsed.raw, {"": exc.detail}, 409)
    flash(request, _("The erasure is under way"))
    return see_other(url("compliance.request", id=request.match_info["id"]))


async def decline(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, DeclineForm)
    form = parsed.value
    if form is None:
        return await _one(request, parsed.raw, parsed.errors, 422)
    try:
        await erasing.decline(request.match_info["id"], form.version, form.reason)
    except errors.Conflict as exc:
        return await _one(request, parsed.raw, {"": exc.detail}, 409)
    flash(request, _("Request declined"))
    return see_other(url("compliance.request", id=request.match_info["id"]))
