"""A declared route as it is served: who may use it, and what is checked before its handler runs."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ..auth.permissions import can
from ..auth.tokens import scopes
from ..base.context import Actor, current_actor
from ..base.contract import SIGNED_IN, Route
from ..base.errors import Forbidden, SignInRequired
from . import csrf, idempotency, limits

#: Bytes that a body may have unless its route says otherwise.
DEFAULT_BODY_LIMIT: Final = 1024 * 1024
KERNEL: Final = "kernel"


class Endpoint:
    """Computed once at mount, so that a request only walks through what its route asked for."""

    __slots__ = (
        "always",
        "api",
        "body_limit",
        "feature",
        "guarded",
        "handler",
        "name",
        "part",
        "permission",
        "plugin",
        "rate",
        "route",
        "scopes",
        "tenantless",
        "unsafe",
    )

    def __init__(self, plugin: str, route: Route) -> None:
        self.plugin = plugin
        self.route = route
        self.name = route.name
        self.part = (plugin, "route", route.name)
        self.api = route.path.startswith("/api/")
        self.handler = route.handler
        self.feature = route.feature
        self.permission = None if route.public else route.permission
        #: An API token needs one of these.
        self.scopes = scopes.accepted(self.permission, plugin, safe=route.method == "GET")
        #: The kernel's own routes are never off, but for those under a feature switch.
        self.always = bool(route.always) or (plugin == KERNEL and route.feature is None)
        self.unsafe = route.method != "GET" and route.csrf
        self.rate = limits.parse_rate(route.rate) if route.rate else None
        self.body_limit = route.body_limit or DEFAULT_BODY_LIMIT
        #: Answers on any host, without tenant, actor or gates: probes of the platform, static files.
        self.tenantless = plugin == KERNEL and bool(route.always)
        self.guarded = bool(self.permission or self.unsafe or self.rate or route.idempotent)

    def visible(self, effective: frozenset[str]) -> bool:
        """Whether the route exists for a tenant with this set switched on."""
        if self.always:
            return True
        return self.plugin in effective and (self.feature is None or self.feature in effective)

    async def run(self, request: web.Request) -> web.StreamResponse:
        """The handler behind its checks. Callers skip it for `guarded=False`."""
        actor = current_actor()
        if self.permission is not None:
            self._allow(actor)
        if self.rate is not None:
            await limits.spend(request, self.name, *self.rate)
        # What a browser sends by itself is no proof; a token in a header it never does.
        if self.unsafe and (actor is None or actor.token_id is None):
            await csrf.check(request)
        if self.route.idempotent:
            return await idempotency.once(request, self)
        return await self.handler(request)

    def _allow(self, actor: Actor | None) -> None:
        if actor is not None and actor.scopes is not None:
            scopes.check(self.scopes, actor.scopes)
        if self.permission == SIGNED_IN:
            allowed = actor is not None
        else:
            allowed = self.permission is not None and can(self.permission)
        if allowed:
            return
        if actor is None:
            raise SignInRequired
        raise Forbidden(permission=self.permission or "")
