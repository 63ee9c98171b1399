"""Priority and weight of those who offer a type, as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import errors, json_answer, read_json

from ..models import InterviewType
from ..permissions import TYPES
from ..services import offers
from .common import In, api


class TurnIn(In):
    interviewer_id: UUID
    priority: Annotated[int, Field(ge=0, le=4)] = 2
    weight: Annotated[int, Field(ge=1, le=1000)] = 100


class TurnsRequest(In):
    """Whoever is not named stays as they are."""

    interviewers: Annotated[list[TurnIn], Field(max_length=1000)]


class TurnOut(BaseModel):
    """`recent`: sessions of the type in the last 30 days."""

    interviewer_id: UUID
    name: str
    priority: int
    weight: int
    recent: int


class TurnList(BaseModel):
    interviewers: list[TurnOut]


async def _kind(request: web.Request) -> InterviewType:
    row = await InterviewType.filter(slug=request.match_info["type"][:60], kind="human").first()
    if row is None:
        raise errors.NotFound()
    return row


async def show(request: web.Request) -> web.StreamResponse:
    """Who offers a type, in the order of turns."""
    return await _answer(await _kind(request))


async def _answer(kind: InterviewType) -> web.StreamResponse:
    found = [
        TurnOut(
            interviewer_id=t.account_id, name=t.card.name if t.card else "", priority=t.priority, weight=t.weight,
            recent=t.recent,
        )
        for t in await offers.turns_of(kind.id)
    ]  # fmt: skip
    return json_answer(TurnList(interviewers=found))


async def save(request: web.Request) -> web.StreamResponse:
    """Set priorities and weights, all or nothing."""
    kind, sent = await _kind(request), await read_json(request, TurnsRequest)
    await offers.set_turns(kind, {one.interviewer_id: (one.priority, one.weight) for one in sent.interviewers})
    return await _answer(kind)


_PATH = "admin/interview-types/{type}/interviewers"
ROUTES = [
    api("GET", _PATH, show, "turns", TurnList, permission=TYPES),
    api("PUT", _PATH, save, "turns_save", TurnList, permission=TYPES, request=TurnsRequest),
]
