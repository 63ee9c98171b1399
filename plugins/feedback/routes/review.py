"""The candidate reviews the interviewer."""

from __future__ import annotations

from aiohttp import web

from kernel import errors, flash, page, read_form, see_other, setting, url
from kernel import gettext as _

from .. import queries
from ..access import NotFinished, Seat, seat_of
from ..content import ASPECTS
from ..forms import ReviewForm, review_content
from ..models import Review
from ..services import reviews, scorecards
from ..settings import EDIT_HOURS
from ..states import SUBMITTED, editable_until


async def _seat(request: web.Request) -> Seat:
    seat = await seat_of(request.match_info["booking_id"])
    if not seat.is_candidate or seat.practice:
        raise errors.NotFound
    return seat


def _closed(seat: Seat, review: Review | None) -> bool:
    """Handed in, and not to be corrected any more."""
    if review is None or review.state != SUBMITTED:
        return False
    return seat.exchange.released_at is not None or editable_until(review.submitted_at, setting(EDIT_HOURS)) is None


async def write(request: web.Request) -> web.StreamResponse:
    """The form; once handed in only while corrections are possible."""
    try:
        seat = await _seat(request)
    except NotFinished as early:
        context = {"title": _("Feedback opens after the session"), "booking": early.booking}
        return await page(request, "feedback/early.html", context)
    review = await Review.filter(booking_id=seat.exchange.booking_id).first()
    if _closed(seat, review):
        return see_other(url("feedback.session", booking_id=seat.exchange.booking_id))
    typed = {name: str(getattr(review, name) or "") for name in ASPECTS} if review is not None else {}
    if review is not None:
        typed |= {"text": review.text, "private_note": review.private_note}
    return await _form(request, seat, review, typed)


async def _form(
    request: web.Request,
    seat: Seat,
    review: Review | None,
    typed: dict[str, str],
    *,
    faults: dict[str, str] | None = None,
    status: int = 200,
    conflict: str = "",
) -> web.Response:
    submitted = review is not None and review.state == SUBMITTED
    other = await queries.people([seat.exchange.interviewer_id])
    context = {
        "title": _("Correct review") if submitted else _("Write review"),
        "exchange": seat.exchange,
        "other": other[seat.exchange.interviewer_id],
        "aspects": [(name, _(label), _(question)) for name, (label, question) in ASPECTS.items()],
        "typed": typed,
        "version": review.version if review is not None else 0,
        "submitted": submitted,
        "until": editable_until(review.submitted_at, setting(EDIT_HOURS)) if review is not None else None,
        "errors": faults or {},
        "conflict": conflict,
    }
    return await page(request, "feedback/review_form.html", context, status=status)


async def draft(request: web.Request) -> web.StreamResponse:
    """Save what is typed so far."""
    return await _save(request, submitting=False)


async def submit(request: web.Request) -> web.StreamResponse:
    """Hand in or correct."""
    return await _save(request, submitting=True)


async def _save(request: web.Request, *, submitting: bool) -> web.Response:
    seat = await _seat(request)
    review = await Review.filter(booking_id=seat.exchange.booking_id).first()
    parsed = await read_form(request, ReviewForm)
    if parsed.value is None:
        return await _form(request, seat, review, parsed.raw, faults=parsed.errors, status=422)
    save = reviews.submit if submitting else reviews.save_draft
    try:
        saved = await save(seat, review_content(parsed.value), parsed.value.version)
    except errors.Invalid as exc:
        return await _form(request, seat, review, parsed.raw, faults=exc.errors, status=422)
    except scorecards.Moved as exc:
        review = await Review.filter(booking_id=seat.exchange.booking_id).first()
        return await _form(request, seat, review, parsed.raw, status=409, conflict=exc.detail)
    booking_id = seat.exchange.booking_id
    if not submitting:
        flash(request, _("Draft saved"))
        return see_other(url("feedback.review", booking_id=booking_id))
    flash(request, _("Correction saved") if saved.edition > 1 else _("Review submitted"))
    return see_other(url("feedback.session", booking_id=booking_id))
