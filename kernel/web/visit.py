"""One request being answered: what the parts of this wing know about it and hand to each other."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot
    from .body import FormData
    from .endpoints import Endpoint


class Visit:
    """Made once per request by the middleware. Plain slots: it is on the path of every request."""

    __slots__ = (
        "anonymous_id",
        "csp",
        "devices",
        "endpoint",
        "flashes",
        "flashes_shown",
        "form",
        "new_anonymous_id",
        "raw_body",
        "request",
        "request_id",
        "snapshot",
        "tenantless",
    )

    def __init__(self, request: web.Request, request_id: str, endpoint: Endpoint | None) -> None:
        self.request = request
        self.request_id = request_id
        self.endpoint = endpoint
        self.snapshot: Snapshot | None = None
        self.tenantless = False
        #: Additions to the content security policy, by directive.
        self.csp: dict[str, tuple[str, ...]] | None = None
        self.devices = False
        self.raw_body: bytes | None = None
        self.form: FormData | None = None
        self.anonymous_id = ""
        self.new_anonymous_id = False
        self.flashes: list[tuple[str, str]] | None = None
        self.flashes_shown = False


VISIT = web.RequestKey("visit", Visit)
_current: ContextVar[Visit | None] = ContextVar("visit", default=None)


def enter(visit: Visit) -> None:
    """Make `visit` the one in hand. Needs no undoing: every request is served by a task of its own."""
    visit.request[VISIT] = visit
    _current.set(visit)


def visit_of(request: web.Request) -> Visit:
    """The visit of a request that went through our middleware."""
    return request[VISIT]


def current_visit() -> Visit | None:
    """The visit in hand, or None outside of a request (a job, a command)."""
    return _current.get()


def route_name(request: web.Request) -> str:
    """Name of the route that matched, or "" when none did. For gates and assets."""
    endpoint = visit_of(request).endpoint
    return endpoint.name if endpoint is not None else ""
