"""What administrators see and do, as JSON: the list with its filters, one booking in full, bulk, load, holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Page, current_zone, errors, get_or_404, json_answer, now, read_json, read_listing, read_query

from .. import bookings_list, handover, history, holidays, load, policies, queries
from ..bookings_list import reference
from ..forms_admin import BookingsAsked, LoadQuery
from ..models import Booking, BulkRun
from ..permissions import MANAGE, POLICIES, VIEW
from ..routes.admin.load import monday_of
from ..routes.admin.one import may
from ..routes.admin.rules import set_countries
from ..services import bulk, overrides
from .common import BookingOut, In, answer, api, out

_Reason = Annotated[str, Field(min_length=3, max_length=500)]


class ChangeOut(BaseModel):
    """One entry of the history. `text` says before, after and reason in the caller's language."""

    title: str
    text: str
    who: str
    when: datetime


class AdminBookingOut(BaseModel):
    """A booking in full. `may` says what an administrator can do to it now; `policy` are its terms."""

    booking: BookingOut
    reference: str
    candidate_name: str
    interviewer_name: str
    candidate_zone: str
    moves: int
    cancelled_by: str
    cancel_reason: str
    refund_percent: int | None
    refund_minor: int | None
    policy: dict[str, Any]
    may: dict[str, bool]
    history: list[ChangeOut]


class AbleOut(BaseModel):
    """Somebody who could hold a session; the first of the list is next in turn."""

    interviewer_id: UUID
    name: str
    recent: int


class AbleList(BaseModel):
    able: list[AbleOut]
    longest_extension: int


class MarkRequest(In):
    """`reason` is how one knows. `seen`: only if it leads to what was shown."""

    outcome: Literal["completed", "no_show_candidate", "no_show_interviewer", "no_show_both"]
    reason: _Reason
    seen: Annotated[str, Field(max_length=40)] = ""


class BulkPreviewRequest(In):
    """`percent`: back of each price; null is all of it."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=bulk.MOST)]
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


class BulkLineOut(BaseModel):
    """What calling one off would lead to; send `seen` back with the act. `refused`: why it cannot be."""

    id: UUID
    refused: str
    refund_percent: int
    refund_minor: int
    currency: str
    seen: str


class BulkPreviewOut(BaseModel):
    bookings: list[BulkLineOut]


class BulkItemIn(In):
    id: UUID
    seen: Annotated[str, Field(max_length=40)] = ""


class BulkCancelRequest(In):
    bookings: Annotated[list[BulkItemIn], Field(min_length=1, max_length=bulk.MOST)]
    reason: _Reason
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


class BulkItemOut(BaseModel):
    """`state` is empty while it waits, else done, failed (`said` is why) or left."""

    id: UUID
    state: str
    said: str


class BulkRunOut(BaseModel):
    """`state` is waiting (it can be taken back until `run_at`), running, done, stopped or undone."""

    id: UUID
    state: str
    run_at: datetime
    reason: str
    bookings: list[BulkItemOut]


class DayOut(BaseModel):
    """Minutes: within the hours offered, in sessions, and what is left of the hours."""

    capacity: int
    booked: int
    free: int


class LoadOut(BaseModel):
    interviewer_id: UUID
    name: str
    sessions: int
    over: bool
    days: list[DayOut]


class WantedOut(BaseModel):
    """An hour of the week that is looked for more often than it is free. `weekday` 1 is Monday."""

    weekday: int
    hour: int
    searches: int
    free: int


class LoadWeekOut(BaseModel):
    first: date
    zone: str
    interviewers: list[LoadOut]
    wanted: list[WantedOut]


class HolidaysIn(In):
    countries: Annotated[list[str], Field(max_length=50)]


class HolidayOut(BaseModel):
    date: date
    name: str
    country: str


class HolidaysOut(BaseModel):
    """Countries whose holidays close calendars, and those days of the coming year."""

    countries: list[str]
    days: list[HolidayOut]


async def list_bookings(request: web.Request) -> web.StreamResponse:
    """Every booking of the site that the filters find; dates count in the caller's zone."""
    asked = read_listing(request, BookingsAsked)
    found = await bookings_list.find(asked, current_zone())
    after = asked.continue_after(found.after) if found.after else None
    return json_answer(Page[BookingOut](items=[out(info) for info in found.items], next=after))


async def show_booking(request: web.Request) -> web.StreamResponse:
    """One booking with its people, policy, history, and what can be done to it."""
    row = await get_or_404(Booking, request.match_info["id"])
    info = await queries.BOOKINGS.get(row.id)
    if info is None:
        raise errors.NotFound()
    changes = [ChangeOut.model_validate(entry) for entry in await history.in_full(row)]
    return json_answer(
        AdminBookingOut(
            booking=out(info, row), reference=reference(row.id), candidate_name=info.candidate_name,
            interviewer_name=info.interviewer_name, candidate_zone=row.candidate_zone, moves=row.moves,
            cancelled_by=row.cancelled_by, cancel_reason=row.cancel_reason, refund_percent=row.refund_percent,
            refund_minor=None if row.refund_percent is None else policies.refund_of(row), policy=row.policy,
            may=may(row, now()), history=changes,
        )
    )  # fmt: skip


async def list_able(request: web.Request) -> web.StreamResponse:
    """Who is free and could hold the session instead, in turn, and how many minutes longer it could last."""
    row = await get_or_404(Booking, request.match_info["id"])
    able, _busy = await handover.able_to_take_over(row)
    found = [AbleOut(interviewer_id=a.card.account_id, name=a.card.name, recent=a.recent) for a in able]
    return json_answer(AbleList(able=found, longest_extension=await handover.longest_extension(row, 240)))


async def mark(request: web.Request) -> web.StreamResponse:
    """Say that a session took place, or who did not come; refund and strikes follow by its policy."""
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, MarkRequest)
    return await answer(await overrides.mark(row.id, sent.outcome, sent.reason, seen=sent.seen))


async def resend(request: web.Request) -> web.StreamResponse:
    """Send the confirmation of a booked session to both people once more."""
    row = await get_or_404(Booking, request.match_info["id"])
    await overrides.resend(row.id)
    return await answer(row)


async def preview_bulk(request: web.Request) -> web.StreamResponse:
    """What calling several bookings off would lead to, for each. Changes nothing."""
    sent = await read_json(request, BulkPreviewRequest)
    lines = await bulk.outlook(sent.ids, sent.percent)
    return json_answer(
        BulkPreviewOut(
            bookings=[
                BulkLineOut(
                    id=line.info.id, refused=line.refused, refund_percent=line.percent,
                    refund_minor=line.refund_minor, currency=line.info.currency, seen=line.seal,
                )
                for line in lines
            ]
        )
    )  # fmt: skip


async def cancel_bulk(request: web.Request) -> web.StreamResponse:
    """Call several bookings off; it begins at `run_at` and can be taken back until then."""
    sent = await read_json(request, BulkCancelRequest)
    run = await bulk.start([(item.id, item.seen) for item in sent.bookings], sent.reason, sent.percent)
    return json_answer(_run(run), 201)


def _run(run: BulkRun) -> BulkRunOut:
    items = [BulkItemOut(id=UUID(i["id"]), state=i["state"], said=i["said"]) for i in run.items]
    return BulkRunOut(id=run.id, state=run.state, run_at=run.run_at, reason=run.reason, bookings=items)


async def show_bulk(request: web.Request) -> web.StreamResponse:
    """How far calling several bookings off has come."""
    return json_answer(_run(await get_or_404(BulkRun, request.match_info["id"])))


async def stop_bulk(request: web.Request) -> web.StreamResponse:
    """Take it back before it begins, or leave the rest."""
    row = await get_or_404(BulkRun, request.match_info["id"])
    return json_answer(_run(await bulk.stop(row.id)))


async def show_load(request: web.Request) -> web.StreamResponse:
    """A week of all interviewers, in days of the caller's zone, and what is looked for in vain."""
    parsed = read_query(request, LoadQuery)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    zone = current_zone()
    found = await load.week(monday_of(parsed.value.week, zone), zone)
    loads = [
        LoadOut(
            interviewer_id=one.card.account_id, name=one.card.name, sessions=one.sessions, over=one.over,
            days=[DayOut(capacity=d.capacity, booked=d.booked, free=d.free) for d in one.days],
        )
        for one in found.loads
    ]  # fmt: skip
    wanted = [WantedOut(weekday=h.weekday, hour=h.hour, searches=h.searches, free=h.free) for h in found.wanted]
    return json_answer(LoadWeekOut(first=found.first, zone=zone, interviewers=loads, wanted=wanted))


async def show_holidays(_request: web.Request) -> web.StreamResponse:
    """The countries whose public holidays close calendars, and those days of the coming year."""
    return json_answer(_holidays())


def _holidays() -> HolidaysOut:
    today, chosen = now().date(), holidays.of_tenant()
    days = holidays.named(chosen, today, today + timedelta(days=366))
    return HolidaysOut(
        countries=list(chosen), days=[HolidayOut(date=day, name=name, country=code) for day, name, code in days]
    )


async def save_holidays(request: web.Request) -> web.StreamResponse:
    """Choose the countries; sessions that are booked already stay."""
    await set_countries((await read_json(request, HolidaysIn)).countries)
    return json_answer(_holidays())


_ALL, _ONE, _BULK = "admin/bookings", "admin/bookings/{id}", "admin/bulk-cancellations"
ROUTES = [
    api("GET", _ALL, list_bookings, "admin_bookings", Page[BookingOut], query=BookingsAsked, permission=VIEW),
    api("GET", _ONE, show_booking, "admin_booking", AdminBookingOut, permission=VIEW),
    api("GET", f"{_ONE}/able", list_able, "admin_able", AbleList, permission=MANAGE),
    api("POST", f"{_ONE}/outcome", mark, "admin_mark", BookingOut, request=MarkRequest, permission=MANAGE,
        idempotent=True),
    api("POST", f"{_ONE}/resend", resend, "admin_resend", BookingOut, permission=MANAGE, idempotent=True),
    api("POST", f"{_BULK}/preview", preview_bulk, "admin_bulk", BulkPreviewOut, request=BulkPreviewRequest,
        permission=MANAGE),
    api("POST", _BULK, cancel_bulk, "admin_bulk_cancel", BulkRunOut, request=BulkCancelRequest, permission=MANAGE,
        idempotent=True, status=201),
    api("GET", f"{_BULK}/{{id}}", show_bulk, "admin_bulk_run", BulkRunOut, permission=MANAGE),
    api("POST", f"{_BULK}/{{id}}/stop", stop_bulk, "admin_bulk_stop", BulkRunOut, permission=MANAGE),
    api("GET", "admin/load", show_load, "load", LoadWeekOut, query=LoadQuery, permission=VIEW),
    api("GET", "admin/holidays", show_holidays, "holidays", HolidaysOut, permission=POLICIES),
    api("PUT", "admin/holidays", save_holidays, "tenant_holidays_save", HolidaysOut, request=HolidaysIn,
        permission=POLICIES),
]  # fmt: skip
