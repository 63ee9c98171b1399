"""Pages of webhooks: which there are and how they do, their record, and everything that can be done to them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import Field

from kernel import (
    N_,
    Form,
    Listing,
    Parsed,
    Words,
    errors,
    flash,
    get_or_404,
    now,
    page,
    plugin_title,
    read_form,
    read_listing,
    see_other,
    url,
    url_with,
)
from kernel import gettext as _

from ..models import Webhook, WebhookDelivery
from ..webhooks import catalogue, queries, services

#: Hours back from now that the page offers for sending failed deliveries again.
_SINCE: Final = (1, 6, 24, 72, 168, 720)


class WebhookForm(Form):
    url: Annotated[
        str, Field(min_length=1, max_length=2000), Words(missing=N_("Enter the address that takes the events"))
    ]
    description: Annotated[str, Field(max_length=200)] = ""
    which: Literal["all", "some"] = "all"
    events: Annotated[list[str], Field(max_length=500)] = []


class RotateForm(Form):
    hours: int = services.OVERLAP


class TestForm(Form):
    event: Annotated[str, Field(max_length=120)]


class ReplayForm(Form):
    hours: Annotated[int, Field(ge=1, le=720)] = 24


class Log(Listing):
    """The page's own list: as the JSON one, with odd filters passed over."""

    state: str = ""
    event: Annotated[str, Field(max_length=120)] = ""


async def _hook(request: web.Request) -> Webhook:
    return await get_or_404(Webhook, request.match_info["id"])


def _at(row: Webhook) -> str:
    return url("notifications.webhook", id=row.id)


# --- which there are ----------------------------------------------------------------------------------------------


async def show_all(request: web.Request) -> web.StreamResponse:
    """Every webhook with its state, success and last delivery."""
    context = {
        "title": _("Webhooks"),
        "found": [(one, *queries.state(one.webhook), queries.host(one.webhook)) for one in await queries.health()],
        "limit": services.limit(),
        "outcomes": _outcomes(),
    }
    return await page(request, "notifications/webhooks.html", context)


def _outcomes() -> dict[str, tuple[str, str]]:
    return {key: (_(word), tone) for key, (word, tone) in queries.OUTCOMES.items()}


async def _form(
    request: web.Request, row: Webhook | None, parsed: Parsed[WebhookForm] | None = None
) -> web.StreamResponse:
    """The form, empty, filled in from a webhook, or as it was sent."""
    given = {"url": row.url, "description": row.description} if row else {}
    chosen = row.events if row else []
    which = "some" if chosen else "all"
    if parsed is not None:
        given, chosen = dict(parsed.raw), parsed.raw_lists.get("events", [])
        which = parsed.raw.get("which", "all")
    context = {
        "title": _("Change webhook") if row else _("New webhook"),
        "hook": row,
        "given": given,
        "which": which,
        "chosen": chosen,
        "groups": _groups(chosen),
        "asleep": _asleep(row),
        "errors": parsed.errors if parsed else {},
    }
    return await page(request, "notifications/webhook_form.html", context, status=422 if parsed else 200)


def _groups(chosen: list[str]) -> list[dict[str, Any]]:
    """The catalogue by plugin, each event with what it says of itself and an example."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in catalogue.names():
        sample = json.dumps(catalogue.example(name), ensure_ascii=False, indent=2)
        found.setdefault(name.partition(".")[0], []).append(
            {
                "name": name, "about": catalogue.about(name), "example": sample, "on": name in chosen,
                "by_name": catalogue.by_name_only(name),
            }
        )  # fmt: skip
    groups = [
        {"plugin": plugin, "title": plugin_title(plugin), "events": events, "on": sum(e["on"] for e in events)}
        for plugin, events in found.items()
    ]
    return sorted(groups, key=lambda group: str(group["title"]).casefold())


async def new(request: web.Request) -> web.StreamResponse:
    """The form for a new webhook."""
    return await _form(request, None)


async def edit(request: web.Request) -> web.StreamResponse:
    """The form of one that there is."""
    return await _form(request, await _hook(request))


def _asleep(row: Webhook | None) -> list[str]:
    """Chosen events of plugins that are off: they are not drawn, stay chosen, and count again with their plugin."""
    names = catalogue.names()
    return [name for name in row.events if name not in names] if row else []


def _chosen(form: WebhookForm, row: Webhook | None = None) -> list[str]:
    if form.which == "all":
        return []
    chosen = [*form.events, *_asleep(row)]
    if not chosen:
        raise errors.Invalid({"events": _("Choose at least one event, or all of them.")})
    return chosen


async def register(request: web.Request) -> web.StreamResponse:
    """Make a webhook; the answer shows its secret, this once."""
    parsed = await read_form(request, WebhookForm)
    if parsed.value is not None:
        try:
            form = parsed.value
            row, secret = await services.create(form.url, form.description, _chosen(form))
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
        except errors.Problem as exc:  # the quota
            parsed.refuse({"": exc.detail})
        else:
            return await _detail(request, row, secret=secret, fresh=True)
    return await _form(request, None, parsed)


async def change(request: web.Request) -> web.StreamResponse:
    """Another address, description or choice of events."""
    row, parsed = await _hook(request), await read_form(request, WebhookForm)
    if parsed.value is not None:
        try:
            form = parsed.value
            await services.update(row, form.url, form.description, _chosen(form, row))
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
        else:
            flash(request, _("Webhook saved"))
            return see_other(_at(row))
    return await _form(request, row, parsed)


# --- one of them --------------------------------------------------------------------------------------------------


async def show(request: web.Request) -> web.StreamResponse:
    """One webhook with its record."""
    return await _detail(request, await _hook(request))


async def _detail(request: web.Request, row: Webhook, *, secret: str = "", fresh: bool = False) -> web.StreamResponse:
    (one,) = await queries.health(row.id)
    row = one.webhook
    try:
        asked = read_listing(request, Log) if not secret else Log()
        state = asked.state if asked.state in queries.OUTCOMES else ""
        rows, last = await queries.log(row.id, state=state, event=asked.event, after=asked.after)
    except (errors.Invalid, ValueError, IndexError, TypeError):  # an old link, or one that somebody wrote
        return see_other(_at(row))
    filters = {"state": state or None, "event": asked.event or None}

    def tab(of: str) -> str:
        return url_with("notifications.webhook", {"id": row.id}, {**filters, "state": of or None})

    more = {**filters, "cursor": asked.continue_after(last)} if last and not secret else {}
    happening = await queries.events_of(row.id)
    context = {
        "title": row.description or queries.host(row),
        "hook": row,
        "one": one,
        "word": queries.state(row),
        "secret": secret,
        "fresh": fresh,
        "old_until": row.old_until if row.old_until and row.old_until > now() else None,
        "rows": rows,
        "outcomes": _outcomes(),
        "state": state,
        "event": asked.event,
        "filtered": bool(state or asked.event),
        "tabs": [("", _("All"), tab("")), *((key, _(w), tab(key)) for key, (w, _t) in queries.OUTCOMES.items())],
        "first": url_with("notifications.webhook", {"id": row.id}, filters) if asked.cursor else None,
        "next": url_with("notifications.webhook", {"id": row.id}, more) if more else None,
        "happening": [("", _("All events")), *((name, name) for name in happening)],
        "sendable": catalogue.names(),
        "sample": next(iter(row.events), "") or next(iter(happening), ""),
        "overlaps": services.OVERLAPS,
        "overlap": services.OVERLAP,
        "since": _SINCE,
    }
    return await page(request, "notifications/webhook.html", context, status=201 if secret else 200)


async def rotate(request: web.Request) -> web.StreamResponse:
    """Replace the secret; the answer shows the new one, this once."""
    row, parsed = await _hook(request), await read_form(request, RotateForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    secret = await services.rotate(row, parsed.value.hours)
    return await _detail(request, row, secret=secret)


async def pause(request: web.Request) -> web.StreamResponse:
    """Send nothing for now; events wait."""
    row = await _hook(request)
    await services.pause(row)
    flash(request, _("Paused. Events are noted and wait."))
    return see_other(_at(row))


async def resume(request: web.Request) -> web.StreamResponse:
    """Send again, beginning with what waited."""
    row = await _hook(request)
    await services.resume(row)
    flash(request, _("Resumed. What waited is sent now."))
    return see_other(_at(row))


async def remove(request: web.Request) -> web.StreamResponse:
    """Remove a webhook with its record."""
    await services.remove(await _hook(request))
    flash(request, _("Webhook removed"))
    return see_other(url("notifications.webhooks"))


async def test(request: web.Request) -> web.StreamResponse:
    """Send a made-up event now, and show its delivery."""
    row, parsed = await _hook(request), await read_form(request, TestForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    try:
        made = await services.send_test(row, parsed.value.event)
    except (errors.Invalid, errors.Conflict) as exc:
        said = next(iter(exc.errors.values())) if isinstance(exc, errors.Invalid) else exc.detail
        flash(request, said, "bad")
        return see_other(_at(row))
    return see_other(url("notifications.webhook_delivery", id=row.id, delivery=made.id))


async def replay_failed(request: web.Request) -> web.StreamResponse:
    """Send again what failed in the last hours."""
    row, parsed = await _hook(request), await read_form(request, ReplayForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    try:
        count = await services.replay_failed(row, now() - timedelta(hours=parsed.value.hours))
    except errors.Conflict as exc:
        flash(request, exc.detail, "bad")
    else:
        flash(request, queries.again_words(count))
    return see_other(_at(row))


# --- one delivery -------------------------------------------------------------------------------------------------


async def _one(request: web.Request) -> tuple[Webhook, WebhookDelivery]:
    hook = await _hook(request)
    return hook, await get_or_404(WebhookDelivery.filter(webhook_id=hook.id), request.match_info["delivery"])


async def delivery(request: web.Request) -> web.StreamResponse:
    """One delivery: what is sent, and every attempt with what was answered."""
    hook, row = await _one(request)
    context = {
        "title": row.event,
        "hook": hook,
        "name": hook.description or queries.host(hook),
        "row": row,
        "word": _outcomes().get(row.state, (row.state, "")),
        "attempts": await queries.attempts(row),
        "body": await queries.body(row),
    }
    return await page(request, "notifications/webhook_delivery.html", context)


async def replay(request: web.Request) -> web.StreamResponse:
    """Send one delivery again."""
    hook, row = await _one(request)
    try:
        await services.replay(row)
    except errors.Conflict as exc:
        flash(request, exc.detail, "warn")
    else:
        flash(request, _("It is sent again"))
    return see_other(url("notifications.webhook_delivery", id=hook.id, delivery=row.id))
