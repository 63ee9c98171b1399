"""Routes that exist per tenant: every route of every installed plugin is registered once, behind a gate.

The gate is in `resolve()`, where aiohttp looks a path up: a route that is off for the tenant of the Host
header is "no match", so its answer is the same 404 as for a path that never was, with no Allow header.
Adding or removing routes at run time is not possible in aiohttp (its router freezes) and not needed. There are
no aiohttp middlewares either: each route's handler is `middleware.serve` bound to its endpoint, which is quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from ..base import tracing
from ..base.contract import Route
from ..base.runtime import runtime
from ..tenancy.snapshots import current_snapshot
from .endpoints import KERNEL, Endpoint

if TYPE_CHECKING:
    from ..plugging.registry import Registry
    from ..tenancy.snapshots import Snapshot, Snapshots

_NO_METHODS: Final[set[str]] = set()


class Match(web.UrlMappingMatchInfo):
    """What a path led to, with the tenant that was looked up on the way."""

    __slots__ = ("endpoint", "snapshot")

    def __init__(
        self, params: dict[str, str], route: web.AbstractRoute, endpoint: Endpoint | None, snapshot: Snapshot | None
    ) -> None:
        super().__init__(params, route)
        self.endpoint = endpoint
        self.snapshot = snapshot


class _Gated(web.Resource):
    """Mixed into aiohttp's resources, which do the matching."""

    snapshots: Snapshots
    endpoints: dict[str, Endpoint]

    def admit(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self.endpoints = {}

    def add_endpoint(self, endpoint: Endpoint, serve: Callable[..., Any]) -> None:
        """Serve the endpoint's method, and HEAD where there is GET."""
        method = endpoint.route.method
        for verb in ("GET", "HEAD") if method == "GET" else (method,):
            self.add_route(verb, partial(serve, endpoint))
            self.endpoints[verb] = endpoint

    async def resolve(self, request: web.Request) -> tuple[Match | None, set[str]]:
        params = self._match(request.rel_url.path_safe)
        if params is None:
            return None, _NO_METHODS
        method = request.method
        endpoint = self.endpoints.get(method)
        if endpoint is None:
            return None, _NO_METHODS
        snapshot = snapshot_for(self.snapshots, request)
        if endpoint.tenantless or (snapshot is not None and endpoint.visible(snapshot.effective)):
            return Match(params, self._routes[method], endpoint, snapshot), _NO_METHODS
        return None, _NO_METHODS

    def methods_at(self, path: str, snapshot: Snapshot) -> set[str]:
        """Methods that this tenant has for the path; none when it is another path."""
        if self._match(path) is None:
            return _NO_METHODS
        return {verb for verb, e in self.endpoints.items() if e.visible(snapshot.effective)}


class GatedPlain(_Gated, web.PlainResource):
    pass


class GatedDynamic(_Gated, web.DynamicResource):
    pass


class _Nowhere(web.PlainResource):
    """Registered last: takes every request that nothing else took, so that our own code answers it."""

    def __init__(self, snapshots: Snapshots, serve: Callable[..., Any]) -> None:
        super().__init__("/")
        self._snapshots = snapshots
        self._route = self.add_route("*", partial(serve, None))

    async def resolve(self, request: web.Request) -> tuple[Match | None, set[str]]:
        return Match({}, self._route, None, snapshot_for(self._snapshots, request)), _NO_METHODS


def snapshot_for(snapshots: Snapshots, request: web.BaseRequest) -> Snapshot | None:
    """The tenant that the Host header names: one dict look-up in the usual case. None for an unknown host."""
    host = request.headers.get(hdrs.HOST, "")
    return snapshots.by_host.get(host) or snapshots.for_host(host)


ENDPOINTS = web.AppKey("endpoints", dict[str, Endpoint])
_RESOURCES = web.AppKey("resources", list[_Gated])


def mount(app: web.Application, registry: Registry, snapshots: Snapshots) -> None:
    """Register every declared route, and this wing's own."""
    from . import openapi, static
    from .middleware import serve as plainly

    serve = tracing.traced(plainly)
    endpoints: dict[str, Endpoint] = {}
    made: dict[tuple[str, str], _Gated] = {}
    declared = {route.name for routes in registry.routes.values() for route in routes}
    pairs = [(plugin, route) for plugin, routes in registry.routes.items() for route in routes]
    pairs += [(KERNEL, route) for route in (static.ROUTE, openapi.ROUTE) if route.name not in declared]
    for plugin, route in pairs:
        endpoint = endpoints[route.name] = Endpoint(plugin, route)
        resource = made.get((plugin, route.path))
        if resource is None:
            resource = made[plugin, route.path] = _resource(route.path)
            resource.admit(snapshots)
            app.router.register_resource(resource)
        resource.add_endpoint(endpoint, serve)
    app.router.register_resource(_Nowhere(snapshots, serve))
    app[ENDPOINTS] = endpoints
    app[_RESOURCES] = list(made.values())


def _resource(path: str) -> _Gated:
    return GatedDynamic(path) if "{" in path else GatedPlain(path)


def methods_of(request: web.Request, snapshot: Snapshot) -> set[str]:
    """Other methods that the path has for this tenant: 405 when there are any, else 404."""
    path = request.rel_url.path_safe
    return {verb for resource in request.app[_RESOURCES] for verb in resource.methods_at(path, snapshot)}


# --- addresses -------------------------------------------------------------------------------------------------


class _Maker:
    """Builds the path of one route: `texts` around the values of `names`."""

    __slots__ = ("name", "names", "path", "texts")

    def __init__(self, route: Route) -> None:
        self.name = route.name
        self.path = route.path
        self.texts, self.names = _split(route.path)

    def make(self, params: Mapping[str, Any]) -> str:
        if params.keys() != set(self.names):
            raise LookupError(f"{self.name} ({self.path}) was given {', '.join(params) or 'no values'}")
        out = [self.texts[0]]
        for (name, deep), text in zip(self.names.items(), self.texts[1:], strict=True):
            out += quote(str(params[name]), safe="/" if deep else ""), text
        return "".join(out)


def _split(path: str) -> tuple[list[str], dict[str, bool]]:
    """Literal pieces of a path pattern, and its names; True for one whose own pattern may span slashes."""
    texts, names, start, depth = [""], {}, 0, 0
    for position, char in enumerate(path):
        if char == "{":
            depth += 1
            if depth == 1:
                texts[-1] += path[start:position]
                start = position + 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                name, _, pattern = path[start:position].partition(":")
                names[name] = ".+" in pattern or ".*" in pattern
                texts.append("")
                start = position + 1
    texts[-1] += path[start:]
    return texts, names


_makers: tuple[object, dict[str, _Maker]] = (None, {})


def _maker(name: str) -> _Maker:
    """Found through the registry and not the application, so that a worker without routes can write links."""
    global _makers
    registry = runtime().registry
    if _makers[0] is not registry:
        from . import openapi, static

        routes: list[Route] = [static.ROUTE, openapi.ROUTE]
        routes += [route for declared in registry.routes.values() for route in declared]
        _makers = (registry, {route.name: _Maker(route) for route in routes})
    try:
        return _makers[1][name]
    except KeyError:
        raise LookupError(f"no route is named {name!r}") from None


def url(name: str, /, **params: object) -> str:
    """Path of a route. Raises LookupError for an unknown name and for missing or superfluous values."""
    return _maker(name).make(params)


def url_with(name: str, params: Mapping[str, object], query: Mapping[str, object | Sequence[object] | None]) -> str:
    """Path of a route with a query; None values are left out, lists become repeated names."""
    path = _maker(name).make(params)
    wanted = {key: value for key, value in query.items() if value is not None}
    return f"{path}?{urlencode(wanted, doseq=True)}" if wanted else path


def has_route(name: str) -> bool:
    """Whether such a route is installed (on or off)."""
    try:
        return bool(_maker(name))
    except LookupError:
        return False


def absolute_url(name: str, /, **params: object) -> str:
    """Address for mails and files, on the tenant's stored origin; never from the request's Host header.

    `name` may also be a path that begins with a slash.
    """
    path = name if name.startswith("/") else url(name, **params)
    return current_snapshot().origin + path
