"""Booking: choose a time, which is then held; fill in the form; pay, or be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_actor,
    current_locale,
    current_zone,
    errors,
    flash,
    get_or_404,
    is_on,
    now,
    page,
    read_form,
    read_query,
    see_other,
    services,
    speaking,
    url,
    url_with,
)
from plugins.users.api import InterviewerCard, Interviewers

from .. import availability, picker, policies, queries
from ..forms import ConfirmForm, HoldForm, PickerQuery
from ..models import Booking, InterviewType
from ..pricing import price_of
from ..refusals import NotBookable, parse_start
from ..services import booking as booking_service
from ..services import changes
from ..states import PASSING, Status
from ..viewing import View, view_of, zone_label, zone_options

Pair = tuple[InterviewerCard, InterviewType]


async def _pair(request: web.Request) -> Pair:
    found = await queries.bookable(request.match_info["interviewer"], request.match_info["type"])
    if found is None:
        raise errors.NotFound(_("This interview is not offered any more. Look for another interviewer."))
    return found


async def show_picker(request: web.Request) -> web.StreamResponse:
    """What it is, the month, the times of a day; public."""
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await _draw(request, await _pair(request), view_of(request), query.model_dump())


async def _draw(
    request: web.Request,
    pair: Pair,
    view: View,
    query: Mapping[str, str],
    *,
    status: int = 200,
    refusal: errors.Problem | None = None,
) -> web.StreamResponse:
    card, kind = pair
    where = {"interviewer": card.slug, "type": kind.slug}
    actor = current_actor()
    question = availability.Question(kind, card.account_id, actor.id if actor else None)
    free = await availability.ask(question)
    starts = free.starts(free.at, free.at + timedelta(days=kind.window_days + 2)) if card.accepting else []
    selected = _selected(query.get("start", ""), view.zone)

    def link(values: Mapping[str, str]) -> str:
        return view.link("scheduling.book", where, values)

    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    context: dict[str, Any] = {
        "title": kind.title,
        "card": card,
        "kind": kind,
        "price": price_of(kind, card),
        "rule": policies.short(policies.snapshot(kind.policy)),
        "rating": (await queries.ratings([card.account_id])).get(card.account_id),
        "zones": zone_options(view.zone),
        "view": view,
        "action": link({}),
        "back": url("scheduling.profile", slug=card.slug),
        "clock_links": {c: link({**_place(query), "clock": c}) for c in ("12", "24")},
        "fields": {"tz": view.zone, "clock": view.asked.get("clock")},
        "tz_fields": {k: v for k, v in {"clock": view.asked.get("clock")}.items() if v},
        "selected": picker.value_of(selected) if selected in starts else None,
        "refusal": refusal.detail if refusal else "",
        "refusal_title": refusal.title if refusal else "",
        "nearest": picker.nearest_slots(nearest, view.zone, view.hour12),
        "method": "post",
        "go": _("Continue"),
        "live": is_on("live"),
        "p": picker.build(
            starts, link, zone=view.zone, hour12=view.hour12, day=query.get("day", ""), month=query.get("month", ""),
            selected=selected,
        ),
    }  # fmt: skip
    with speaking(current_locale(), view.zone):
        return await page(request, "scheduling/book.html", context, status=status)


def _place(query: Mapping[str, str]) -> dict[str, str]:
    return {k: query.get(k, "") for k in ("day", "month")}


def _selected(text: str, zone: str) -> datetime | None:
    try:
        return parse_start(text, zone) if text else None
    except NotBookable:
        return None


async def hold_time(request: web.Request) -> web.StreamResponse:
    """Take the chosen time. Whoever is not signed in comes back to it after signing in."""
    pair = await _pair(request)
    parsed = await read_form(request, HoldForm)
    view = view_of(request, parsed.raw)
    typed = parsed.raw.get("start", "")
    actor = current_actor()
    try:
        if parsed.value is None:
            raise NotBookable("not_a_time")
        start = parse_start(parsed.value.start, view.zone)
        if actor is None:
            where = {"interviewer": pair[0].slug, "type": pair[1].slug}
            back = view.link("scheduling.book", where, {"start": picker.value_of(start)})
            return see_other(url_with("kernel.sign_in", {}, {"next": back}))
        booking = await booking_service.hold(booking_service.Wish(pair[1], pair[0], actor.id, start, view.zone))
    except (NotBookable, Stop) as exc:
        return await _draw(request, pair, view, {"start": typed}, status=exc.status, refusal=exc)
    if booking.status not in PASSING:
        flash(request, _("You have booked this time already."), "info")
        return see_other(url("scheduling.booking", id=booking.id))
    return see_other(url("scheduling.hold", id=booking.id))


# --- the form, while the time is held -----------------------------------------------------------------------------


async def _mine(request: web.Request) -> Booking:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return await get_or_404(Booking, request.match_info["id"], candidate_id=actor.id, kind="human")


async def show_hold(request: web.Request) -> web.StreamResponse:
    """The form with the countdown. A hold that ran out is told with 410; one that stands leads to its page."""
    booking = await _mine(request)
    if booking.status not in (*PASSING, Status.EXPIRED):
        return see_other(url("scheduling.booking", id=booking.id))
    return await _form(request, booking, {"goal": str(booking.intake.get("goal", ""))}, {})


async def _form(
    request: web.Request,
    booking: Booking,
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    status: int | None = None,
    refusal: errors.Problem | None = None,
) -> web.StreamResponse:
    card = await services.need(Interviewers).card(booking.interviewer_id) if booking.interviewer_id else None
    kind = await InterviewType.filter(id=booking.type_id).first()
    if card is None or kind is None:
        raise errors.Gone(_("This interviewer cannot be booked any more. Look for another one."))
    lapsed = booking.status == Status.EXPIRED or (booking.hold_until is not None and booking.hold_until <= now())
    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    zone = booking.candidate_zone
    context: dict[str, Any] = {
        "title": _("Confirm your session"),
        "booking": booking,
        "card": card,
        "kind": kind,
        "lapsed": lapsed,
        "reason": await _why_lapsed(booking) if lapsed else "",
        "pays": booking.price_minor > 0 and services.get("payments.Checkout") is not None,
        "rule": policies.sentences(booking.policy),
        "raw": raw,
        "errors": problems,
        "refusal": refusal.detail if refusal else "",
        "refusal_title": refusal.title if refusal else "",
        "nearest": picker.nearest_slots(nearest, zone, None),
        "zones": _both_zones(booking, card.zone),
        "again": url_with(
            "scheduling.book", {"interviewer": card.slug, "type": kind.slug},
            {"tz": zone if zone != current_zone() else None, "day": None},
        ),
    }  # fmt: skip
    with speaking(current_locale(), zone):
        return await page(request, "scheduling/hold.html", context, status=status or (410 if lapsed else 200))


def _both_zones(booking: Booking, other: str) -> list[tuple[str, str, bool]]:
    """(zone, label, theirs) for the candidate, and for the interviewer where clocks differ."""
    at = booking.starts_at
    found = [(booking.candidate_zone, zone_label(booking.candidate_zone, at), False)]
    from kernel import zones

    if zones.wall(at, other).utcoffset() != zones.wall(at, booking.candidate_zone).utcoffset():
        found.append((other, zone_label(other, at), True))
    return found


async def _why_lapsed(booking: Booking) -> str:
    last = await booking_history_reason(booking.id)
    if last == "payment":
        return _("The payment did not go through, so the time is free again. Nothing was charged.")
    if last == "released":
        return _("You let go of this time.")
    if last == "replaced":
        return _("You chose another time with this interviewer instead.")
    return _("The time was held for you for a while and is free again now. If nobody took it, you can still book it.")


async def booking_history_reason(booking_id: UUID) -> str:
    """Why a booking came to its last state."""
    from ..models import BookingChange

    last = await BookingChange.filter(booking_id=booking_id).order_by("-at", "-id").first()
    return last.reason if last is not None else ""


async def confirm(request: web.Request) -> web.StreamResponse:
    """The form is sent: on to the payment, or to the session's page."""
    booking = await _mine(request)
    parsed = await read_form(request, ConfirmForm)
    if parsed.value is None:
        return await _form(request, booking, parsed.raw, parsed.errors, status=422)
    try:
        start = parse_start(parsed.value.start, booking.candidate_zone) if parsed.value.start else None
        intake = {"goal": parsed.value.goal}
        done, where = await booking_service.confirm(booking.id, booking.candidate_id, intake, start=start)
    except (NotBookable, Stop) as exc:
        booking = await _mine(request)
        return await _form(request, booking, parsed.raw, {}, status=exc.status, refusal=exc)
    if done.status == Status.ACCEPTED:
        flash(request, _("Session booked"))
    return see_other(where)


async def release(request: web.Request) -> web.StreamResponse:
    """Let go of a held time."""
    booking = await _mine(request)
    if booking.status in PASSING:
        await changes.cancel(booking.id, "candidate", "released")
        flash(request, _("The time is free again"), "info")
    card = await services.need(Interviewers).card(booking.interviewer_id) if booking.interviewer_id else None
    kind = await InterviewType.filter(id=booking.type_id).first()
    if card is None or kind is None:
        return see_other(url("scheduling.directory"))
    return see_other(url("scheduling.book", interviewer=card.slug, type=kind.slug))
