"""JSON twins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import Listing, Page, accounts, current_locale, errors, get_or_404, json_answer, read_json, read_listing
from kernel import gettext as _

from . import queries, states
from .forms import AuditQuery, Day
from .models import DataRequest
from .routes.audit import wanted_of
from .routes.mine import me
from .services import erasing, exporting, log


class HeldOut(BaseModel):
    plugin: str
    on: bool
    nothing_because: str = ""
    error: str = ""
    sections: dict[str, int] = {}


class MapOut(BaseModel):
    plugins: list[HeldOut]


class RequestOut(BaseModel):
    id: UUID
    kind: str
    state: str
    requested_at: datetime
    due_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    version: int


class DeskRequestOut(RequestOut):
    """A request as whoever handles it sees it."""

    account_id: UUID
    asked_by: UUID | None
    decided_by: UUID | None
    note: str
    reason: str


class DeskListing(Listing):
    group: Literal["open", "closed", "exports"] = "open"


class AuditListing(Listing):
    """`who` is an email address or part of a name."""

    q: Annotated[str, Field(max_length=100)] = ""
    action: Annotated[str, Field(max_length=120)] = ""
    who: Annotated[str, Field(max_length=100)] = ""
    since: Day | None = None
    until: Day | None = None


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


_Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class VersionIn(_In):
    version: _Version


class NewRequestIn(_In):
    """A request that somebody made by other means."""

    email: Annotated[str, Field(min_length=3, max_length=254)]
    kind: Literal["export", "erasure"] = "erasure"
    note: Annotated[str, Field(max_length=500)] = ""


class ExecuteIn(VersionIn):
    """`confirm` is the person's email address."""

    confirm: Annotated[str, Field(max_length=254)]


class DeclineIn(VersionIn):
    """`reason` is what the person is told."""

    reason: Annotated[str, Field(min_length=5, max_length=500)]


class ErasureIn(_In):
    """`confirm` is one's own email address."""

    confirm: Annotated[str, Field(max_length=254)]
    note: Annotated[str, Field(max_length=500)] = ""


class ChangeOut(BaseModel):
    field: str
    before: str | None
    after: str | None


class EntryOut(BaseModel):
    seq: int
    at: datetime
    actor_id: UUID | None
    actor: str
    action: str
    subject: str
    subject_id: str
    reason: str
    request_id: str
    changes: list[ChangeOut]
    hash: str


class VerdictOut(BaseModel):
    ok: bool
    checked: int
    broken: int | None
    fault: str
    head: str


async def data_map(_request: web.Request) -> web.StreamResponse:
    """What each plugin holds about oneself, counted."""
    held = await exporting.held(me().id)
    items = [
        HeldOut(plugin=h.plugin, on=h.on, nothing_because=h.nothing, error=h.error, sections=dict(h.sections))
        for h in held
    ]
    return json_answer(MapOut(plugins=items))


def _out(row: DataRequest) -> RequestOut:
    return RequestOut(
        id=row.id,
        kind=row.kind,
        state=states.EXPIRED if row.state == states.READY and queries.is_over(row) else row.state,
        requested_at=row.created_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        version=row.version,
    )


async def list_requests(request: web.Request) -> web.StreamResponse:
    """One's own requests."""
    asked = read_listing(request, Listing)
    rows, after = asked.cut([*await queries.exports_of(me().id), *await queries.erasures_of(me().id)])
    return json_answer(Page[RequestOut](items=[_out(row) for row in rows], next=after))


def _desk_out(row: DataRequest) -> DeskRequestOut:
    names = ("account_id", "asked_by", "decided_by", "note", "reason")
    return DeskRequestOut(**_out(row).model_dump(), **{name: getattr(row, name) for name in names})


async def list_desk(request: web.Request) -> web.StreamResponse:
    """Everybody's requests; open ones by their deadline."""
    asked = read_listing(request, DeskListing)
    rows, total = await queries.requests(asked.group, asked.limit, (asked.number - 1) * asked.limit)
    return json_answer(Page[DeskRequestOut](items=[_desk_out(r) for r in rows], next=asked.next(total)))


async def show_desk(request: web.Request) -> web.StreamResponse:
    """One request."""
    return json_answer(_desk_out(await get_or_404(DataRequest, request.match_info["id"])))


async def create_desk(request: web.Request) -> web.StreamResponse:
    """Note a request that somebody made by other means."""
    sent = await read_json(request, NewRequestIn)
    account = await accounts.find_account(sent.email)
    if account is None or account.state == "erased":
        raise errors.Invalid({"email": _("Nobody has this address here.")})
    if sent.kind == states.EXPORT:
        row = await exporting.ask(account.id, account.locale, by=me().id)
    else:
        row = await erasing.ask(account.id, sent.note, account.locale, by=me().id)
    return json_answer(_desk_out(row), 201)


async def execute(request: web.Request) -> web.StreamResponse:
    """Erase the person; the account is shut at once, the rest follows in the background."""
    sent = await read_json(request, ExecuteIn)
    await erasing.execute(request.match_info["id"], sent.version, sent.confirm)
    return json_answer(_desk_out(await get_or_404(DataRequest, request.match_info["id"])), 202)


async def decline(request: web.Request) -> web.StreamResponse:
    """Refuse a request for erasure, with the reason that the person is told."""
    sent = await read_json(request, DeclineIn)
    await erasing.decline(request.match_info["id"], sent.version, sent.reason)
    return json_answer(_desk_out(await get_or_404(DataRequest, request.match_info["id"])))


async def withdraw(request: web.Request) -> web.StreamResponse:
    """Take one's own request for erasure back."""
    sent = await read_json(request, VersionIn)
    await erasing.withdraw(request.match_info["id"], me().id, sent.version)
    return json_answer(_out(await get_or_404(DataRequest, request.match_info["id"], account_id=me().id)))


async def ask_export(_request: web.Request) -> web.StreamResponse:
    """Ask for a copy of one's own data; while one is being made, that one is given."""
    return json_answer(_out(await exporting.ask(me().id, current_locale(), by=me().id)), 202)


async def ask_erasure(request: web.Request) -> web.StreamResponse:
    """Ask to be forgotten."""
    sent = await read_json(request, ErasureIn)
    if sent.confirm.strip().casefold() != me().email.casefold():
        raise errors.Invalid({"confirm": _("Type the email address exactly as it is shown.")})
    return json_answer(_out(await erasing.ask(me().id, sent.note, current_locale(), by=me().id)), 202)


async def list_entries(request: web.Request) -> web.StreamResponse:
    """The audit log, the latest act first."""
    asked = read_listing(request, AuditListing)
    query = AuditQuery(**asked.model_dump(exclude={"limit", "cursor"}))
    rows = await queries.entries(await wanted_of(query), before=asked.after, limit=asked.limit + 1)
    shown = rows[: asked.limit]
    items = [
        EntryOut(
            seq=e.seq, at=e.at, actor_id=e.actor_id, actor=e.actor, action=e.action, subject=e.subject,
            subject_id=e.subject_id, reason=e.reason, request_id=e.request_id, hash=e.hash,
            changes=[ChangeOut(field=c.name, before=c.before, after=c.after) for c in e.changes],
        )
        for e in shown
    ]  # fmt: skip
    after = asked.continue_after(shown[-1].seq) if len(rows) > asked.limit else None
    return json_answer(Page[EntryOut](items=items, next=after))


async def verify(_request: web.Request) -> web.StreamResponse:
    """Check the chain of the audit log."""
    found = await log.verify()
    return json_answer(
        VerdictOut(ok=found.ok, checked=found.checked, broken=found.broken, fault=found.fault, head=found.head)
    )
