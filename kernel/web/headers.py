"""Headers that every answer carries, put on at the last moment: pages, files, errors, streams, upgrades.

The content security policy follows from what a page may load: our own files, and one inline import map by its
hash. Handlers widen it for their own answer only (`allow_sources`, `allow_devices`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aiohttp import web
from multidict import CIMultiDict, istr

from ..base.runtime import runtime
from . import assets, csrf, flashes
from .limits import quota_headers
from .visit import Visit, current_visit, visit_of

_CSP = istr("Content-Security-Policy")
_CONTENT_TYPE = istr("Content-Type")
_PERMISSIONS = istr("Permissions-Policy")
_SERVER = istr("Server")
_SET_COOKIE = istr("Set-Cookie")

_COMMON: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_HSTS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_NO_DEVICES: Final = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()"
_DEVICES: Final = "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()"
_FIXED: Final[dict[str, CIMultiDict[str]]] = {
    "http": CIMultiDict({istr(k): v for k, v in {**_COMMON, "Permissions-Policy": _NO_DEVICES}.items()}),
    "https": CIMultiDict({istr(k): v for k, v in {**_COMMON, **_HSTS, "Permissions-Policy": _NO_DEVICES}.items()}),
}
#: For everything that is not a page: nothing may be loaded from it.
_BARE_CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_PAGE: Final[dict[str, tuple[str, ...]]] = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:", "blob:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "media-src": ("'self'", "blob:"),
    "worker-src": ("'self'",),
    "manifest-src": ("'self'",),
    "frame-src": (),
    "form-action": ("'self'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
    "require-trusted-types-for": ("'script'",),
    "trusted-types": ("greenroom", "htmx", "default"),
}
_WIDENED = frozenset({"script-src", "style-src", "img-src", "connect-src", "media-src", "frame-src", "form-action"})


def allow_sources(request: web.Request, directive: str, sources: Iterable[str]) -> None:
    """Let this answer load from further origins (`https://host`): a card form of a provider, an object store.

    A page that shows one of ours in a frame asks for `'self'` in `frame-src`.
    """
    if directive not in _WIDENED:
        raise ValueError(f"{directive!r} cannot be widened")
    wanted = tuple(sources)
    for source in wanted:
        origin = source.startswith(("https://", "wss://")) and not any(c in source for c in " ;,\r\n'\"")
        if not origin and (directive, source) != ("frame-src", "'self'"):
            raise ValueError(f"not an origin: {source!r}")
    visit = visit_of(request)
    visit.csp = {**(visit.csp or {}), directive: (visit.csp or {}).get(directive, ()) + wanted}


def allow_devices(request: web.Request) -> None:
    """Let this page ask for camera, microphone and screen."""
    visit_of(request).devices = True


async def finish(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: runs for each answer after its own headers are set."""
    headers = response.headers
    visit = current_visit()
    add_fixed(headers)
    if visit is None:
        headers.setdefault(_CSP, _BARE_CSP)
        return
    if _CSP not in headers:
        page = headers.get(_CONTENT_TYPE, "").startswith("text/html")
        headers[_CSP] = _page_csp(visit) if page else _BARE_CSP
    if visit.quotas and visit.request.path.startswith("/api/"):
        headers.update(quota_headers(visit.quotas))
    if visit.devices:
        headers[_PERMISSIONS] = _DEVICES
    if visit.flashes or visit.flashes_shown:
        _add_cookie(headers, flashes.cookie_header(visit, secure=runtime().config.cookie_secure))
    if visit.new_anonymous_id:
        _add_cookie(headers, csrf.cookie_header(visit))


def add_fixed(headers: CIMultiDict[str]) -> None:
    """What does not depend on the request, and no Server header."""
    headers.update(_FIXED[runtime().config.scheme])
    headers.popall(_SERVER, None)


def bare(headers: CIMultiDict[str]) -> None:
    """Everything for an answer to what could not be parsed as a request."""
    add_fixed(headers)
    headers.setdefault(_CSP, _BARE_CSP)


def _add_cookie(headers: CIMultiDict[str], value: str | None) -> None:
    if value is not None:
        headers.add(_SET_COOKIE, value)


def _page_csp(visit: Visit) -> str:
    hashed = assets.import_map(visit.snapshot).csp_source
    if visit.csp is None:
        return _written(hashed)
    return _policy(hashed, visit.csp)


_policies: dict[str, str] = {}


def _written(hashed: str) -> str:
    policy = _policies.get(hashed)
    if policy is None:
        if len(_policies) > 256:
            _policies.clear()
        policy = _policies[hashed] = _policy(hashed, {})
    return policy


def _policy(hashed: str, more: dict[str, tuple[str, ...]]) -> str:
    parts = []
    for directive, sources in _PAGE.items():
        found = sources + more.get(directive, ())
        if directive == "script-src":
            found += (hashed,)
        if found:
            parts.append(f"{directive} {' '.join(found)}")
    return "; ".join(parts)
