"""What can be booked, with whom and when, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Listing, Page, _, current_actor, errors, json_answer, now, read_listing, services
from plugins.users.api import Interviewers

from .. import availability, queries
from ..lengths import asked_for, lengths, no_such_length
from ..picker import value_of
from ..pricing import price_of
from .common import api, whole


class TypeOut(BaseModel):
    """`durations`: all lengths to choose from, in minutes; the price is of the usual one, `duration_minutes`."""

    slug: str
    title: str
    description: str
    kind: str
    duration_minutes: int
    durations: list[int]
    price_minor: int
    currency: str


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


class InterviewersAsked(Listing):
    q: Annotated[str, Field(max_length=80)] = ""
    skill: Annotated[str, Field(max_length=80)] = ""
    language: Annotated[str, Field(max_length=80)] = ""


async def list_types(request: web.Request) -> web.StreamResponse:
    """What can be booked."""
    types = [*await queries.active_types("human"), *await queries.active_types("ai")]
    found = [
        TypeOut(
            slug=t.slug, title=t.title, description=t.description, kind=t.kind, duration_minutes=t.duration_minutes,
            price_minor=price_of(t, None).minor, currency=t.currency, durations=lengths(t),
        )
        for t in types
    ]  # fmt: skip
    return whole(request, found)


async def list_interviewers(request: web.Request) -> web.StreamResponse:
    """Published interviewers and the types they offer; `search` answers more questions."""
    asked = read_listing(request, InterviewersAsked)
    cards, after = asked.cut(
        await services.need(Interviewers).listed(q=asked.q, skill=asked.skill, language=asked.language)
    )
    offered = await queries.offered_types([card.account_id for card in cards])
    found = [
        InterviewerOut(
            slug=c.slug, name=c.name, headline=c.headline, skills=list(c.skills),
            types=[t.slug for t in offered.get(c.account_id, [])],
        )
        for c in cards
    ]  # fmt: skip
    return json_answer(Page[InterviewerOut](items=found, next=after))


async def list_slots(request: web.Request) -> web.StreamResponse:
    """Bookable starts of one interviewer and type between `from` and `to` (default: the whole booking window).

    `minutes`: one of the type's lengths when not the usual one.
    """
    found = await queries.bookable(request.query.get("interviewer", ""), request.query.get("type", ""))
    if found is None:
        raise errors.NotFound()
    card, usual = found
    kind = asked_for(usual, request.query.get("minutes", "")[:4])
    if kind is None:
        raise errors.Invalid({"minutes": no_such_length(usual)})
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


ROUTES = [
    api("GET", "interview-types", list_types, "types", Page[TypeOut], public=True, query=Listing),
    api("GET", "interviewers", list_interviewers, "interviewers", Page[InterviewerOut], public=True,
        query=InterviewersAsked),
    api("GET", "slots", list_slots, "slots", SlotList, public=True),
]  # fmt: skip
