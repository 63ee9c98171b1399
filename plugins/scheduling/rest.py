"""The same actions as JSON, for programs. Same services, same rules, same refusals (409, 422 as problem+json)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import (
    SIGNED_IN,
    Route,
    _,
    current_actor,
    current_zone,
    errors,
    get_or_404,
    json_answer,
    now,
    read_json,
    services,
)
from plugins.users.api import Interviewers

from . import availability, queries
from .api import BookingInfo
from .models import Booking, InterviewType
from .picker import value_of
from .pricing import price_of
from .refusals import parse_start
from .services import booking as booking_service
from .services import changes


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class HoldRequest(_In):
    """`start` is an instant with offset, or wall time read in `zone`."""

    interviewer: Annotated[str, Field(max_length=80)]
    type: Annotated[str, Field(max_length=80)]
    start: Annotated[str, Field(max_length=40)]
    zone: Annotated[str, Field(max_length=64)] = ""


class ConfirmRequest(_In):
    goal: Annotated[str, Field(max_length=booking_service.MAX_GOAL)] = ""
    start: Annotated[str, Field(max_length=40)] = ""


class CancelRequest(_In):
    """`refund_percent`: what the caller expects back; another figure now is answered with 409."""

    reason: Annotated[str, Field(max_length=500)] = ""
    refund_percent: Annotated[int | None, Field(ge=0, le=100)] = None


class MoveRequest(_In):
    start: Annotated[str, Field(max_length=40)]


class BookingOut(BaseModel):
    id: UUID
    status: str
    outcome: str | None
    kind: str
    type: str
    title: str
    starts_at: datetime
    ends_at: datetime
    candidate_id: UUID
    interviewer_id: UUID | None
    price_minor: int
    currency: str
    page: str
    hold_until: datetime | None = None
    next: str = ""


class BookingList(BaseModel):
    bookings: list[BookingOut]


class TypeOut(BaseModel):
    slug: str
    title: str
    description: str
    kind: str
    duration_minutes: int
    price_minor: int
    currency: str


class TypeList(BaseModel):
    types: list[TypeOut]


class SlotList(BaseModel):
    """Bookable starts, as instants in UTC."""

    interviewer: str
    type: str
    duration_minutes: int
    slots: list[str]


class InterviewerOut(BaseModel):
    slug: str
    name: str
    headline: str
    skills: list[str]
    types: list[str]


class InterviewerList(BaseModel):
    interviewers: list[InterviewerOut]


def _out(info: BookingInfo, row: Booking | None = None, to: str = "") -> BookingOut:
    return BookingOut(
        id=info.id, status=info.status, outcome=info.outcome, kind=info.kind, type=info.type_slug,
        title=info.type_title, starts_at=info.starts_at, ends_at=info.ends_at, candidate_id=info.candidate_id,
        interviewer_id=info.interviewer_id, price_minor=info.price_minor, currency=info.currency, page=info.path,
        hold_until=row.hold_until if row else None, next=to,
    )  # fmt: skip


def _me() -> UUID:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id


async def _answer(row: Booking, status: int = 200, to: str = "") -> web.StreamResponse:
    info = await queries.BOOKINGS.get(row.id)
    if info is None:
        raise errors.NotFound()
    return json_answer(_out(info, row, to), status)


async def list_types(request: web.Request) -> web.StreamResponse:
    """What can be booked."""
    types = [*await queries.active_types("human"), *await queries.active_types("ai")]
    found = [
        TypeOut(
            slug=t.slug, title=t.title, description=t.description, kind=t.kind, duration_minutes=t.duration_minutes,
            price_minor=price_of(t, None).minor, currency=t.currency,
        )
        for t in types
    ]  # fmt: skip
    return json_answer(TypeList(types=found))


async def list_interviewers(request: web.Request) -> web.StreamResponse:
    """Published interviewers and the types they offer; `q`, `skill` and `language` narrow the list."""
    asked = {name: request.query.get(name, "")[:80] for name in ("q", "skill", "language")}
    cards = await services.need(Interviewers).listed(**asked)
    offered = await queries.offered_types([card.account_id for card in cards])
    found = [
        InterviewerOut(
            slug=c.slug, name=c.name, headline=c.headline, skills=list(c.skills),
            types=[t.slug for t in offered.get(c.account_id, [])],
        )
        for c in cards
    ]  # fmt: skip
    return json_answer(InterviewerList(interviewers=found))


async def list_slots(request: web.Request) -> web.StreamResponse:
    """Bookable starts of one interviewer and type between `from` and `to` (default: the whole booking window)."""
    found = await queries.bookable(request.query.get("interviewer", ""), request.query.get("type", ""))
    if found is None:
        raise errors.NotFound()
    card, kind = found
    at = now()
    low = _instant(request, "from", at)
    high = _instant(request, "to", at + timedelta(days=kind.window_days + 2))
    actor = current_actor()
    free = await availability.ask(availability.Question(kind, card.account_id, actor.id if actor else None))
    starts = free.starts(max(low, at), min(high, at + timedelta(days=kind.window_days + 2))) if card.accepting else []
    return json_answer(
        SlotList(
            interviewer=card.slug, type=kind.slug, duration_minutes=kind.duration_minutes,
            slots=[value_of(start) for start in starts],
        )
    )  # fmt: skip


def _instant(request: web.Request, name: str, default: datetime) -> datetime:
    text = request.query.get(name, "")
    if not text:
        return default
    found: datetime | None
    try:
        found = datetime.fromisoformat(text[:40])
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1971 <= found.year <= 9000:
        raise errors.Invalid({name: _("Give an instant such as 2030-12-31T09:30Z.")})
    return found.astimezone(UTC)


async def list_bookings(request: web.Request) -> web.StreamResponse:
    """The caller's upcoming sessions, or with `tab=past` or `tab=cancelled` the others."""
    tab = request.query.get("tab", "upcoming")
    found = await queries.my_bookings(_me(), tab if tab in ("past", "cancelled") else "upcoming", 1, 100)
    return json_answer(BookingList(bookings=[_out(info) for info in found.items]))


async def show_booking(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Booking, request.match_info["id"])
    if not changes.role_in(row):
        raise errors.NotFound()
    return await _answer(row)


async def hold(request: web.Request) -> web.StreamResponse:
    """Hold a time; the caller confirms it before `hold_until`."""
    sent = await read_json(request, HoldRequest)
    found = await queries.bookable(sent.interviewer, sent.type)
    if found is None:
        raise errors.NotFound()
    zone = sent.zone or current_zone()
    from kernel import zones

    if not zones.is_zone(zone):
        raise errors.Invalid({"zone": _("Choose a time zone from the list.")})
    start = parse_start(sent.start, zone)
    row = await booking_service.hold(booking_service.Wish(found[1], found[0], _me(), start, zone))
    return await _answer(row, 201)


async def _mine(request: web.Request, **more: Any) -> Booking:
    return await get_or_404(Booking, request.match_info["id"], candidate_id=_me(), **more)


async def confirm(request: web.Request) -> web.StreamResponse:
    """Send the form of a held time. `next` is the checkout when it has to be paid."""
    row = await _mine(request, kind="human")
    sent = await read_json(request, ConfirmRequest)
    start = parse_start(sent.start, row.candidate_zone) if sent.start else None
    row, to = await booking_service.confirm(row.id, row.candidate_id, {"goal": sent.goal}, start=start)
    return await _answer(row, to=to)


async def cancel(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Booking, request.match_info["id"])
    role = changes.role_in(row)
    if not role:
        raise errors.NotFound()
    sent = await read_json(request, CancelRequest)
    return await _answer(await changes.cancel(row.id, role, sent.reason, percent=sent.refund_percent))


async def move(request: web.Request) -> web.StreamResponse:
    row = await _mine(request)
    sent = await read_json(request, MoveRequest)
    start = parse_start(sent.start, row.candidate_zone)
    return await _answer(await changes.reschedule(row.id, row.candidate_id, start))


async def practise(request: web.Request) -> web.StreamResponse:
    """Begin a practice with the scripted interviewer."""
    kind = await InterviewType.filter(slug=request.match_info["type"], kind="ai", active=True).first()
    if kind is None:
        raise errors.NotFound()
    return await _answer(await booking_service.practise(kind, _me()), 201)


def _api(method: str, path: str, handler: object, name: str, out: type[BaseModel], **more: Any) -> Route:
    public = bool(more.pop("public", False))
    return Route(
        method=method, path=f"/api/v1/scheduling/{path}", handler=handler,  # type: ignore[arg-type]
        name=f"scheduling.api_{name}", response=out, public=public, permission=None if public else SIGNED_IN, **more,
    )  # fmt: skip


ROUTES = [
    _api("GET", "interview-types", list_types, "types", TypeList, public=True),
    _api("GET", "interviewers", list_interviewers, "interviewers", InterviewerList, public=True),
    _api("GET", "slots", list_slots, "slots", SlotList, public=True),
    _api("GET", "bookings", list_bookings, "bookings", BookingList),
    _api("POST", "bookings", hold, "hold", BookingOut, request=HoldRequest, idempotent=True),
    _api("GET", "bookings/{id}", show_booking, "booking", BookingOut),
    _api("POST", "bookings/{id}/confirm", confirm, "confirm", BookingOut, request=ConfirmRequest, idempotent=True),
    _api("POST", "bookings/{id}/cancel", cancel, "cancel", BookingOut, request=CancelRequest, idempotent=True),
    _api("POST", "bookings/{id}/reschedule", move, "move", BookingOut, request=MoveRequest, idempotent=True),
    _api("POST", "practice/{type}", practise, "practise", BookingOut, idempotent=True),
]
