"""Asking interviewers to begin at once, and their answers to requests."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from kernel import (
    Money,
    Stop,
    _,
    current_actor,
    errors,
    flash,
    get_or_404,
    page,
    read_form,
    see_other,
    url,
)

from ..forms import NowForm, RequestAnswerForm
from ..models import InterviewType
from ..pricing import price_of
from ..refusals import NotBookable
from ..services import requests
from ..services.parties import me
from ..states import Status
from .sessions import visible


async def show_now(request: web.Request) -> web.StreamResponse:
    """Types that can begin at once, with how many interviewers are available at this moment."""
    return await _draw(request)


async def _draw(request: web.Request, refusal: str = "", status: int = 200) -> web.StreamResponse:
    actor = current_actor()
    entries: list[dict[str, Any]] = []
    for kind in await InterviewType.filter(active=True, kind="human", now_allowed=True).order_by("position"):
        cards = await requests.available_now(kind, actor.id if actor else None, requests.soon())
        prices = sorted(price_of(kind, card).minor for card in cards)
        entries.append(
            {
                "kind": kind, "cards": cards,
                "low": Money(prices[0], kind.currency) if prices else None,
                "high": Money(prices[-1], kind.currency) if prices else None,
            }
        )  # fmt: skip
    context = {"title": _("Begin now"), "entries": entries, "refusal": refusal}
    return await page(request, "scheduling/now.html", context, status=status)


async def begin(request: web.Request) -> web.StreamResponse:
    """Ask whoever is available; the first to accept holds the session."""
    parsed = await read_form(request, NowForm)
    if parsed.value is None:
        return await _draw(request, _("Choose what you want to practise."), 422)
    kind = await get_or_404(InterviewType, parsed.value.type, kind="human")
    try:
        booking = await requests.ask_now(kind, me())
    except (NotBookable, Stop) as exc:
        return await _draw(request, exc.detail, exc.status)
    return see_other(url("scheduling.booking", id=booking.id))


async def answer(request: web.Request) -> web.StreamResponse:
    """An interviewer takes a requested session or turns it down."""
    row, _info, role = await visible(request.match_info["id"])
    found = await requests.ask_of(row.id, me())
    if found is None or role == "candidate":
        raise errors.NotFound()
    parsed = await read_form(request, RequestAnswerForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    try:
        if parsed.value.act == "decline":
            await requests.decline_request(row.id, me(), parsed.value.reason)
            flash(request, _("You turned the request down"), "info")
            return see_other(url("scheduling.bookings"))
        done = await requests.accept_request(row.id, me())
    except errors.Conflict as exc:
        flash(request, exc.detail, "warn")
        return see_other(url("scheduling.bookings"))
    if done.status == Status.PENDING:
        flash(request, _("You accepted. The session stands as soon as it is paid."))
        return see_other(url("scheduling.bookings"))
    flash(request, _("You accepted. The session is booked."))
    return see_other(url("scheduling.booking", id=row.id))
