"""JSON twins: entering and ending a session, practising with the AI interviewer, the question bank."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import Listing, Page, Route, errors, get_or_404, json_answer, read_json, read_listing, unit_of_work

from . import queries, services, tickets
from .access import Seat, must_be_open, seat_of
from .ai import practice
from .hub.wire import MAX_CHAT
from .models import LiveSession, Question
from .permissions import JOIN, MANAGE_QUESTIONS
from .states.session import Kind
from .tools import chat


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoomOut(BaseModel):
    """`standing`: unconfirmed, cancelled, early, open, closed or over. `state` is null before anybody was inside."""

    booking_id: UUID
    kind: str
    role: str
    standing: str
    state: str | None


class UninviteIn(_In):
    """Whose invitation is taken back."""

    email: Annotated[str, Field(max_length=254)]


class TicketOut(BaseModel):
    """Opens the room's socket once."""

    ticket: str


class TurnIn(_In):
    """`cid` makes an answer count once, however often it is sent."""

    do: Literal["answer", "hint", "next", "repeat"] = "answer"
    text: Annotated[str, Field(max_length=MAX_CHAT)] = ""
    cid: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_-]*$")] = ""


class MessageOut(BaseModel):
    """`at` in milliseconds since 1970."""

    seq: int
    role: str
    kind: str
    text: str
    at: int


class PracticeOut(BaseModel):
    """What was said, oldest first; of a long talk the last messages."""

    booking_id: UUID
    messages: list[MessageOut]


class ActiveIn(_In):
    active: bool


class QuestionOut(BaseModel):
    id: UUID
    title: str
    prompt: str
    topic: str
    level: str
    minutes: int
    active: bool


class BankListing(Listing):
    topic: Annotated[str, Field(max_length=24)] = ""
    q: Annotated[str, Field(max_length=80)] = ""


def _room(seat: Seat, session: LiveSession | None) -> RoomOut:
    return RoomOut(
        booking_id=seat.booking.id,
        kind=seat.kind.value,
        role=seat.role.value,
        standing=seat.standing,
        state=session.state if session is not None else None,
    )


async def _seat(request: web.Request) -> Seat:
    return await seat_of(request.match_info["booking_id"])


async def show(request: web.Request) -> web.StreamResponse:
    """How the room of a booking stands."""
    seat = await _seat(request)
    return json_answer(_room(seat, seat.session))


async def ticket(request: web.Request) -> web.StreamResponse:
    """A one-time ticket for the room's socket."""
    seat = await _seat(request)
    must_be_open(seat)
    session = await services.opened(seat.booking)
    return json_answer(TicketOut(ticket=await tickets.issue(session.id, seat)))


async def end(request: web.Request) -> web.StreamResponse:
    """End the session for everybody."""
    seat = await _seat(request)
    await services.end(seat)
    seat = await _seat(request)
    return json_answer(_room(seat, seat.session))


async def uninvite(request: web.Request) -> web.StreamResponse:
    """Take a guest's invitation back: the link leads nowhere, an open connection ends. Again: nothing."""
    seat = await _seat(request)
    await services.remove(seat, (await read_json(request, UninviteIn)).email)
    return json_answer(_room(seat, seat.session))


async def _practice(request: web.Request) -> Seat:
    seat = await _seat(request)
    if seat.kind is not Kind.AI:
        raise errors.NotFound
    return seat


async def _said(request: web.Request) -> web.StreamResponse:
    seat = await _practice(request)
    found = await chat.history(seat.session.id) if seat.session is not None else []
    messages = [MessageOut(**{name: line[name] for name in MessageOut.model_fields}) for line in found]
    return json_answer(PracticeOut(booking_id=seat.booking.id, messages=messages))


async def practice_show(request: web.Request) -> web.StreamResponse:
    """What was said in a practice session so far."""
    return await _said(request)


async def practice_begin(request: web.Request) -> web.StreamResponse:
    """Begin a practice session, or go on with it."""
    await practice.begin(await _practice(request))
    return await _said(request)


async def practice_turn(request: web.Request) -> web.StreamResponse:
    """Answer, or ask for a hint, the question again, or the next one."""
    seat = await _practice(request)
    sent = await read_json(request, TurnIn)
    await practice.act(seat, sent.do, sent.text, sent.cid)
    return await _said(request)


def _question(row: Question) -> QuestionOut:
    return QuestionOut(
        id=row.id, title=row.title, prompt=str(row.content.get("prompt", "")), topic=row.topic, level=row.level,
        minutes=row.minutes, active=row.active,
    )  # fmt: skip


async def questions(request: web.Request) -> web.StreamResponse:
    """The question bank, by topic, level and title."""
    asked = read_listing(request, BankListing)
    rows, after = asked.cut(await queries.question_rows(asked.topic, asked.q))
    items = [QuestionOut(**{name: getattr(row, name) for name in QuestionOut.model_fields}) for row in rows]
    return json_answer(Page[QuestionOut](items=items, next=after))


async def question_active(request: web.Request) -> web.StreamResponse:
    """Take a question out of new sessions, or put it back."""
    question = await get_or_404(Question, request.match_info["question_id"])
    sent = await read_json(request, ActiveIn)
    async with unit_of_work():
        question.active = sent.active
        await question.save(update_fields=["active"])
    return json_answer(_question(question))


_ROOM = "/api/v1/rooms/{booking_id}"
_PRACTICE = "/api/v1/practice-rooms/{booking_id}"


def _route(method: Any, path: str, handler: Any, name: str, response: Any, **more: Any) -> Route:
    return Route(
        method=method, path=path, handler=handler, name=f"live.api_{name}", response=response,
        permission=more.pop("permission", JOIN), **more,
    )  # fmt: skip


_AI: dict[str, Any] = {"feature": "live.practice"}

ROUTES = [
    _route("GET", _ROOM, show, "room", RoomOut),
    _route("POST", f"{_ROOM}/ticket", ticket, "ticket", TicketOut, rate="60/60"),
    _route("POST", f"{_ROOM}/end", end, "end", RoomOut, idempotent=True),
    _route("POST", f"{_ROOM}/uninvite", uninvite, "uninvite", RoomOut, request=UninviteIn, idempotent=True),
    _route("GET", _PRACTICE, practice_show, "practice", PracticeOut, **_AI),
    _route("POST", f"{_PRACTICE}/begin", practice_begin, "practice_begin", PracticeOut, idempotent=True, **_AI),
    _route("POST", f"{_PRACTICE}/turn", practice_turn, "practice_turn", PracticeOut, request=TurnIn, **_AI),
    _route(
        "GET", "/api/v1/questions", questions, "questions", Page[QuestionOut], query=BankListing,
        permission=MANAGE_QUESTIONS,
    ),
    _route(
        "PUT", "/api/v1/questions/{question_id}/active", question_active, "question_active", QuestionOut,
        request=ActiveIn, permission=MANAGE_QUESTIONS,
    ),
]  # fmt: skip
