"""Calendars, reminders and preparation as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import absolute_url, current_zone, get_or_404, json_answer, read_json
from kernel import errors as problems

from .. import calendars
from ..models import OtherCalendar
from ..permissions import HOURS
from ..services import calendars as service
from ..services import preparation, reminders
from .bookings import FileIn
from .common import Done, In, api, me, party


class CalendarOut(BaseModel):
    """`state` is fine, failing or refused; `problem` says why. Secrets are never shown."""

    id: UUID
    provider: str
    name: str
    state: str
    problem: str
    busy: int
    read_at: datetime | None


class CalendarsOut(BaseModel):
    """`conflicts`: upcoming sessions that overlap busy times of these calendars. They stay booked."""

    calendars: list[CalendarOut]
    conflicts: list[UUID]


class CalendarIn(In):
    """`provider` is ics (address) or caldav (address, user, password)."""

    provider: Annotated[str, Field(max_length=20)]
    address: Annotated[str, Field(min_length=8, max_length=1500)]
    user: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[str, Field(max_length=200)] = ""
    name: Annotated[str, Field(max_length=80)] = ""


class SignInOut(BaseModel):
    """Where the provider asks whether we may read; it leads back to this site."""

    address: str


class FeedOut(BaseModel):
    """`address` is empty when there is none. Whoever knows it can read when the sessions are."""

    address: str
    read_at: datetime | None = None


class RemindersBody(In):
    """Minutes before the start instead of the house's; empty: the house's."""

    minutes: Annotated[list[Annotated[int, Field(gt=0, le=20160)]], Field(max_length=5)] = []


class TickIn(In):
    item: Literal["device", "brief"]
    done: bool = True


class LateIn(In):
    minutes: Literal[5, 10, 15]


def _out(row: OtherCalendar) -> CalendarOut:
    return CalendarOut(
        id=row.id, provider=row.provider, name=row.name, state=row.state, problem=row.problem, busy=row.busy,
        read_at=row.read_at,
    )  # fmt: skip


async def show(request: web.Request) -> web.StreamResponse:
    """The caller's calendars elsewhere, with their state."""
    rows = await OtherCalendar.filter(account_id=me()).order_by("created_at")
    clashes = [b.id for b in await service.conflicts(me())]
    return json_answer(CalendarsOut(calendars=[_out(row) for row in rows], conflicts=clashes))


async def connect(request: web.Request) -> web.StreamResponse:
    """Read a calendar once and keep reading it."""
    sent = await read_json(request, CalendarIn)
    provider = calendars.provider(sent.provider)
    if provider is None or not provider.fields:
        raise problems.NotFound()
    access = {name: getattr(sent, name) for name in provider.fields}
    return json_answer(_out(await service.connect(me(), provider.id, sent.name, access, current_zone())), 201)


async def _mine(request: web.Request) -> OtherCalendar:
    return await get_or_404(OtherCalendar, request.match_info["id"], account_id=me())


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Begin to connect a calendar where one signs in: open `address` in the caller's own browser, signed in here."""
    back = absolute_url("scheduling.calendar_callback")
    return json_answer(SignInOut(address=await service.sign_in_url(me(), request.match_info["provider"], back)))


async def refresh(request: web.Request) -> web.StreamResponse:
    """Read a calendar now."""
    row = await _mine(request)
    await service.again(row)
    return json_answer(_out(await OtherCalendar.get(id=row.id)))


async def disconnect(request: web.Request) -> web.StreamResponse:
    """Read a calendar no longer; its busy times are forgotten."""
    await service.disconnect(await _mine(request))
    return json_answer(Done())


async def _feed() -> web.StreamResponse:
    found = await service.feed_of(me())
    if found is None:
        return json_answer(FeedOut(address=""))
    return json_answer(FeedOut(address=absolute_url("scheduling.feed", token=found.token), read_at=found.read_at))


async def show_feed(request: web.Request) -> web.StreamResponse:
    """The address at which calendar programs read the caller's sessions."""
    return await _feed()


async def make_feed(request: web.Request) -> web.StreamResponse:
    """A new private address; the one of before stops working."""
    await service.make_feed(me())
    return await _feed()


async def drop_feed(request: web.Request) -> web.StreamResponse:
    """Revoke the private address."""
    await service.drop_feed(me())
    return json_answer(Done())


async def show_reminders(request: web.Request) -> web.StreamResponse:
    """How long before a session the caller wants to be reminded."""
    return json_answer(RemindersBody(minutes=list(await reminders.own_offsets(me()))))


async def save_reminders(request: web.Request) -> web.StreamResponse:
    """Choose when to be reminded; upcoming sessions follow."""
    sent = await read_json(request, RemindersBody)
    await reminders.choose(me(), sent.minutes)
    return await show_reminders(request)


async def tick(request: web.Request) -> web.StreamResponse:
    """Tick something of one's preparation off, or take it back."""
    row, _role = await party(request)
    sent = await read_json(request, TickIn)
    await preparation.tick(row.id, me(), sent.item, sent.done)
    return json_answer(Done())


async def add_resume(request: web.Request) -> web.StreamResponse:
    """Keep the caller's résumé with their session, instead of an earlier one."""
    row, role = await party(request)
    if role != "candidate":
        raise problems.NotFound()
    await preparation.add_resume(row.id, me(), (await read_json(request, FileIn)).upload())
    return json_answer(Done())


async def late(request: web.Request) -> web.StreamResponse:
    """Say that one will be late; the other side is told."""
    row, _role = await party(request)
    sent = await read_json(request, LateIn)
    await preparation.say_late(row.id, me(), sent.minutes)
    return json_answer(Done())


_ONE = "calendars/{id}"
#: A file of 5 MB in base64.
_FILE = 7 * 1024 * 1024 + 4096
ROUTES = [
    api("GET", "calendars", show, "calendars", CalendarsOut, permission=HOURS),
    api("POST", "calendars", connect, "calendar_connect", CalendarOut, request=CalendarIn, permission=HOURS,
        idempotent=True, rate="20/60", status=201),
    api("POST", "calendars/sign-in/{provider:[a-z]{2,20}}", sign_in, "calendar_sign_in", SignInOut, permission=HOURS,
        rate="20/60"),
    api("POST", f"{_ONE}/refresh", refresh, "calendar_refresh", CalendarOut, permission=HOURS, rate="20/60"),
    api("DELETE", _ONE, disconnect, "calendar_disconnect", Done, permission=HOURS),
    api("GET", "feed", show_feed, "feed", FeedOut),
    api("POST", "feed", make_feed, "feed_make", FeedOut, rate="20/60", idempotent=True),
    api("DELETE", "feed", drop_feed, "feed_drop", Done),
    api("GET", "reminders", show_reminders, "reminders", RemindersBody),
    api("PUT", "reminders", save_reminders, "reminders_save", RemindersBody, request=RemindersBody,
        twin_of=("scheduling.own_reminders",)),
    api("POST", "bookings/{id}/ready", tick, "ready", Done, request=TickIn, rate="60/60"),
    api("PUT", "bookings/{id}/resume", add_resume, "resume", Done, request=FileIn, rate="20/60", body_limit=_FILE),
    api("POST", "bookings/{id}/late", late, "late", Done, request=LateIn, rate="20/60", errors=(409,)),
]  # fmt: skip
