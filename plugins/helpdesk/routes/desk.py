"""Agents: the queues, and work on one ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from kernel import (
    Form,
    accounts,
    can,
    errors,
    file_answer,
    flash,
    format_number,
    has_route,
    now,
    page,
    read_form,
    read_query,
    render_markdown,
    see_other,
    url,
    url_with,
    zones,
)
from kernel import gettext as _

from .. import files, neighbours, queries, states, viewing
from ..forms import AgentReplyForm, AssignForm, DeskQuery, PriorityForm, StateForm
from ..models import Ticket
from ..services import desk
from ..services.steps import Moved
from ..viewing import reader
from .help import pages

_LOCALES = {"en": "English", "de": "Deutsch", "ar": "العربية"}


async def show_desk(request: web.Request) -> web.StreamResponse:
    """The queues: what nobody has taken, mine, everything open, what is over."""
    parsed = read_query(request, DeskQuery)
    query = parsed.value or DeskQuery()
    rows, total = await queries.desk(query, reader())
    counts = await queries.count_queues(reader())
    queues = [
        ("unassigned", _("Unassigned")), ("mine", _("Mine")), ("open", _("All open")), ("solved", _("Solved")),
    ]  # fmt: skip
    context = {
        "title": _("Support desk"),
        "rows": await viewing.rows_of(rows),
        "query": query,
        "tabs": [(key, label, _link(query, queue=key), format_number(counts[key])) for key, label in queues],
        "counts": counts,
        "clear": _link(DeskQuery(queue=query.queue)) if query.q or query.priority or query.category else None,
        "heads": {name: _head(query, name) for name in ("urgency", "updated", "number")},
        "states": states.STATES,
        "priorities": states.PRIORITIES,
        "priority_options": [("", _("All"))] + [(k, _(v[0])) for k, v in reversed(states.PRIORITIES.items())],
        "category_options": [("", _("All"))] + [(k, _(v)) for k, v in states.CATEGORIES.items()],
        "categories": states.CATEGORIES,
        **pages(query.page, total, lambda n: _link(query, page=n)),
    }
    return await page(request, "helpdesk/desk.html", context)


def _link(query: DeskQuery, **changes: object) -> str:
    """The desk as `query` says, with changes; what is usual is left out. Any change but of the page starts anew."""
    usual = DeskQuery()
    wanted: dict[str, Any] = {**query.model_dump(), "page": 1, **changes}
    wanted["desc"] = "1" if wanted["desc"] else None
    return url_with(
        "helpdesk.desk", {}, {k: v for k, v in wanted.items() if v not in (None, "") and v != getattr(usual, k)}
    )


def _head(query: DeskQuery, name: str) -> tuple[str, str | None]:
    """Where a click on the head leads, and how the column is sorted now."""
    current = query.sort == name
    # The most urgent first is what that column means by its first direction.
    down = query.desc != (name == "urgency")
    return _link(query, sort=name, desc=current and not query.desc), ("desc" if down else "asc") if current else None


# --- one ticket ------------------------------------------------------------------------------------------------


async def _one(request: web.Request) -> Ticket:
    return await queries.ticket_of(request.match_info["number"])


async def show_ticket(request: web.Request) -> web.StreamResponse:
    return await _ticket(request, await _one(request))


async def _ticket(
    request: web.Request,
    ticket: Ticket,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    preview: object = None,
    collision: str = "",
) -> web.StreamResponse:
    label, tone = states.STATES[ticket.state]
    priority, priority_tone = states.PRIORITIES[ticket.priority]
    workers = await desk.workers()
    context = {
        "title": _("#{number} {subject}").format(number=ticket.number, subject=ticket.subject),
        "ticket": ticket,
        "entries": await viewing.thread(ticket, internal=True, reader_id=reader()),
        "history": await viewing.timeline(ticket),
        "raw": raw or {},
        "errors": dict(problems or {}),
        "preview": preview,
        "collision": collision,
        "label": _(label),
        "tone": tone,
        "priority": _(priority),
        "priority_tone": priority_tone,
        "category": _(states.CATEGORIES[ticket.category]),
        "next_states": [(s, _(states.STATES[s][0])) for s in states.STATES if s in states.NEXT[ticket.state]],
        "priorities": [(key, _(words)) for key, (words, _tone) in reversed(states.PRIORITIES.items())],
        "workers": [("", _("Nobody"))] + [(str(card.id), card.name) for card in workers],
        "me": reader(),
        "booking": await neighbours.booking(ticket.booking_id),
        "accept": files.ACCEPT,
        "limit": files.LIMIT,
        "most": files.MOST,
        **await _requester(ticket),
    }
    return await page(request, "helpdesk/desk_ticket.html", context, status=status)


async def _requester(ticket: Ticket) -> dict[str, Any]:
    """Who asks: name, zone, next sessions, other tickets."""
    card = (await accounts.accounts_by_ids([ticket.requester_id])).get(ticket.requester_id)
    number, others = await queries.of_requester(ticket.requester_id, ticket.number)
    linked = has_route("users.admin_person") and can("users.people.view")
    known = card is not None and bool(card.name)
    return {
        "requester": card if known else None,
        "requester_name": card.name if card is not None and known else _("Former member"),
        "requester_href": url("users.admin_person", id=ticket.requester_id) if linked and known else None,
        "requester_picture": (await neighbours.pictures([ticket.requester_id])).get(ticket.requester_id),
        "requester_time": now(),
        "requester_city": zones.city(card.zone) if card is not None else "",
        "requester_language": _LOCALES.get(card.locale, card.locale) if card is not None else "",
        "upcoming": [
            {"info": info, "words": viewing.session_words(info, ticket.requester_id)}
            for info in await neighbours.upcoming(ticket.requester_id)
        ],
        "may_see_sessions": can("scheduling.bookings.view"),
        "others": others,
        "others_count": number,
        "state_words": states.STATES,
    }


async def write(request: web.Request) -> web.StreamResponse:
    """Reply to the requester, or take an internal note. When somebody was quicker the text is kept."""
    ticket = await _one(request)
    parsed = await read_form(request, AgentReplyForm)
    if parsed.raw.get("preview"):
        return await _ticket(request, ticket, parsed.raw, preview=render_markdown(parsed.raw.get("body", "")))
    form = parsed.value
    if form is not None:
        try:
            checked = files.check(parsed.files.get("files", []))
            if form.kind == "note":
                await desk.add_note(ticket.id, reader(), form.body, checked)
            else:
                await desk.reply(ticket.id, reader(), form.body, then=form.then, version=form.version, files=checked)
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
        except Moved:
            fresh = await _one(request)
            return await _ticket(
                request, fresh, parsed.raw, status=409, collision=await viewing.collision(fresh, reader())
            )
        else:
            flash(request, _("Internal note added") if form.kind == "note" else _("Reply sent"))
            return see_other(url("helpdesk.desk_ticket", number=ticket.number))
    return await _ticket(request, ticket, parsed.raw, parsed.errors, status=422)


async def _change(
    request: web.Request, model: type[Form], act: Callable[[Ticket, Any], Awaitable[object]], done: str
) -> web.StreamResponse:
    """One small form at the side of the ticket."""
    ticket = await _one(request)
    parsed = await read_form(request, model)
    if parsed.value is None:
        return await _ticket(request, ticket, {}, parsed.errors, status=422)
    try:
        await act(ticket, parsed.value)
    except errors.Invalid as exc:
        return await _ticket(request, ticket, {}, exc.errors, status=422)
    except Moved:
        fresh = await _one(request)
        return await _ticket(request, fresh, status=409, collision=await viewing.collision(fresh, reader()))
    flash(request, done)
    return see_other(url("helpdesk.desk_ticket", number=ticket.number))


async def set_state(request: web.Request) -> web.StreamResponse:
    async def act(ticket: Ticket, form: StateForm) -> object:
        return await desk.set_state(ticket.id, form.state, form.version)

    return await _change(request, StateForm, act, _("State saved"))


async def set_priority(request: web.Request) -> web.StreamResponse:
    async def act(ticket: Ticket, form: PriorityForm) -> object:
        return await desk.set_priority(ticket.id, form.priority, form.version)

    return await _change(request, PriorityForm, act, _("Priority saved"))


async def assign(request: web.Request) -> web.StreamResponse:
    async def act(ticket: Ticket, form: AssignForm) -> object:
        return await desk.assign(ticket.id, form.assignee, form.version, reader())

    return await _change(request, AssignForm, act, _("Assignment saved"))


async def show_file(request: web.Request) -> web.StreamResponse:
    file = await queries.attached_file(await _one(request), request.match_info["id"], internal=True)
    return await file_answer(request, file, inline=True)
