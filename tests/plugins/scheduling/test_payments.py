"""A booking that costs something stands only once the money is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import Happened, new_id, now, services
from kernel.base.clock import shifted_by
from plugins.scheduling import handlers

from .conftest import World, interviewer


@dataclass
class _Latest:
    is_open: bool
    is_paid: bool = False
    url: str = "/checkout/1"


@dataclass
class Till:
    """Takes the place of whoever takes the money."""

    asked: list[Any] = field(default_factory=list)
    refunds: list[tuple[UUID, int, str]] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)
    latest: _Latest | None = None

    async def start(self, request: Any) -> Any:
        self.asked.append(request)

        @dataclass
        class Session:
            id: UUID
            url: str

        return Session(new_id(), f"/checkout/{request.reference_id}")

    async def refund(self, kind: str, reference: UUID, percent: int, reason: str, key: str = "") -> None:
        assert kind == "booking"
        self.refunds.append((reference, percent, key))

    async def close(self, kind: str, reference: UUID) -> None:
        self.closed.append(reference)

    async def status(self, kind: str, reference: UUID) -> Any:
        return self.latest


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Till:
    found, real = Till(), services.get
    monkeypatch.setattr(services, "get", lambda wanted: found if wanted == "payments.Checkout" else real(wanted))
    return found


def told(name: str, reference: UUID, kind: str = "booking") -> Happened:
    data = {"reference_kind": kind, "reference_id": str(reference)}
    return Happened(id=new_id(), name=name, occurred_at=now(), actor_id=None, data=data)


async def _pending(world: World) -> tuple[Any, UUID, str]:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[3]
    held = await world.hold(site, start)
    answer = await site.post(held.location, {"goal": "Pay me"})
    assert answer.status == 303
    booking_id = UUID(answer.location.rsplit("/", 1)[1])
    assert answer.location == f"/checkout/{booking_id}"
    return site, booking_id, start


async def test_the_money_confirms_it(till: Till, tenant: Any) -> None:
    world = await interviewer(tenant, rate=9501)
    site, booking_id, start = await _pending(world)
    (asked,) = till.asked
    assert (asked.amount_minor, asked.currency, asked.reference_kind) == (9501, "EUR", "booking")
    assert (asked.payer_id, asked.payee_id) == (site.account_id, world.interviewer_id)
    row = await world.row(booking_id)
    assert (row.status, row.intake) == ("pending", {"goal": "Pay me"})
    assert asked.expires_at == row.hold_until
    assert start not in await world.starts()
    waiting = await site.get(f"/bookings/{booking_id}")
    assert "Waiting for your payment" in waiting.text
    with world.tenant.scope():
        for _n in range(2):  # delivered at least once
            await handlers.payment_succeeded(told("payments.payment_succeeded.v1", booking_id))
    assert (await world.row(booking_id)).status == "accepted"
    assert till.refunds == []


async def test_sending_the_form_again_leads_to_the_same_checkout(till: Till, tenant: Any) -> None:
    world = await interviewer(tenant, rate=6000)
    site, booking_id, _start = await _pending(world)
    again = await site.post(f"/bookings/{booking_id}/confirm", {"goal": "Pay me"})
    assert again.location == f"/checkout/{booking_id}"
    assert len(await world.rows()) == 1
    assert {asked.reference_id for asked in till.asked} == {booking_id}


async def test_a_declined_payment_frees_the_time(till: Till, tenant: Any) -> None:
    world = await interviewer(tenant, rate=6000)
    site, booking_id, start = await _pending(world)
    with world.tenant.scope():
        await handlers.payment_failed(told("payments.payment_failed.v1", booking_id))
        await handlers.payment_failed(told("payments.payment_failed.v1", booking_id))
    assert (await world.row(booking_id)).status == "expired"
    assert start in await world.starts()
    page = await site.get(f"/bookings/{booking_id}/confirm")
    assert page.status == 410
    assert "The payment did not go through" in page.text
    assert "Pay me" in page.text  # the text is still there for another try


async def test_a_failure_of_an_earlier_attempt_does_not_end_a_later_one(till: Till, tenant: Any) -> None:
    world = await interviewer(tenant, rate=6000)
    _site, booking_id, _start = await _pending(world)
    till.latest = _Latest(is_open=True)
    with world.tenant.scope():
        await handlers.payment_failed(told("payments.payment_failed.v1", booking_id))
    assert (await world.row(booking_id)).status == "pending"


async def test_paid_too_late_goes_back_at_once(till: Till, tenant: Any, run_jobs: Any) -> None:
    world = await interviewer(tenant, rate=6000)
    _site, booking_id, start = await _pending(world)
    with shifted_by(timedelta(minutes=16)):
        await run_jobs(world.tenant)
    assert (await world.row(booking_id)).status == "expired"
    assert booking_id in till.closed  # nobody shall pay for a time that is free again
    with world.tenant.scope():
        await handlers.payment_succeeded(told("payments.payment_succeeded.v1", booking_id))
    assert till.refunds == [(booking_id, 100, f"slot-lost:{booking_id}")]
    assert start in await world.starts()


async def test_payments_for_other_things_are_not_ours(till: Till, tenant: Any) -> None:
    world = await interviewer(tenant, rate=6000)
    _site, booking_id, _start = await _pending(world)
    with world.tenant.scope():
        await handlers.payment_failed(told("payments.payment_failed.v1", booking_id, kind="order"))
        await handlers.payment_succeeded(told("payments.payment_succeeded.v1", new_id(), kind="order"))
    assert (await world.row(booking_id)).status == "pending"
    assert till.refunds == []


async def test_prices_by_rule(till: Till, tenant: Any) -> None:
    from kernel import Money
    from plugins.scheduling.models import InterviewType
    from plugins.scheduling.pricing import price_of
    from plugins.users.api import InterviewerCard

    card = InterviewerCard(new_id(), "M", "m", "", "", (), (), 9999, "EUR", "UTC", None, True)
    with tenant.scope():
        rate = InterviewType(price_rule="rate", duration_minutes=45, currency="EUR")
        fixed = InterviewType(price_rule="fixed", price_minor=1200, duration_minutes=45, currency="JPY")
        assert price_of(rate, card) == Money(7499, "EUR")  # 74.9925
        assert price_of(fixed, card) == Money(1200, "JPY")


async def test_without_anybody_to_take_money_it_is_free(tenant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = services.get
    monkeypatch.setattr(services, "get", lambda wanted: None if wanted == "payments.Checkout" else real(wanted))
    world = await interviewer(tenant, rate=9500)
    site = await world.tenant.sign_in("candidate")
    row = await world.row(await world.booked(site))
    assert (row.status, row.price_minor) == ("accepted", 0)
    assert "Free of charge" in (await site.get(world.book)).text
