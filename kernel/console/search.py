"""Answers of the command palette: pages of the menu, then what plugins find."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..auth.permissions import can
from ..base.contract import SearchHit, SearchSource
from ..base.i18n import _
from ..tenancy.snapshots import current_snapshot
from ..web.routing import url
from ..web.views import json_answer
from ..work.isolation import guarded

_MOST_PER_SOURCE, _PATIENCE = 6, 1.0


async def search(request: web.Request) -> web.StreamResponse:
    """`GET /search?q=`: hits that the actor may open."""
    words = " ".join(request.query.get("q", "").split())[:100]
    if not words:
        return json_answer({"hits": []})
    shape = current_snapshot().shape
    sources = [(p, s) for p, s in shape.search if s.permission is None or can(s.permission)]
    found = await asyncio.gather(*(_ask(plugin, source, words) for plugin, source in sources))
    hits = _menu_hits(words) + [hit for part in found for hit in part]
    return json_answer({"hits": [{"label": h.label, "hint": h.hint, "url": h.url, "icon": h.icon} for h in hits]})


def _menu_hits(words: str) -> list[SearchHit]:
    sought = words.casefold()
    hits = []
    for _plugin, item in current_snapshot().shape.menu:
        label = _(item.label)
        if sought in label.casefold() and (item.permission is None or can(item.permission)):
            hits.append(SearchHit(label=label, hint=_("Page"), url=url(item.route), icon=item.icon))
    return hits


async def _ask(plugin: str, source: SearchSource, words: str) -> list[SearchHit]:
    """One plugin's hits; none when it fails or takes too long."""
    found = await guarded(plugin, f"search {source.name}", source.find(words), _PATIENCE, default=None)
    return list(found or [])[:_MOST_PER_SOURCE]
