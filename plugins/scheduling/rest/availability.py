"""An interviewer's own hours, days off, travel and holidays, and a candidate's windows, as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Route, errors, get_or_404, json_answer, now, read_json

from .. import preview, queries
from ..models import DateOverride, InterviewType, Offer, Schedule, TimeOff, Travel
from ..permissions import HOURS
from ..services import days as day_service
from ..services import hours as hours_service
from ..services import matching
from ..services.busy import busy_of
from ..services.hours import Caps, HoursInput
from .common import Done, In, api, me

Ranges = list[Annotated[list[str], Field(min_length=2, max_length=2)]]


class CapsIn(In):
    """Limits of the person; null is no limit."""

    per_day: Annotated[int | None, Field(ge=1, le=24)] = None
    per_week: Annotated[int | None, Field(ge=1, le=100)] = None
    per_month: Annotated[int | None, Field(ge=1, le=400)] = None
    minutes_per_day: Annotated[int | None, Field(ge=15, le=1440)] = None
    minutes_per_week: Annotated[int | None, Field(ge=15, le=10_080)] = None
    consecutive: Annotated[int | None, Field(ge=1, le=24)] = None
    rest_minutes: Annotated[int, Field(ge=1, le=600)] = 15


class HoursRequest(In):
    """`weekly`: ISO weekdays to ranges of wall time in `zone`. `moving` says what another zone keeps: wall, instant."""

    zone: Annotated[str, Field(max_length=64)]
    weekly: dict[Annotated[str, Field(pattern="^[1-7]$")], Ranges]
    types: Annotated[list[str], Field(max_length=100)]
    version: int = 0
    schedule: UUID | None = None
    caps: CapsIn | None = None
    moving: Annotated[str, Field(pattern="^(wall|instant)$")] = "wall"


class ScheduleOut(BaseModel):
    id: UUID
    name: str
    zone: str
    weekly: dict[str, list[list[str]]]
    version: int
    types: list[str]


class DayIn(In):
    date: date
    ranges: Ranges = []


class DayOut(BaseModel):
    id: UUID
    schedule: UUID
    date: date
    ranges: list[list[str]]


class PeriodOut(BaseModel):
    id: UUID
    starts_at: datetime
    ends_at: datetime
    note: str = ""
    redirect: UUID | None = None


class TravelOut(BaseModel):
    id: UUID
    first: date
    last: date
    zone: str


class AvailabilityOut(BaseModel):
    """Everything that makes up one's free times; `conflicts` are booked sessions outside of it."""

    schedules: list[ScheduleOut]
    days: list[DayOut]
    time_off: list[PeriodOut]
    travel: list[TravelOut]
    holidays: list[str] | None
    conflicts: list[UUID]


class DaysRequest(In):
    days: Annotated[list[DayIn], Field(min_length=1, max_length=400)]
    schedule: UUID | None = None


class TimeOffRequest(In):
    starts_at: datetime
    ends_at: datetime
    note: Annotated[str, Field(max_length=120)] = ""
    redirect: UUID | None = None


class TravelRequest(In):
    first: date
    last: date
    zone: Annotated[str, Field(max_length=64)]
    note: Annotated[str, Field(max_length=120)] = ""


class HolidaysRequest(In):
    """Countries whose public holidays are days off; null: as the tenant says; an empty list: none."""

    countries: Annotated[list[str], Field(max_length=20)] | None = None


class NameRequest(In):
    name: Annotated[str, Field(max_length=60)]


class WindowsRequest(In):
    """When a candidate could; replaces what was said before."""

    zone: Annotated[str, Field(max_length=64)]
    days: Annotated[list[DayIn], Field(max_length=30)]


class ProposalOut(BaseModel):
    start: datetime
    interviewer_id: UUID


class ProposalList(BaseModel):
    proposals: list[ProposalOut]


class BusyOut(BaseModel):
    busy: list[tuple[datetime, datetime]]


async def _all() -> AvailabilityOut:
    mine = await Schedule.filter(account_id=me()).order_by("name")
    slugs = {t.id: t.slug for t in await queries.active_types("human")}
    offers = await Offer.filter(account_id=me())
    usual = next((row for row in mine if not row.name), None)
    return AvailabilityOut(
        schedules=[
            ScheduleOut(
                id=s.id, name=s.name, zone=s.zone, weekly=s.weekly, version=s.version,
                types=[
                    slugs[o.type_id] for o in offers
                    if o.type_id in slugs and (o.schedule_id == s.id or (not s.name and o.schedule_id is None))
                ],
            )
            for s in mine
        ],
        days=[
            DayOut(id=o.id, schedule=o.schedule_id, date=o.date, ranges=o.ranges)  # type: ignore[attr-defined]
            for o in await DateOverride.filter(
                schedule_id__in=[s.id for s in mine], date__gte=now().date()
            ).order_by("date")
        ],
        time_off=[
            PeriodOut(id=t.id, starts_at=t.starts_at, ends_at=t.ends_at, note=t.note, redirect=t.redirect_id)
            for t in await TimeOff.filter(account_id=me(), ends_at__gt=now()).order_by("starts_at")
        ],
        travel=[
            TravelOut(id=t.id, first=t.starts_on, last=t.ends_on, zone=t.zone)
            for t in await Travel.filter(account_id=me(), ends_on__gte=now().date()).order_by("starts_on")
        ],
        holidays=usual.holidays if usual else None,
        conflicts=[info.id for info in await preview.conflicts(me())],
    )  # fmt: skip


async def show(request: web.Request) -> web.StreamResponse:
    """The caller's availability as it is kept."""
    return json_answer(await _all())


async def save(request: web.Request) -> web.StreamResponse:
    """Store weekly hours. 409 when they were saved elsewhere since `version`."""
    sent = await read_json(request, HoursRequest)
    slugs = {t.slug: t.id for t in await queries.active_types("human")}
    if unknown := [slug for slug in sent.types if slug not in slugs]:
        raise errors.Invalid({"types": unknown[0]})
    caps = Caps(**sent.caps.model_dump()) if sent.caps else None
    usual = await Schedule.filter(account_id=me(), name="").first()
    await hours_service.save_hours(
        me(),
        HoursInput(
            zone=sent.zone, weekly={day: [list(r) for r in ranges] for day, ranges in sent.weekly.items()},
            types=tuple(slugs[slug] for slug in sent.types), version=sent.version, schedule=sent.schedule, caps=caps,
            per_day=usual.per_day if usual else None, per_week=usual.per_week if usual else None, moving=sent.moving,
        ),
    )  # fmt: skip
    return json_answer(await _all())


async def add_schedule(request: web.Request) -> web.StreamResponse:
    """Add named hours for some interviews."""
    sent = await read_json(request, NameRequest)
    await hours_service.add_schedule(me(), sent.name)
    return json_answer(await _all(), 201)


async def delete_schedule(request: web.Request) -> web.StreamResponse:
    """Delete named hours; what was booked by them goes by the usual ones again."""
    await hours_service.delete_schedule(me(), request.match_info["id"])
    return json_answer(await _all())


async def set_days(request: web.Request) -> web.StreamResponse:
    """Other hours for single dates, many at once; no ranges close a date. All or nothing."""
    sent = await read_json(request, DaysRequest)
    wanted = [day_service.DayHours(day.date, [list(pair) for pair in day.ranges]) for day in sent.days]
    await day_service.set_days(me(), wanted, sent.schedule)
    return json_answer(await _all())


async def remove_day(request: web.Request) -> web.StreamResponse:
    """The weekly hours hold on this date again."""
    await day_service.remove_override(me(), request.match_info["id"])
    return json_answer(await _all())


async def add_time_off(request: web.Request) -> web.StreamResponse:
    """Be away; requests that wait for an answer in that time are declined."""
    sent = await read_json(request, TimeOffRequest)
    if sent.starts_at.tzinfo is None or sent.ends_at.tzinfo is None:
        raise errors.Invalid({"starts_at": "2030-12-31T09:30Z"})
    await day_service.add_time_off(me(), sent.starts_at, sent.ends_at, sent.note, sent.redirect)
    return json_answer(await _all(), 201)


async def remove_time_off(request: web.Request) -> web.StreamResponse:
    """Be there again."""
    await day_service.remove_time_off(me(), request.match_info["id"])
    return json_answer(await _all())


async def add_travel(request: web.Request) -> web.StreamResponse:
    """Read the hours on another clock on these dates."""
    sent = await read_json(request, TravelRequest)
    await day_service.add_travel(me(), sent.first, sent.last, sent.zone, sent.note)
    return json_answer(await _all(), 201)


async def remove_travel(request: web.Request) -> web.StreamResponse:
    """Take a journey back."""
    await day_service.remove_travel(me(), request.match_info["id"])
    return json_answer(await _all())


async def set_holidays(request: web.Request) -> web.StreamResponse:
    """Choose whose public holidays are days off."""
    sent = await read_json(request, HolidaysRequest)
    await hours_service.set_holidays(me(), sent.countries)
    return json_answer(await _all())


async def show_busy(request: web.Request) -> web.StreamResponse:
    """Times taken in the caller's other calendars, for the next year."""
    at = now()
    found = await busy_of([me()], (at, at.replace(year=at.year + 1, day=min(at.day, 28))))
    return json_answer(BusyOut(busy=list(found.get(me(), ()))))


class WindowOut(BaseModel):
    date: date
    zone: str
    ranges: list[list[str]]


class WindowList(BaseModel):
    days: list[WindowOut]


async def show_windows(request: web.Request) -> web.StreamResponse:
    """When the caller said they could."""
    rows = await matching.windows_of(me())
    return json_answer(WindowList(days=[WindowOut(date=r.date, zone=r.zone, ranges=r.ranges) for r in rows]))


async def set_windows(request: web.Request) -> web.StreamResponse:
    """Say when the caller could, instead of what was said before."""
    sent = await read_json(request, WindowsRequest)
    wanted = [day_service.DayHours(day.date, [list(pair) for pair in day.ranges]) for day in sent.days]
    await matching.set_windows(me(), sent.zone, wanted)
    return json_answer(Done())


async def propose(request: web.Request) -> web.StreamResponse:
    """The best three times of a type within the caller's windows."""
    kind = await get_or_404(InterviewType.filter(active=True, kind="human"), await _type_id(request))
    found = await matching.propose(kind, me())
    return json_answer(
        ProposalList(proposals=[ProposalOut(start=p.start, interviewer_id=p.interviewer_id) for p in found])
    )


async def _type_id(request: web.Request) -> UUID:
    kind = await InterviewType.filter(slug=request.match_info["type"][:60]).first()
    if kind is None:
        raise errors.NotFound()
    return kind.id


def _mine(
    method: str, path: str, handler: object, name: str, request: type[BaseModel] | None = None, *, once: bool = False,
    twin_of: tuple[str, ...] = (),
) -> Route:  # fmt: skip
    return api(
        method,
        path,
        handler,
        name,
        AvailabilityOut,
        permission=HOURS,
        idempotent=once,
        request=request,
        twin_of=twin_of,
    )


ROUTES = [
    _mine("GET", "availability", show, "availability"),
    _mine("PUT", "availability", save, "availability_save", HoursRequest),
    _mine("POST", "availability/schedules", add_schedule, "schedule_add", NameRequest, once=True),
    _mine("DELETE", "availability/schedules/{id}", delete_schedule, "schedule_delete"),
    _mine(
        "POST",
        "availability/days",
        set_days,
        "days_set",
        DaysRequest,
        once=True,
        twin_of=("scheduling.override_add", "scheduling.override_import"),
    ),
    _mine("DELETE", "availability/days/{id}", remove_day, "day_remove", twin_of=("scheduling.override_remove",)),
    _mine("POST", "availability/time-off", add_time_off, "time_off_add", TimeOffRequest, once=True),
    _mine("DELETE", "availability/time-off/{id}", remove_time_off, "time_off_remove"),
    _mine("POST", "availability/travel", add_travel, "travel_add", TravelRequest, once=True),
    _mine("DELETE", "availability/travel/{id}", remove_travel, "travel_remove"),
    _mine(
        "PUT",
        "availability/holidays",
        set_holidays,
        "holidays_set",
        HolidaysRequest,
        twin_of=("scheduling.holidays_save",),
    ),
    api("GET", "availability/busy", show_busy, "busy", BusyOut, permission=HOURS),
    api("GET", "windows", show_windows, "windows", WindowList),
    api("PUT", "windows", set_windows, "windows_save", Done, request=WindowsRequest, rate="60/60"),
    api("GET", "windows/proposals/{type}", propose, "proposals", ProposalList),
]
