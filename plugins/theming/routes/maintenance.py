"""The maintenance page of administrators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from kernel import (
    LOCALES,
    accounts,
    current_snapshot,
    current_zone,
    errors,
    flash,
    ngettext,
    now,
    page,
    read_form,
    see_other,
    url,
    url_with,
    zones,
)
from kernel import gettext as _

from .. import queries, states
from ..forms import NowForm, PlanForm, ProlongForm, VersionForm, messages_of
from ..services import maintenance

_SIZE = 20


async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


def _number(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text) else 1


async def _page(
    request: web.Request,
    form: str = "",
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    """`form` is the one that was refused: plan or now."""
    number = _number(request)
    rows, total = await queries.listed(_SIZE, (number - 1) * _SIZE)
    at = now()
    people = await accounts.accounts_by_ids(r.created_by for r in rows if r.created_by)
    context = {
        "title": _("Maintenance"),
        "rows": [await _row(r, at, people) for r in rows],
        "current": await queries.active(),
        "form": form,
        "raw": dict(raw or {}),
        "errors": dict(problems or {}),
        "languages": [(code, LOCALES.get(code, code)) for code in current_snapshot().locales],
        "minutes": _durations(),
        "starts": _local(_next_night(at)),
        "ends": _local(_next_night(at) + timedelta(minutes=30)),
        "place": zones.city(current_zone()),
        "pager": _pager(number, total),
    }
    return await page(request, "theming/maintenance_admin.html", context, status=status)


async def _row(window: Any, at: datetime, people: Mapping[Any, Any]) -> dict[str, Any]:
    state = states.state_of(window, at)
    hit = await queries.bookings_in(window.starts_at, window.ends_at) if state == states.PLANNED else ()
    card = people.get(window.created_by)
    return {
        "window": window,
        "state": state,
        "label": _(states.LABELS[state]),
        "tone": states.TONES[state],
        "who": card.name if card else "",
        "open": state in (states.PLANNED, states.ACTIVE),
        "sessions": hit,
    }


def _pager(number: int, total: int) -> dict[str, Any]:
    last = min(number * _SIZE, total)
    return {
        "shown": _("{first}–{last} of {total}").format(first=(number - 1) * _SIZE + 1, last=last, total=total),
        "prev": url_with("theming.maintenance", {}, {"page": number - 1}) if number > 1 else None,
        "next": url_with("theming.maintenance", {}, {"page": number + 1}) if last < total else None,
    }


def _durations() -> list[tuple[int, str]]:
    found = [(m, ngettext("%(num)s minute", "%(num)s minutes", m) % {"num": m}) for m in (15, 30)]
    return found + [(h * 60, ngettext("%(num)s hour", "%(num)s hours", h) % {"num": h}) for h in (1, 2, 4, 8)]


def _next_night(at: datetime) -> datetime:
    """02:00 of the reader's next day: when few are about."""
    local = zones.wall(at, current_zone())
    day = local.date() + timedelta(days=1)
    return zones.instant(day, local.time().replace(hour=2, minute=0, second=0, microsecond=0), current_zone())


def _local(at: datetime) -> str:
    return zones.wall(at, current_zone()).strftime("%Y-%m-%dT%H:%M")


def _instant(typed: datetime, field: str, problems: dict[str, str]) -> datetime:
    """What was typed as local time; a time with an offset is taken as it is."""
    if not 2000 <= typed.year < 2200:
        problems[field] = _("Enter a date and a time.")
        return now()
    if typed.tzinfo is not None:
        return typed.astimezone(UTC)
    found = zones.instants(typed.date(), typed.time(), current_zone())
    if not found:
        problems[field] = _("The clocks go forward then, and this time is skipped. Choose another one.")
        return now()
    return found[0]


async def plan(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, PlanForm)
    form = parsed.value
    if form is None:
        return await _page(request, "plan", parsed.raw, parsed.errors, 422)
    problems: dict[str, str] = {}
    starts, ends = _instant(form.starts, "starts", problems), _instant(form.ends, "ends", problems)
    if problems:
        return await _page(request, "plan", parsed.raw, problems, 422)
    try:
        await maintenance.plan(starts, ends, messages_of(form), form.reason)
    except errors.Invalid as exc:
        return await _page(request, "plan", parsed.raw, exc.errors, 422)
    except errors.Conflict as exc:
        return await _page(request, "plan", parsed.raw, {"starts": exc.detail}, 409)
    flash(request, _("Maintenance planned"))
    return see_other(url("theming.maintenance"))


async def start(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, NowForm)
    form = parsed.value
    if form is None:
        return await _page(request, "now", parsed.raw, parsed.errors, 422)
    ends = now() + timedelta(minutes=form.minutes)
    try:
        await maintenance.plan(None, ends, messages_of(form), form.reason)
    except errors.Conflict as exc:
        return await _page(request, "now", parsed.raw, {"": exc.detail}, 409)
    flash(request, _("Maintenance has begun"))
    return see_other(url("theming.maintenance"))


async def stop(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, VersionForm)
    if parsed.value is None:
        raise errors.BadRequest()
    try:
        state = await maintenance.stop(request.match_info["id"], parsed.value.version)
    except errors.Conflict as exc:
        return await _page(request, problems={"": exc.detail}, status=409)
    flash(request, _("Maintenance cancelled") if state == states.PLANNED else _("Maintenance ended"))
    return see_other(url("theming.maintenance"))


async def prolong(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, ProlongForm)
    if parsed.value is None:
        raise errors.BadRequest()
    try:
        minutes = timedelta(minutes=parsed.value.minutes)
        await maintenance.prolong(request.match_info["id"], parsed.value.version, minutes)
    except errors.Conflict as exc:
        return await _page(request, problems={"": exc.detail}, status=409)
    flash(request, _("Maintenance prolonged"))
    return see_other(url("theming.maintenance"))
