"""From the booking to the money and back, over real pages and jobs: only the money event confirms a booking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import Happened, from_data, now, published_events, services
from kernel.base.clock import frozen_at as frozen_time
from kernel.testing.people import Site, TenantKit
from plugins.payments import states
from plugins.payments.events import PaymentSucceeded
from plugins.payments.models import Payment
from tests.plugins.scheduling.conftest import World, interviewer

from .helpers import balances, count

PRICE = 9500
SUCCEEDED = "payments.payment_succeeded.v1"


@pytest.fixture
async def world(tenant: TenantKit) -> World:
    return await interviewer(tenant, price_rule="fixed", price_minor=PRICE)


async def to_checkout(world: World, site: Site, start: str | None = None) -> str:
    """Choose a time, confirm, and arrive at the checkout; its path."""
    held = await world.hold(site, start or (await world.starts(site))[-1])
    assert held.status == 303, held.text[:500]
    done = await site.post(held.location, {"goal": "Practise estimates"})
    assert done.location.startswith("/checkout/"), done.text[:500]
    return done.location


async def payment_at(world: World, path: str) -> Payment:
    with world.tenant.scope():
        return await Payment.get(id=UUID(path.rsplit("/", 1)[1]))


async def captured(world: World, name: str) -> list[Happened]:
    with world.tenant.scope():
        return [event async for event in published_events(name)]


async def status(world: World, booking_id: UUID) -> str:
    return str((await world.row(booking_id)).status)


async def test_the_booking_stands_when_the_money_event_says_so(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    path = await to_checkout(world, site)
    page = await site.get(path)
    assert "€95" in page.text
    assert "Maya Lind" in page.text
    payment = await payment_at(world, path)
    waiting = (await site.get(f"/bookings/{payment.reference_id}")).text
    assert 'data-widget="payments.state"' in waiting
    assert waiting.count("Pay €95") == 1  # one way on, not a second beside it
    assert path not in waiting
    paid = await site.post(path, {"card": "approve"})
    payment = await payment_at(world, path)
    assert paid.location == f"/bookings/{payment.reference_id}"
    assert await status(world, payment.reference_id) == "pending"  # paid, and nobody has told scheduling yet
    assert "Pay €95" not in (await site.get(paid.location)).text
    (event,) = await captured(world, SUCCEEDED)
    told = from_data(PaymentSucceeded, event.data)
    assert (told.reference_id, told.amount_minor, told.payee_id) == (payment.reference_id, PRICE, world.interviewer_id)
    await run_jobs(world.tenant)
    assert await status(world, payment.reference_id) == "accepted"
    booking = await site.get(paid.location)
    assert 'data-widget="payments.state"' in booking.text
    assert f"/payments/{payment.id}" in booking.text
    # Delivered again, it changes nothing.
    await _again(world, event)
    assert await status(world, payment.reference_id) == "accepted"
    assert (await payment_at(world, path)).state == states.PAID


async def _again(world: World, event: Happened) -> None:
    from kernel.base.runtime import runtime

    with world.tenant.scope():
        for subscribers in runtime().registry.subscribers.values():
            for subscriber in subscribers:
                if subscriber.event == event.name:
                    await subscriber.handler(event)


async def test_the_payee_sees_the_share_and_strangers_nothing(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    path = await to_checkout(world, site)
    await site.post(path, {"card": "approve"})
    await run_jobs(world.tenant)
    payment = await payment_at(world, path)
    payee = await world.tenant.sign_in(account_id=world.interviewer_id)
    page = await payee.get(f"/bookings/{payment.reference_id}")
    assert "Your earnings" in page.text
    assert "€76" in page.text
    assert f"/payments/{payment.id}" not in page.text  # the receipt is the payer's
    line = await payee.get("/earnings")
    assert f'href="/bookings/{payment.reference_id}"' in line.text


@pytest.mark.parametrize("card", ["declined", "cancel", "late"])
async def test_without_money_the_time_is_free_again(world: World, run_jobs: Any, card: str) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts(site))[-1]
    path = await to_checkout(world, site, start)
    other = world.tenant.visitor()
    assert start not in await world.starts(other)
    if card == "late":
        with frozen_time(now() + timedelta(hours=1)):
            await run_jobs(world.tenant)
    elif card == "cancel":
        await site.post(f"{path}/cancel", {"code": "time"})
    else:
        await site.post(path, {"card": card})
    await run_jobs(world.tenant)
    payment = await payment_at(world, path)
    assert await status(world, payment.reference_id) == "expired"
    assert start in await world.starts(other)
    assert await count(world.tenant, "payments_ledger_entry") == 0
    # A stale tab or the Back button: no charge for a time that is somebody else's to take.
    await site.post(path, {"card": "approve"})
    assert (await payment_at(world, path)).state not in states.CAPTURED
    assert (await site.get(path)).status == 200


async def test_money_for_a_lost_time_goes_back_by_itself(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    path = await to_checkout(world, site)
    await site.post(path, {"card": "slow"})  # the bank is silent while the hold runs out
    payment = await payment_at(world, path)
    with world.tenant.scope():
        from plugins.scheduling.models import Booking

        await Booking.filter(id=payment.reference_id).update(status="expired", hold_until=None)
    with frozen_time(now() + timedelta(minutes=1)):
        await run_jobs(world.tenant)
        await run_jobs(world.tenant)
    assert (await payment_at(world, path)).state == states.REFUNDED
    assert set((await balances(world.tenant)).values()) == {0}


async def test_cancelling_gives_the_money_back(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    path = await to_checkout(world, site)
    await site.post(path, {"card": "approve"})
    await run_jobs(world.tenant)
    payment = await payment_at(world, path)
    page = await site.get(f"/bookings/{payment.reference_id}/cancel")
    assert "€95" in page.text
    answers = {"seen": page.fields()["seen"], "reason": "Caught a cold"}
    sent = await site.post(f"/bookings/{payment.reference_id}/cancel", answers)
    assert sent.status == 303, sent.text[:500]
    await run_jobs(world.tenant)
    payment = await payment_at(world, path)
    assert (payment.state, payment.refunded_minor) == (states.REFUNDED, PRICE)
    receipt = await site.get(f"/payments/{payment.id}")
    assert "Refunded" in receipt.text
    assert "Caught a cold" in receipt.text
    assert "C-00001" in receipt.text
    assert set((await balances(world.tenant)).values()) == {0}


async def test_the_demo_has_books_that_balance(tenant: TenantKit) -> None:
    from plugins.payments.demo import seed
    from plugins.scheduling import demo as bookings
    from plugins.users import demo as people

    await tenant.account("candidate", email="candidate@demo.test", name="Ada Novak")
    await tenant.account("interviewer", email="interviewer@demo.test", name="Tomás Ferreira")
    with tenant.scope():
        await people.seed("acme")
        await bookings.seed("acme")
        await seed("acme")
        paid = await Payment.filter(state=states.PAID).count()
        before = await Payment.all().count()
        await seed("acme")  # again: nothing
        assert await Payment.all().count() == before
        assert services.get("payments.Checkout") is not None
        numbered = await Payment.filter(receipt_no__isnull=False).order_by("receipt_no")
    assert paid >= 10
    assert [row.receipt_no for row in numbered] == list(range(1, len(numbered) + 1))
    moments = [row.paid_at for row in numbered]
    assert moments == sorted(moments)  # type: ignore[type-var]
    found = await balances(tenant)
    assert found["interviewer_payable_available"] > 0
    assert found["interviewer_payable_held"] > 0
