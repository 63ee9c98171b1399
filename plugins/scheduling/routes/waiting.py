"""The waiting list, and a person's standing."""

from __future__ import annotations

from aiohttp import web

from kernel import _, current_zone, errors, flash, get_or_404, page, read_form, see_other, services, setting, url, zones
from plugins.users.api import Interviewers

from ..forms import WaitForm
from ..models import Booking, InterviewType, Waiting
from ..services import strikes
from ..services import waiting as service
from ..services.parties import me


async def show(request: web.Request) -> web.StreamResponse:
    """What somebody waits for, with their places, and times that are held for them."""
    rows = await service.mine(me())
    cards = await services.need(Interviewers).cards([r.interviewer_id for r in rows if r.interviewer_id])
    offered = [r.booking_id for r in rows if r.booking_id]
    held = {b.id: b for b in await Booking.filter(id__in=offered)} if offered else {}
    context = {
        "title": _("Waiting list"),
        "entries": [
            {
                "row": row, "kind": row.type, "card": cards.get(row.interviewer_id) if row.interviewer_id else None,
                "place": await service.position(row), "held": held.get(row.booking_id) if row.booking_id else None,
            }
            for row in rows
        ],
    }  # fmt: skip
    return await page(request, "scheduling/waiting.html", context)


async def join(request: web.Request) -> web.StreamResponse:
    """Be told about freed times, in order."""
    parsed = await read_form(request, WaitForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    form = parsed.value
    kind = await InterviewType.filter(slug=form.type, kind="human", active=True).first()
    card = await services.need(Interviewers).by_slug(form.interviewer) if form.interviewer else None
    if kind is None or (form.interviewer and card is None):
        raise errors.NotFound()
    zone = form.tz if zones.is_zone(form.tz) else current_zone()
    await service.join(kind, me(), card.account_id if card else None, zone, form.until)
    flash(request, _("You are on the waiting list. A freed time is held for you, and you get an email."))
    return see_other(url("scheduling.waiting"))


async def leave(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Waiting, request.match_info["id"], account_id=me())
    await service.leave(row.id, me())
    flash(request, _("You are not waiting any more"), "info")
    return see_other(url("scheduling.waiting"))


async def show_standing(request: web.Request) -> web.StreamResponse:
    """Somebody's strikes: what for, and until when they count."""
    context = {
        "title": _("My standing"),
        "rows": await strikes.of(me()),
        "total": await strikes.standing(me()),
        "limit": setting("scheduling.strike_limit"),
        "causes": CAUSES,
    }
    return await page(request, "scheduling/standing.html", context)


def cause_words(cause: str) -> str:
    return _("Called off late") if cause == "late_cancel" else _("Did not come")


CAUSES = cause_words
