"""JSON twins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import current_locale, errors, json_answer, read_json, read_query
from kernel import gettext as _

from . import queries, states
from .forms import AuditQuery
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
    items: list[HeldOut]


class RequestOut(BaseModel):
    id: UUID
    kind: str
    state: str
    requested_at: datetime
    due_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    version: int


class RequestsOut(BaseModel):
    items: list[RequestOut]


class ErasureIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    confirm: str
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


class EntriesOut(BaseModel):
    """`next` goes into `?before=` for the following page; null at the end."""

    items: list[EntryOut]
    next: int | None


class VerdictOut(BaseModel):
    ok: bool
    checked: int
    broken: int | None
    fault: str
    head: str


async def data_map(_request: web.Request) -> web.StreamResponse:
    held = await exporting.held(me().id)
    items = [
        HeldOut(plugin=h.plugin, on=h.on, nothing_because=h.nothing, error=h.error, sections=dict(h.sections))
        for h in held
    ]
    return json_answer(MapOut(items=items))


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


async def list_requests(_request: web.Request) -> web.StreamResponse:
    rows = [*await queries.exports_of(me().id), *await queries.erasures_of(me().id)]
    return json_answer(RequestsOut(items=[_out(row) for row in rows]))


async def ask_export(_request: web.Request) -> web.StreamResponse:
    return json_answer(_out(await exporting.ask(me().id, current_locale(), by=me().id)), 202)


async def ask_erasure(request: web.Request) -> web.StreamResponse:
    sent = await read_json(request, ErasureIn)
    if sent.confirm.strip().casefold() != me().email.casefold():
        raise errors.Invalid({"confirm": _("Type the email address exactly as it is shown.")})
    return json_answer(_out(await erasing.ask(me().id, sent.note, current_locale(), by=me().id)), 202)


async def list_entries(request: web.Request) -> web.StreamResponse:
    parsed = read_query(request, AuditQuery)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    rows = await queries.entries(await wanted_of(parsed.value), before=parsed.value.before, limit=queries.PAGE + 1)
    shown = rows[: queries.PAGE]
    items = [
        EntryOut(
            seq=e.seq, at=e.at, actor_id=e.actor_id, actor=e.actor, action=e.action, subject=e.subject,
            subject_id=e.subject_id, reason=e.reason, request_id=e.request_id, hash=e.hash,
            changes=[ChangeOut(field=c.name, before=c.before, after=c.after) for c in e.changes],
        )
        for e in shown
    ]  # fmt: skip
    return json_answer(EntriesOut(items=items, next=shown[-1].seq if len(rows) > queries.PAGE else None))


async def verify(_request: web.Request) -> web.StreamResponse:
    found = await log.verify()
    return json_answer(
        VerdictOut(ok=found.ok, checked=found.checked, broken=found.broken, fault=found.fault, head=found.head)
    )
