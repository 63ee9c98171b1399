"""Administrators: applications to decide, and everybody who is here."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    accounts,
    bytes_answer,
    can,
    errors,
    flash,
    format_datetime,
    get_or_404,
    grants,
    page,
    read_form,
    read_query,
    render_markdown,
    see_other,
    url,
    url_with,
)
from kernel import gettext as _

from .. import queries, states
from ..forms import ApplicationsQuery, DecideForm, EmptyForm, PeopleQuery, ReasonForm, RoleForm
from ..models import Application
from ..permissions import MANAGE_PEOPLE, MANAGE_ROLES
from ..services import applications, people
from . import apply, me

_SIZE = 25
_MOST_EXPORTED = 20_000


# --- applications ----------------------------------------------------------------------------------------------


async def list_applications(request: web.Request) -> web.StreamResponse:
    parsed = read_query(request, ApplicationsQuery)
    query = parsed.value or ApplicationsQuery()
    rows, total = await queries.list_applications(
        query.q, state=query.state, limit=_SIZE, offset=(query.page - 1) * _SIZE
    )
    counts = await queries.count_applications()

    def link(state: str = query.state, number: int = 1) -> str:
        wanted = {"state": state, "q": query.q or None, "page": number if number > 1 else None}
        return url_with("users.applications", {}, wanted)

    tabs = [(s, _(label), link(s), counts.get(s, 0)) for s, label in states.LABELS.items() if s != states.DRAFT]
    context = {
        "title": _("Applications"),
        "rows": rows,
        "tabs": [*tabs, ("", _("All"), link(""), sum(counts.values()))],
        "query": query,
        "pager": _pager(query.page, total, lambda n: link(number=n)),
        "clear": url_with("users.applications", {}, {"state": query.state}) if query.q else None,
        "labels": states.LABELS,
        "tones": states.TONES,
    }
    return await page(request, "users/applications.html", context)


def _pager(number: int, total: int, link: Any) -> dict[str, Any]:
    first, last = (number - 1) * _SIZE + 1, min(number * _SIZE, total)
    shown = _("{first}–{last} of {total}").format(first=first, last=last, total=total) if total else None
    return {
        "shown": shown,
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if last < total else None,
    }


async def show_application(request: web.Request) -> web.StreamResponse:
    return await _application(request, await _of(request))


async def _of(request: web.Request) -> Application:
    row = await get_or_404(Application, request.match_info["id"])
    if row.submitted_at is None or row.state == states.DRAFT:
        raise errors.NotFound()  # a draft is its writer's alone
    return row


async def _application(
    request: web.Request,
    row: Application,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
    *,
    late: bool = False,
) -> web.StreamResponse:
    steps = await queries.steps_of(row)
    cards = await accounts.accounts_by_ids(
        [row.account_id, *(s.actor_id for s in steps if s.actor_id), *((row.decided_by,) if row.decided_by else ())]
    )
    applicant = cards.get(row.account_id)
    history = [
        {
            "title": _(states.LABELS[s.after]),
            "when": s.at,
            "who": cards[s.actor_id].name if s.actor_id in cards else "",
            "text": s.reason,
            "tone": states.TONES[s.after].replace("info", "accent"),
            "icon": _ICONS.get(s.after, "clock"),
        }
        for s in steps
        if s.after != states.DRAFT
    ]
    context = {
        "title": applicant.name if applicant else _("Application"),
        "row": row,
        "applicant": applicant,
        "history": history,
        "raw": raw or {},
        "errors": dict(problems or {}),
        "label": _(states.LABELS[row.state]),
        "tone": states.TONES[row.state],
        "own": row.account_id == me().id,
        "late": late,
        "decider": cards[row.decided_by].name if row.decided_by in cards else "",
        "bio": render_markdown(str(row.answers.get("bio", ""))),
        "picture": (await queries.people.picture_urls([row.account_id])).get(row.account_id),
        **apply.review_of(row),
    }
    return await page(request, "users/application.html", context, status=status)


_ICONS = {
    states.SUBMITTED: "inbox",
    states.CHANGES: "edit",
    states.APPROVED: "check",
    states.REJECTED: "x",
    states.WITHDRAWN: "left",
}


async def decide(request: web.Request) -> web.StreamResponse:
    """Decide; whoever comes second is shown what the first one decided."""
    row = await _of(request)
    parsed = await read_form(request, DecideForm)
    form = parsed.value
    if form is None:
        return await _application(request, row, parsed.raw, parsed.errors, 422)
    try:
        await applications.decide(row.id, form.decision, form.reason, form.version)
    except errors.Invalid as exc:
        return await _application(request, row, parsed.raw, exc.errors, 422)
    except applications.AlreadyDecided as exc:
        return await _application(request, exc.application, parsed.raw, status=409, late=True)
    flash(request, _DONE[form.decision]())
    return see_other(url("users.applications"))


_DONE = {
    states.APPROVED: lambda: _("Application approved"),
    states.REJECTED: lambda: _("Application rejected"),
    states.CHANGES: lambda: _("Changes requested"),
}


# --- people ----------------------------------------------------------------------------------------------------


async def _role_names() -> dict[str, str]:
    return {role.id: role.label for role in await grants.all_roles()}


async def list_people(request: web.Request) -> web.StreamResponse:
    parsed = read_query(request, PeopleQuery)
    query = parsed.value or PeopleQuery()
    rows, total = await queries.list_people(
        query.q, role=query.role, state=query.state, sort=query.sort, desc=query.desc,
        limit=_SIZE, offset=(query.page - 1) * _SIZE,
    )  # fmt: skip
    names = await _role_names()

    def link(**changes: Any) -> str:
        wanted = {"q": query.q, "role": query.role, "state": query.state, "sort": query.sort, "desc": query.desc}
        wanted |= changes
        defaults = (("sort", "name"), ("page", 1))
        kept = {k: "1" if v is True else v for k, v in wanted.items() if v and (k, v) not in defaults}
        return url_with("users.people", {}, kept)

    def head(key: str) -> tuple[str, str | None]:
        state = ("desc" if query.desc else "asc") if query.sort == key else None
        return link(sort=key, desc=state == "asc"), state

    filtered = bool(query.q or query.role or query.state)
    context = {
        "title": _("People"),
        "rows": rows,
        "total": total,
        "query": query,
        "heads": {key: head(key) for key in ("name", "created", "seen")},
        "pager": _pager(query.page, total, lambda n: link(page=n)),
        "roles": [("", _("Every role")), *names.items()],
        "role_names": names,
        "states": _states(),
        "state_names": dict(_states()),
        "clear": url("users.people") if filtered else None,
        "csv": link_csv(query),
        "pictures": await queries.people.picture_urls([r.id for r in rows]),
    }
    return await page(request, "users/people.html", context)


def _states() -> list[tuple[str, str]]:
    return [
        ("", _("Every state")),
        ("active", _("Active")),
        ("pending", _("Not confirmed")),
        ("locked", _("Locked")),
    ]


def link_csv(query: PeopleQuery) -> str:
    wanted = {"q": query.q or None, "role": query.role or None, "state": query.state or None}
    return url_with("users.people_csv", {}, wanted)


async def people_csv(request: web.Request) -> web.StreamResponse:
    """The filtered list as a table for spreadsheets."""
    query = read_query(request, PeopleQuery).value or PeopleQuery()
    rows, _total = await queries.list_people(query.q, role=query.role, state=query.state, limit=_MOST_EXPORTED)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "name", "email", "state", "roles", "joined", "last_seen", "zone", "language"])
    for r in rows:
        seen = r.last_seen_at.isoformat() if r.last_seen_at else ""
        cells = [r.id, r.name, r.email, r.state, " ".join(r.roles), r.created_at.isoformat(), seen, r.zone, r.locale]
        writer.writerow([_harmless(str(cell)) for cell in cells])
    return bytes_answer(("\ufeff" + out.getvalue()).encode(), "text/csv; charset=utf-8", "people.csv")


def _harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


async def show_person(request: web.Request) -> web.StreamResponse:
    return await _person(request)


async def _person(
    request: web.Request,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    account = await accounts.account(request.match_info["id"])
    if account.state == "erased":
        raise errors.NotFound()
    names = await _role_names()
    held = await accounts.roles_of(account.id)
    application = await applications.application_of(account.id)
    sent = application is not None and application.submitted_at is not None and application.state != states.DRAFT
    card = await queries.interviewers.card(account.id)
    context = {
        "title": account.name,
        "account": account,
        "state_name": dict(_states()).get(account.state, account.state),
        "held": [(role, names.get(role, role)) for role in sorted(held)],
        "open_roles": [("", _("Choose a role")), *((r, label) for r, label in names.items() if r not in held)],
        "application": application if sent else None,
        "application_label": _(states.LABELS[application.state]) if application and sent else "",
        "card": card,
        "picture": (await queries.people.picture_urls([account.id])).get(account.id),
        "raw": raw or {},
        "errors": dict(problems or {}),
        "own": account.id == me().id,
        "may_manage": can(MANAGE_PEOPLE),
        "may_roles": can(MANAGE_ROLES),
        "joined": format_datetime(account.created_at),
    }
    return await page(request, "users/person_admin.html", context, status=status)


async def _done(request: web.Request, words: str) -> web.StreamResponse:
    flash(request, words)
    return see_other(url("users.admin_person", id=request.match_info["id"]))


async def confirm(request: web.Request) -> web.StreamResponse:
    await read_form(request, EmptyForm)
    account = await accounts.account(request.match_info["id"])
    try:
        await people.confirm(account.id)
    except errors.Conflict as exc:
        return await _person(request, None, {"": exc.detail}, 409)
    return await _done(request, _("Account confirmed"))


async def lock(request: web.Request) -> web.StreamResponse:
    account = await accounts.account(request.match_info["id"])
    parsed = await read_form(request, ReasonForm)
    if parsed.value is None:
        return await _person(request, parsed.raw, parsed.errors, 422)
    if account.id == me().id:
        return await _person(request, parsed.raw, {"reason": _("You cannot lock your own account.")}, 422)
    try:
        await accounts.lock(account.id, reason=parsed.value.reason)
    except errors.Conflict as exc:
        return await _person(request, parsed.raw, {"": exc.detail}, 409)
    return await _done(request, _("Account locked"))


async def unlock(request: web.Request) -> web.StreamResponse:
    await read_form(request, EmptyForm)
    account = await accounts.account(request.match_info["id"])
    await accounts.unlock(account.id)
    return await _done(request, _("Account unlocked"))


async def give_role(request: web.Request) -> web.StreamResponse:
    return await _role(request, give=True)


async def take_role(request: web.Request) -> web.StreamResponse:
    return await _role(request, give=False)


async def _role(request: web.Request, *, give: bool) -> web.StreamResponse:
    account = await accounts.account(request.match_info["id"])
    parsed = await read_form(request, RoleForm)
    if parsed.value is None:
        return await _person(request, parsed.raw, parsed.errors, 422)
    role = parsed.value.role
    try:
        if give:
            await people.give_role(account.id, role)
        else:
            await people.take_role(account.id, role)
    except errors.Invalid as exc:
        return await _person(request, parsed.raw, exc.errors, 422)
    except errors.Conflict as exc:
        return await _person(request, parsed.raw, {"": exc.detail}, 409)
    return await _done(request, _("Role given") if give else _("Role taken away"))
