"""The front door of a tenant and everybody's start page."""

from __future__ import annotations

from aiohttp import web

from ..base import zones
from ..base.clock import now
from ..base.context import current_actor, current_zone
from ..base.errors import NotFound
from ..base.i18n import _
from ..engines.models import get_or_404
from ..engines.storage import File
from ..web.routing import url
from ..web.views import file_answer, page, see_other
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


async def own_picture(request: web.Request) -> web.StreamResponse:
    """The picture of whoever is signed in, for the top bar. Its address changes with the picture."""
    actor = current_actor()
    if actor is None or actor.picture_id is None:
        raise NotFound()
    file = await get_or_404(File, actor.picture_id)
    return await file_answer(request, file, inline=True, cache="private, max-age=86400")


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
