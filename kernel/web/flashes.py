"""One-shot messages ("Saved") that survive a redirect, in a short signed cookie."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

import orjson
from aiohttp import web

from ..base.runtime import runtime
from .visit import Visit, visit_of

COOKIE: Final = "flash"
_KINDS = frozenset({"ok", "info", "warn", "bad"})
_MAX = 3
_MAX_TEXT = 200


def add(request: web.Request, text: str, kind: str) -> None:
    """Keep a message for the next page."""
    if kind not in _KINDS:
        raise ValueError(f"unknown kind of message: {kind!r}")
    visit = visit_of(request)
    visit.flashes = [*(visit.flashes or []), (kind, text[:_MAX_TEXT])][-_MAX:]


def take(visit: Visit) -> list[tuple[str, str]]:
    """The messages that wait for this browser, newest last; they will not be shown again."""
    messages = _read(visit, visit.request.cookies.get(COOKIE, "")) if COOKIE in visit.request.cookies else []
    if messages:
        visit.flashes_shown = True
    # Written and drawn within one request: the page is the answer to the very post that wrote them.
    messages += visit.flashes or []
    visit.flashes = None
    return messages


def cookie_header(visit: Visit, *, secure: bool) -> str | None:
    """The Set-Cookie value that this visit calls for, or None."""
    tail = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
    if visit.flashes:
        body = base64.urlsafe_b64encode(orjson.dumps(visit.flashes)).decode()
        return f"{COOKIE}={body}.{_sign(visit, body)}; Max-Age=60{tail}"
    if visit.flashes_shown:
        return f"{COOKIE}=; Max-Age=0{tail}"
    return None


def _read(visit: Visit, raw: str) -> list[tuple[str, str]]:
    body, _, signature = raw.partition(".")
    if len(raw) > 4000 or not raw.isascii() or not hmac.compare_digest(signature.encode(), _sign(visit, body).encode()):
        return []
    try:
        return [(str(kind), str(text)) for kind, text in orjson.loads(base64.urlsafe_b64decode(body))]
    except ValueError:
        return []


def _sign(visit: Visit, body: str) -> str:
    tenant = str(visit.snapshot.tenant.id) if visit.snapshot else ""
    return hmac.new(runtime().config.secret, f"flash:{tenant}:{body}".encode(), hashlib.sha256).hexdigest()[:32]
