"""JSON twins, and the public state of the site."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import current_zone, errors, json_answer, now, read_json, setting, zones
from kernel import gettext as _

from . import queries, states
from .models import MaintenanceWindow
from .services import look, maintenance
from .settings import COLOUR, FONT, NAME, RADIUS, TAGLINE


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LookModel(_In):
    name: Annotated[str, Field(max_length=60)]
    tagline: Annotated[str, Field(max_length=160)]
    color: str
    radius: int
    font: str


class WindowIn(_In):
    """Without `starts_at` it begins now. Times without an offset are read in the caller's zone."""

    starts_at: datetime | None = None
    ends_at: datetime
    messages: dict[str, Annotated[str, Field(max_length=1000)]] = {}
    reason: Annotated[str, Field(max_length=200)] = ""


class VersionIn(_In):
    version: int


class WindowOut(BaseModel):
    id: UUID
    state: str
    starts_at: datetime
    ends_at: datetime
    messages: dict[str, str]
    version: int


class WindowsOut(BaseModel):
    items: list[WindowOut]
    total: int


class Span(BaseModel):
    starts_at: datetime
    ends_at: datetime


class StatusOut(BaseModel):
    state: Literal["open", "maintenance"]
    maintenance: list[Span]


def _out(row: MaintenanceWindow) -> WindowOut:
    state = states.state_of(row, now())
    return WindowOut(
        id=row.id, state=state, starts_at=row.starts_at, ends_at=row.ends_at, messages=row.messages, version=row.version
    )


def _look() -> LookModel:
    return LookModel(
        name=setting(NAME), tagline=setting(TAGLINE), color=setting(COLOUR), radius=setting(RADIUS), font=setting(FONT)
    )


async def get_look(_request: web.Request) -> web.StreamResponse:
    return json_answer(_look())


async def put_look(request: web.Request) -> web.StreamResponse:
    sent = await read_json(request, LookModel)
    keys = {NAME: "name", TAGLINE: "tagline", COLOUR: "color", RADIUS: "radius", FONT: "font"}
    try:
        await look.save_look({key: getattr(sent, field) for key, field in keys.items()})
    except errors.Invalid as exc:
        raise errors.Invalid({keys.get(k, k): v for k, v in exc.errors.items()}) from None
    return json_answer(_look())


async def list_windows(_request: web.Request) -> web.StreamResponse:
    rows, total = await queries.listed(100)
    return json_answer(WindowsOut(items=[_out(r) for r in rows], total=total))


def _aware(value: datetime) -> datetime:
    if not 2000 <= value.year < 2200:
        raise errors.Invalid({"ends_at": _("Enter a date and a time.")})
    return value if value.tzinfo else zones.instant(value.date(), value.time(), current_zone())


async def plan_window(request: web.Request) -> web.StreamResponse:
    sent = await read_json(request, WindowIn)
    start = _aware(sent.starts_at) if sent.starts_at else None
    return json_answer(_out(await maintenance.plan(start, _aware(sent.ends_at), sent.messages, sent.reason)), 201)


async def stop_window(request: web.Request) -> web.StreamResponse:
    sent = await read_json(request, VersionIn)
    await maintenance.stop(request.match_info["id"], sent.version)
    row = await MaintenanceWindow.get(id=request.match_info["id"])
    return json_answer(_out(row))


async def status(_request: web.Request) -> web.StreamResponse:
    """Open or closed, and what is planned; for status boards."""
    at = now()
    open_now = await queries.active()
    spans = [Span(starts_at=w.starts_at, ends_at=w.ends_at) for w in await queries.coming() if w.ends_at > at]
    return json_answer(StatusOut(state="maintenance" if open_now else "open", maintenance=spans))
