"""One request being answered: what the parts of this wing know about it and hand to each other."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot
    from .body import FormData
    from .endpoints import Endpoint
    from .limits import Quota
    from .neighbours import Meter


class Visit:
    """Made once per request. What most requests never touch are defaults of the class, for speed."""

    #: Additions to the content security policy, by directive.
    csp: dict[str, tuple[str, ...]] | None = None
    devices = False
    raw_body: bytes | None = None
    form: FormData | None = None
    anonymous_id = ""
    new_anonymous_id = False
    flashes: list[tuple[str, str]] | None = None
    flashes_shown = False
    #: Counts this request as running for its tenant.
    meter: Meter | None = None
    #: The token that the request came with counts instead of any cookie.
    token_id: UUID | None = None
    quotas: tuple[Quota, ...] = ()
    #: Its answer was ended because it took too long (see lateness.py).
    cut = False

    def __init__(
        self, request: web.Request, request_id: str, endpoint: Endpoint | None, snapshot: Snapshot | None, since: float
    ) -> None:
        self.request = request
        self.request_id = request_id
        self.endpoint = endpoint
        self.snapshot = snapshot
        #: `time.perf_counter()` when it came, or when its body was last seen still to be coming.
        self.since = since


_current: ContextVar[Visit | None] = ContextVar("visit", default=None)


def enter(visit: Visit) -> None:
    """Make `visit` the one in hand. Needs no undoing: every request is served by a task of its own.

    Not kept on the request as well: the two would form a cycle, which only the garbage collector takes apart.
    """
    _current.set(visit)


def visit_of(request: web.Request) -> Visit:
    """The visit of the request in hand, which is `request`."""
    visit = _current.get()
    if visit is None:
        raise LookupError("this request is not served by the kernel")
    return visit


def current_visit() -> Visit | None:
    """The visit in hand, or None outside of a request (a job, a command)."""
    return _current.get()


def route_name(request: web.Request) -> str:
    """Name of the route that matched, or "" when none did. For gates and assets."""
    endpoint = visit_of(request).endpoint
    return endpoint.name if endpoint is not None else ""


def route_stays(request: web.Request) -> bool:
    """Whether the route that matched says that it must always be reachable (`Route.always`). For gates."""
    endpoint = visit_of(request).endpoint
    return endpoint is not None and bool(endpoint.route.always)
