"""JSON twins, and the public state of the site."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from kernel import (
    Listing,
    Page,
    current_snapshot,
    current_zone,
    errors,
    get_or_404,
    json_answer,
    now,
    read_json,
    read_listing,
    setting,
    zones,
)
from kernel import gettext as _

from . import queries, states
from .models import MaintenanceWindow
from .services import look, maintenance, wording
from .settings import COLOUR, ERROR_PAGES, FONT, NAME, OWN_WORDS, PACK, RADIUS, TAGLINE


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LookModel(_In):
    name: Annotated[str, Field(max_length=60)]
    tagline: Annotated[str, Field(max_length=160)]
    color: Annotated[str, Field(max_length=20)]
    radius: Annotated[int, Field(ge=0, le=100)]
    font: Annotated[str, Field(max_length=40)]


class WindowIn(_In):
    """Without `starts_at` it begins now. Times without an offset are read in the caller's zone."""

    starts_at: datetime | None = None
    ends_at: datetime
    messages: dict[str, Annotated[str, Field(max_length=1000)]] = {}
    reason: Annotated[str, Field(max_length=200)] = ""


class VersionIn(_In):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class ProlongIn(VersionIn):
    minutes: Annotated[int, Field(ge=1, le=24 * 60)]


class LogoIn(_In):
    """A PNG, JPEG or WebP file in base64."""

    content: Annotated[Base64Bytes, Field(max_length=12 * 1024 * 1024)]


class PageTextIn(_In):
    """The words of an error or maintenance page in one language; `body` is markdown."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    body: Annotated[str, Field(max_length=4000)]


class PageTextOut(BaseModel):
    """`own` is false where the standard words count."""

    page: str
    locale: str
    own: bool


class TermsIn(_In):
    """`words` has one `old = new` on each line, for one language."""

    pack: Annotated[str, Field(max_length=40)]
    words: Annotated[str, Field(max_length=20_000)] = ""


class TermsOut(BaseModel):
    pack: str
    locale: str


class LanguagesModel(_In):
    """Languages that readers may choose, and the one they get first."""

    default: Annotated[str, Field(max_length=12)]
    offered: Annotated[list[Annotated[str, Field(max_length=12)]], Field(max_length=60)]


class WindowOut(BaseModel):
    id: UUID
    state: str
    starts_at: datetime
    ends_at: datetime
    messages: dict[str, str]
    version: int


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
    """Name, colours, corners and font."""
    return json_answer(_look())


async def put_look(request: web.Request) -> web.StreamResponse:
    """Set name, colours, corners and font."""
    sent = await read_json(request, LookModel)
    keys = {NAME: "name", TAGLINE: "tagline", COLOUR: "color", RADIUS: "radius", FONT: "font"}
    try:
        await look.save_look({key: getattr(sent, field) for key, field in keys.items()})
    except errors.Invalid as exc:
        raise errors.Invalid({keys.get(k, k): v for k, v in exc.errors.items()}) from None
    return json_answer(_look())


async def put_logo(request: web.Request) -> web.StreamResponse:
    """Set the logo."""
    sent = await read_json(request, LogoIn)
    await look.set_logo(sent.content)
    return json_answer(_look())


async def drop_logo(_request: web.Request) -> web.StreamResponse:
    """Remove the logo."""
    await look.drop_logo()
    return json_answer(_look())


async def reset_look(_request: web.Request) -> web.StreamResponse:
    """Back to the standard look, logo included."""
    await look.reset_look()
    return json_answer(_look())


def _page_of(request: web.Request) -> tuple[str, str]:
    page, locale = request.match_info["page"], request.match_info["locale"]
    if page not in ERROR_PAGES or locale not in current_snapshot().locales:
        raise errors.NotFound
    return page, locale


async def put_text(request: web.Request) -> web.StreamResponse:
    """Set the words of a page in one language."""
    page, locale = _page_of(request)
    sent = await read_json(request, PageTextIn)
    try:
        await wording.save_page(page, locale, sent.title, sent.body)
    except errors.Invalid as exc:
        raise errors.Invalid({"body": next(iter(exc.errors.values()))}) from None
    return json_answer(PageTextOut(page=page, locale=locale, own=True))


async def reset_text(request: web.Request) -> web.StreamResponse:
    """Back to the standard words of a page in one language."""
    page, locale = _page_of(request)
    await wording.reset_page(page, locale)
    return json_answer(PageTextOut(page=page, locale=locale, own=False))


async def put_terms(request: web.Request) -> web.StreamResponse:
    """Choose a set of terms, and one's own words in one language."""
    locale = request.match_info["locale"]
    if locale not in current_snapshot().locales:
        raise errors.NotFound
    sent = await read_json(request, TermsIn)
    try:
        await wording.save_terms(sent.pack, locale, sent.words)
    except errors.Invalid as exc:
        names = {PACK: "pack", OWN_WORDS: "words"}
        raise errors.Invalid({names.get(k, k): v for k, v in exc.errors.items()}) from None
    return json_answer(TermsOut(pack=sent.pack, locale=locale))


def _languages() -> LanguagesModel:
    snapshot = current_snapshot()
    return LanguagesModel(default=snapshot.locale, offered=list(snapshot.locales))


async def get_languages(_request: web.Request) -> web.StreamResponse:
    """Languages that readers may choose."""
    return json_answer(_languages())


async def put_languages(request: web.Request) -> web.StreamResponse:
    """Choose the languages of the site."""
    sent = await read_json(request, LanguagesModel)
    await wording.save_languages(sent.default, sent.offered)
    return json_answer(sent)


async def list_windows(request: web.Request) -> web.StreamResponse:
    """Maintenance windows, the latest first."""
    asked = read_listing(request, Listing)
    rows, total = await queries.listed(asked.limit, (asked.number - 1) * asked.limit)
    return json_answer(Page[WindowOut](items=[_out(r) for r in rows], next=asked.next(total)))


def _aware(value: datetime) -> datetime:
    if not 2000 <= value.year < 2200:
        raise errors.Invalid({"ends_at": _("Enter a date and a time.")})
    return value if value.tzinfo else zones.instant(value.date(), value.time(), current_zone())


async def plan_window(request: web.Request) -> web.StreamResponse:
    """Plan maintenance, or begin it now."""
    sent = await read_json(request, WindowIn)
    start = _aware(sent.starts_at) if sent.starts_at else None
    return json_answer(_out(await maintenance.plan(start, _aware(sent.ends_at), sent.messages, sent.reason)), 201)


async def prolong_window(request: web.Request) -> web.StreamResponse:
    """Move the end of a window."""
    sent = await read_json(request, ProlongIn)
    by = timedelta(minutes=sent.minutes)
    return json_answer(_out(await maintenance.prolong(request.match_info["id"], sent.version, by)))


async def stop_window(request: web.Request) -> web.StreamResponse:
    """Call a planned window off, or end a running one."""
    sent = await read_json(request, VersionIn)
    await maintenance.stop(request.match_info["id"], sent.version)
    row = await get_or_404(MaintenanceWindow, request.match_info["id"])
    return json_answer(_out(row))


async def status(_request: web.Request) -> web.StreamResponse:
    """Open or closed, and what is planned; for status boards."""
    at = now()
    open_now = await queries.active()
    spans = [Span(starts_at=w.starts_at, ends_at=w.ends_at) for w in await queries.coming() if w.ends_at > at]
    return json_answer(StatusOut(state="maintenance" if open_now else "open", maintenance=spans))
