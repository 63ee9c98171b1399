"""Work outside requests: each job looks at how things stand now and drops itself when they moved on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kernel import Job, get_logger, now, published_events

from . import services, states
from .handlers import BY_EVENT
from .models import Payment, Refund

log = get_logger(__name__)
_BATCH = 200


async def expire(payment_id: str) -> None:
    await services.expire(UUID(payment_id))


async def reconcile(payment_id: str, attempt: int) -> None:
    await services.reconcile(UUID(payment_id), attempt)


async def settle_refund(refund_id: str) -> None:
    await services.settle_refund(UUID(refund_id))


async def release(payment_id: str) -> None:
    await services.release(UUID(payment_id))


async def sweep() -> None:
    """The net under the jobs above: whatever is overdue although nothing waits for it any more."""
    late = now() - timedelta(minutes=10)
    overdue = Payment.filter(state__in=list(states.CLOSABLE), expires_at__lt=late).limit(_BATCH)
    for payment_id in await overdue.values_list("id", flat=True):
        await services.expire(UUID(str(payment_id)))
    unknown = Payment.filter(state=states.UNKNOWN, updated_at__lt=late).limit(_BATCH)
    for payment_id in await unknown.values_list("id", flat=True):
        await services.reconcile(UUID(str(payment_id)), 4)
    stuck = Refund.filter(state="created", created_at__lt=late).limit(_BATCH)
    for refund_id in await stuck.values_list("id", flat=True):
        await services.settle_refund(UUID(str(refund_id)))
    due = Payment.filter(released_at=None, release_at__lt=late).limit(_BATCH)
    for payment_id in await due.values_list("id", flat=True):
        await services.release(UUID(str(payment_id)))


async def catch_up() -> None:
    """Act on what happened to bookings while this plugin was off. Facts that were acted on change nothing."""
    for name, handler in BY_EVENT.items():
        async for event in published_events(name):
            try:
                await handler(event)
            except Exception:
                log.exception("could not catch up with %s %s", name, event.id)


JOBS = [
    Job(name="payments.expire", func=expire),
    Job(name="payments.reconcile", func=reconcile, drain=True),
    Job(name="payments.settle_refund", func=settle_refund, drain=True, attempts=20),
    Job(name="payments.release", func=release, drain=True),
    Job(name="payments.sweep", func=sweep, every=timedelta(minutes=30), attempts=2, timeout=300),
    Job(name="payments.catch_up", func=catch_up, attempts=3, timeout=600),
]
