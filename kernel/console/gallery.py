"""Every component in every state, for those who write templates and for the tests that look at them."""

from __future__ import annotations

from aiohttp import web

from ..base import errors
from ..base.i18n import _
from ..base.runtime import runtime
from ..web.views import page


async def show_gallery(request: web.Request) -> web.StreamResponse:
    """Only outside production."""
    if not runtime().config.dev:
        raise errors.NotFound()
    return await page(request, "components.html", {"title": _("Components")})
