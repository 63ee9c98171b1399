"""Pieces of pages that plugins fill: each apart from the others, cut off after 300 ms."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from markupsafe import Markup, escape

from ..auth.permissions import can
from ..base.context import current_actor
from ..base.contract import SIGNED_IN, Widget
from ..base.i18n import _
from ..work.isolation import guarded
from .visit import current_visit

TIME_LIMIT: Final = 0.3

#: What a widget that failed or was too slow leaves behind, so that the reader knows something is missing.
_FAILED: Final = object()


async def slot(name: str, subject: object = None) -> Markup:
    """Everything that effective plugins put into the slot, in order; empty markup when nobody does."""
    visit = current_visit()
    if visit is None or visit.snapshot is None:
        return Markup()
    wanted = [(pid, widget) for pid, widget in visit.snapshot.shape.widgets.get(name, ()) if _allowed(widget)]
    if not wanted:
        return Markup()
    if len(wanted) == 1:
        drawn = [await _draw(*wanted[0], subject)]
    else:
        drawn = await asyncio.gather(*(_draw(pid, widget, subject) for pid, widget in wanted))
    return Markup().join(drawn)


def _allowed(widget: Widget) -> bool:
    if widget.permission is None:
        return True
    return current_actor() is not None if widget.permission == SIGNED_IN else can(widget.permission)


async def _draw(plugin: str, widget: Widget, subject: object) -> Markup:
    found: Any = await guarded(plugin, f"widget {widget.name}", widget.render(subject), TIME_LIMIT, default=_FAILED)
    if found is None:
        return Markup()
    inner = _placeholder(widget.slot) if found is _FAILED else escape(found)
    wide = " wide" if widget.wide else ""
    return Markup('<div class="widget{}" data-widget="{}">{}</div>').format(wide, widget.name, inner)


def _placeholder(slot: str) -> Markup:
    form = Markup('<p class="muted">{}</p>')
    if slot == "shell.banner":  # above the page there is no landmark to stand in: a status is one of its own
        form = Markup('<div class="banner" role="status">{}</div>')
    return form.format(_("This part cannot be shown right now."))
