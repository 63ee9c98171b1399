"""One's own feedback: the list with what is to do, and the page of a session."""

from __future__ import annotations

from aiohttp import web

from kernel import current_actor, errors, flash, page, read_form, read_query, see_other, url, url_with
from kernel import gettext as _

from .. import queries
from ..access import NotFinished, Seat, seat_of
from ..forms import MineFilter, ReportForm
from ..progress import progress
from ..ratings import RatingsOfReviews
from ..services import reviews
from . import practice


async def mine(request: web.Request) -> web.StreamResponse:
    """To-do, progress, ratings, and the list of all sessions with feedback."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired
    wanted = read_query(request, MineFilter).value or MineFilter()
    rows, total = await queries.mine(actor.id, wanted)
    as_candidate, as_interviewer = await queries.sides(actor.id)
    context = {
        "title": _("Feedback"),
        "todo": await queries.todo(actor.id),
        "rows": rows,
        "wanted": wanted,
        "as_candidate": as_candidate,
        "as_interviewer": as_interviewer,
        "progress": await progress(actor.id) if as_candidate else None,
        "latest": await queries.latest_released(actor.id) if as_candidate else None,
        "rating": await RatingsOfReviews().summary(actor.id) if as_interviewer else None,
        "recent": await RatingsOfReviews().recent(actor.id, 3) if as_interviewer else [],
        **_pages(wanted, total),
    }
    return await page(request, "feedback/mine.html", context)


def _pages(wanted: MineFilter, total: int) -> dict[str, object]:
    def link(number: int) -> str:
        query = {"q": wanted.q or None, "show": wanted.show or None, "side": wanted.side or None, "page": number}
        return url_with("feedback.mine", {}, query)

    first = (wanted.page - 1) * queries.PAGE + 1
    last = min(total, wanted.page * queries.PAGE)
    shown = _("%(first)s–%(last)s of %(total)s") % {"first": first, "last": last, "total": total} if total else None
    return {
        "shown": shown,
        "newer": link(wanted.page - 1) if wanted.page > 1 else None,
        "older": link(wanted.page + 1) if last < total else None,
        "filtered": bool(wanted.q or wanted.show or wanted.side),
    }


async def session(request: web.Request) -> web.StreamResponse:
    """Both sides' feedback of a session as far as the reader may see it."""
    try:
        seat = await seat_of(request.match_info["booking_id"])
    except NotFinished as early:
        context = {"title": _("Feedback opens after the session"), "booking": early.booking}
        return await page(request, "feedback/early.html", context)
    if seat.practice:
        return await practice.show(request, seat)
    return await _drawn(request, seat, {}, 200)


async def _drawn(request: web.Request, seat: Seat, form_errors: dict[str, str], status: int) -> web.Response:
    number = request.query.get("version", "")
    edition = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else None
    found = await queries.session(seat, edition)
    context = {
        "title": _("Feedback: %(title)s") % {"title": seat.exchange.title},
        "found": found,
        "exchange": seat.exchange,
        "errors": form_errors,
    }
    return await page(request, "feedback/session.html", context, status=status)


async def report(request: web.Request) -> web.StreamResponse:
    """The interviewer asks moderators to look at the review."""
    seat = await seat_of(request.match_info["booking_id"])
    parsed = await read_form(request, ReportForm)
    try:
        if parsed.value is None:
            raise errors.Invalid(parsed.errors)
        await reviews.report(seat, parsed.value.reason)
    except errors.Invalid as exc:
        return await _drawn(request, seat, exc.errors, 422)
    flash(request, _("Review reported. A moderator looks at it."))
    return see_other(url("feedback.session", booking_id=seat.exchange.booking_id))
