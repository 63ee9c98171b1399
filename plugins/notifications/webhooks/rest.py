"""Webhooks as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kernel import Form, Route, errors, get_or_404, json_answer, read_json, read_query

from ..models import Webhook, WebhookAttempt, WebhookDelivery
from ..permissions import WEBHOOKS
from . import catalogue, services

_PAGE = 50


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EventOut(_Model):
    name: str
    about: str
    example: dict[str, Any]


class EventsOut(_Model):
    items: list[EventOut]


class WebhookIn(_Model):
    """No `events` means all of them."""

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


class WebhooksOut(_Model):
    items: list[WebhookOut]


class SecretOut(WebhookOut):
    """With the secret, which is shown this once."""

    secret: str


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


class DeliveriesOut(_Model):
    items: list[DeliveryOut]
    total: int
    page: int


class AttemptOut(_Model):
    at: datetime
    duration_ms: int
    status: int | None
    error: str
    response: str


class DeliveryDetailOut(DeliveryOut):
    log: list[AttemptOut]


class Log(Form):
    state: Annotated[str, Field(max_length=12)] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


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
    items = [EventOut(name=n, about=catalogue.about(n), example=catalogue.example(n)) for n in catalogue.names()]
    return json_answer(EventsOut(items=items))


async def webhooks(request: web.Request) -> web.StreamResponse:
    """All webhooks of this site, oldest first."""
    rows = await Webhook.all().order_by("created_at", "id")
    return json_answer(WebhooksOut(items=[WebhookOut(**_out(row)) for row in rows]))


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
    await services.remove(await _hook(request))
    return web.Response(status=204)


async def rotate(request: web.Request) -> web.StreamResponse:
    """A new secret, shown this once; for a day the old one signs too."""
    row = await _hook(request)
    secret = await services.rotate(row)
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
    hook, asked = await _hook(request), read_query(request, Log)
    if asked.value is None:
        raise errors.Invalid(asked.errors)
    rows = WebhookDelivery.filter(webhook_id=hook.id)
    if asked.value.state:
        rows = rows.filter(state=asked.value.state)
    number = asked.value.page
    found = await rows.order_by("-created_at", "-id").offset((number - 1) * _PAGE).limit(_PAGE)
    items = [DeliveryOut(**_delivery(row)) for row in found]
    return json_answer(DeliveriesOut(items=items, total=await rows.count(), page=number))


async def _one(request: web.Request) -> WebhookDelivery:
    return await get_or_404(
        WebhookDelivery.filter(webhook_id=(await _hook(request)).id), request.match_info["delivery"]
    )


async def delivery(request: web.Request) -> web.StreamResponse:
    """One delivery with each of its attempts."""
    row = await _one(request)
    log = [
        AttemptOut(at=a.at, duration_ms=a.duration_ms, status=a.status, error=a.error, response=a.response)
        for a in await WebhookAttempt.filter(delivery_id=row.id).order_by("at", "id").limit(200)
    ]
    return json_answer(DeliveryDetailOut(**_delivery(row), log=log))


async def replay(request: web.Request) -> web.StreamResponse:
    """Send one delivery again."""
    await services.replay(await _one(request))
    return json_answer(DeliveryOut(**_delivery(await _one(request))), status=202)


_ALL = "/api/v1/webhooks"
_HOOK = f"{_ALL}/{{id}}"
_LOG = f"{_HOOK}/deliveries"

ROUTES = [
    Route(method="GET", path="/api/v1/webhook-events", handler=events, name="notifications.api_webhook_events",
          permission=WEBHOOKS, response=EventsOut),
    Route(method="GET", path=_ALL, handler=webhooks, name="notifications.api_webhooks", permission=WEBHOOKS,
          response=WebhooksOut),
    Route(method="POST", path=_ALL, handler=create, name="notifications.api_webhook_create", permission=WEBHOOKS,
          request=WebhookIn, response=SecretOut, rate="30/60"),
    Route(method="GET", path=_HOOK, handler=show, name="notifications.api_webhook", permission=WEBHOOKS,
          response=WebhookOut),
    Route(method="PUT", path=_HOOK, handler=change, name="notifications.api_webhook_change", permission=WEBHOOKS,
          request=WebhookIn, response=WebhookOut, rate="30/60"),
    Route(method="DELETE", path=_HOOK, handler=remove, name="notifications.api_webhook_remove", permission=WEBHOOKS),
    Route(method="POST", path=f"{_HOOK}/rotate", handler=rotate, name="notifications.api_webhook_rotate",
          permission=WEBHOOKS, response=SecretOut, rate="10/60"),
    Route(method="POST", path=f"{_HOOK}/pause", handler=pause, name="notifications.api_webhook_pause",
          permission=WEBHOOKS, response=WebhookOut),
    Route(method="POST", path=f"{_HOOK}/resume", handler=resume, name="notifications.api_webhook_resume",
          permission=WEBHOOKS, response=CountOut),
    Route(method="POST", path=f"{_HOOK}/test", handler=test, name="notifications.api_webhook_test",
          permission=WEBHOOKS, request=TestIn, response=DeliveryOut, rate="30/60"),
    Route(method="POST", path=f"{_HOOK}/replay", handler=replay_failed, name="notifications.api_webhook_replay_failed",
          permission=WEBHOOKS, request=ReplayIn, response=CountOut, rate="10/60"),
    Route(method="GET", path=_LOG, handler=deliveries, name="notifications.api_webhook_deliveries",
          permission=WEBHOOKS, response=DeliveriesOut),
    Route(method="GET", path=f"{_LOG}/{{delivery}}", handler=delivery, name="notifications.api_webhook_delivery",
          permission=WEBHOOKS, response=DeliveryDetailOut),
    Route(method="POST", path=f"{_LOG}/{{delivery}}/replay", handler=replay, permission=WEBHOOKS,
          name="notifications.api_webhook_replay", response=DeliveryOut),
]  # fmt: skip
