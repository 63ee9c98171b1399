"""All bookings of the tenant, for those who look after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from aiohttp import web

from kernel import (
    _,
    current_zone,
    errors,
    flash,
    format_number,
    get_or_404,
    now,
    page,
    read_form,
    read_query,
    see_other,
    url,
    url_with,
    zones,
)

from .. import policies, queries
from ..forms import AdminCancelForm, AdminQuery
from ..models import Booking
from ..services import cancelling
from ..services.cancelling import OutcomeChanged
from ..states import WORDS
from .changing import effects
from .sessions import badge_of, pictures_of

_SIZE = 25


async def show_bookings(request: web.Request) -> web.StreamResponse:
    """Search, filter, page."""
    query = read_query(request, AdminQuery).value or AdminQuery()
    status = query.status if query.status in WORDS else ""
    zone = current_zone()
    wanted = queries.BookingFilter(
        q=query.q,
        status=status,
        kind=query.kind if query.kind in ("human", "ai") else "",
        start=zones.instant(query.first, time(), zone) if query.first and _sane(query.first.year) else None,
        end=zones.instant(query.last + timedelta(days=1), time(), zone)
        if query.last and _sane(query.last.year)
        else None,
    )
    found, total = await queries.all_bookings(wanted, query.page, _SIZE)
    counts = await queries.status_counts()
    first = (query.page - 1) * _SIZE + 1
    context = {
        "title": _("Bookings"),
        "found": found,
        "query": query,
        "status": status,
        "filtered": bool(query.q or query.kind or query.first or query.last),
        "pictures": await pictures_of([i.candidate_id for i in found.items]),
        "badge": badge_of,
        "tabs": [("", _("All"), _link(query, status="", page=None), counts.get("", 0))]
        + [(k, _(w), _link(query, status=k, page=None), counts[k]) for k, (w, _tone) in WORDS.items() if counts.get(k)],
        "shown": _("{first}–{last} of {total}").format(
            first=first, last=first + len(found.items) - 1, total=format_number(total)
        ),
        "prev": _link(query, page=query.page - 1) if query.page > 1 else None,
        "next": _link(query, page=query.page + 1) if found.more else None,
        "at": now(),
    }
    return await page(request, "scheduling/admin_bookings.html", context)


def _sane(year: int) -> bool:
    return 1972 <= year <= 9000


def _link(query: AdminQuery, **changed: Any) -> str:
    values = {k: v for k, v in {**query.model_dump(mode="json"), **changed}.items() if v not in ("", None)}
    return url_with("scheduling.admin_bookings", {}, values)


async def show_cancel(request: web.Request) -> web.StreamResponse:
    """What an administrator's cancellation means, before it happens."""
    return await _draw(request, await get_or_404(Booking, request.match_info["id"]), {}, {})


async def _draw(
    request: web.Request,
    row: Booking,
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    status: int = 200,
    notice: str = "",
) -> web.StreamResponse:
    info = await queries.BOOKINGS.get(row.id)
    if info is None:
        raise errors.NotFound()
    if problem := cancelling.why_not_cancelled(row, "admin", now()):
        raise errors.Conflict(problem)
    percent = int(raw["percent"]) if raw.get("percent", "").isdecimal() and int(raw["percent"]) <= 100 else None
    found = cancelling.outlook(row, "admin", now(), percent)
    context = {
        "title": _("Cancel session"),
        "info": info,
        "booking": row,
        "result": found.result,
        "seen": found.seal,
        "effects": effects(info, "admin", found.result),
        "until": "",
        "reasons": [],
        "by_link": False,
        "keep": "",
        "may_propose": False,
        "rule": policies.sentences(row.policy) if row.price_minor else [],
        "raw": raw,
        "errors": problems,
        "notice": notice,
        "role": "admin",
        "partner": info.candidate_name,
        "action": url("scheduling.admin_cancel_post", id=row.id),
        "reason_hint": _("Both people read this, and it is written to the audit log."),
        "may_move": False,
    }
    return await page(request, "scheduling/admin_cancel.html", context, status=status)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Call somebody's session off, with a reason that both read."""
    row = await get_or_404(Booking, request.match_info["id"])
    parsed = await read_form(request, AdminCancelForm)
    if parsed.value is None:
        return await _draw(request, row, parsed.raw, parsed.errors, status=422)
    try:
        form = parsed.value
        await cancelling.cancel(row.id, "admin", form.reason, percent=form.percent, seen=form.seen)
    except OutcomeChanged as exc:
        return await _draw(request, row, parsed.raw, {}, status=409, notice=exc.detail)
    flash(request, _("Session cancelled"))
    return see_other(url("scheduling.admin_bookings"))
