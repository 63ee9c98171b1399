"""The order in which every request is served, listed once:

1. request id, 2. a target that can be served, 3. tenant from the Host header, 4. actor from the session cookie or
the API token, 5. language and zone, 6. gates, 7. the route's own checks and handler (endpoints.py); whatever is
raised becomes an answer (errors.py), headers go on at the very end (headers.py), one log line is written.

Not an aiohttp middleware: those cost a few microseconds each, and would be built anew for every 404.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from typing import Final, cast

from aiohttp import hdrs, web

from ..auth.sessions import cookie_name, load_actor, token_of
from ..auth.tokens import usage
from ..base import context, zones
from ..base.context import Actor
from ..base.errors import BadRequest, Misdirected, NotFound, Problem, Unavailable
from ..base.i18n import _, negotiate
from ..base.runtime import runtime
from ..tenancy.hosts import normalise_host
from ..tenancy.snapshots import Snapshot, read_as
from ..tenancy.switch_rules import reader_of
from ..work.isolation import guarded, record_failure
from . import bearer, errors, lateness, measuring, neighbours, trials
from .endpoints import Endpoint
from .limits import client_ip
from .routing import Match, methods_of
from .visit import Visit, enter

log = logging.getLogger("kernel.access")

_GATE_LIMIT: Final = 2.0
_numbers = itertools.count(1)
_process: Final = secrets.token_hex(4)


async def serve(endpoint: Endpoint | None, request: web.Request) -> web.StreamResponse:
    """Answer one request; see the module's docstring. `endpoint` is None where no route is."""
    match = cast(Match, request.match_info)
    visit = Visit(request, f"{_process}-{next(_numbers):x}", endpoint, match.snapshot, time.perf_counter())
    started = visit.since
    enter(visit)
    lateness.begin(visit)
    # Set without a reset: aiohttp serves each request in a task of its own.
    context._request_id.set(visit.request_id)
    if endpoint is not None:
        context._part.set(endpoint.part)
    try:
        response = await _serve(visit)
        if not isinstance(response, web.StreamResponse):
            raise TypeError(f"{endpoint and endpoint.name} answered {type(response).__name__}")
    except asyncio.CancelledError:
        if not lateness.was_cut(visit):
            raise
        response = await errors.answer(visit, lateness.told(visit))
    except Exception as exc:
        lateness.end(visit)
        if request.writer.output_size > 0:
            raise  # part of an answer is out already: the connection is dropped, so that it cannot pass for whole
        if request.transport is None and isinstance(exc, ConnectionError):
            response = web.Response(status=499)  # nobody is there any more; for the log only
        else:
            response = await errors.answer(visit, exc)
            if endpoint is not None and response.status == 500 and not isinstance(exc, Problem | web.HTTPException):
                record_failure(endpoint.plugin, f"page {endpoint.name}", exc, breaks=False)
    finally:
        lateness.end(visit)
        if visit.form is not None:
            visit.form.close()
        if visit.meter is not None:
            visit.meter.leave()
    if visit.token_id is not None:
        usage.note(visit.token_id, endpoint.name if endpoint else "", response.status, request.remote or "")
    if endpoint is not None and match.snapshot is not None and match.snapshot.words.trial:
        trials.note(match.snapshot, endpoint, response.status)
    if (observe := measuring.observer) is not None:
        tenant = match.snapshot.tenant.slug if match.snapshot is not None else ""
        observe(endpoint, request.method, response.status, time.perf_counter() - started, tenant)
    if log.isEnabledFor(logging.INFO):
        _log(visit, response.status, time.perf_counter() - started)
    return response


async def _serve(visit: Visit) -> web.StreamResponse:
    request, endpoint, snapshot = visit.request, visit.endpoint, visit.snapshot
    if snapshot is not None:
        context._tenant.set(snapshot.tenant)
        context._locale.set(snapshot.locale)
        context._zone.set(snapshot.zone)
    if endpoint is not None and endpoint.tenantless:
        return await endpoint.handler(request)
    if snapshot is None:
        raise Misdirected
    _check_target(request.raw_path)
    if runtime().config.trusted_proxies:
        # Read by whoever asks for `request.remote`, in this wing and below.
        request._cache["remote"] = client_ip(request)
    if endpoint is None or not endpoint.route.always:
        meter = neighbours.meter_of(snapshot)
        if not meter.begin():
            await meter.queue()
        visit.meter = meter
        if not meter.at_hand(visit.since):
            await meter.pay()
        if endpoint.api if endpoint is not None else request.path.startswith("/api/"):
            neighbours.count_api_call(meter, snapshot.tenant.id)
        if snapshot.state != "active":
            raise _paused(snapshot)
        if len(snapshot.hosts) > 1 and (moved := _at_home(request, snapshot)) is not None:
            return moved
    cookies = request.headers.get(hdrs.COOKIE)
    if hdrs.AUTHORIZATION in request.headers and (token := bearer.token_of(request)) is not None:
        # A token stands alone: no cookie adds to it, none is consulted when it does not count.
        actor: Actor | None = await bearer.enter(visit, token)
        cookies = None
    else:
        actor = await _actor(request, cookies) if cookies is not None else None
    _speak(request, snapshot, actor, cookies is not None)
    if snapshot.rules:
        snapshot = _narrow(visit, snapshot, actor)
        endpoint = visit.endpoint
    if snapshot.shape.gates:
        answer = await _gates(request, snapshot)
        if answer is not None:
            return answer
    if endpoint is None:
        raise _missing(request, snapshot)
    if endpoint.guarded:
        return await endpoint.run(request)
    return await endpoint.handler(request)


def _narrow(visit: Visit, snapshot: Snapshot, actor: Actor | None) -> Snapshot:
    """Some switches of this tenant are on for some people only: go on with what this reader has."""
    reader = reader_of(actor)
    read_as(reader)
    visit.snapshot = mine = snapshot.seen_by(reader)
    if visit.endpoint is not None and not visit.endpoint.visible(mine.effective):
        visit.endpoint = None  # from here on as if no route had matched
    return mine


def _paused(snapshot: Snapshot) -> Problem:
    words = snapshot.state_reason if snapshot.state == "suspended" else ""
    problem = Unavailable(words or _("Your data is kept. Ask whoever runs the site when it will be back."),
                          retry_after=3600)  # fmt: skip
    problem.title = _("This site is paused")
    return problem


def _at_home(request: web.Request, snapshot: Snapshot) -> web.StreamResponse | None:
    """Old links go on working: a page asked for on another of the tenant's hosts is on its main one.

    Only for whoever opens a page: requests of programs, scripts and sockets would not survive the change of host.
    """
    headers = request.headers
    if request.method not in ("GET", "HEAD") or request.path.startswith("/api/") or hdrs.UPGRADE in headers:
        return None
    if headers.get("Sec-Fetch-Mode", "navigate") != "navigate" or "HX-Request" in headers:
        return None
    if normalise_host(headers.get(hdrs.HOST, "")) == snapshot.hosts[0]:
        return None
    # Not kept by anybody: the main host may change again, and two kept redirects would run in a circle.
    location = snapshot.origin + request.raw_path
    return web.Response(status=308, headers={"Location": location, "Cache-Control": "no-store"})


def _missing(request: web.Request, snapshot: Snapshot) -> Exception:
    methods = methods_of(request, snapshot)
    return web.HTTPMethodNotAllowed(request.method, methods) if methods else NotFound()


def _check_target(target: str) -> None:
    """Refuse what no link of ours contains and what neither the database nor UTF-8 can hold."""
    if target[:1] != "/" or "%00" in target:
        raise BadRequest
    if not target.isascii():
        try:
            target.encode()
        except UnicodeEncodeError:
            raise BadRequest from None


async def _actor(request: web.Request, cookies: str) -> Actor | None:
    if cookie_name() not in cookies or not (token := token_of(request)):
        return None
    # A stream or a poll is not its reader being active: it must not keep a session from idling out.
    passive = "X-Passive" in request.headers or "event-stream" in request.headers.get(hdrs.ACCEPT, "")
    actor = await load_actor(token, touch=not passive)
    context._actor.set(actor)
    return actor


def _speak(request: web.Request, snapshot: Snapshot, actor: Actor | None, has_cookies: bool) -> None:
    """Language and zone: of the account, else of the browser, else of the tenant."""
    locale = zone = ""
    if actor is not None:
        locale, zone = actor.locale, actor.zone
    if has_cookies:
        locale = locale or request.cookies.get("locale", "")
        zone = zone or request.cookies.get("tz", "")
    if locale not in snapshot.locales:
        locale = _accepted(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), snapshot.locales) or snapshot.locale
    context._locale.set(locale)
    if zone and zones.is_zone(zone):
        context._zone.set(zone)


_negotiated: dict[tuple[str, tuple[str, ...]], str | None] = {}


def _accepted(header: str, allowed: tuple[str, ...]) -> str | None:
    if not header:
        return None
    key = (header[:200], allowed)
    if key not in _negotiated:
        if len(_negotiated) >= 1024:
            _negotiated.clear()
        _negotiated[key] = negotiate(header[:200], allowed)
    return _negotiated[key]


async def _gates(request: web.Request, snapshot: Snapshot) -> web.StreamResponse | None:
    """The first gate that answers. One that fails is passed: its plugin must not take the site down."""
    for plugin, gate in snapshot.shape.gates:
        answer = await guarded(
            plugin, f"gate {gate.name}", gate.check(request), _GATE_LIMIT, passing=(Problem, web.HTTPException)
        )
        if answer is not None:
            return answer
    return None


def _log(visit: Visit, status: int, seconds: float) -> None:
    """The route's pattern and not its path: paths carry one-time tokens, and may try to forge a line."""
    request, endpoint = visit.request, visit.endpoint
    where = endpoint.route.path if endpoint is not None else "-"
    log.info("%s %s %d %.1f ms", request.method, where, status, seconds * 1000)
