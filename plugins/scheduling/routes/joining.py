"""Where a personal link leads: before, during and after a session, always with the next thing to do."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from kernel import (
    current_actor,
    current_locale,
    errors,
    has_route,
    is_on,
    now,
    page,
    services,
    setting,
    speaking,
    url,
)

from .. import queries
from ..services import joining
from ..services.joining import Ticket
from ..viewing import zone_label


async def show(request: web.Request) -> web.StreamResponse:
    """The state of the session, for whoever holds the link. Opening it changes nothing, whoever opens it."""
    ticket = await joining.opened(request.match_info["token"])
    info = await queries.BOOKINGS.get(ticket.booking.id)
    if info is None:
        raise errors.NotFound()
    row, actor = ticket.booking, current_actor()
    state = joining.standing(ticket) or _phase(ticket)
    rooms = services.get("live.Sessions")
    live = await rooms.get(row.id) if rooms is not None and state == "open" else None
    context = {
        "title": info.type_title,
        "info": info,
        "booking": row,
        "ticket": ticket,
        "state": state,
        "opens_at": row.starts_at - timedelta(minutes=_minutes("live.opens_minutes_before", 15)),
        "zones": [(row.candidate_zone, zone_label(row.candidate_zone, row.starts_at))],
        "mine": actor is not None and actor.id == ticket.account_id,
        "somebody_else": actor is not None and ticket.account_id is not None and actor.id != ticket.account_id,
        "elsewhere": live is not None and ticket.account_id in live.here,
        "room": url("live.room", booking_id=row.id) if is_on("live") and has_route("live.room") else info.path,
        "guest_room": _guest_room(ticket, request.match_info["token"]),
        "action": "",
    }
    status = 410 if state in ("cancelled", "moved") else 200
    with speaking(current_locale(), row.candidate_zone):
        return await page(request, "scheduling/join.html", context, status=status)


def _guest_room(ticket: Ticket, token: str) -> str:
    """Where a guest goes in, when there are rooms."""
    there = not ticket.account_id and is_on("live") and has_route("live.guest_room")
    return url("live.guest_room", token=token) if there else ""


def _minutes(key: str, otherwise: int) -> int:
    return int(setting(key)) if is_on("live") else otherwise


def _phase(ticket: Ticket) -> str:
    """early, open or over, as the room keeps its doors."""
    row, at = ticket.booking, now()
    if at < row.starts_at - timedelta(minutes=_minutes("live.opens_minutes_before", 15)):
        return "early"
    return "open" if at < row.ends_at + timedelta(minutes=_minutes("live.closes_minutes_after", 30)) else "over"
