"""Searching interviewers and the first free times of a group, as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import _, current_zone, errors, json_answer, now, read_json, read_query, services, zones
from plugins.users.api import Interviewers

from .. import finding, free
from ..forms import DirectoryQuery
from ..lengths import asked_for, no_such_length
from ..models import InterviewType
from ..refusals import parse_start
from ..services import anyone
from .common import BookingOut, In, answer, api, me


class FoundOut(BaseModel):
    slug: str
    name: str
    headline: str
    company: str
    skills: list[str]
    type: str | None
    price_minor: int | None
    currency: str
    next_free: datetime | None
    rating: float | None
    reasons: list[str]


class SearchOut(BaseModel):
    """One page; `after` is the cursor of the next. `weeks`: who is free in the next weeks when nobody is then."""

    total: int
    interviewers: list[FoundOut]
    facets: dict[str, dict[str, int]]
    weeks: list[int]
    after: str | None


class FirstOut(BaseModel):
    start: datetime
    interviewers: int


class FirstTimes(BaseModel):
    times: list[FirstOut]


async def search(request: web.Request) -> web.StreamResponse:
    """Interviewers who fit, with the filters of the page and counts for each choice."""
    query = read_query(request, DirectoryQuery).value or DirectoryQuery()
    zone = query.tz if zones.is_zone(query.tz) else current_zone()
    found = await finding.find(finding.wanted_of(query, zone))
    shown = finding.paged(found.entries, query.after, query.before)
    return json_answer(
        SearchOut(
            total=len(found.entries),
            interviewers=[_out(entry) for entry in shown.entries],
            facets={name: dict(counter) for name, counter in found.facets.items()},
            weeks=found.weeks,
            after=shown.after,
        )
    )


def _out(entry: finding.Entry) -> FoundOut:
    card = entry.card
    return FoundOut(
        slug=card.slug, name=card.name, headline=card.headline, company=card.company, skills=list(card.skills),
        type=entry.kind.slug if entry.kind else None, price_minor=entry.price.minor if entry.price else None,
        currency=entry.price.currency if entry.price else card.currency, next_free=entry.next_free,
        rating=entry.rating[0] if entry.rating else None, reasons=list(entry.reasons),
    )  # fmt: skip


async def _kind(request: web.Request) -> InterviewType:
    slug = request.query.get("type", "")[:60]
    kind = await InterviewType.filter(slug=slug, active=True, kind="human").first()
    if kind is None:
        raise errors.NotFound()
    return kind


async def first_times(request: web.Request) -> web.StreamResponse:
    """The first free times of a type, or of a skill within it, and how many interviewers are free at each."""
    kind, skill = await _kind(request), request.query.get("skill", "")[:60]

    async def members() -> list[UUID]:
        return [c.account_id for c in await services.need(Interviewers).listed(skill=skill) if c.accepting]

    found = await free.first_times(kind, skill.casefold(), members, 5)
    return json_answer(FirstTimes(times=[FirstOut(start=start, interviewers=n) for start, n in found]))


class AllTimes(BaseModel):
    """Starts as instants in UTC at which anybody is free."""

    slots: list[str]


async def all_times(request: web.Request) -> web.StreamResponse:
    """All free times of a type, or of a skill within it, in its booking window."""
    kind, skill, at = await _kind(request), request.query.get("skill", "")[:60], now()
    ids = [c.account_id for c in await services.need(Interviewers).listed(skill=skill) if c.accepting]
    found = await free.anybody(kind, ids, at, at + timedelta(days=kind.window_days + 2), at=at)
    return json_answer(AllTimes(slots=found.texts()))


class AnyRequest(In):
    """`start` is an instant with offset, or wall time read in `zone`; `minutes` one of the type's lengths."""

    type: Annotated[str, Field(max_length=60)]
    start: Annotated[str, Field(max_length=40)]
    zone: Annotated[str, Field(max_length=64)] = ""
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None


async def hold_any(request: web.Request) -> web.StreamResponse:
    """Hold a time with any suitable interviewer; the caller confirms it before `hold_until`."""
    sent = await read_json(request, AnyRequest)
    kind = await InterviewType.filter(slug=sent.type, active=True, kind="human").first()
    if kind is None:
        raise errors.NotFound()
    zone = sent.zone or current_zone()
    if not zones.is_zone(zone):
        raise errors.Invalid({"zone": _("Choose a time zone from the list.")})
    wanted = asked_for(kind, str(sent.minutes or ""))
    if wanted is None:
        raise errors.Invalid({"minutes": no_such_length(kind)})
    booking = await anyone.hold_any(wanted, me(), parse_start(sent.start, zone), zone)
    return await answer(booking, 201)


ROUTES = [
    api("GET", "search", search, "search", SearchOut, public=True),
    api("POST", "free/hold", hold_any, "any_hold", BookingOut, request=AnyRequest, rate="60/60", idempotent=True),
    api("GET", "free", all_times, "free", AllTimes, public=True),
    api("GET", "free/first", first_times, "free_first", FirstTimes, public=True),
]
