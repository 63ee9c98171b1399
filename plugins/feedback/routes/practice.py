"""The candidate looks back at a practice session: which topics came up, and notes of their own. Never a grade."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from kernel import errors, flash, page, read_form, see_other, services, url
from kernel import gettext as _
from plugins.live.api import Practices

from ..access import Seat, seat_of
from ..forms import PracticeForm
from ..models import SelfReview
from ..services import practice, scorecards


async def show(
    request: web.Request,
    seat: Seat,
    *,
    typed: Mapping[str, object] | None = None,
    faults: dict[str, str] | None = None,
    status: int = 200,
    conflict: str = "",
) -> web.Response:
    """The self-review of a practice session, with what the room noted about topics, if it did."""
    provider = services.get(Practices)
    report = await provider.report(seat.exchange.booking_id) if provider is not None else None
    notes = await SelfReview.filter(booking_id=seat.exchange.booking_id).first()
    if typed is None:
        typed = {"again": notes.again, "note": notes.note} if notes is not None else {"again": [], "note": ""}
    context = {
        "title": _("Self-review: %(title)s") % {"title": seat.exchange.title},
        "exchange": seat.exchange,
        "report": report,
        "typed": typed,
        "version": notes.version if notes is not None else 0,
        "saved_at": notes.updated_at if notes is not None else None,
        "errors": faults or {},
        "conflict": conflict,
        "coverage": {
            "touched": (_("Came up"), "ok"),
            "unclear": (_("Unclear"), ""),
            "not_touched": (_("Not mentioned"), "warn"),
        },
    }
    return await page(request, "feedback/practice.html", context, status=status)


async def save(request: web.Request) -> web.StreamResponse:
    """Keep the candidate's notes."""
    seat = await seat_of(request.match_info["booking_id"])
    if not seat.practice:
        raise errors.NotFound
    parsed = await read_form(request, PracticeForm)
    typed = {"again": parsed.raw_lists.get("again", []), "note": parsed.raw.get("note", "")}
    if parsed.value is None:
        return await show(request, seat, typed=typed, faults=parsed.errors, status=422)
    value = parsed.value
    try:
        await practice.save(seat, value.again, value.note, value.version)
    except scorecards.Moved as exc:
        return await show(request, seat, typed=typed, status=409, conflict=exc.detail)
    flash(request, _("Notes saved"))
    return see_other(url("feedback.session", booking_id=seat.exchange.booking_id))
