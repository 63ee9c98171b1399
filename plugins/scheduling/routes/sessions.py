"""A person's sessions, and the one permanent page of each: before, during and after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from kernel import (
    Money,
    _,
    bytes_answer,
    can,
    current_actor,
    errors,
    file_answer,
    get_or_404,
    is_on,
    now,
    page,
    read_query,
    see_other,
    services,
    url,
    url_with,
)
from plugins.users.api import Interviewers, People

from .. import history, ics, intake, notifications, policies, queries
from ..api import BookingInfo
from ..forms import BookingsQuery
from ..models import Ask, Booking, InterviewType, Proposal
from ..permissions import MANAGE, VIEW
from ..picker import value_of
from ..services import cancelling, changes, moving, proposals, requests, strikes
from ..states import PASSING, Status, badge
from ..viewing import zone_label

_TABS = ("upcoming", "past", "cancelled")


async def show_mine(request: web.Request) -> web.StreamResponse:
    """Upcoming, past and cancelled sessions, as candidate and as interviewer."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    query = read_query(request, BookingsQuery).value or BookingsQuery()
    tab = query.tab if query.tab in _TABS else "upcoming"
    found = await queries.my_bookings(actor.id, tab, query.page)
    partners = [i.interviewer_id if i.candidate_id == actor.id else i.candidate_id for i in found.items if not i.alias]
    context = {
        "title": _("My sessions"),
        "tab": tab,
        "found": found,
        "me": actor.id,
        "asked": await queries.asked_of(actor.id) if tab == "upcoming" and query.page == 1 else [],
        "strikes": await strikes.standing(actor.id),
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
    role = changes.role_in(row) or await _asked(row)
    if not role and can(VIEW):
        role = "admin"
    info = await queries.BOOKINGS.get(row.id)
    if not role or info is None:
        raise errors.NotFound()
    return row, info, role


async def _asked(row: Booking) -> str:
    """`asked` for an interviewer to whom the request went and who has not turned it down."""
    actor = current_actor()
    if actor is None or row.status != Status.REQUESTED:
        return ""
    found = await requests.ask_of(row.id, actor.id)
    return "asked" if found is not None and found.state == "asked" else ""


async def show_booking(request: web.Request) -> web.StreamResponse:
    """The session's page. A hold leads to its form; one that came to nothing is told with 410."""
    row, info, role = await visible(request.match_info["id"])
    at = now()
    overdue = row.hold_until is not None and row.hold_until <= at
    if role == "interviewer" and row.status == Status.REQUESTED:
        role = await _asked(row) or role
    if row.status in (Status.HELD, Status.EXPIRED) or (row.status in PASSING and overdue):
        if role == "candidate":
            return see_other(url("scheduling.hold", id=row.id))
        raise errors.Gone(_("This booking was never completed. The time is free again."))
    if row.status == Status.PENDING and role == "interviewer":
        raise errors.NotFound()
    return await page(request, "scheduling/booking.html", await _context(row, info, role, at))


async def _context(row: Booking, info: BookingInfo, role: str, at: datetime) -> dict[str, Any]:
    from . import preparing

    other = info.candidate_id if role in ("interviewer", "asked") else info.interviewer_id
    hidden = bool(row.alias) and other == info.candidate_id
    people = services.need(Interviewers)
    card = await people.card(row.interviewer_id) if row.interviewer_id else None
    found = await proposals.open_proposal(row.id) if row.status == Status.ACCEPTED else None
    upcoming = row.status == Status.ACCEPTED and row.starts_at > at
    return {
        "title": info.type_title,
        "info": info,
        "booking": row,
        "role": role,
        "badge": badge_of(info),
        "partner": info.candidate_name if role in ("interviewer", "asked") else info.interviewer_name,
        "picture": None if hidden or other is None else (await pictures_of([other])).get(other),
        "card": card,
        "second": await people.card(row.second_id) if row.second_id else None,
        "kind": await InterviewType.filter(id=row.type_id).first(),
        "zones": _zones(row, card.zone if card else row.candidate_zone),
        "rule": [*policies.sentences(row.policy), *policies.rules(row.policy)[:1]] if row.price_minor else [],
        "upcoming": upcoming,
        "may_cancel": not cancelling.why_not_cancelled(row, role, at)
        if role in ("candidate", "interviewer")
        else role == "admin" and can(MANAGE) and not cancelling.why_not_cancelled(row, "admin", at),
        "may_move": role == "candidate" and not moving.why_not_moved(row, at),
        "may_propose": role == "interviewer" and upcoming and not moving.why_not_moved(row, at, "interviewer"),
        "live": is_on("live"),
        "history": await history.of(row),
        "prep": await preparing.prepared(row, role, at),
        "late_ones": await preparing.late_ones(row) if row.status == Status.ACCEPTED else {},
        "pays": row.status == Status.PENDING and role == "candidate" and not await _paid(row),
        "refunded": Money(policies.refund_of(row), row.currency) if row.refund_percent else None,
        "answers": intake.shown(row.intake),
        "asks": await asks_of(row) if row.status == Status.REQUESTED and role in ("candidate", "admin") else [],
        "proposal": await proposal_view(row, found, role) if found is not None else None,
        "nearest": [],
    }


async def _paid(row: Booking) -> bool:
    """The money is there, and the booking is about to be told."""
    checkout = services.get("payments.Checkout")
    latest = await checkout.status("booking", row.id) if checkout is not None else None
    return latest is not None and latest.is_paid


async def asks_of(row: Booking) -> list[tuple[Any, Ask]]:
    """The interviewers who were asked, with their answers."""
    asks = await Ask.filter(booking_id=row.id).order_by("at")
    cards = await services.need(Interviewers).cards([a.interviewer_id for a in asks])
    return [(cards[a.interviewer_id], a) for a in asks if a.interviewer_id in cards]


async def proposal_view(row: Booking, found: Proposal, role: str) -> dict[str, Any]:
    """What is proposed, for its page part: times as instants, or the colleague's card."""
    card = await services.need(Interviewers).card(found.substitute_id) if found.substitute_id else None
    return {
        "row": found,
        "times": [(value_of(at), at) for at in map(datetime.fromisoformat, found.times) if at > now()],
        "card": card,
        "mine": role == "interviewer",
        "money": Money(row.price_minor, row.currency),
    }


async def intake_file(request: web.Request) -> web.StreamResponse:
    """A file of the form, for the people of the session; as a download, never shown in place."""
    row, _info, _role = await visible(request.match_info["id"])
    return await file_answer(request, await intake.file_of(row.intake, request.match_info["file"]))


def _zones(row: Booking, other: str) -> list[tuple[str, str]]:
    """(zone, label) of the candidate and, where clocks differ, of the interviewer."""
    from kernel import zones

    at = row.starts_at
    found = [(row.candidate_zone, zone_label(row.candidate_zone, at))]
    if zones.wall(at, other).utcoffset() != zones.wall(at, row.candidate_zone).utcoffset():
        found.append((other, zone_label(other, at)))
    return found


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
