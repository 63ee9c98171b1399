"""Any suitable interviewer: one picks a time, the house picks the person when it is held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_actor,
    current_locale,
    errors,
    is_on,
    now,
    page,
    read_form,
    read_query,
    see_other,
    speaking,
    url,
)

from .. import free, picker
from ..availability import ask_many, own_times
from ..forms import HoldForm, PickerQuery
from ..lengths import asked_for, lengths
from ..models import InterviewType
from ..refusals import NotBookable, parse_start
from ..services import anyone
from ..services.assignment import suitable
from ..viewing import view_of, zone_options


async def _kind(request: web.Request) -> InterviewType:
    kind = await InterviewType.filter(slug=request.match_info["type"][:60], active=True, kind="human").first()
    if kind is None:
        raise errors.NotFound(_("This interview is not offered any more. Look for another interviewer."))
    return kind


async def show_any(request: web.Request) -> web.StreamResponse:
    """All times at which anybody who offers the type is free; public."""
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await _draw(request, await _kind(request), query)


async def _draw(
    request: web.Request,
    kind: InterviewType,
    query: PickerQuery,
    *,
    refusal: errors.Problem | None = None,
    status: int = 200,
) -> web.StreamResponse:
    view, at, actor = view_of(request), now(), current_actor()
    usual, where = kind, {"type": kind.slug}
    kind = asked_for(usual, query.length) or usual
    length = "" if kind is usual else query.length
    end = at + timedelta(days=kind.window_days + 2)
    people = await suitable(kind, leaving_out=[actor.id] if actor else [])
    own = await own_times(actor.id, at, end, at) if actor else ()
    if kind is usual:
        table = await free.table(kind, list(people), at, end, own=own, at=at)
        starts = table.times(table.any_free())
    else:  # months are kept for the usual length only
        asked = await ask_many(kind, list(people), candidate_id=actor.id if actor else None, at=at)
        starts = sorted({start for answer in asked.values() for start in answer.starts(at, end)})

    def link(values: Mapping[str, str]) -> str:
        return view.link("scheduling.any", where, {"length": length, **values})

    context: dict[str, Any] = {
        "title": kind.title,
        "kind": kind,
        "lengths": [
            (str(n), n, link({"day": query.day, "month": query.month, "length": str(n)})) for n in lengths(usual)
        ],
        "people": len(people),
        "live": is_on("live"),
        "zones": zone_options(view.zone),
        "view": view,
        "action": link({}),
        "clock_links": {c: link({"clock": c, "day": query.day, "month": query.month}) for c in ("12", "24")},
        "fields": {"tz": view.zone, "clock": view.asked.get("clock"), "length": length or None},
        "tz_fields": {k: v for k, v in {"clock": view.asked.get("clock"), "length": length}.items() if v},
        "selected": None,
        "refusal": refusal.detail if refusal else "",
        "refusal_title": refusal.title if refusal else "",
        "nearest": [],
        "method": "post",
        "go": _("Continue"),
        "p": picker.build(starts, link, zone=view.zone, hour12=view.hour12, day=query.day, month=query.month),
    }
    with speaking(current_locale(), view.zone):
        return await page(request, "scheduling/any.html", context, status=status)


async def hold_any(request: web.Request) -> web.StreamResponse:
    """Hold the time with whoever's turn it is."""
    kind = await _kind(request)
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    parsed = await read_form(request, HoldForm)
    query = PickerQuery(length=parsed.raw.get("length", "")[:4])
    if parsed.value is None:
        problem = errors.Invalid(parsed.errors)
        return await _draw(request, kind, query, refusal=problem, status=422)
    view = view_of(request, parsed.raw)
    try:
        start = parse_start(parsed.value.start, view.zone)
        wanted = asked_for(kind, parsed.value.length)
        if wanted is None:
            raise NotBookable("not_offered")
        booking = await anyone.hold_any(wanted, actor.id, start, view.zone)
    except (NotBookable, Stop, errors.Invalid) as exc:
        return await _draw(request, kind, query, refusal=exc, status=exc.status)
    return see_other(url("scheduling.hold", id=booking.id))
