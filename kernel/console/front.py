"""The front door of a tenant and everybody's start page."""

from __future__ import annotations

from aiohttp import web

from ..base import zones
from ..base.clock import now
from ..base.context import current_actor, current_zone
from ..base.i18n import _
from ..web.routing import url
from ..web.views import page, see_other
from .landmarks import landmark


async def landing(request: web.Request) -> web.StreamResponse:
    """Visitors see what this place is; people who are signed in go to their start page."""
    if current_actor() is not None:
        return see_other(url("kernel.home"))
    return await page(request, "console/landing.html", {"title": _("Welcome"), "sign_up": landmark("sign_up")})


async def home(request: web.Request) -> web.StreamResponse:
    """A greeting, and what the plugins have to tell."""
    actor = current_actor()
    name = actor.name.split()[0] if actor and actor.name.split() else ""
    return await page(request, "console/home.html", {"title": _("Home"), "greeting": greeting(name)})


def greeting(name: str) -> str:
    """`Good morning, Ada`, by the reader's own clock."""
    hour = zones.wall(now(), current_zone()).hour
    if 5 <= hour < 12:
        text = _("Good morning, {name}")
    elif 12 <= hour < 18:
        text = _("Good afternoon, {name}")
    else:
        text = _("Good evening, {name}")
    return text.format(name=name)
