"""Cancelling and moving: what it leads to is shown first, and carried out only as it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from kernel import (
    Money,
    Stop,
    _,
    current_locale,
    errors,
    flash,
    format_datetime,
    format_money,
    get_or_404,
    ngettext,
    now,
    page,
    read_form,
    read_query,
    see_other,
    services,
    speaking,
    url,
)
from plugins.users.api import Interviewers

from .. import availability, picker, policies
from ..api import BookingInfo
from ..forms import CancelForm, MoveForm, PickerQuery
from ..models import Booking, InterviewType
from ..policies import Result
from ..refusals import NotBookable, parse_start
from ..services import cancelling, moving
from ..services.cancelling import REASONS, OutcomeChanged
from ..services.paying import PaysFirst
from ..states import PASSING, Status
from ..viewing import view_of, zone_options
from .sessions import visible


async def show_cancel(request: web.Request) -> web.StreamResponse:
    """What cancelling now means, to the cent, before anything happens."""
    row, info, role = await party(request)
    if problem := cancelling.why_not_cancelled(row, role, now()):
        flash(request, problem, "info")
        return see_other(url("scheduling.booking", id=row.id))
    return await _draw_cancel(request, row, info, role, {}, {})


async def party(request: web.Request) -> tuple[Booking, BookingInfo, str]:
    """The booking, for its candidate or interviewer only."""
    row, info, role = await visible(request.match_info["id"])
    if role not in ("candidate", "interviewer"):
        raise errors.NotFound()
    return row, info, role


def cancel_context(row: Booking, info: BookingInfo, role: str, raw: Mapping[str, str]) -> dict[str, Any]:
    """What the card of a cancellation shows, for pages with and without signing in."""
    found = cancelling.outlook(row, role, now())
    partner = info.candidate_name if role == "interviewer" else info.interviewer_name
    return {
        "info": info,
        "booking": row,
        "role": role,
        "partner": partner,
        "result": found.result,
        "seen": found.seal,
        "effects": effects(info, role, found.result),
        "until": until_words(found.result),
        "rule": policies.sentences(row.policy) if row.price_minor else [],
        "reasons": [(key, _(words)) for key, words in REASONS.items()],
        "raw": raw,
        "by_link": False,
        "keep": "",
        "may_propose": False,
        "reason_hint": _("{name} reads this.").format(name=partner or _("The other person")),
    }


async def _draw_cancel(
    request: web.Request,
    row: Booking,
    info: BookingInfo,
    role: str,
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    status: int = 200,
    notice: str = "",
) -> web.StreamResponse:
    context = cancel_context(row, info, role, raw) | {
        "title": _("Cancel session"),
        "errors": problems,
        "notice": notice,
        "action": url("scheduling.cancel_post", id=row.id),
        "may_move": role == "candidate" and not moving.why_not_moved(row, now()),
        "may_propose": role == "interviewer" and not moving.why_not_moved(row, now(), "interviewer"),
    }
    return await page(request, "scheduling/cancel.html", context, status=status)


def effects(info: BookingInfo, role: str, result: Result) -> list[tuple[str, str, str]]:
    """Who gets what and which strikes, before it happens: (icon, tone, words)."""
    price, back = Money(info.price_minor, info.currency), Money(result.refund_minor, info.currency)
    words = {
        "price": format_money(price), "amount": format_money(back), "name": info.candidate_name,
        "kept": format_money(Money(result.kept_minor, info.currency)),
    }  # fmt: skip
    mine = role == "candidate"
    if not info.price_minor:
        found = [("card", "ok", _("Nothing was charged for this session."))]
    elif result.refund_minor == info.price_minor:
        full = _("You get a full refund of {amount}.") if mine else _("{name} gets a full refund of {amount}.")
        found = [("card", "ok", full.format(**words))]
    elif result.refund_minor:
        part = _("You get {amount} of {price} back.") if mine else _("{name} gets {amount} of {price} back.")
        found = [("card", "warn", part.format(**words))]
    else:
        none = _("You get nothing back of the {price} you paid.") if mine else _("{name} gets nothing back of {price}.")
        found = [("card", "warn", none.format(**words))]
    if result.kept_minor and info.price_minor:
        keeps = _("{kept} stays with the interviewer, less commission.")
        found.append(("user", "", keeps.format(**words)))
    found += [("alert", "warn", strike_words(mark.role, role, mark.points)) for mark in result.marks]
    other = _("Both of you get an email now.") if role != "admin" else _("Both people get an email now.")
    return [*found, ("mail", "", other)]


def strike_words(who: str, reader: str, points: int) -> str:
    """A strike, as its reader is told."""
    if who == reader:
        said = ngettext("You get %(n)s strike.", "You get %(n)s strikes.", points)
    elif who == "candidate":
        said = ngettext("The candidate gets %(n)s strike.", "The candidate gets %(n)s strikes.", points)
    else:
        said = ngettext("The interviewer gets %(n)s strike.", "The interviewer gets %(n)s strikes.", points)
    return said % {"n": points}


def until_words(result: Result) -> str:
    """Until when this result holds."""
    return _("This holds until {when}.").format(when=format_datetime(result.until)) if result.until else ""


async def cancel(request: web.Request) -> web.StreamResponse:
    """Do what the page showed; when the result changed since, show it again first."""
    row, info, role = await party(request)
    parsed = await read_form(request, CancelForm)
    form = parsed.value
    if form is None:
        return await _draw_cancel(request, row, info, role, parsed.raw, parsed.errors, status=422)
    if row.status == Status.ACCEPTED and not form.reason and form.code not in REASONS:
        problems = {"code": _("Choose a reason")}
        return await _draw_cancel(request, row, info, role, parsed.raw, problems, status=422)
    try:
        done = await cancelling.cancel(row.id, role, form.reason, code=form.code, seen=form.seen)
    except OutcomeChanged as exc:
        row, info, role = await party(request)
        return await _draw_cancel(request, row, info, role, parsed.raw, {}, status=409, notice=exc.detail)
    flash(request, _("Session cancelled") if done.status == Status.CANCELLED else _("The time is free again"))
    if done.status != Status.CANCELLED:
        return see_other(url("scheduling.bookings"))
    return see_other(url("scheduling.booking", id=row.id))


# --- moving -------------------------------------------------------------------------------------------------------


async def show_reschedule(request: web.Request) -> web.StreamResponse:
    """Choose another time with the same interviewer."""
    row, info, role = await party(request)
    if role != "candidate":
        return see_other(url("scheduling.propose", id=row.id))
    if problem := moving.why_not_moved(row, now()):
        flash(request, problem, "info")
        return see_other(url("scheduling.booking", id=row.id))
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await draw_move(request, row, info, query.model_dump())


async def draw_move(
    request: web.Request,
    row: Booking,
    info: BookingInfo,
    query: Mapping[str, str],
    *,
    status: int = 200,
    refusal: errors.Problem | None = None,
    token: str = "",
) -> web.StreamResponse:
    """The picker for a new time; with `token` for somebody who came by a mailed link."""
    kind = await get_or_404(InterviewType, row.type_id)
    card = await services.need(Interviewers).card(row.interviewer_id) if row.interviewer_id else None
    if card is None:
        raise errors.Gone(_("This interviewer cannot be booked any more. Cancel the session to get your money back."))
    price = moving.price_as_booked(row, kind, card)
    kind.duration_minutes = info.duration_minutes
    view = view_of(request, query)
    free = await availability.ask(availability.Question(kind, card.account_id, row.candidate_id, row.id))
    found = moving.outlook(row, "candidate", now(), price=price)
    far = timedelta(days=policies.terms_of(row.policy).furthest_days)
    starts = free.starts(free.at, free.at + timedelta(days=kind.window_days + 2))
    starts = [start for start in starts if start != row.starts_at and abs(start - row.starts_at) <= far]
    name, where = (
        ("scheduling.link_move", {"token": token}) if token else ("scheduling.reschedule", {"id": str(row.id)})
    )

    def link(values: Mapping[str, str]) -> str:
        return view.link(name, where, values)

    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    action = url("scheduling.link_post", token=token) if token else link({})
    fields = {"tz": view.zone, "clock": view.asked.get("clock"), "seen": found.seal}
    context = {
        "title": _("Move session"),
        "info": info,
        "booking": row,
        "card": card,
        "kind": kind,
        "left": found.result.moves_left,
        "price_words": price_words(row, found.result),
        "zones": zone_options(view.zone),
        "view": view,
        "action": action,
        "here": link({}),
        "back": url("scheduling.link", token=token) if token else info.path,
        "clock_links": {c: link({"day": query.get("day", ""), "clock": c}) for c in ("12", "24")},
        "fields": fields | ({"act": "move"} if token else {}),
        "tz_fields": {k: v for k, v in {"clock": view.asked.get("clock")}.items() if v},
        "refusal": refusal.detail if refusal else "",
        "refusal_title": refusal.title if refusal else "",
        "nearest": picker.nearest_slots(nearest, view.zone, view.hour12),
        "selected": None,
        "method": "post",
        "go": _("Move to this time"),
        "p": picker.build(
            starts, link, zone=view.zone, hour12=view.hour12, day=query.get("day", ""), month=query.get("month", "")
        ),
    }
    with speaking(current_locale(), view.zone):
        return await page(request, "scheduling/reschedule.html", context, status=status)


def price_words(row: Booking, result: Result) -> str:
    """What the new time does to the price, before it is chosen."""
    if result.charge_minor:
        more = format_money(Money(result.charge_minor, row.currency))
        return _("The price is higher now: moving costs {amount}. Your present time stays until that is paid.").format(
            amount=more
        )
    if result.refund_minor:
        back = format_money(Money(result.refund_minor, row.currency))
        return _("The price is lower now: you get {amount} back.").format(amount=back)
    return _("The price stays as it is")


async def reschedule(request: web.Request) -> web.StreamResponse:
    """Take the new time and free the old one, together or not at all."""
    row, info, role = await party(request)
    if role != "candidate":
        raise errors.NotFound()
    parsed = await read_form(request, MoveForm)
    query = {"tz": parsed.raw.get("tz", ""), "clock": parsed.raw.get("clock", "")}
    try:
        if parsed.value is None:
            raise NotBookable("not_a_time")
        start = parse_start(parsed.value.start, view_of(request, parsed.raw).zone)
        await moving.reschedule(row.id, row.candidate_id, start, seen=parsed.value.seen)
    except PaysFirst as exc:
        return see_other(exc.url)
    except (NotBookable, Stop, errors.Invalid) as exc:
        return await draw_move(request, row, info, query, status=exc.status, refusal=exc)
    flash(request, _("Session moved. Both of you get a new calendar file."))
    return see_other(url("scheduling.booking", id=row.id))


__all__ = [
    "PASSING", "cancel", "cancel_context", "draw_move", "effects", "party", "reschedule", "show_cancel",
    "show_reschedule", "strike_words", "until_words",
]  # fmt: skip
