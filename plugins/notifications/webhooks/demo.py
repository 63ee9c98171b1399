"""A webhook with a past for the demo. It is paused: a demo calls nobody."""

from __future__ import annotations

from datetime import timedelta

from kernel import now, published_events, sealing, unit_of_work

from ..models import Webhook, WebhookAttempt, WebhookDelivery
from . import catalogue, services, signing

_URL = "https://crm.example.com/hooks/greenroom"
_WISHED = ("kernel.account_created.v1", "scheduling.booking_confirmed.v1", "scheduling.booking_cancelled.v1")
_ANSWERS = (204, 204, 503, 204, 204, 410, 204, 204)


async def seed() -> None:
    """Deliveries of events that did happen, most of them answered well."""
    names = catalogue.names()
    row = Webhook(url=_URL, description="CRM", events=[n for n in _WISHED if n in names], state="paused", secret=b"")
    row.secret = sealing.seal(signing.new_secret(), services.place(row.id))
    row.created_at = now() - timedelta(days=9)
    events = []
    for name in row.events:
        events += [event async for event in published_events(name)][-4:]
    async with unit_of_work():
        await row.save(force_create=True)
        for number, (event, status) in enumerate(zip(events, _ANSWERS, strict=False)):
            at = now() - timedelta(minutes=35 + 130 * number)
            ok = status < 300
            delivery = await WebhookDelivery.create(
                webhook_id=row.id, event_id=event.id, event=event.name, state="delivered" if ok else "failed",
                attempts=1, status=status, created_at=at, ended_at=at,
            )  # fmt: skip
            await WebhookAttempt.create(
                delivery_id=delivery.id, at=at, duration_ms=80 + 17 * number, status=status,
                response="" if ok else '{"error": "try again later"}',
            )  # fmt: skip
