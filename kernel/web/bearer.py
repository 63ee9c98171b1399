"""API tokens on their way in: `Authorization: Bearer gr_...`, for paths below /api/ only."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from ..auth import throttle
from ..auth.tokens import acting
from ..base import context
from ..base.context import Actor
from ..base.errors import Forbidden, SignInRequired
from ..base.i18n import _
from .limits import spend_for
from .visit import Visit

#: Calls a minute of a token that has no rate of its own.
PER_MINUTE: Final = 600


def token_of(request: web.Request) -> str | None:
    """The bearer token of a call; None for pages and for other schemes, such as a proxy's own password."""
    if not request.path.startswith("/api/"):
        return None
    scheme, _space, value = request.headers[hdrs.AUTHORIZATION].partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


async def enter(visit: Visit, token: str) -> Actor:
    """Act as the token's owner. Raises SignInRequired, Forbidden from a foreign network, TooMany."""
    request = visit.request
    ip = request.remote or ""
    found = await acting.load(token, safe=request.method in ("GET", "HEAD"))
    if found is None:
        await throttle.refused_token(ip)
        raise SignInRequired(
            _("This API token is unknown, over or revoked."),
            title=_("The token does not count"),
            headers={"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'},
        )
    visit.token_id = found.token_id
    context._actor.set(found.actor)
    if not found.admits(ip):
        raise Forbidden(_("This API token cannot be used from your network."), title=_("Wrong network"))
    await spend_for(str(found.token_id), "token", found.per_minute or PER_MINUTE, 60, told_as="token")
    return found.actor
