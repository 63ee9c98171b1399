"""The waiting list and one's own standing as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Listing, Page, current_zone, errors, get_or_404, json_answer, read_json, services, setting
from plugins.users.api import Interviewers

from ..models import InterviewType, Waiting
from ..services import strikes, waiting
from .common import Done, In, api, me, whole


class WaitRequest(In):
    """Wait for a type; without `interviewer` for anybody who offers it, without `until` as long as one may."""

    type: Annotated[str, Field(max_length=60)]
    interviewer: Annotated[str, Field(max_length=80)] = ""
    until: date | None = None


class WaitOut(BaseModel):
    """`booking_id`: the time that is held for the caller now (`state` offered)."""

    id: UUID
    type: str
    interviewer_id: UUID | None
    state: str
    until: date
    booking_id: UUID | None


class Standing(BaseModel):
    strikes: int
    limit: int


async def list_waiting(request: web.Request) -> web.StreamResponse:
    """What the caller waits for, the oldest first."""
    return whole(request, [_waiting(row, row.type.slug) for row in await waiting.mine(me())])


def _waiting(row: Waiting, slug: str) -> WaitOut:
    return WaitOut(
        id=row.id, type=slug, interviewer_id=row.interviewer_id, state=row.state, until=row.until,
        booking_id=row.booking_id,
    )  # fmt: skip


async def join_waiting(request: web.Request) -> web.StreamResponse:
    """Wait for a freed time. Again: the same entry, prolonged."""
    sent = await read_json(request, WaitRequest)
    kind = await InterviewType.filter(slug=sent.type, kind="human", active=True).first()
    card = await services.need(Interviewers).by_slug(sent.interviewer) if sent.interviewer else None
    if kind is None or (sent.interviewer and card is None):
        raise errors.NotFound()
    row = await waiting.join(kind, me(), card.account_id if card else None, current_zone(), sent.until)
    return json_answer(_waiting(row, kind.slug), 201)


async def leave_waiting(request: web.Request) -> web.StreamResponse:
    """Wait no longer; a time that is held goes to the next. Again: nothing."""
    row = await get_or_404(Waiting, request.match_info["id"], account_id=me())
    await waiting.leave(row.id, me())
    return json_answer(Done())


async def standing(request: web.Request) -> web.StreamResponse:
    """The caller's strikes that count, and how many keep a candidate from booking."""
    return json_answer(Standing(strikes=await strikes.standing(me()), limit=setting("scheduling.strike_limit")))


ROUTES = [
    api("GET", "waiting", list_waiting, "waiting", Page[WaitOut], query=Listing),
    api("POST", "waiting", join_waiting, "waiting_join", WaitOut, request=WaitRequest, idempotent=True, status=201,
        errors=(409,), rate="30/60"),
    api("POST", "waiting/{id}/leave", leave_waiting, "waiting_leave", Done, idempotent=True),
    api("GET", "standing", standing, "standing", Standing),
]  # fmt: skip
