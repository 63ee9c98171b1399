"""Booking as JSON: hold, confirm, practise, ask for now; answers of those who are asked; sessions booked for others."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Base64Bytes, BaseModel, Field

from kernel import (
    Listing,
    Page,
    Stop,
    Upload,
    _,
    current_zone,
    errors,
    get_or_404,
    json_answer,
    read_json,
    read_listing,
    services,
    zones,
)
from plugins.users.api import Interviewers

from .. import intake, queries
from ..lengths import asked_for, no_such_length
from ..models import Booking, InterviewType
from ..refusals import NotBookable, parse_start
from ..routes.sessions import visible
from ..services import booking as booking_service
from ..services import parties, requests
from ..services.parties import Extras
from ..states import Status
from .common import BookingOut, In, answer, answer_of, api, me, mine, out


class HoldRequest(In):
    """`start` is an instant with offset, or wall time read in `zone`. `second`: the other interviewer of a panel.

    `minutes`: one of the type's lengths, when not the usual one.
    """

    interviewer: Annotated[str, Field(max_length=80)]
    type: Annotated[str, Field(max_length=80)]
    start: Annotated[str, Field(max_length=40)]
    zone: Annotated[str, Field(max_length=64)] = ""
    second: Annotated[str, Field(max_length=80)] = ""
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None


class FileIn(In):
    """A file of at most 5 MB: a PDF, a text, a picture, a Word or OpenDocument file. `content` is base64."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    content: Annotated[Base64Bytes, Field(max_length=7 * 1024 * 1024)]

    def upload(self) -> Upload:
        """As if it had come with a form."""
        return Upload(self.name, "application/octet-stream", len(self.content), io.BytesIO(self.content))


class ConfirmRequest(In):
    """`answers` to the type's own questions by key, `files` for those that ask for one. `also`: others to ask, by
    slug."""

    goal: Annotated[str, Field(max_length=booking_service.MAX_GOAL)] = ""
    start: Annotated[str, Field(max_length=40)] = ""
    answers: dict[str, str | list[str]] = {}
    files: Annotated[dict[str, FileIn], Field(max_length=intake.MOST)] = {}
    alias: Annotated[str, Field(max_length=60)] = ""
    for_email: Annotated[str, Field(max_length=254)] = ""
    guests: list[str] = []
    observers: list[str] = []
    also: list[str] = []
    use_entitlement: bool = False


class PractiseRequest(In):
    """`start` empty: from now on."""

    start: Annotated[str, Field(max_length=40)] = ""


class AnswerRequest(In):
    act: Literal["accept", "decline"]
    reason: Annotated[str, Field(max_length=500)] = ""


class BookingsOfMine(Listing):
    """`asked` are requests that wait for the caller's answer as an interviewer."""

    tab: Literal["upcoming", "past", "cancelled", "asked"] = "upcoming"


class ClaimOut(BaseModel):
    """A session that somebody booked for whoever holds the link."""

    title: str
    starts_at: datetime
    ends_at: datetime
    interviewer_name: str


async def list_bookings(request: web.Request) -> web.StreamResponse:
    """The caller's sessions: upcoming ones, past ones, called off ones, or requests to be answered."""
    asked = read_listing(request, BookingsOfMine)
    if asked.tab == "asked":
        some, after = asked.cut([out(info) for info in await queries.asked_of(me())])
        return json_answer(Page[BookingOut](items=list(some), next=after))
    found = await queries.my_bookings(me(), asked.tab, asked.number, asked.limit)
    after = asked.next(asked.number * asked.limit + found.more)
    return json_answer(Page[BookingOut](items=[out(info) for info in found.items], next=after))


async def show_booking(request: web.Request) -> web.StreamResponse:
    """A session of the caller, or one they are asked to take."""
    row, _info, _role = await visible(request.match_info["id"])
    return await answer(row)


async def hold(request: web.Request) -> web.StreamResponse:
    """Hold a time; the caller confirms it before `hold_until`."""
    sent = await read_json(request, HoldRequest)
    found = await queries.bookable(sent.interviewer, sent.type)
    second = await services.need(Interviewers).by_slug(sent.second) if sent.second else None
    if found is None or (sent.second and second is None):
        raise errors.NotFound()
    zone = sent.zone or current_zone()
    if not zones.is_zone(zone):
        raise errors.Invalid({"zone": _("Choose a time zone from the list.")})
    start = parse_start(sent.start, zone)
    kind = asked_for(found[1], str(sent.minutes or ""))
    if kind is None:
        raise errors.Invalid({"minutes": no_such_length(found[1])})
    wish = booking_service.Wish(kind, found[0], me(), start, zone, second)
    return answer_of(await booking_service.hold(wish), wish.kind, 201)


async def confirm(request: web.Request) -> web.StreamResponse:
    """Send the form of a held time. `next` is the checkout when it has to be paid."""
    row = await mine(request, kind="human")
    sent = await read_json(request, ConfirmRequest)
    start = parse_start(sent.start, row.candidate_zone) if sent.start else None
    kind = await InterviewType.get(id=row.type_id)
    said = {intake.name_of(k): v if isinstance(v, list) else [v] for k, v in sent.answers.items()}
    files = {intake.name_of(key): [file.upload()] for key, file in sent.files.items()}
    checked = intake.check(kind.questions, said, files, row.intake)
    if checked.problems and row.status in (Status.HELD, Status.EXPIRED):
        part = {q["key"]: "files" if q["type"] == "file" else "answers" for q in kind.questions}
        raise errors.Invalid({f"{part[n[2:]]}.{n[2:]}": problem for n, problem in checked.problems.items()})
    form: dict[str, Any] = {"goal": sent.goal}
    if row.status in (Status.HELD, Status.EXPIRED) and (stored := await intake.store(checked, row.candidate_id)):
        form["answers"] = stored
    extras = Extras(
        for_email=sent.for_email, alias=sent.alias, guests="\n".join(sent.guests), also=tuple(sent.also),
        observers="\n".join(sent.observers), use_entitlement=sent.use_entitlement,
    )  # fmt: skip
    try:
        row, to = await booking_service.confirm(row, kind, form, start=start, extras=extras)
    except (NotBookable, Stop, errors.Invalid, errors.Gone):  # before anything was written
        await intake.forget({"answers": [a for a in checked.found if a["key"] in checked.uploads]})
        raise
    return answer_of(row, kind, to=to)


async def practise(request: web.Request) -> web.StreamResponse:
    """Practice with the scripted interviewer, now or later."""
    kind = await _type(request, "ai")
    sent = await read_json(request, PractiseRequest) if request.can_read_body else PractiseRequest()
    start: datetime | None = parse_start(sent.start, current_zone()).astimezone(UTC) if sent.start else None
    return await answer(await booking_service.practise(kind, me(), start), 201)


async def ask_now(request: web.Request) -> web.StreamResponse:
    """Ask whoever is available to begin at once; look at the booking to see whether somebody accepted."""
    return await answer(await requests.ask_now(await _type(request, "human"), me()), 201)


async def _type(request: web.Request, kind: str) -> InterviewType:
    row = await InterviewType.filter(slug=request.match_info["type"][:60], kind=kind, active=True).first()
    if row is None:
        raise errors.NotFound()
    return row


async def answer_request(request: web.Request) -> web.StreamResponse:
    """An interviewer who was asked accepts or declines."""
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, AnswerRequest)
    if sent.act == "accept":
        return await answer(await requests.accept_request(row.id, me()))
    return await answer(await requests.decline_request(row.id, me(), sent.reason))


async def show_claim(request: web.Request) -> web.StreamResponse:
    """What somebody booked for whoever holds this link, before it is taken over."""
    row = await parties.claimed_booking(request.match_info["token"])
    info = await queries.BOOKINGS.get(row.id) if row is not None else None
    if info is None:
        raise errors.Gone(_("This link was used already or does not work any more."))
    return json_answer(
        ClaimOut(
            title=info.type_title, starts_at=info.starts_at, ends_at=info.ends_at,
            interviewer_name=info.interviewer_name,
        )
    )  # fmt: skip


async def claim(request: web.Request) -> web.StreamResponse:
    """Take over a session that somebody booked for the caller."""
    return await answer(await parties.claim(request.match_info["token"], me()))


_ONE = "bookings/{id}"
_CLAIM = "claims/{token:[A-Za-z0-9_-]{20,80}}"
#: Files come in base64, which is a third longer than the files.
FILES = 36 * 1024 * 1024
ROUTES = [
    api("GET", "bookings", list_bookings, "bookings", Page[BookingOut], query=BookingsOfMine),
    api("POST", "bookings", hold, "hold", BookingOut, request=HoldRequest, idempotent=True, status=201,
        twin_of=("scheduling.book_hold",), errors=(409,), rate="60/60"),
    api("GET", _ONE, show_booking, "booking", BookingOut),
    api("POST", f"{_ONE}/confirm", confirm, "confirm", BookingOut, request=ConfirmRequest, idempotent=True,
        body_limit=FILES, errors=(409,)),
    api("POST", f"{_ONE}/answer", answer_request, "request_answer", BookingOut, request=AnswerRequest, idempotent=True,
        errors=(409,)),
    api("POST", "practice/{type}", practise, "practice", BookingOut, idempotent=True, status=201, errors=(409,),
        rate="20/60"),
    api("POST", "begin-now/{type}", ask_now, "now", BookingOut, idempotent=True, status=201, errors=(409,),
        rate="20/60"),
    api("GET", _CLAIM, show_claim, "claim_show", ClaimOut, errors=(410,), rate="30/60"),
    api("POST", _CLAIM, claim, "claim", BookingOut, idempotent=True, errors=(409, 410), rate="30/60"),
]  # fmt: skip
