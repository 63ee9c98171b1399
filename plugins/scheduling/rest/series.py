"""The same time every week as JSON: look, book, call off all that follow."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import errors, json_answer, read_json, read_query

from .. import intake, queries
from ..forms import WeeklyQuery
from ..models import Booking, InterviewType
from ..refusals import parse_start
from ..services import series
from ..services.booking import MAX_GOAL
from ..services.cancelling import REASONS
from .bookings import FILES, FileIn
from .changes import CancelRequest
from .common import BookingOut, In, api, mine, out, party


class WeekOut(BaseModel):
    """`start` is null where clocks skip the time. `refused`: why it cannot be had, for people; `nearest`: instead."""

    start: datetime | None
    refused: str
    nearest: list[datetime]


class WeeklyOut(BaseModel):
    """`refused`: why the held time cannot become a series at all, '' when it can."""

    refused: str
    weeks: list[WeekOut]


class WeeklyRequest(In):
    """The starts to book besides the held time, all of them or none. `answers` and `files` as for one session."""

    starts: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=series.MOST - 1)]
    goal: Annotated[str, Field(max_length=MAX_GOAL)] = ""
    answers: dict[str, str | list[str]] = {}
    files: Annotated[dict[str, FileIn], Field(max_length=intake.MOST)] = {}


class SeriesOut(BaseModel):
    """Sessions of a series, the earliest first. `following`: those that calling off all that follow would take.

    Send `seen` back with that.
    """

    series_id: UUID
    sessions: list[BookingOut]
    following: list[UUID]
    seen: str


async def look(request: web.Request) -> web.StreamResponse:
    """Whether a held time can be had every week, for each of `weeks` weeks (2 to 12, the first is the held one)."""
    row = await mine(request, kind="human")
    asked = read_query(request, WeeklyQuery)
    if asked.value is None:
        raise errors.Invalid(asked.errors)
    kind = await InterviewType.get(id=row.type_id)
    found = await series.look(row, kind, asked.value.weeks)
    weeks = [WeekOut(start=week.start, refused=week.refused, nearest=week.nearest) for week in found]
    return json_answer(WeeklyOut(refused=await series.why_not(row, kind, len(weeks)), weeks=weeks))


async def book(request: web.Request) -> web.StreamResponse:
    """Book a held time and others besides it, all or none (409, code series, says which went away)."""
    row = await mine(request, kind="human")
    sent = await read_json(request, WeeklyRequest)
    kind = await InterviewType.get(id=row.type_id)
    said = {intake.name_of(k): v if isinstance(v, list) else [v] for k, v in sent.answers.items()}
    files = {intake.name_of(key): [file.upload()] for key, file in sent.files.items()}
    checked = intake.check(kind.questions, said, files, row.intake)
    if checked.problems and row.series_id is None:
        raise errors.Invalid({f"answers.{name[2:]}": problem for name, problem in checked.problems.items()})
    starts = [parse_start(text, row.candidate_zone) for text in sent.starts]
    form: dict[str, Any] = {"goal": sent.goal}
    if row.series_id is None and (stored := await intake.store(checked, row.candidate_id)):
        form["answers"] = stored
    try:
        made = await series.book(row, kind, starts, form)
    except Exception:
        await intake.forget({"answers": [a for a in checked.found if a["key"] in checked.uploads]})
        raise
    return await _answer(made[0], "candidate", 201)


async def show(request: web.Request) -> web.StreamResponse:
    """The series of a session, as far as the caller has a part in it."""
    row, role = await party(request)
    return await _answer(row, role)


async def _answer(row: Booking, role: str, status: int = 200) -> web.StreamResponse:
    if row.series_id is None:
        raise errors.NotFound()
    rows, follow = await series.shared(row, role), await series.following(row, role)
    known = await queries.BOOKINGS.many([one.id for one in rows])
    found = SeriesOut(
        series_id=row.series_id, sessions=[out(known[one.id], one) for one in rows if one.id in known],
        following=[one.id for one in follow], seen=series.seal(follow, role),
    )  # fmt: skip
    return json_answer(found, status)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Call this session and all that follow off, together. Again: nothing."""
    row, role = await party(request)
    sent = await read_json(request, CancelRequest)
    if not sent.reason and sent.code not in REASONS:
        raise errors.Invalid({"code": "time, ill, prepared, job, technical, other"})
    await series.cancel_following(row, role, sent.reason, code=sent.code, seen=sent.seen)
    return await _answer(row, role)


_ONE = "bookings/{id}"
ROUTES = [
    api("GET", f"{_ONE}/weekly", look, "weekly_look", WeeklyOut, query=WeeklyQuery),
    api("POST", f"{_ONE}/weekly", book, "weekly", SeriesOut, request=WeeklyRequest, idempotent=True, status=201,
        errors=(409, 410), body_limit=FILES),
    api("GET", f"{_ONE}/series", show, "series", SeriesOut),
    api("POST", f"{_ONE}/series/cancel", cancel, "series_cancel", SeriesOut, request=CancelRequest, idempotent=True,
        errors=(409,)),
]  # fmt: skip
