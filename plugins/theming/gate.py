"""Keeps visitors out during maintenance, and says so ahead of time."""

from __future__ import annotations

import random
from contextvars import ContextVar
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web
from markupsafe import Markup

from kernel import (
    Stop,
    can,
    current_locale,
    errors,
    format_datetime,
    now,
    page,
    render_markdown,
    route_name,
    route_stays,
    templates,
)
from kernel import gettext as _

from . import queries
from .permissions import BYPASS, MAINTENANCE
from .queries import Window

#: Reachable during maintenance: whoever may pass has to sign in first; rooms that are in use are not cut.
PASSES = (
    "kernel.sign_in*", "kernel.sign_out", "kernel.preference", "live.*",
    "theming.sheet", "theming.logo", "theming.status",
)  # fmt: skip
AHEAD = timedelta(hours=24)
SOON = timedelta(minutes=15)

#: Set while the closed page is drawn: it needs no banner that says the same.
_closed: ContextVar[bool] = ContextVar("closed", default=False)


async def check(request: web.Request) -> web.StreamResponse | None:
    """The gate: 503 while a window is open, for all but those who may pass."""
    window = await queries.active()
    if window is None or passes(request) or can(BYPASS):
        return None
    seconds = retry_after(window)
    if wants_json(request):
        raise errors.Unavailable(_("Maintenance is under way."), retry_after=seconds)
    _closed.set(True)
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    if "HX-Request" in request.headers:
        headers["HX-Refresh"] = "true"
    return await page(request, "theming/maintenance.html", closed_context(request, window), status=503, headers=headers)


def passes(request: web.Request) -> bool:
    name = route_name(request)
    return route_stays(request) or any(fnmatchcase(name, pattern) for pattern in PASSES)


def wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("json" in accept and "text/html" not in accept)


def retry_after(window: Window) -> int:
    """Seconds until the end; an hour at most, since it may end early."""
    left = int((window.ends_at - now()).total_seconds()) + 1
    return max(30, min(left, 3600))


def closed_context(request: web.Request, window: Window) -> dict[str, Any]:
    words = queries.page_words("maintenance", current_locale()) or {}
    message = queries.message_of(window)
    return {
        "title": words.get("title") or standard_title(),
        "body": render_markdown(message or words.get("body") or standard_body()),
        "until": window.ends_at,
        # Spread, so that the end of it is not a flood.
        "again": random.randint(20, 60) if request.method == "GET" else 0,  # noqa: S311
    }


def standard_title() -> str:
    return _("We are doing maintenance")


def standard_body() -> str:
    return _("The site is closed for a short while. Nothing is lost; come back a little later.")


async def banner(_subject: object) -> Markup | None:
    """Above every page, from a day ahead until the end."""
    if _closed.get():
        return None
    window, at = await queries.active(), now()
    if window is not None:
        mine = can(MAINTENANCE)
        return await templates.piece("theming/banner.html", {"window": window, "stage": "active", "mine": mine})
    window = await queries.next_window()
    if window is None or window.starts_at - at > AHEAD:
        return None
    stage = "soon" if window.starts_at - at <= SOON else "ahead"
    return await templates.piece("theming/banner.html", {"window": window, "stage": stage, "mine": can(MAINTENANCE)})


async def no_booking_over(value: Any) -> Any:
    """Step of `scheduling.booking_requested.v1`: nothing is booked into a window."""
    window = await queries.overlapping(value.starts_at, value.ends_at)
    if window is not None:
        raise Stop(
            _("There is maintenance from {start} until {end}. Choose a time before or after it.").format(
                start=format_datetime(window.starts_at), end=format_datetime(window.ends_at)
            ),
            code="maintenance",
        )
    return value
