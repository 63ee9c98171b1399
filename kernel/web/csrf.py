"""Proof that a changing request comes from our own page: where it says it comes from, and a token.

The token is an HMAC over the session (or, signed out, over a random cookie) and the tenant, masked with fresh
random bytes each time it is drawn, so that compressed pages do not give it away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from ..base.context import current_actor
from ..base.errors import Forbidden
from ..base.i18n import _
from ..base.runtime import runtime
from . import body
from .visit import Visit, visit_of

FIELD: Final = "_csrf"
HEADER: Final = "X-CSRF-Token"
_SIZE = 16
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token(visit: Visit) -> str:
    """A token for a form or script of this visit; gives an anonymous browser its cookie."""
    mask = secrets.token_bytes(_SIZE)
    mixed = bytes(a ^ b for a, b in zip(mask, _mac(visit, binding(visit, make=True)), strict=True))
    return base64.urlsafe_b64encode(mask + mixed).rstrip(b"=").decode()


def binding(visit: Visit, *, make: bool = False) -> str:
    """What a browser's tokens and keys are tied to: its session, else its anonymous cookie; "" when it has neither."""
    actor = current_actor()
    if actor is not None and actor.session_id is not None:
        return f"s:{actor.session_id}"
    if not visit.anonymous_id:
        found = visit.request.cookies.get(cookie_name(), "")
        if _ID.fullmatch(found):
            visit.anonymous_id = found
        elif make:
            visit.anonymous_id = secrets.token_urlsafe(_SIZE)
            visit.new_anonymous_id = True
    return f"a:{visit.anonymous_id}" if visit.anonymous_id else ""


def cookie_name() -> str:
    return "__Host-anon" if runtime().config.cookie_secure else "anon"


def cookie_header(visit: Visit) -> str | None:
    """The Set-Cookie value that this visit calls for, or None."""
    if not visit.new_anonymous_id:
        return None
    tail = "; Secure" if runtime().config.cookie_secure else ""
    return f"{cookie_name()}={visit.anonymous_id}; Path=/; HttpOnly; SameSite=Lax{tail}"


async def check(request: web.Request) -> None:
    """Raises Forbidden unless the request was sent by a page of this very host that we drew for this browser."""
    check_origin(request)
    visit = visit_of(request)
    given = request.headers.get(HEADER, "")
    if not given and body.is_form(request):
        given = (await body.read_form_data(request)).get(FIELD)
    tied = binding(visit)
    if not tied or not _matches(visit, tied, given):
        raise Forbidden(
            _("This page was open for too long, or cookies are blocked. Reload it and try again."),
            title=_("The form has expired"),
        )


def check_origin(request: web.Request) -> None:
    """Raises Forbidden when the browser says that another site sent this request."""
    headers = request.headers
    own = headers.get(hdrs.HOST, "").lower()
    if headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden(_("This request came from another site."))
    said = headers.get(hdrs.ORIGIN)
    if said is None:
        said = headers.get(hdrs.REFERER)
    if said is not None and _host_of(said) != _plain_port(own):
        raise Forbidden(_("This request came from another site."))


def _host_of(address: str) -> str:
    """Host and port of an origin or address; "" for `null` and for what cannot be read."""
    try:
        parts = urlsplit(address.lower())
        return _plain_port(parts.netloc) if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _plain_port(host: str) -> str:
    return host.removesuffix(":443").removesuffix(":80")


def _mac(visit: Visit, tied: str) -> bytes:
    tenant = visit.snapshot.tenant.id if visit.snapshot else ""
    return hmac.digest(runtime().config.secret, f"csrf|{tenant}|{tied}".encode(), hashlib.sha256)[:_SIZE]


def _matches(visit: Visit, tied: str, given: str) -> bool:
    if not _TOKEN.fullmatch(given):
        return False
    raw = base64.urlsafe_b64decode(given + "=")
    plain = bytes(a ^ b for a, b in zip(raw[:_SIZE], raw[_SIZE:], strict=True))
    return hmac.compare_digest(plain, _mac(visit, tied))
