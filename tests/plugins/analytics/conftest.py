"""A tenant with analytics alone, whose events are published as the other plugins would."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import publish, sql, unit_of_work
from kernel.base.clock import frozen_at
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.feedback.events import ReviewSubmitted
from plugins.live.events import SessionEnded
from plugins.payments.events import PaymentRefunded, PaymentSucceeded
from plugins.scheduling.events import BookingCancelled, BookingCompleted, BookingConfirmed
from plugins.users.events import SignedUp

#: Whoever else would react to the events.
OTHERS = ("feedback", "live", "scheduling", "payments", "notifications", "compliance")
MakeTenant = Callable[..., Awaitable[TenantKit]]


@pytest.fixture
async def kit(make_tenant: MakeTenant) -> TenantKit:
    return await make_tenant(plugins=dict.fromkeys(OTHERS, False))


def confirmed(starts_at: datetime, kind: str = "human", interviewer: UUID | None = None) -> BookingConfirmed:
    return BookingConfirmed(
        booking_id=new_id(),
        candidate_id=new_id(),
        interviewer_id=interviewer,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        type_id=new_id(),
        type_title="System design",
        kind=kind,
        price_minor=9000,
        currency="EUR",
        ical_sequence=0,
    )


def completed(
    starts_at: datetime, outcome: str = "completed", kind: str = "human", interviewer: UUID | None = None
) -> BookingCompleted:
    return BookingCompleted(
        booking_id=new_id(),
        candidate_id=new_id(),
        interviewer_id=interviewer,
        outcome=outcome,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        type_title="System design",
        kind=kind,
        price_minor=9000,
        currency="EUR",
    )


def cancelled(starts_at: datetime, by: str = "candidate") -> BookingCancelled:
    return BookingCancelled(
        booking_id=new_id(),
        candidate_id=new_id(),
        interviewer_id=None,
        by=by,
        reason="",
        refund_percent=100,
        refund_minor=9000,
        starts_at=starts_at,
        price_minor=9000,
        currency="EUR",
    )


def paid(minor: int, currency: str = "EUR", payee: UUID | None = None) -> PaymentSucceeded:
    return PaymentSucceeded(
        payment_id=new_id(),
        reference_kind="booking",
        reference_id=new_id(),
        payer_id=new_id(),
        payee_id=payee,
        amount_minor=minor,
        currency=currency,
    )


def refunded(minor: int, currency: str = "EUR", payee: UUID | None = None) -> PaymentRefunded:
    return PaymentRefunded(
        payment_id=new_id(),
        reference_kind="booking",
        reference_id=new_id(),
        payer_id=new_id(),
        payee_id=payee,
        refund_minor=minor,
        currency=currency,
        reason="",
        amount_minor=minor,
        total_refunded_minor=minor,
    )


def reviewed(rating: float, subject: UUID) -> ReviewSubmitted:
    return ReviewSubmitted(
        booking_id=new_id(), review_id=new_id(), author_id=new_id(), subject_id=subject, rating=rating
    )


def ended(seconds: int, kind: str = "human") -> SessionEnded:
    return SessionEnded(
        booking_id=new_id(),
        candidate_id=new_id(),
        interviewer_id=None,
        kind=kind,
        seconds=seconds,
        ended_by=None,
        cause="",
    )


def signed_up() -> SignedUp:
    return SignedUp(account_id=new_id())


async def happen(kit: TenantKit, at: datetime, *found: object) -> None:
    """Publish events as if it were `at`."""
    with kit.scope(), frozen_at(at):
        async with unit_of_work():
            for ev in found:
                await publish(ev)


def some_events(seed: int, number: int, until: datetime) -> list[tuple[datetime, Any]]:
    """Random events of every kind over the weeks before `until`."""
    chance = random.Random(seed)
    people = [new_id() for _n in range(3)]
    found: list[tuple[datetime, Any]] = []
    for _n in range(number):
        at = until - timedelta(minutes=chance.randint(0, 60 * 24 * 40))
        who, kind = chance.choice(people), chance.choice(("human", "ai"))
        found.append(
            (
                at,
                chance.choice(
                    (
                        confirmed(at, kind),
                        cancelled(at, chance.choice(("candidate", "admin"))),
                        completed(at, chance.choice(("completed", "no_show_candidate", "disputed")), kind, who),
                        paid(chance.randint(1, 20000), chance.choice(("EUR", "JPY")), who),
                        refunded(chance.randint(1, 9000), "EUR", chance.choice((who, None))),
                        reviewed(chance.randint(2, 10) / 2, who),
                        ended(chance.randint(0, 4000), kind),
                        signed_up(),
                    )
                ),
            )
        )
    return found


async def rollup(kit: TenantKit) -> list[tuple[Any, ...]]:
    """All counts of the tenant, to be compared."""
    with kit.scope():
        rows = await sql(
            "SELECT day, metric, dimension, currency, origin, value FROM analytics_daily_metric WHERE tenant_id = $1"
            " ORDER BY day, metric, dimension, currency, origin",
            kit.ref.id,
        )
    return [tuple(row) for row in rows]
