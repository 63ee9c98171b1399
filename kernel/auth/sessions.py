"""Signed-in browsers: opaque tokens in a cookie, the truth in the database, so that an end counts everywhere."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from aiohttp import web

from ..base.clock import now
from ..base.context import Actor, current_actor, current_tenant
from ..base.i18n import N_, _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import after_commit, execute, sql, sql_one, unit_of_work
from ..tenancy.settings import setting
from ..work.events import publish
from . import audit
from .events import SignedIn
from .models import Account, Session
from .one_time import digest
from .permissions import permissions_of

#: Bus channel that tells open sockets of ended sessions; payload `{"tenant", "sessions": [ids]}`. Only a bell:
#: whoever holds a connection for long also asks `alive()` now and then.
ENDED_CHANNEL = "sessions.ended"

_TOUCH_AFTER = timedelta(minutes=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session as its owner sees it."""

    id: UUID
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


def cookie_name() -> str:
    """`__Host-` binds the cookie to this very host, which browsers accept over https only."""
    return "__Host-session" if runtime().config.cookie_secure else "session"


def token_of(request: web.Request) -> str:
    """The session token that came with a request, or ""."""
    value = request.cookies.get(cookie_name(), "")
    return value if _TOKEN.fullmatch(value) else ""


def set_cookie(response: web.StreamResponse, token: str) -> None:
    """Hand the token to the browser."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(timedelta(days=setting("kernel.session_days")).total_seconds()),
        path="/",
        httponly=True,
        secure=runtime().config.cookie_secure,
        samesite="Lax",
    )


def clear_cookie(response: web.StreamResponse) -> None:
    response.set_cookie(
        cookie_name(),
        "",
        max_age=0,
        path="/",
        httponly=True,
        secure=runtime().config.cookie_secure,
        samesite="Lax",
    )


def ip_digest(ip: str) -> str:
    """An address as we keep it: comparable within the tenant, not readable."""
    return hmac.new(runtime().config.secret, f"{current_tenant().id}|{ip}".encode(), hashlib.sha256).hexdigest()


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"),
             ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def device_name(user_agent: str) -> str:
    """`Firefox on Linux`; a hint for the person, never a decision."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return _(N_("{browser} on {system}")).format(browser=browser, system=system)
    return browser or system or _("Unknown device")


def _plain(header: str) -> str:
    """A header as the database can hold it: bytes outside UTF-8 arrive as lone surrogates."""
    return header[:300].replace("\x00", "").encode("utf-8", "replace").decode()


async def start_session(account: Account, request: web.Request) -> str:
    """Sign `account` in: a fresh token for `set_cookie`. The session that the request came with ends (rotation)."""
    token = secrets.token_urlsafe(32)
    instant = now()
    user_agent = _plain(request.headers.get("User-Agent", ""))
    address = ip_digest(request.remote or "")
    async with unit_of_work():
        if before := token_of(request):
            await _end("token_hash = $3", digest(before))
        known = await sql_one(
            "SELECT count(*) AS all, count(*) FILTER (WHERE user_agent = $3 OR ip_hash = $4) AS alike"
            " FROM kernel_session WHERE tenant_id = $1 AND account_id = $2",
            current_tenant().id,
            account.id,
            user_agent,
            address,
        )
        session = await Session.create(
            id=new_id(),
            account_id=account.id,
            token_hash=digest(token),
            created_at=instant,
            last_seen_at=instant,
            expires_at=instant + timedelta(days=setting("kernel.session_days")),
            ip_hash=address,
            user_agent=user_agent,
        )
        new_device = bool(known and known.all and not known.alike)
        device = device_name(user_agent)
        await publish(SignedIn(account_id=account.id, session_id=session.id, device=device, new_device=new_device))
    return token


async def load_actor(token: str, *, touch: bool = True) -> Actor | None:
    """Who holds this token, in one query; None when it has ended, idled out, or the account is not active.

    `touch=False` for what is not activity of a person (event streams, polling).
    """
    instant = now()
    tenant_id = current_tenant().id
    row = await sql_one(_LOAD, tenant_id, digest(token), instant, instant - timedelta(days=setting("kernel.idle_days")))
    if row is None:
        return None
    if touch and instant - row.last_seen_at > _TOUCH_AFTER:
        await execute(_TOUCH, tenant_id, row.session_id, instant, instant - _TOUCH_AFTER)
    roles = frozenset(row.roles)
    return Actor(
        id=row.id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        zone=row.zone,
        roles=roles,
        permissions=await permissions_of(roles),
        session_id=row.session_id,
        picture_id=row.picture_id,
    )


_ROLES = (
    "ARRAY(SELECT g.role FROM kernel_grant g WHERE g.tenant_id = a.tenant_id AND g.account_id = a.id"
    " AND (g.until IS NULL OR g.until > $3)) AS roles"
)
_LOAD = f"""
SELECT s.id AS session_id, s.last_seen_at, a.id, a.email, a.name, a.locale, a.zone, a.picture_id, {_ROLES}
FROM kernel_session s JOIN kernel_account a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
WHERE s.tenant_id = $1 AND s.token_hash = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND s.last_seen_at > $4
  AND a.state = 'active'
"""  # noqa: S608 - constants
_TOUCH = """
WITH seen AS (
  UPDATE kernel_session SET last_seen_at = $3 WHERE tenant_id = $1 AND id = $2 AND last_seen_at < $4
  RETURNING tenant_id, account_id
)
UPDATE kernel_account a SET last_seen_at = $3 FROM seen WHERE a.tenant_id = seen.tenant_id AND a.id = seen.account_id
"""


async def actor_of(account_id: UUID) -> Actor | None:
    """An actor for work done on behalf of an account without its session (a job, a command); None unless active."""
    row = await sql_one(
        f"SELECT a.id, a.email, a.name, a.locale, a.zone, {_ROLES} FROM kernel_account a"  # noqa: S608 - constants
        " WHERE a.tenant_id = $1 AND a.id = $2 AND a.state = 'active'",
        current_tenant().id,
        account_id,
        now(),
    )
    if row is None:
        return None
    roles = frozenset(row.roles)
    rights = await permissions_of(roles)
    return Actor(row.id, row.email, row.name, row.locale, row.zone, roles, rights)


async def alive(session_id: UUID) -> bool:
    """Whether a session still counts; for connections that outlive the request which opened them."""
    row = await sql_one(
        "SELECT 1 AS yes FROM kernel_session s JOIN kernel_account a ON a.tenant_id = s.tenant_id"
        " AND a.id = s.account_id WHERE s.tenant_id = $1 AND s.id = $2 AND s.ended_at IS NULL AND s.expires_at > $3"
        " AND a.state = 'active'",
        current_tenant().id,
        session_id,
        now(),
    )
    return row is not None


async def list_sessions(account_id: UUID, *, current: UUID | None = None) -> list[SessionCard]:
    """An account's open sessions, the current one first, then the most recently used."""
    rows = await sql(
        "SELECT id, user_agent, created_at, last_seen_at, expires_at FROM kernel_session WHERE tenant_id = $1"
        " AND account_id = $2 AND ended_at IS NULL AND expires_at > $3 AND last_seen_at > $4"
        " ORDER BY last_seen_at DESC LIMIT 100",
        current_tenant().id,
        account_id,
        now(),
        now() - timedelta(days=setting("kernel.idle_days")),
    )
    cards = [
        SessionCard(r.id, device_name(r.user_agent), r.created_at, r.last_seen_at, r.expires_at, r.id == current)
        for r in rows
    ]
    return sorted(cards, key=lambda card: not card.current)


async def end_session(session_id: UUID, *, account_id: UUID | None = None) -> bool:
    """Sign one browser out; with `account_id`, only if it is that account's. False when there was nothing to end."""
    if account_id is None:
        return bool(await _end("id = $3", session_id))
    return bool(await _end("id = $3 AND account_id = $4", session_id, account_id))


async def end_all(account_id: UUID, *, except_id: UUID | None = None) -> int:
    """Sign an account out everywhere, but for one session; how many ended. Joins the open transaction."""
    if except_id is None:
        return len(await _end("account_id = $3", account_id))
    return len(await _end("account_id = $3 AND id <> $4", account_id, except_id))


async def end_everybody(*, role: str | None = None, reason: str) -> int:
    """Sign out the whole tenant, or everybody with `role` (an incident). The actor's own session stays."""
    actor = current_actor()
    own = actor.session_id if actor and actor.session_id else new_id()
    async with unit_of_work():
        if role is None:
            ended = await _end("id <> $3", own)
        else:
            ended = await _end(
                "id <> $3 AND account_id IN (SELECT account_id FROM kernel_grant WHERE tenant_id = $1 AND role = $4)",
                own,
                role,
            )
        after = {"role": role, "count": len(ended)}
        await audit.record("kernel.signed_out_all", subject="role", subject_id=role or "*", after=after, reason=reason)
    return len(ended)


async def _end(where: str, *args: object) -> list[UUID]:
    """End the matching open sessions and ring for their open connections once that is committed."""
    tenant_id = current_tenant().id
    rows = await sql(
        "UPDATE kernel_session SET ended_at = $2 WHERE tenant_id = $1 AND ended_at IS NULL AND "  # noqa: S608
        f"{where} RETURNING id",
        tenant_id,
        now(),
        *args,
    )
    ended = [row.id for row in rows]
    if ended:
        payload = json.dumps({"tenant": str(tenant_id), "sessions": [str(i) for i in ended]})
        after_commit(lambda: _ring(payload))
    return ended


async def _ring(payload: str) -> None:
    async with asyncio.timeout(2):
        await runtime().bus.publish(ENDED_CHANNEL, payload)
