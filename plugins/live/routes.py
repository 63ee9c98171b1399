"""Pages of the rooms. The room itself talks over its socket (sockets.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from aiohttp import web

from kernel import (
    Route,
    _,
    allow_devices,
    errors,
    flash,
    get_or_404,
    is_on,
    json_answer,
    new_id,
    now,
    page,
    read_form,
    read_query,
    see_other,
    setting,
    unit_of_work,
    url,
)

from . import queries, services, tickets
from .access import Seat, guest_seat, must_be_open, seat_of, why_not
from .ai import bank, practice, practice_report
from .forms import Active, BankFilter, Enter, Turn, Uninvite
from .hub.wire import MAX_CHAT, MAX_NOTE
from .models import Question
from .permissions import JOIN, MANAGE_QUESTIONS
from .sockets import ENGINE, guest_socket, socket
from .states.session import Kind, Role
from .tools import chat, clockwork
from .tools.timer import epoch_ms

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def booking_path(seat: Seat) -> str:
    """The permanent page of the booking, which is scheduling's."""
    return seat.booking.path


async def room(request: web.Request) -> web.StreamResponse:
    """Device check and room in one page, so that joining keeps camera, microphone and the click that allows sound."""
    seat = await seat_of(request.match_info["booking_id"])
    if seat.kind is Kind.AI:
        return see_other(url("live.practice_room", booking_id=str(seat.booking.id)))
    where = {"booking_id": str(seat.booking.id)}
    return await _draw_room(request, seat, {name: url(f"live.{name}", **where) for name in _PLACES})


async def guest_room(request: web.Request) -> web.StreamResponse:
    """The same for a guest or observer who came by a personal link."""
    seat, token = await guest_seat(request.match_info["token"]), request.match_info["token"]
    places = {name: url(f"live.guest_{name}", token=token) for name in ("room", "check", "ticket")}
    places |= {"socket": url("live.guest_socket", booking_id=str(seat.booking.id)), "end": ""}
    return await _draw_room(request, seat, places)


_PLACES = ("room", "check", "ticket", "socket", "end")


async def _draw_room(request: web.Request, seat: Seat, places: dict[str, str]) -> web.StreamResponse:
    if seat.standing not in ("open", "early"):
        return await _closed(request, seat)
    allow_devices(request)
    return await page(
        request,
        "live/room.html",
        {
            **_common(seat),
            "places": places,
            "early": seat.standing == "early",
            "may_share": is_on("live.screen_share") and seat.sends,
            "may_write": seat.role is not Role.OBSERVER or setting("live.observers_write"),
            "pictures": await queries.pictures(seat),
            "max_note": MAX_NOTE,
        },
    )


def _common(seat: Seat) -> dict[str, Any]:
    guest = bool(seat.person.email)
    return {
        "seat": seat,
        "booking": seat.booking,
        "booking_href": "" if guest else booking_path(seat),
        "guest": guest,
        "interviewing": seat.role is Role.INTERVIEWER,
        "partner": seat.partner,
        "max_chat": MAX_CHAT,
        "clock": epoch_ms(now()),
    }


async def _closed(request: web.Request, seat: Seat) -> web.StreamResponse:
    """Why one cannot go in, and what to do next."""
    status = 410 if seat.standing in ("cancelled", "moved") else 200
    state = queries.STATES.get(seat.session.state) if seat.session is not None else None
    context = {**_common(seat), "standing": seat.standing, "why": why_not(seat.standing), "state": state}
    return await page(request, "live/closed.html", context, status=status)


async def check(request: web.Request) -> web.StreamResponse:
    """For the device check: how far away we are, whether the room is open, who is there, how to reach a relay."""
    return await _check(request, await seat_of(request.match_info["booking_id"]))


async def guest_check(request: web.Request) -> web.StreamResponse:
    return await _check(request, await guest_seat(request.match_info["token"]))


async def _check(request: web.Request, seat: Seat) -> web.StreamResponse:
    is_open = seat.standing == "open"
    media = queries.media_of(ENGINE, seat) if is_open and seat.kind is Kind.HUMAN else {}
    tab = request.query.get("tab", "")[:40]
    return json_answer(
        {
            "clock": epoch_ms(now()),
            "standing": seat.standing,
            "partner_here": await queries.partner_here(seat),
            "elsewhere": seat.session is not None and await services.elsewhere(seat.session.id, seat.person.id, tab),
            "ice": media.get("ice", []),
        }
    )


async def ticket(request: web.Request) -> web.StreamResponse:
    """A one-time ticket for the socket."""
    return await _ticket(request, await seat_of(request.match_info["booking_id"]))


async def guest_ticket(request: web.Request) -> web.StreamResponse:
    return await _ticket(request, await guest_seat(request.match_info["token"]))


async def _ticket(request: web.Request, seat: Seat) -> web.StreamResponse:
    parsed = await read_form(request, Enter)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    must_be_open(seat)
    session = await services.opened(seat.booking)
    await services.may_enter(session, seat, parsed.value.tab, move=parsed.value.move)
    if seat.person.email:
        await services.greet(session, seat, parsed.value.name)
    return json_answer({"ticket": await tickets.issue(session.id, seat, parsed.value.tab)})


async def uninvite(request: web.Request) -> web.StreamResponse:
    """Take a guest's invitation back, before the session or while it runs."""
    seat = await seat_of(request.match_info["booking_id"])
    parsed = await read_form(request, Uninvite)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    if await services.remove(seat, parsed.value.email):
        flash(request, _("The invitation was taken back. The link does not lead into the room any more."))
    return see_other(booking_path(seat))


async def end(request: web.Request) -> web.StreamResponse:
    """End the session for everybody; also works when the socket does not."""
    seat = await seat_of(request.match_info["booking_id"])
    try:
        await services.end(seat)
    except errors.Conflict:
        flash(request, _("The session has not begun, so there is nothing to end. You can simply leave."), "warn")
    back = "live.practice_room" if seat.kind is Kind.AI else "live.room"
    return see_other(url(back, booking_id=str(seat.booking.id)))


async def practice_room(request: web.Request) -> web.StreamResponse:
    """The practice room, drawn with everything said so far; script only makes it quicker."""
    seat = await seat_of(request.match_info["booking_id"])
    if seat.kind is not Kind.AI:
        raise errors.NotFound
    if seat.standing == "over" and seat.session is not None:
        return await _report(request, seat)
    if seat.standing != "open":
        return await _closed(request, seat)
    standing = await practice.standing(seat.session.id) if seat.session is not None else None
    if standing is None or seat.session is None:
        return await page(request, "live/practice_start.html", _common(seat))
    context = {
        **_common(seat),
        "standing": standing,
        "messages": await chat.history(seat.session.id),
        "timer": (await clockwork.load(seat.session)).wire(now()),
        "topics": bank.TOPICS,
        "levels": bank.LEVELS,
        "cid": new_id().hex,
    }
    return await page(request, "live/practice.html", context)


async def _report(request: web.Request, seat: Seat) -> web.StreamResponse:
    report = await practice_report.of_booking(seat.booking.id)
    if report is None:
        return await _closed(request, seat)
    context = {**_common(seat), "report": report, "reason": queries.reason_text, "topics": bank.TOPICS}
    return await page(request, "live/practice_report.html", context)


async def practice_begin(request: web.Request) -> web.StreamResponse:
    seat = await seat_of(request.match_info["booking_id"])
    await practice.begin(seat)
    return see_other(url("live.practice_room", booking_id=str(seat.booking.id)))


async def practice_turn(request: web.Request) -> web.StreamResponse:
    """An answer or a button, sent as a form."""
    seat = await seat_of(request.match_info["booking_id"])
    parsed = await read_form(request, Turn)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    await practice.act(seat, parsed.value.do, parsed.value.text, parsed.value.cid)
    return see_other(url("live.practice_room", booking_id=str(seat.booking.id)) + "#answer")


async def questions(request: web.Request) -> web.StreamResponse:
    """The question bank of practice sessions."""
    wanted = read_query(request, BankFilter).value or BankFilter()
    context = {
        "rows": await queries.question_rows(wanted.topic, wanted.q),
        "topics": bank.TOPICS,
        "topic_options": [("", _("All topics")), *((key, _(words[0])) for key, words in bank.TOPICS.items())],
        "levels": bank.LEVELS,
        "wanted": wanted,
    }
    return await page(request, "live/questions.html", context)


async def question_active(request: web.Request) -> web.StreamResponse:
    """Take a question out of new sessions, or put it back."""
    question = await get_or_404(Question, request.match_info["question_id"])
    parsed = await read_form(request, Active)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    async with unit_of_work():
        question.active = parsed.value.on == "on"
        await question.save(update_fields=["active"])
    said = _("The question is asked again") if question.active else _("The question is not asked any more")
    flash(request, said)
    return see_other(url("live.questions"))


_ROOM = "/rooms/{booking_id}"
_PRACTICE = "/practice-room/{booking_id}"


def _room(method: Literal["GET", "POST"], path: str, handler: Handler, name: str, rate: str | None = None) -> Route:
    return Route(method=method, path=_ROOM + path, handler=handler, name=name, permission=JOIN, rate=rate)


_BY_LINK = "a guest comes by a link and has no API token"


def _guest(method: Literal["GET", "POST"], path: str, handler: Handler, name: str, rate: str) -> Route:
    return Route(method=method, path=path, handler=handler, name=name, public=True, rate=rate, no_twin=_BY_LINK)


def _practice(method: Literal["GET", "POST"], path: str, handler: Handler, name: str) -> Route:
    return Route(
        method=method, path=_PRACTICE + path, handler=handler, name=name, permission=JOIN, feature="live.practice"
    )


ROUTES = [
    _room("GET", "", room, "live.room"),
    _room("GET", "/check", check, "live.check"),
    _room("GET", "/ws", socket, "live.socket"),
    _room("POST", "/uninvite", uninvite, "live.uninvite"),
    # Guests have no account: what they may do is in their link, which is signed and bound to their address.
    _guest("GET", "/sit-in/{token}", guest_room, "live.guest_room", rate="60/60"),
    _guest("GET", "/sit-in/{token}/check", guest_check, "live.guest_check", rate="120/60"),
    _guest("POST", "/sit-in/{token}/ticket", guest_ticket, "live.guest_ticket", rate="60/60"),
    _guest("GET", "/guest-rooms/{booking_id}/ws", guest_socket, "live.guest_socket", rate="60/60"),
    # a browser that lost its network asks again and again; a script that guesses does not get far
    _room("POST", "/ticket", ticket, "live.ticket", rate="60/60"),
    _room("POST", "/end", end, "live.end"),
    _practice("GET", "", practice_room, "live.practice_room"),
    _practice("POST", "/begin", practice_begin, "live.practice_begin"),
    _practice("POST", "/turn", practice_turn, "live.practice_turn"),
    Route(
        method="GET",
        path="/admin/questions",
        handler=questions,
        name="live.questions",
        permission=MANAGE_QUESTIONS,
    ),
    Route(
        method="POST",
        path="/admin/questions/{question_id}/active",
        handler=question_active,
        name="live.question_active",
        permission=MANAGE_QUESTIONS,
    ),
]
