"""Pages."""

from __future__ import annotations

from aiohttp import web

from kernel import SIGNED_IN, Route, errors


async def _soon(request: web.Request) -> web.StreamResponse:
    raise errors.NotFound()


ROUTES = [
    Route(method="GET", path="/notifications/preferences", handler=_soon, name="notifications.preferences", permission=SIGNED_IN),
    Route(method="GET", path="/unsubscribe/{token}", handler=_soon, name="notifications.unsubscribe", public=True),
    Route(method="GET", path="/dev/mailbox", handler=_soon, name="notifications.mailbox", public=True),
]
