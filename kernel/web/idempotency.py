"""The same request sent twice (double click, retry after a lost answer) is done once and answered alike.

A key belongs to one browser or account. What is kept is the first answer below 400. A refusal (4xx) or an
outage frees the key, since nothing was done. A crash leaves it running; a minute later it may be used again,
with the unique indexes of the tables behind it as the second wall.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from aiohttp import web

from ..base.clock import now
from ..base.context import current_actor, current_tenant
from ..base.errors import BadRequest, Conflict, Problem
from ..base.i18n import _
from ..base.ids import new_id
from ..base.log import get_logger
from ..engines.connection import DatabaseDown, execute, sql_one
from . import body, csrf
from .visit import visit_of

if TYPE_CHECKING:
    from .endpoints import Endpoint

log = get_logger(__name__)

HEADER = "Idempotency-Key"
FIELD = "_key"
_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,100}")
_MAX_BODY = 256 * 1024
_WAIT = 5.0
_LEASE = timedelta(seconds=60)
_KEEP = timedelta(hours=24)
_NOTHING_DONE: tuple[type[Exception], ...] = (Problem, *DatabaseDown)


@dataclass(frozen=True, slots=True)
class Claim:
    """A key in one owner's hands, and what it stands for."""

    owner: str
    key: str
    route: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, as far as it can be given again."""

    status: int
    location: str | None = None
    content_type: str | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a key."""

    route: str
    body_hash: str
    state: Literal["running", "done", "failed"]
    answer: Answer | None


class Store(Protocol):
    """Where keys are kept, per tenant in scope."""

    async def claim(self, claim: Claim) -> bool: ...
    async def look(self, claim: Claim) -> Known | None: ...
    async def finish(self, claim: Claim, answer: Answer) -> None: ...
    async def fail(self, claim: Claim) -> None: ...
    async def release(self, claim: Claim) -> None: ...


async def once(request: web.Request, endpoint: Endpoint) -> web.StreamResponse:
    """Run the endpoint's handler unless this key was used before; then give the first answer again."""
    key = request.headers.get(HEADER, "")
    if not key and body.is_form(request):
        key = (await body.read_form_data(request)).get(FIELD)
    owner = _owner(request)
    if not key or not owner:
        return await endpoint.handler(request)
    if not _KEY.fullmatch(key):
        raise BadRequest(_("An idempotency key has 8 to 100 letters, digits or any of _.:-"))
    claim = Claim(owner, key, f"{endpoint.name} {request.path_qs}"[:400], await _fingerprint(request))
    if await store.claim(claim):
        return await _first(request, endpoint, claim)
    return await _again(claim)


async def _first(request: web.Request, endpoint: Endpoint, claim: Claim) -> web.StreamResponse:
    try:
        response = await endpoint.handler(request)
    except web.HTTPException as exc:
        if exc.status >= 400:
            await _quietly_release(claim)
            raise
        response = web.Response(status=exc.status, headers=exc.headers)
    except _NOTHING_DONE:
        await _quietly_release(claim)
        raise
    except Exception:
        await store.fail(claim)
        raise
    if response.status >= 400:
        await _quietly_release(claim)
    else:
        await store.finish(claim, _answer_of(response))
    return response


async def _quietly_release(claim: Claim) -> None:
    """While the database is down this fails too; then the lease frees the key."""
    try:
        await store.release(claim)
    except DatabaseDown:
        log.warning("an idempotency key stays claimed until its lease ends")


async def _again(claim: Claim) -> web.StreamResponse:
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + _WAIT, 0.02
    while True:
        known = await store.look(claim)
        if known is not None and (known.route, known.body_hash) != (claim.route, claim.body_hash):
            raise Conflict(_("This key was used for another request."))
        if known is not None and known.state == "done" and known.answer is not None:
            return _replay(known.answer)
        if known is not None and known.state == "failed":
            raise Conflict(_("The first attempt broke off. Check whether it was done before you send it again."))
        if known is None or loop.time() >= deadline:
            problem = Conflict(_("The first attempt is still under way or was refused. Try again in a moment."))
            problem.headers["Retry-After"] = "5"
            raise problem
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def _owner(request: web.Request) -> str:
    """An account keeps its keys across sign-ins; other browsers have their anonymous cookie."""
    actor = current_actor()
    return f"c:{actor.id}" if actor is not None else csrf.binding(visit_of(request))


async def _fingerprint(request: web.Request) -> str:
    digest = hashlib.sha256()
    if not body.is_form(request):
        digest.update(await body.read_body(request))
        return digest.hexdigest()
    form = await body.read_form_data(request)
    for name, value in form.fields:
        if name not in (csrf.FIELD, FIELD):
            digest.update(f"{len(name)}:{name}={len(value)}:{value};".encode())
    for name, upload in form.files:
        digest.update(f"{len(name)}:{name}@{upload.size}:".encode() + upload.read())
    return digest.hexdigest()


def _answer_of(response: web.StreamResponse) -> Answer:
    content = response.body if isinstance(response, web.Response) else None
    kept = content if isinstance(content, bytes) and len(content) <= _MAX_BODY else None
    return Answer(response.status, response.headers.get("Location"), response.headers.get("Content-Type"), kept)


def _replay(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    if answer.content_type:
        response.headers["Content-Type"] = answer.content_type
    if answer.location:
        response.headers["Location"] = answer.location
    response.headers["Cache-Control"] = "no-store"
    response.headers["Idempotent-Replay"] = "true"
    return response


class DatabaseStore:
    """Keys in the table `kernel_idempotency_key`, outside the handler's own transaction."""

    async def claim(self, claim: Claim) -> bool:
        instant = now()
        row = await sql_one(
            _CLAIM,
            new_id(),
            current_tenant().id,
            claim.owner,
            claim.key,
            claim.route,
            claim.body_hash,
            instant,
            instant - _LEASE,
            instant - _KEEP,
        )
        return row is not None

    async def look(self, claim: Claim) -> Known | None:
        row = await sql_one(
            "SELECT route, body_hash, state, status, location, content_type, body FROM kernel_idempotency_key"
            " WHERE tenant_id = $1 AND owner = $2 AND key = $3",
            *_where(claim),
        )
        if row is None:
            return None
        answer = Answer(row.status, row.location, row.content_type, row.body) if row.state == "done" else None
        return Known(row.route, row.body_hash, row.state, answer)

    async def finish(self, claim: Claim, answer: Answer) -> None:
        await execute(
            "UPDATE kernel_idempotency_key SET state = 'done', status = $4, location = $5, content_type = $6, body = $7"
            " WHERE tenant_id = $1 AND owner = $2 AND key = $3",
            *_where(claim),
            answer.status,
            answer.location,
            answer.content_type,
            answer.body,
        )

    async def fail(self, claim: Claim) -> None:
        await execute(
            "UPDATE kernel_idempotency_key SET state = 'failed' WHERE tenant_id = $1 AND owner = $2 AND key = $3",
            *_where(claim),
        )

    async def release(self, claim: Claim) -> None:
        await execute(
            "DELETE FROM kernel_idempotency_key WHERE tenant_id = $1 AND owner = $2 AND key = $3", *_where(claim)
        )


def _where(claim: Claim) -> tuple[object, str, str]:
    return current_tenant().id, claim.owner, claim.key


# One statement, so that of ten racing requests exactly one gets a row back.
_CLAIM = """
INSERT INTO kernel_idempotency_key AS k (id, tenant_id, owner, key, route, body_hash, state, created_at)
VALUES ($1, $2, $3, $4, $5, $6, 'running', $7)
ON CONFLICT (tenant_id, owner, key) DO UPDATE
SET route = excluded.route, body_hash = excluded.body_hash, state = 'running', created_at = excluded.created_at,
    status = NULL, location = NULL, content_type = NULL, body = NULL
WHERE (k.state = 'running' AND k.created_at < $8 AND k.body_hash = excluded.body_hash) OR k.created_at < $9
RETURNING k.id
"""

store: Store = DatabaseStore()


async def purge_keys() -> None:
    """Forget keys of this tenant that are over; a periodic job."""
    await execute(
        "DELETE FROM kernel_idempotency_key WHERE tenant_id = $1 AND created_at < $2",
        current_tenant().id,
        now() - _KEEP,
    )
