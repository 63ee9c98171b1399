"""What the JSON routes share: shapes, the caller, a booking as an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from kernel import SIGNED_IN, Listing, Page, Route, current_actor, errors, get_or_404, json_answer, read_listing, url

from .. import queries
from ..api import BookingInfo
from ..models import Booking, InterviewType
from ..services import changes


class In(BaseModel):
    """Base of requests: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class BookingOut(BaseModel):
    """A booking; `next` is where a person goes on (the checkout), `seen` the seal of what cancelling would mean."""

    id: UUID
    status: str
    outcome: str | None
    kind: str
    mode: str
    type: str
    title: str
    starts_at: datetime
    ends_at: datetime
    candidate_id: UUID
    interviewer_id: UUID | None
    second_id: UUID | None = None
    price_minor: int
    currency: str
    page: str
    hold_until: datetime | None = None
    next: str = ""


class Done(BaseModel):
    """It was done; `said` is what people are told."""

    said: str = ""


def out(info: BookingInfo, row: Booking | None = None, to: str = "") -> BookingOut:
    return BookingOut(
        id=info.id, status=info.status, outcome=info.outcome, kind=info.kind, mode=info.mode, type=info.type_slug,
        title=info.type_title, starts_at=info.starts_at, ends_at=info.ends_at, candidate_id=info.candidate_id,
        interviewer_id=info.interviewer_id, second_id=info.second_id, price_minor=info.price_minor,
        currency=info.currency, page=info.path, hold_until=row.hold_until if row else None, next=to,
    )  # fmt: skip


def me() -> UUID:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id


def answer_of(row: Booking, kind: InterviewType, status: int = 200, to: str = "") -> web.StreamResponse:
    """A booking that is at hand with its type: nothing is read again."""
    body = BookingOut(
        id=row.id, status=row.status, outcome=row.outcome, kind=row.kind, mode=row.mode, type=kind.slug,
        title=row.title, starts_at=row.starts_at, ends_at=row.ends_at, candidate_id=row.candidate_id,
        interviewer_id=row.interviewer_id, second_id=row.second_id, price_minor=row.price_minor,
        currency=row.currency, page=url("scheduling.booking", id=row.id), hold_until=row.hold_until, next=to,
    )  # fmt: skip
    return json_answer(body, status)


async def answer(row: Booking, status: int = 200, to: str = "") -> web.StreamResponse:
    info = await queries.BOOKINGS.get(row.id)
    if info is None:
        raise errors.NotFound()
    return json_answer(out(info, row, to), status)


def whole(request: web.Request, items: Sequence[BaseModel]) -> web.StreamResponse:
    """One page of a list that is at hand whole."""
    asked = read_listing(request, Listing)
    some, after = asked.cut(items)
    return json_answer(Page[Any](items=list(some), next=after))


async def mine(request: web.Request, **more: Any) -> Booking:
    """The caller's own booking as a candidate."""
    return await get_or_404(Booking, request.match_info["id"], candidate_id=me(), **more)


async def party(request: web.Request) -> tuple[Booking, str]:
    """A booking and the caller's part in it."""
    row = await get_or_404(Booking, request.match_info["id"])
    role = changes.role_in(row)
    if not role:
        raise errors.NotFound()
    return row, role


def api(method: str, path: str, handler: object, name: str, shape: type[BaseModel], **more: Any) -> Route:
    public = bool(more.pop("public", False))
    permission = more.pop("permission", SIGNED_IN)
    return Route(
        method=method, path=f"/api/v1/scheduling/{path}", handler=handler,  # type: ignore[arg-type]
        name=f"scheduling.api_{name}", response=shape, public=public, permission=None if public else permission,
        **more,
    )  # fmt: skip
