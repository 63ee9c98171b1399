"""Practice with the scripted interviewer: chosen and begun at once."""

from __future__ import annotations

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_actor,
    current_zone,
    errors,
    flash,
    get_or_404,
    now,
    page,
    read_form,
    see_other,
    url,
    zones,
)

from .. import queries
from ..forms import PracticeForm
from ..models import InterviewType
from ..refusals import NotBookable, parse_start
from ..services import booking as booking_service


async def show_practice(request: web.Request) -> web.StreamResponse:
    return await _draw(request)


async def _draw(request: web.Request, *, refusal: str = "", status: int = 200) -> web.StreamResponse:
    actor = current_actor()
    recent = await queries.my_bookings(actor.id, "past", 1, 40) if actor else queries.Listing([], False)
    context = {
        "title": _("AI practice"),
        "types": await queries.active_types("ai"),
        "recent": [info for info in recent.items if info.kind == "ai"][:5],
        "refusal": refusal,
        "zone": current_zone(),
        "earliest": f"{zones.wall(now(), current_zone()):%Y-%m-%dT%H:%M}",
    }
    return await page(request, "scheduling/practice.html", context, status=status)


async def begin(request: web.Request) -> web.StreamResponse:
    """Book a practice that begins now or at a chosen time, and go to its page."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    parsed = await read_form(request, PracticeForm)
    if parsed.value is None:
        return await _draw(request, refusal=_("Choose what you want to practise."), status=422)
    kind = await get_or_404(InterviewType, parsed.value.type, kind="ai")
    try:
        zone = parsed.value.tz if zones.is_zone(parsed.value.tz) else current_zone()
        start = parse_start(parsed.value.when, zone) if parsed.value.when else None
        booking = await booking_service.practise(kind, actor.id, start)
    except (NotBookable, Stop, errors.TooMany) as exc:
        return await _draw(request, refusal=exc.detail, status=exc.status)
    if booking.starts_at > now():
        flash(request, _("Practice booked"))
    return see_other(url("scheduling.booking", id=booking.id))
