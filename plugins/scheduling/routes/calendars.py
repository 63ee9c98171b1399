"""Calendars and reminders of a person: the private feed, calendars elsewhere, own reminders."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    _,
    absolute_url,
    bytes_answer,
    can,
    current_actor,
    current_zone,
    errors,
    flash,
    format_duration,
    get_or_404,
    is_on,
    page,
    read_form,
    read_query,
    see_other,
    url,
)

from .. import calendars, feeds, ics
from ..forms_calendars import CallbackQuery, ConnectForm, OwnRemindersForm
from ..models import OtherCalendar
from ..permissions import HOURS
from ..queries import BOOKINGS
from ..services import calendars as service
from ..services import reminders
from ..settings import reminder_rules

#: Moments that one can tick for oneself.
CHOICES = (10080, 2880, 1440, 720, 240, 120, 60, 30, 15, 10, 5)


def _me() -> Any:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request)


async def _draw(
    request: web.Request,
    *,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    adding: str = "",
    status: int = 200,
) -> web.StreamResponse:
    actor = _me()
    hosting = can(HOURS)
    offered = calendars.offered() if hosting else []
    adding = adding or request.query.get("add", "")
    feed = await service.feed_of(actor.id)
    rows = await OtherCalendar.filter(account_id=actor.id).order_by("created_at") if hosting else []
    clashes = [b.id for b in await service.conflicts(actor.id)] if rows else []
    chosen = await reminders.own_offsets(actor.id)
    known = await BOOKINGS.many(clashes)
    context = {
        "title": _("Calendars and reminders"),
        "hosting": hosting,
        "rows": rows,
        "labels": {p.id: _(p.label) for p in (*calendars.BUILT_IN, *offered)},
        "offered": offered,
        "adding": next((p for p in offered if p.id == adding), None),
        "clashes": [known[i] for i in clashes if i in known],
        "warn_after": service.WARN_AFTER,
        "feed": feed,
        "feed_url": absolute_url("scheduling.feed", token=feed.token) if feed else "",
        "chosen": chosen,
        "choices": [(n, format_duration(n)) for n in sorted({*CHOICES, *chosen}, reverse=True)],
        "house": [format_duration(rule.minutes) for rule in reminder_rules() if rule.kind == "before"],
        "preferences": url("notifications.preferences") if is_on("notifications") else "",
        "values": raw or {},
        "errors": problems or {},
    }
    return await page(request, "scheduling/calendars.html", context, status=status)


async def connect(request: web.Request) -> web.StreamResponse:
    """Read a calendar whose address was entered."""
    actor, provider = _me(), calendars.provider(request.match_info["provider"])
    if provider is None or not provider.fields:
        raise errors.NotFound()
    parsed = await read_form(request, ConnectForm)
    problems = dict(parsed.errors)
    for name in provider.fields:
        if not parsed.raw.get(name, "").strip():
            problems.setdefault(name, _("Enter this too."))
    if parsed.value is None or problems:
        return await _draw(request, raw=parsed.raw, problems=problems, adding=provider.id, status=422)
    access = {name: getattr(parsed.value, name) for name in provider.fields}
    try:
        await service.connect(actor.id, provider.id, parsed.value.name, access, current_zone())
    except errors.Invalid as exc:
        return await _draw(request, raw=parsed.raw, problems=exc.errors, adding=provider.id, status=422)
    flash(request, _("Calendar connected: its busy times are not offered any more"))
    return see_other(url("scheduling.calendars"))


def _back() -> str:
    return absolute_url("scheduling.calendar_callback")


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Off to the provider's own site."""
    return see_other(await service.sign_in_url(_me().id, request.match_info["provider"], _back()))


async def callback(request: web.Request) -> web.StreamResponse:
    """Back from there. The code is used once, by whoever asked for it: a stranger's link connects nothing."""
    query = read_query(request, CallbackQuery).value or CallbackQuery()
    if query.error or not query.code:
        flash(request, _("The calendar was not connected: access was not allowed."), "warn")
        return see_other(url("scheduling.calendars"))
    try:
        await service.signed_in(_me().id, query.state, query.code, _back(), current_zone())
    except errors.Invalid as exc:
        flash(request, exc.errors["address"], "warn")
    else:
        flash(request, _("Calendar connected: its busy times are not offered any more"))
    return see_other(url("scheduling.calendars"))


async def _mine(request: web.Request) -> OtherCalendar:
    return await get_or_404(OtherCalendar, request.match_info["id"], account_id=_me().id)


async def refresh(request: web.Request) -> web.StreamResponse:
    if await service.again(await _mine(request)):
        flash(request, _("Calendar read"))
    else:
        flash(request, _("The calendar could not be read; the reason is beside it."), "warn")
    return see_other(url("scheduling.calendars"))


async def disconnect(request: web.Request) -> web.StreamResponse:
    await service.disconnect(await _mine(request))
    flash(request, _("Calendar disconnected: its busy times are forgotten"))
    return see_other(url("scheduling.calendars"))


async def make_feed(request: web.Request) -> web.StreamResponse:
    await service.make_feed(_me().id)
    flash(request, _("New address made. An earlier one does not work any more."))
    return see_other(url("scheduling.calendars") + "#feed")


async def drop_feed(request: web.Request) -> web.StreamResponse:
    await service.drop_feed(_me().id)
    flash(request, _("Nobody can read your sessions by that address any more"))
    return see_other(url("scheduling.calendars") + "#feed")


async def save_reminders(request: web.Request) -> web.StreamResponse:
    """Own moments of reminders; upcoming sessions follow."""
    parsed = await read_form(request, OwnRemindersForm)
    if parsed.value is None:
        flash(request, next(iter(parsed.errors.values())), "warn")
    else:
        await reminders.choose(_me().id, parsed.value.minutes)
        flash(request, _("Reminders saved"))
    return see_other(url("scheduling.calendars") + "#reminders")


async def feed(request: web.Request) -> web.StreamResponse:
    """The private feed, for calendar programs; the address is all it asks for."""
    owner = await service.feed_owner(request.match_info["token"])
    if owner is None:
        raise errors.Gone(_("This calendar address was revoked. Make a new one on the page Calendars."))
    body = await feeds.feed(owner)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers={"ETag": tag, "Cache-Control": "private, max-age=300"})
    answer = bytes_answer(body, ics.CONTENT_TYPE, "sessions.ics")
    answer.headers["ETag"] = tag
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer
