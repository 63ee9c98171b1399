"""Pieces of other pages: three figures on the start page of whoever may see them."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from kernel import Widget, templates

from . import dashboard, queries
from .permissions import VIEW


async def home(subject: Any) -> Markup | None:
    """The last 30 days in three tiles; nothing while there are no figures at all."""
    if (await queries.state()).first_day is None:
        return None
    seen = await dashboard.view(30)
    tiles = dashboard.tiles(seen, ("revenue", "sessions", "bookings", "lost"))[:3]
    return await templates.piece("analytics/w_home.html", {"tiles": tiles})


WIDGETS = [Widget(slot="home", name="analytics.figures", render=home, order=5, wide=True, permission=VIEW)]
