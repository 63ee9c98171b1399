"""The catalogue of events, what happened lately, and how far its deliveries are."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, Any

from aiohttp import web
from pydantic import StringConstraints

from ...auth.audit import masked
from ...base import errors
from ...base.i18n import _
from ...engines.models import get_or_404
from ...web.forms import Form, read_form
from ...web.routing import url
from ...web.views import flash, page, see_other
from ...work.models import Event
from . import event_queries, queries
from .job_pages import STATES, titles


class DeliverForm(Form):
    subscriber: Annotated[str, StringConstraints(min_length=1, max_length=250)]


class BreakerForm(Form):
    plugin: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    what: Annotated[str, StringConstraints(min_length=1, max_length=250)]
    back: Annotated[str, StringConstraints(max_length=200)] = ""


async def show_events(request: web.Request) -> web.StreamResponse:
    """Every event there is, by plugin."""
    found: dict[str, list[event_queries.Entry]] = {}
    for entry in await event_queries.entries():
        found.setdefault(entry.plugin, []).append(entry)
    return await page(request, "console/events.html", {"title": _("Events"), "plugins": found, "titles": titles()})


async def show_kind(request: web.Request) -> web.StreamResponse:
    """One kind of event: its fields, who listens, and the last ones."""
    entry = await event_queries.entry(request.match_info["name"])
    context = {"title": entry.name, "entry": entry, "recent": await event_queries.recent(entry.name),
               "titles": titles()}  # fmt: skip
    return await page(request, "console/event_kind.html", context)


async def show_event(request: web.Request) -> web.StreamResponse:
    """One event with the state of each delivery."""
    event = await get_or_404(Event, request.match_info["id"])
    context: dict[str, Any] = {
        "title": event.name,
        "titles": titles(),
        "event": event,
        "data": json.dumps(masked(event.data), ensure_ascii=False, indent=2, sort_keys=True),
        "deliveries": await queries.deliveries(event.id),
        "states": {key: (_(label), tone) for key, (label, tone) in STATES.items()},
        "entry": None,
    }
    with suppress(errors.NotFound):  # its plugin is no longer installed
        context["entry"] = await event_queries.entry(event.name)
    return await page(request, "console/event.html", context)


async def deliver(request: web.Request) -> web.StreamResponse:
    """Hand an event to one subscriber once more."""
    parsed = await read_form(request, DeliverForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    await event_queries.deliver(request.match_info["id"], parsed.value.subscriber)
    flash(request, _("The event is delivered again"))
    return see_other(url("kernel.event", id=request.match_info["id"]))


async def close_breaker(request: web.Request) -> web.StreamResponse:
    """Let what waits for a subscriber go on, after a repair."""
    parsed = await read_form(request, BreakerForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    await event_queries.close_breaker(parsed.value.plugin, parsed.value.what)
    flash(request, _("It is tried again"))
    return see_other(url("kernel.problems"))
