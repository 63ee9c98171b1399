"""Webhooks as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kernel import Listing, Page, Route, errors, get_or_404, json_answer, read_json, read_listing
from kernel import gettext as _

from ..models import Webhook, WebhookDelivery
from ..permissions import WEBHOOKS
from . import catalogue, queries, services


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EventOut(_Model):
    """`by_name_only`: whoever asks for all events does not get this one."""

    name: str
    about: str
    by_name_only: bool
    example: dict[str, Any]


class EventsListing(Listing):
    """Events by name."""


class WebhooksListing(Listing):
    """Webhooks, oldest first."""


class WebhookIn(_Model):
    """No `events` means all of them but those that are `by_name_only`."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    description: Annotated[str, Field(max_length=200)] = ""
    events: Annotated[list[Annotated[str, Field(max_length=120)]], Field(max_length=500)] = []


class WebhookOut(_Model):
    """`state` is active, paused or disabled; `reason` says why it is disabled (failing, gone)."""

    id: UUID
    url: str
    description: str
    events: list[str]
    state: str
    reason: str
    failures: int
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


class SecretOut(WebhookOut):
    """With the secret, which is shown this once."""

    secret: str


class RotateIn(_Model):
    """For how many hours the old secret goes on signing beside the new one."""

    hours: Literal[0, 24, 72, 168] = 24


class TestIn(_Model):
    event: Annotated[str, Field(max_length=120)]


class ReplayIn(_Model):
    since: AwareDatetime


class CountOut(_Model):
    count: int


class DeliveryOut(_Model):
    """`state` is waiting, delivered or failed; `status` is the last answer's."""

    id: UUID
    event_id: UUID
    event: str
    test: bool
    state: str
    attempts: int
    status: int | None
    next_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class DeliveriesListing(Listing):
    """The record, newest first."""

    state: Literal["", "waiting", "delivered", "failed"] = ""
    event: Annotated[str, Field(max_length=120)] = ""


class AttemptOut(_Model):
    at: datetime
    duration_ms: int
    status: int | None
    error: str
    response: str


class DeliveryDetailOut(DeliveryOut):
    """With every attempt, newest first, and what was sent; `body` is null when the event is no longer kept."""

    log: list[AttemptOut]
    body: str | None


def _out(row: Webhook) -> dict[str, Any]:
    return {
        "id": row.id, "url": row.url, "description": row.description, "events": row.events, "state": row.state,
        "reason": row.reason, "failures": row.failures, "failing_since": row.failing_since,
        "old_secret_until": row.old_until, "created_at": row.created_at,
    }  # fmt: skip


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.id, "event_id": row.event_id, "event": row.event, "test": row.test, "state": row.state,
        "attempts": row.attempts, "status": row.status, "next_at": row.next_at, "created_at": row.created_at,
        "ended_at": row.ended_at,
    }  # fmt: skip


async def _hook(request: web.Request) -> Webhook:
    return await get_or_404(Webhook, request.match_info["id"])


async def events(request: web.Request) -> web.StreamResponse:
    """Every event that can be sent, with an example of its data."""
    names, after = read_listing(request, EventsListing).cut(catalogue.names())
    items = [
        EventOut(name=n, about=catalogue.about(n), by_name_only=catalogue.by_name_only(n), example=catalogue.example(n))
        for n in names
    ]
    return json_answer(Page[EventOut](items=items, next=after))


async def webhooks(request: web.Request) -> web.StreamResponse:
    """All webhooks of this site, oldest first."""
    asked = read_listing(request, WebhooksListing)
    rows, after = asked.cut(await Webhook.all().order_by("created_at", "id"))
    return json_answer(Page[WebhookOut](items=[WebhookOut(**_out(row)) for row in rows], next=after))


async def create(request: web.Request) -> web.StreamResponse:
    """A new webhook; the answer holds its secret, this once."""
    given = await read_json(request, WebhookIn)
    row, secret = await services.create(given.url, given.description, given.events)
    return json_answer(SecretOut(**_out(row), secret=secret), status=201)


async def show(request: web.Request) -> web.StreamResponse:
    """One webhook."""
    return json_answer(WebhookOut(**_out(await _hook(request))))


async def change(request: web.Request) -> web.StreamResponse:
    """Another address, description or choice of events; the secret stays."""
    row, given = await _hook(request), await read_json(request, WebhookIn)
    await services.update(row, given.url, given.description, given.events)
    return json_answer(WebhookOut(**_out(await _hook(request))))


async def remove(request: web.Request) -> web.StreamResponse:
    """Remove a webhook with its record."""
    row = await _hook(request)
    await services.remove(row)
    return json_answer(WebhookOut(**_out(row)))


async def rotate(request: web.Request) -> web.StreamResponse:
    """A new secret, shown this once; for a while the old one signs too."""
    row, given = await _hook(request), await read_json(request, RotateIn)
    secret = await services.rotate(row, given.hours)
    return json_answer(SecretOut(**_out(await _hook(request)), secret=secret))


async def pause(request: web.Request) -> web.StreamResponse:
    """Send nothing for now; events wait."""
    await services.pause(await _hook(request))
    return json_answer(WebhookOut(**_out(await _hook(request))))


async def resume(request: web.Request) -> web.StreamResponse:
    """Send again, beginning with what waited."""
    return json_answer(CountOut(count=await services.resume(await _hook(request))))


async def test(request: web.Request) -> web.StreamResponse:
    """Send a made-up event now."""
    given = await read_json(request, TestIn)
    return json_answer(
        DeliveryOut(**_delivery(await services.send_test(await _hook(request), given.event))), status=202
    )


async def replay_failed(request: web.Request) -> web.StreamResponse:
    """Send again what failed since then, at most 500 at a time."""
    given = await read_json(request, ReplayIn)
    return json_answer(CountOut(count=await services.replay_failed(await _hook(request), given.since)))


async def deliveries(request: web.Request) -> web.StreamResponse:
    """The record of one webhook, newest first."""
    hook, asked = await _hook(request), read_listing(request, DeliveriesListing)
    try:
        rows, last = await queries.log(
            hook.id, state=asked.state, event=asked.event, after=asked.after, size=asked.limit
        )
    except (ValueError, IndexError, TypeError):
        raise errors.Invalid({"cursor": _("This cursor is not of this list.")}) from None
    after = asked.continue_after(last) if last else None
    return json_answer(Page[DeliveryOut](items=[DeliveryOut(**_delivery(row)) for row in rows], next=after))


async def _one(request: web.Request) -> WebhookDelivery:
    return await get_or_404(
        WebhookDelivery.filter(webhook_id=(await _hook(request)).id), request.match_info["delivery"]
    )


async def delivery(request: web.Request) -> web.StreamResponse:
    """One delivery with each of its attempts."""
    row = await _one(request)
    log = [
        AttemptOut(at=a.at, duration_ms=a.duration_ms, status=a.status, error=a.error, response=a.response)
        for a in await queries.attempts(row)
    ]
    return json_answer(DeliveryDetailOut(**_delivery(row), log=log, body=await queries.body(row)))


async def replay(request: web.Request) -> web.StreamResponse:
    """Send one delivery again."""
    await services.replay(await _one(request))
    return json_answer(DeliveryOut(**_delivery(await _one(request))), status=202)


_ALL = "/api/v1/webhooks"
_HOOK = f"{_ALL}/{{id}}"
_LOG = f"{_HOOK}/deliveries"

ROUTES = [
    Route(method="GET", path="/api/v1/webhook-events", handler=events, name="notifications.api_webhook_events",
          permission=WEBHOOKS, query=EventsListing, response=Page[EventOut]),
    Route(method="GET", path=_ALL, handler=webhooks, name="notifications.api_webhooks", permission=WEBHOOKS,
          query=WebhooksListing, response=Page[WebhookOut]),
    Route(method="POST", path=_ALL, handler=create, name="notifications.api_webhook_register", permission=WEBHOOKS,
          request=WebhookIn, response=SecretOut, status=201, errors=(403,), rate="30/60"),
    Route(method="GET", path=_HOOK, handler=show, name="notifications.api_webhook", permission=WEBHOOKS,
          response=WebhookOut),
    Route(method="PUT", path=_HOOK, handler=change, name="notifications.api_webhook_change", permission=WEBHOOKS,
          request=WebhookIn, response=WebhookOut, rate="30/60"),
    Route(method="DELETE", path=_HOOK, handler=remove, name="notifications.api_webhook_remove", permission=WEBHOOKS,
          response=WebhookOut),
    Route(method="POST", path=f"{_HOOK}/rotate", handler=rotate, name="notifications.api_webhook_rotate",
          permission=WEBHOOKS, request=RotateIn, response=SecretOut, rate="10/60"),
    Route(method="POST", path=f"{_HOOK}/pause", handler=pause, name="notifications.api_webhook_pause",
          permission=WEBHOOKS, response=WebhookOut),
    Route(method="POST", path=f"{_HOOK}/resume", handler=resume, name="notifications.api_webhook_resume",
          permission=WEBHOOKS, response=CountOut),
    Route(method="POST", path=f"{_HOOK}/test", handler=test, name="notifications.api_webhook_test",
          permission=WEBHOOKS, request=TestIn, response=DeliveryOut, status=202, errors=(409,), rate="30/60"),
    Route(method="POST", path=f"{_HOOK}/replay", handler=replay_failed, name="notifications.api_webhook_replay_failed",
          permission=WEBHOOKS, request=ReplayIn, response=CountOut, errors=(409,), rate="10/60"),
    Route(method="GET", path=_LOG, handler=deliveries, name="notifications.api_webhook_deliveries",
          permission=WEBHOOKS, query=DeliveriesListing, response=Page[DeliveryOut]),
    Route(method="GET", path=f"{_LOG}/{{delivery}}", handler=delivery, name="notifications.api_webhook_delivery",
          permission=WEBHOOKS, response=DeliveryDetailOut),
    Route(method="POST", path=f"{_LOG}/{{delivery}}/replay", handler=replay, permission=WEBHOOKS,
          name="notifications.api_webhook_replay", response=DeliveryOut, status=202, errors=(409,)),
]  # fmt: skip
