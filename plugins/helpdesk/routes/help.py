"""Requesters: their tickets, a new one, replies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from kernel import (
    errors,
    file_answer,
    flash,
    format_number,
    html_answer,
    page,
    read_form,
    read_query,
    render_markdown,
    see_other,
    setting,
    url,
    url_with,
)
from kernel import gettext as _

from .. import files, neighbours, queries, states, viewing
from ..forms import EmptyForm, MineQuery, NewTicketForm, PreviewForm, ReplyForm
from ..models import Ticket
from ..services import tickets
from ..services.steps import TooLate, reopens_until, takes_replies
from ..services.tickets import Request
from ..settings import REOPEN_DAYS
from ..viewing import reader

_REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,80}")


async def show_mine(request: web.Request) -> web.StreamResponse:
    """My tickets."""
    parsed = read_query(request, MineQuery)
    query = parsed.value or MineQuery()
    rows, total = await queries.mine(reader(), query.show, query.q, query.page)
    counts = await queries.count_mine(reader())

    def link(show: str = query.show, number: int = 1) -> str:
        wanted = {"show": show if show != "all" else None, "q": query.q or None, "page": number if number > 1 else None}
        return url_with("helpdesk.mine", {}, wanted)

    tabs = [("all", _("All")), ("open", _("Still open")), ("over", _("Solved and closed"))]
    context = {
        "title": _("Help"),
        "rows": await viewing.rows_of(rows),
        "query": query,
        "tabs": [(key, label, link(key), format_number(counts[key])) for key, label in tabs],
        "none_yet": counts["all"] == 0,
        "states": states.FOR_REQUESTER,
        "categories": states.CATEGORIES,
        **pages(query.page, total, lambda n: link(number=n)),
    }
    return await page(request, "helpdesk/mine.html", context)


def pages(number: int, total: int, link: Any) -> dict[str, Any]:
    """What the pager shows."""
    first, last = (number - 1) * queries.PAGE + 1, min(number * queries.PAGE, total)
    return {
        "shown": _("{first}–{last} of {total}").format(first=first, last=last, total=total) if total else None,
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if last < total else None,
    }


# --- a new ticket ----------------------------------------------------------------------------------------------


async def show_new(request: web.Request) -> web.StreamResponse:
    """The form, filled in as far as the way here tells."""
    raw: dict[str, Any] = {}
    about = request.query.get("about", "")
    if _REFERENCE.fullmatch(about):
        raw |= {"about": about, "category": "technical", "subject": _("A page showed an error")}
    if booking := request.query.get("booking", ""):
        raw |= {"booking": booking, "category": "session"}
    follows = request.query.get("follows", "")
    if follows:
        try:
            earlier = await queries.ticket_of(follows, reader())
        except errors.NotFound:
            earlier = None
        if earlier is not None:
            raw |= {"follows": earlier.number, "subject": earlier.subject, "category": earlier.category}
            raw |= {"booking": str(earlier.booking_id or "")}
    return await _new(request, raw)


async def _new(
    request: web.Request,
    raw: Mapping[str, Any],
    problems: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    preview: object = None,
    over: Ticket | None = None,
) -> web.StreamResponse:
    sessions = await neighbours.choices(reader())
    context = {
        "title": _("New ticket"),
        "raw": raw,
        "errors": dict(problems or {}),
        "preview": preview,
        "over": over,
        "categories": [("", _("Choose …"))] + [(key, _(label)) for key, label in states.CATEGORIES.items()],
        "sessions": [(str(s.id), viewing.session_words(s, reader())) for s in sessions],
        "accept": files.ACCEPT,
        "limit": files.LIMIT,
        "most": files.MOST,
    }
    return await page(request, "helpdesk/new.html", context, status=status)


async def create(request: web.Request) -> web.StreamResponse:
    """Open the ticket, or draw the form again with what is missing."""
    parsed = await read_form(request, NewTicketForm)
    if parsed.raw.get("preview"):
        return await _new(request, parsed.raw, preview=render_markdown(parsed.raw.get("body", "")))
    form = parsed.value
    if form is not None:
        try:
            checked = files.check(parsed.files.get("files", []))
            wanted = Request(
                subject=form.subject,
                category=form.category,
                body=form.body,
                booking_id=form.booking,
                reference=form.about,
                follows=form.follows,
            )
            ticket = await tickets.open_ticket(reader(), wanted, checked)
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
        else:
            flash(request, _("Ticket #{number} received").format(number=ticket.number))
            return see_other(url("helpdesk.ticket", number=ticket.number))
    return await _new(request, parsed.raw, parsed.errors, status=422)


async def preview(request: web.Request) -> web.StreamResponse:
    """Markdown as it will look."""
    form = (await read_form(request, PreviewForm)).value
    return html_answer(str(render_markdown(form.text if form is not None else "")))


# --- one ticket ------------------------------------------------------------------------------------------------


async def _own(request: web.Request) -> Ticket:
    return await queries.ticket_of(request.match_info["number"], reader())


async def show_ticket(request: web.Request) -> web.StreamResponse:
    return await _ticket(request, await _own(request))


async def _ticket(
    request: web.Request,
    ticket: Ticket,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    preview: object = None,
) -> web.StreamResponse:
    label, tone = states.FOR_REQUESTER[ticket.state]
    info = await neighbours.own_booking(ticket.booking_id, reader()) if ticket.booking_id else None
    until = None
    if reopens_until(ticket) and ticket.solved_at is not None:
        until = ticket.solved_at + timedelta(days=int(setting(REOPEN_DAYS)))
    context = {
        "title": ticket.subject,
        "ticket": ticket,
        "entries": await viewing.thread(ticket, internal=False, reader_id=reader()),
        "raw": raw or {},
        "errors": dict(problems or {}),
        "preview": preview,
        "label": _(label),
        "tone": tone,
        "category": _(states.CATEGORIES[ticket.category]),
        "session": viewing.session_words(info, reader()) if info is not None else None,
        "session_path": info.path if info is not None else None,
        "may_reply": takes_replies(ticket),
        "until": until,
        "accept": files.ACCEPT,
        "limit": files.LIMIT,
        "most": files.MOST,
    }
    return await page(request, "helpdesk/ticket.html", context, status=status)


async def reply(request: web.Request) -> web.StreamResponse:
    """Write again. Where the ticket is over meanwhile, what was typed goes into a new one."""
    ticket = await _own(request)
    parsed = await read_form(request, ReplyForm)
    if parsed.raw.get("preview"):
        return await _ticket(request, ticket, parsed.raw, preview=render_markdown(parsed.raw.get("body", "")))
    form = parsed.value
    if form is not None:
        try:
            await tickets.reply(ticket.id, reader(), form.body, files.check(parsed.files.get("files", [])))
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
        except TooLate:
            raw = {"body": form.body, "follows": ticket.number, "subject": ticket.subject, "category": ticket.category}
            return await _new(request, raw, status=409, over=ticket)
        else:
            flash(request, _("Reply sent"))
            return see_other(url("helpdesk.ticket", number=ticket.number))
    return await _ticket(request, ticket, parsed.raw, parsed.errors, status=422)


async def close(request: web.Request) -> web.StreamResponse:
    """I need nothing more."""
    ticket = await _own(request)
    await read_form(request, EmptyForm)
    await tickets.close(ticket.id)
    flash(request, _("Ticket closed"))
    return see_other(url("helpdesk.ticket", number=ticket.number))


async def show_file(request: web.Request) -> web.StreamResponse:
    ticket = await _own(request)
    file = await queries.attached_file(ticket, request.match_info["id"], internal=False)
    return await file_answer(request, file, inline=True)
