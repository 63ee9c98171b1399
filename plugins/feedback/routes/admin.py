"""Moderators: the list of reviews, one review with what is behind it, hiding and restoring."""

from __future__ import annotations

from aiohttp import web

from kernel import (
    current_actor,
    errors,
    flash,
    get_or_404,
    page,
    read_form,
    read_query,
    see_other,
    url,
    url_with,
)
from kernel import gettext as _

from .. import moderation_list, queries
from ..forms import AdminFilter, DecisionForm
from ..models import Edition, Exchange, Review, Scorecard
from ..ratings import RatingsOfReviews
from ..services import moderation
from ..states import SUBMITTED
from ..views import card_view, review_view


async def reviews(request: web.Request) -> web.StreamResponse:
    """All submitted reviews."""
    wanted = read_query(request, AdminFilter).value or AdminFilter()
    rows, total = await moderation_list.listed(wanted)
    context = {
        "title": _("Reviews"),
        "rows": rows,
        "wanted": wanted,
        "counts": await moderation_list.counts(),
        "filtered": bool(wanted.q or wanted.state or wanted.stars),
        "link": lambda **changes: _link(wanted, changes),
        **_pages(wanted, total),
    }
    return await page(request, "feedback/admin.html", context)


def _link(wanted: AdminFilter, changes: dict[str, object]) -> str:
    query = {**{k: v for k, v in wanted.model_dump().items() if v != AdminFilter.model_fields[k].default}, **changes}
    return url_with("feedback.admin", {}, {k: v for k, v in query.items() if v not in ("", None)})


def _pages(wanted: AdminFilter, total: int) -> dict[str, object]:
    first, last = (wanted.page - 1) * moderation_list.PAGE + 1, min(total, wanted.page * moderation_list.PAGE)
    shown = _("%(first)s–%(last)s of %(total)s") % {"first": first, "last": last, "total": total} if total else None
    return {
        "shown": shown,
        "newer": _link(wanted, {"page": wanted.page - 1}) if wanted.page > 1 else None,
        "older": _link(wanted, {"page": wanted.page + 1}) if last < total else None,
    }


async def _review(request: web.Request) -> Review:
    review = await get_or_404(Review, request.match_info["review_id"])
    if review.state != SUBMITTED:
        raise errors.NotFound
    return review


async def review(request: web.Request) -> web.StreamResponse:
    """One review with its private note, its history and the scorecard on the other side."""
    return await _drawn(request, await _review(request))


async def _drawn(
    request: web.Request, review: Review, faults: dict[str, str] | None = None, status: int = 200, reason: str = ""
) -> web.Response:
    exchange = await Exchange.get(booking_id=review.booking_id)
    card = await Scorecard.filter(booking_id=review.booking_id, state=SUBMITTED).first()
    known = await queries.people([review.author_id, review.subject_id, review.hidden_by])
    actor = current_actor()
    context = {
        "title": _("Review of %(name)s") % {"name": known[review.subject_id].name},
        "review": review_view(review, private=True, released=exchange.released_at is not None),
        "exchange": exchange,
        "author": known[review.author_id],
        "subject": known[review.subject_id],
        "hidden_by": known[review.hidden_by].name if review.hidden_by is not None else "",
        "card": card_view(card) if card is not None else None,
        "former": await Edition.filter(of="review", target_id=review.id).order_by("-number"),
        "rating": await RatingsOfReviews().summary(review.subject_id),
        "involved": actor is not None and actor.id in (review.author_id, review.subject_id),
        "errors": faults or {},
        "reason": reason,
    }
    return await page(request, "feedback/admin_review.html", context, status=status)


async def _decide(request: web.Request, what: str, done: str) -> web.StreamResponse:
    row = await _review(request)
    parsed = await read_form(request, DecisionForm)
    if parsed.value is None:
        return await _drawn(request, row, parsed.errors, 422, parsed.raw.get("reason", ""))
    try:
        if what == "hide":
            await moderation.hide(row, parsed.value.reason, parsed.value.version)
        elif what == "restore":
            await moderation.restore(row, parsed.value.reason, parsed.value.version)
        else:
            await moderation.keep(row, parsed.value.version)
    except errors.Invalid as exc:
        return await _drawn(request, row, exc.errors, 422, parsed.value.reason)
    flash(request, done)
    return see_other(url("feedback.admin_review", review_id=row.id))


async def hide(request: web.Request) -> web.StreamResponse:
    return await _decide(request, "hide", _("Review hidden. The rating was counted anew."))


async def restore(request: web.Request) -> web.StreamResponse:
    return await _decide(request, "restore", _("Review restored. The rating was counted anew."))


async def keep(request: web.Request) -> web.StreamResponse:
    return await _decide(request, "keep", _("Report closed. The review stays."))
