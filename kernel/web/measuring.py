"""Requests as numbers: by route pattern, never by path, so that there are as many series as routes and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..base.metrics import Family, Histogram
from .endpoints import Endpoint

Observe = Callable[[Endpoint | None, str, int, float, str], None]

#: Called for each answered request with endpoint, method, status, seconds and tenant. None: nobody counts.
observer: Observe | None = None

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class Requests:
    """What was answered since the process started."""

    def __init__(self, *, by_tenant: bool = False) -> None:
        self.count = Family(
            "greenroom_http_requests_total", "Requests answered.", "counter", ("plugin", "route", "method", "status")
        )
        self.seconds = Histogram(
            "greenroom_http_request_seconds", "Time to answer, until the handler is through.", ("plugin", "route")
        )
        self.by_tenant = (
            Family("greenroom_tenant_requests_total", "Requests answered, by tenant.", "counter", ("tenant",))
            if by_tenant
            else None
        )

    def observe(self, endpoint: Endpoint | None, method: str, status: int, seconds: float, tenant: str) -> None:
        plugin, route = (endpoint.plugin, endpoint.route.path) if endpoint is not None else ("", "none")
        self.count.add((plugin, route, method if method in _METHODS else "other", str(status)))
        self.seconds.observe((plugin, route), seconds)
        if self.by_tenant is not None:
            self.by_tenant.add((tenant,))

    def families(self) -> list[Family | Histogram]:
        return [self.count, self.seconds, *([self.by_tenant] if self.by_tenant is not None else [])]


def listen(requests: Requests | None) -> None:
    """From now on count into `requests`, or no longer."""
    global observer
    observer = requests.observe if requests is not None else None
