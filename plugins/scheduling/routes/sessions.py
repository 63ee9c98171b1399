"""A person's sessions, and the one permanent page of each: before, during and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from kernel import (
    Money,
    Stop,
    _,
    bytes_answer,
    can,
    current_actor,
    current_locale,
    errors,
    flash,
    format_money,
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
from plugins.users.api import Interviewers, People

from .. import availability, history, ics, notifications, picker, policies, queries
from ..api import BookingInfo
from ..forms import BookingsQuery, CancelForm, HoldForm, PickerQuery
from ..models import Booking, InterviewType
from ..permissions import MANAGE, VIEW
from ..refusals import NotBookable, parse_start
from ..services import changes
from ..services.changes import RefundChanged
from ..states import PASSING, Status, badge
from ..viewing import view_of, zone_label, zone_options

_TABS = ("upcoming", "past", "cancelled")


async def show_mine(request: web.Request) -> web.StreamResponse:
    """Upcoming, past and cancelled sessions, as candidate and as interviewer."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    query = read_query(request, BookingsQuery).value or BookingsQuery()
    tab = query.tab if query.tab in _TABS else "upcoming"
    found = await queries.my_bookings(actor.id, tab, query.page)
    partners = [i.interviewer_id if i.candidate_id == actor.id else i.candidate_id for i in found.items]
    context = {
        "title": _("My sessions"),
        "tab": tab,
        "found": found,
        "me": actor.id,
        "pictures": await pictures_of(p for p in partners if p is not None),
        "badge": badge_of,
        "number": query.page,
        "prev": url_with("scheduling.bookings", {}, {"tab": tab, "page": query.page - 1}) if query.page > 1 else None,
        "next": url_with("scheduling.bookings", {}, {"tab": tab, "page": query.page + 1}) if found.more else None,
    }
    return await page(request, "scheduling/bookings.html", context)


async def pictures_of(ids: Any) -> dict[Any, str]:
    people = services.get(People)
    return await people.picture_urls(ids) if people is not None else {}


def badge_of(info: BookingInfo) -> tuple[str, str]:
    """Translated word and tone."""
    word, tone = badge(info.status, info.outcome)
    return _(word), tone


async def visible(booking_id: str) -> tuple[Booking, BookingInfo, str]:
    """The booking with the part that the actor has in it. NotFound for other people's, unless they may see all."""
    row = await get_or_404(Booking, booking_id)
    role = changes.role_in(row)
    if not role and can(VIEW):
        role = "admin"
    info = await queries.BOOKINGS.get(row.id)
    if not role or info is None:
        raise errors.NotFound()
    return row, info, role


async def show_booking(request: web.Request) -> web.StreamResponse:
    """The session's page. A hold leads to its form; one that came to nothing is told with 410."""
    row, info, role = await visible(request.match_info["id"])
    at = now()
    overdue = row.hold_until is not None and row.hold_until <= at
    if row.status in (Status.HELD, Status.EXPIRED) or (row.status == Status.PENDING and overdue):
        if role == "candidate":
            return see_other(url("scheduling.hold", id=row.id))
        raise errors.Gone(_("This booking was never completed. The time is free again."))
    if row.status == Status.PENDING and role == "interviewer":
        raise errors.NotFound()
    other = info.candidate_id if role == "interviewer" else info.interviewer_id
    card = await services.need(Interviewers).card(row.interviewer_id) if row.interviewer_id else None
    kind = await InterviewType.filter(id=row.type_id).first()
    context = {
        "title": info.type_title,
        "info": info,
        "booking": row,
        "role": role,
        "badge": badge_of(info),
        "partner": info.candidate_name if role == "interviewer" else info.interviewer_name,
        "picture": (await pictures_of([other])).get(other) if other else None,
        "card": card,
        "kind": kind,
        "zones": _zones(row, card.zone if card else row.candidate_zone),
        "rule": policies.sentences(row.policy) if row.price_minor else [],
        "upcoming": row.status == Status.ACCEPTED and row.starts_at > at,
        "may_cancel": not changes.why_not_cancelled(row, role, at)
        if role != "admin"
        else can(MANAGE) and not changes.why_not_cancelled(row, "admin", at),
        "may_move": role == "candidate" and not changes.why_not_moved(row, at),
        "live": is_on("live"),
        "history": await history.of(row),
        "payment_url": await _payment_url(row) if row.status == Status.PENDING and role == "candidate" else "",
        "refunded": Money(policies.refund_of(row), row.currency) if row.refund_percent else None,
    }
    return await page(request, "scheduling/booking.html", context)


def _zones(row: Booking, other: str) -> list[tuple[str, str]]:
    """(zone, label) of the candidate and, where clocks differ, of the interviewer."""
    from kernel import zones

    at = row.starts_at
    found = [(row.candidate_zone, zone_label(row.candidate_zone, at))]
    if zones.wall(at, other).utcoffset() != zones.wall(at, row.candidate_zone).utcoffset():
        found.append((other, zone_label(other, at)))
    return found


async def _payment_url(row: Booking) -> str:
    checkout = services.get("payments.Checkout")
    latest = await checkout.status("booking", row.id) if checkout is not None else None
    return str(latest.url) if latest is not None and latest.is_open else ""


async def calendar_file(request: web.Request) -> web.StreamResponse:
    """The session for the reader's own calendar; a cancelled one is taken out again."""
    row, info, _role = await visible(request.match_info["id"])
    if row.status in (*PASSING, Status.EXPIRED, Status.REJECTED):
        raise errors.Gone(_("This booking was never completed. The time is free again."))
    actor = current_actor()
    cancelled = row.status == Status.CANCELLED
    entry = await notifications.calendar_entry(info, actor.id, cancelled=cancelled) if actor else None
    if entry is None:
        raise errors.NotFound()
    return bytes_answer(ics.write(entry), ics.CONTENT_TYPE, "session.ics")


# --- cancelling ---------------------------------------------------------------------------------------------------


async def show_cancel(request: web.Request) -> web.StreamResponse:
    """What cancelling now means, to the cent, before anything happens."""
    row, info, role = await _party(request)
    if problem := changes.why_not_cancelled(row, role, now()):
        flash(request, problem, "info")
        return see_other(url("scheduling.booking", id=row.id))
    return await _draw_cancel(request, row, info, role, {}, {})


async def _party(request: web.Request) -> tuple[Booking, BookingInfo, str]:
    row, info, role = await visible(request.match_info["id"])
    if role not in ("candidate", "interviewer"):
        raise errors.NotFound()
    return row, info, role


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
    refund = changes.refund_now(row, role, now())
    partner = info.candidate_name if role == "interviewer" else info.interviewer_name
    context = {
        "title": _("Cancel session"),
        "info": info,
        "booking": row,
        "role": role,
        "partner": partner,
        "refund": refund,
        "refund_money": Money(refund.minor, row.currency),
        "effect": effect_of(info, role, refund.minor),
        "rule": policies.sentences(row.policy) if row.price_minor else [],
        "raw": raw,
        "errors": problems,
        "notice": notice,
        "action": url("scheduling.cancel_post", id=row.id),
        "reason_hint": _("{name} reads this.").format(name=partner or _("The other person")),
        "may_move": role == "candidate" and not changes.why_not_moved(row, now()),
    }
    return await page(request, "scheduling/cancel.html", context, status=status)


def effect_of(info: BookingInfo, role: str, refund: int) -> str:
    """Who gets what, in one sentence, before it happens."""
    price, back = Money(info.price_minor, info.currency), Money(refund, info.currency)
    words = {"price": format_money(price), "amount": format_money(back), "name": info.candidate_name}
    if not info.price_minor:
        return _("Nothing was charged for this session.")
    if role == "candidate":
        if refund == info.price_minor:
            return _("You get a full refund of {amount}.").format(**words)
        if refund:
            return _("You get {amount} of {price} back.").format(**words)
        return _("You get nothing back of the {price} you paid.").format(**words)
    if refund == info.price_minor:
        return _("{name} gets a full refund of {amount} and an email now.").format(**words)
    return _("{name} gets {amount} of {price} back and an email now.").format(**words)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Do what the page showed; when the refund changed since, show it again first."""
    row, info, role = await _party(request)
    parsed = await read_form(request, CancelForm)
    form = parsed.value
    if form is None:
        return await _draw_cancel(request, row, info, role, parsed.raw, parsed.errors, status=422)
    try:
        done = await changes.cancel(row.id, role, form.reason, percent=form.percent)
    except RefundChanged as exc:
        return await _draw_cancel(request, row, info, role, parsed.raw, {}, status=409, notice=exc.detail)
    flash(request, _("Session cancelled") if done.status == Status.CANCELLED else _("The time is free again"))
    if done.status != Status.CANCELLED:
        return see_other(url("scheduling.bookings"))
    return see_other(url("scheduling.booking", id=row.id))


# --- moving -------------------------------------------------------------------------------------------------------


async def show_reschedule(request: web.Request) -> web.StreamResponse:
    """Choose another time with the same interviewer."""
    row, info, role = await _party(request)
    problem = changes.why_not_moved(row, now()) if role == "candidate" else _("Only the candidate can move a session.")
    if problem:
        flash(request, problem, "info")
        return see_other(url("scheduling.booking", id=row.id))
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await _draw_move(request, row, info, query.model_dump())


async def _draw_move(
    request: web.Request,
    row: Booking,
    info: BookingInfo,
    query: Mapping[str, str],
    *,
    status: int = 200,
    refusal: errors.Problem | None = None,
) -> web.StreamResponse:
    kind = await get_or_404(InterviewType, row.type_id)
    card = await services.need(Interviewers).card(row.interviewer_id) if row.interviewer_id else None
    if card is None:
        raise errors.Gone(_("This interviewer cannot be booked any more. Cancel the session to get your money back."))
    kind.duration_minutes = info.duration_minutes
    view = view_of(request, query)
    question = availability.Question(kind, card.account_id, row.candidate_id, row.id)
    free = await availability.ask(question)
    starts = free.starts(free.at, free.at + timedelta(days=kind.window_days + 2))
    starts = [start for start in starts if start != row.starts_at]

    def link(values: Mapping[str, str]) -> str:
        return view.link("scheduling.reschedule", {"id": str(row.id)}, values)

    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    context = {
        "title": _("Move session"),
        "info": info,
        "booking": row,
        "card": card,
        "kind": kind,
        "zones": zone_options(view.zone),
        "view": view,
        "action": link({}),
        "clock_links": {c: link({"day": query.get("day", ""), "clock": c}) for c in ("12", "24")},
        "fields": {"tz": view.zone, "clock": view.asked.get("clock")},
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


async def reschedule(request: web.Request) -> web.StreamResponse:
    """Take the new time and free the old one, together or not at all."""
    row, info, role = await _party(request)
    if role != "candidate":
        raise errors.NotFound()
    parsed = await read_form(request, HoldForm)
    query = {"tz": parsed.raw.get("tz", ""), "clock": parsed.raw.get("clock", "")}
    try:
        if parsed.value is None:
            raise NotBookable("not_a_time")
        start = parse_start(parsed.value.start, view_of(request, parsed.raw).zone)
        await changes.reschedule(row.id, row.candidate_id, start)
    except (NotBookable, Stop) as exc:
        return await _draw_move(request, row, info, query, status=exc.status, refusal=exc)
    flash(request, _("Session moved. Both of you get a new calendar file."))
    return see_other(url("scheduling.booking", id=row.id))
