"""A move to a time with another price: paid before it is final, given back when cheaper, or left as it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import now
from kernel.base.clock import frozen_at
from kernel.testing.people import Site, TenantKit
from plugins.payments import states
from plugins.payments.models import Payment, Refund
from plugins.scheduling.models import Booking, InterviewType, PaidMove
from tests.plugins.scheduling.conftest import World, day_after, interviewer, stamp

PRICE, DEARER, CHEAPER = 8001, 9002, 7000
OLD, NEW = day_after(5, 10), day_after(6, 12)


class Story:
    """A paid session whose price is another one now."""

    def __init__(self, world: World, site: Site, booking_id: UUID, run_jobs: Any) -> None:
        self.world, self.site, self.booking_id, self._run = world, site, booking_id, run_jobs

    @property
    def move_path(self) -> str:
        return f"/bookings/{self.booking_id}/reschedule"

    async def jobs(self) -> None:
        await self._run(self.world.tenant)

    async def ask(self, start: str = "") -> str:
        """Choose the new time; where that leads."""
        page = await self.site.get(self.move_path)
        sent = {"start": start or stamp(NEW), "tz": "UTC", "seen": page.fields()["seen"]}
        return (await self.site.post(self.move_path, sent)).location

    async def row(self) -> Booking:
        return await self.world.row(self.booking_id)

    async def payments(self) -> list[Payment]:
        with self.world.tenant.scope():
            return await Payment.all().order_by("created_at", "id")

    async def cancel(self) -> None:
        page = await self.site.get(f"/bookings/{self.booking_id}/cancel")
        answers = {"seen": page.fields()["seen"], "reason": "Caught a cold"}
        assert (await self.site.post(f"/bookings/{self.booking_id}/cancel", answers)).status == 303
        await self.jobs()


@pytest.fixture
async def story(tenant: TenantKit, run_jobs: Any) -> Any:
    async def tell(price: int, **terms: bool) -> Story:
        world = await interviewer(tenant, price_rule="fixed", price_minor=PRICE)
        site = await tenant.sign_in("candidate", name="Ada Novak")
        held = await world.hold(site, stamp(OLD))
        path = (await site.post(held.location, {"goal": "x"})).location
        await site.post(path, {"card": "approve"})
        await run_jobs(tenant)
        with tenant.scope():
            booking = await Booking.get(candidate_id=site.account_id)
            assert booking.status == "accepted"
            await Booking.filter(id=booking.id).update(policy={**booking.policy, **terms})
            await InterviewType.filter(id=world.kind.id).update(price_minor=price)
        return Story(world, site, booking.id, run_jobs)

    return tell


async def test_a_dearer_time_is_the_session_s_once_the_difference_is_paid(story: Any) -> None:
    told: Story = await story(DEARER, move_charges=True)
    page = await told.site.get(told.move_path)
    assert "moving costs €10.01" in page.text
    path = await told.ask()
    assert path.startswith("/checkout/")
    assert await told.ask() == path, "asked twice, paid once"
    assert stamp((await told.row()).starts_at) == stamp(OLD), "nothing moves before it is paid"
    for _click in range(2):
        await told.site.post(path, {"card": "approve"})
    await told.jobs()
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor, row.moves, row.ical_sequence) == (stamp(NEW), DEARER, 1, 1)
    first, more = await told.payments()
    assert (first.amount_minor, more.amount_minor, more.state) == (PRICE, DEARER - PRICE, states.PAID)
    assert more.payee_id == told.world.interviewer_id

    with told.world.tenant.scope():
        await Booking.filter(id=told.booking_id).update(policy={**row.policy, "tiers": [[0, 50]]})
    page = await told.site.get(f"/bookings/{told.booking_id}/cancel")
    assert "€45.01 of €90.02" in page.text
    await told.cancel()
    with told.world.tenant.scope():
        given = [refund.amount_minor for refund in await Refund.all()]
    assert sum(given) == 4501, "to the cent what was shown, though it comes from two payments"


async def test_who_moves_it_pays_for_that_though_somebody_else_paid_for_the_session(story: Any) -> None:
    told: Story = await story(DEARER, move_charges=True)
    giver = await told.world.tenant.sign_in("candidate", name="Bo Lind")
    with told.world.tenant.scope():
        await Booking.filter(id=told.booking_id).update(booked_by=giver.account_id)
    taker, path = told.site, await told.ask()
    assert (await taker.get(path)).status == 200
    told.site = giver
    other = await told.ask()
    assert (await giver.get(other)).status == 200
    await taker.post(path, {"card": "approve"})
    await giver.post(other, {"card": "approve"})
    await told.jobs()
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor) == (stamp(NEW), DEARER)
    paid = [payment for payment in await told.payments() if payment.state in states.CAPTURED]
    assert [payment.payer_id for payment in paid] == [taker.account_id, giver.account_id], "the first ask was given up"


async def test_unpaid_the_old_time_stays(story: Any) -> None:
    told: Story = await story(DEARER, move_charges=True)
    first = await told.ask()
    await told.site.post(first + "/cancel")
    await told.jobs()
    second = await told.ask(stamp(NEW + timedelta(hours=1)))
    assert second != first
    third = await told.ask()
    assert third not in (first, second), "another wish closes the one before"
    await told.site.post(second, {"card": "approve"})
    with frozen_at(now() + timedelta(hours=1)):
        await told.site.post(third, {"card": "approve"})
        await told.jobs()
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor, row.ical_sequence) == (stamp(OLD), PRICE, 0)
    assert (await told.payments())[0].state == states.PAID
    assert not [p for p in (await told.payments())[1:] if p.state in states.CAPTURED]
    with told.world.tenant.scope():
        assert {m.state for m in await PaidMove.all()} == {"lapsed"}


@pytest.mark.parametrize("lost", ["taken", "cancelled", "moved"])
async def test_paid_when_it_cannot_be_done_any_more_goes_back(story: Any, lost: str) -> None:
    told: Story = await story(DEARER, move_charges=True)
    path = await told.ask()
    if lost == "taken":
        other = await told.world.tenant.sign_in("candidate")
        assert (await told.world.hold(other, stamp(NEW))).status == 303
    elif lost == "cancelled":
        with told.world.tenant.scope():
            await Booking.filter(id=told.booking_id).update(status="cancelled", refund_percent=0)
    else:
        with told.world.tenant.scope():
            await Booking.filter(id=told.booking_id).update(ical_sequence=3)
    await told.site.post(path, {"card": "approve"})
    await told.jobs()
    await told.jobs()
    _first, more = await told.payments()
    assert more.state == states.REFUNDED
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor) == (stamp(OLD), PRICE)
    with told.world.tenant.scope():
        assert {m.state for m in await PaidMove.all()} == {"refused"}


async def test_a_cheaper_time_gives_the_difference_back_once(story: Any) -> None:
    told: Story = await story(CHEAPER, move_refunds=True)
    assert "you get €10.01 back" in (await told.site.get(told.move_path)).text
    assert (await told.ask()) == f"/bookings/{told.booking_id}"
    await told.jobs()
    (payment,) = await told.payments()
    assert (payment.state, payment.refunded_minor) == (states.PARTLY, PRICE - CHEAPER)
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor) == (stamp(NEW), CHEAPER)
    with told.world.tenant.scope():
        await Booking.filter(id=told.booking_id).update(policy={**row.policy, "tiers": [[0, 50]]})
    await told.cancel()
    (payment,) = await told.payments()
    assert payment.refunded_minor == PRICE - CHEAPER + CHEAPER // 2, "half of what it costs now, not of what was paid"


@pytest.mark.parametrize("price", [DEARER, CHEAPER])
async def test_otherwise_the_price_is_kept(story: Any, price: int) -> None:
    told: Story = await story(price)
    assert "The price stays as it is" in (await told.site.get(told.move_path)).text
    assert (await told.ask()) == f"/bookings/{told.booking_id}"
    await told.jobs()
    assert (await told.row()).price_minor == PRICE
    (payment,) = await told.payments()
    assert payment.refunded_minor == 0


@pytest.mark.parametrize("lengths", [[60], []])
async def test_prices_are_compared_for_the_length_that_was_booked(story: Any, lengths: list[int]) -> None:
    told: Story = await story(2 * PRICE, move_charges=True, move_refunds=True)
    with told.world.tenant.scope():  # an hour costs what it did, or is not sold any more
        await InterviewType.filter(id=told.world.kind.id).update(duration_minutes=120, durations=lengths)
    assert "The price stays as it is" in (await told.site.get(told.move_path)).text
    assert (await told.ask()) == f"/bookings/{told.booking_id}"
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor) == (stamp(NEW), PRICE)
    assert row.ends_at - row.starts_at == timedelta(hours=1)


async def test_a_missed_session_that_may_still_be_moved_can_be_paid(story: Any) -> None:
    told: Story = await story(DEARER, move_charges=True, past_moves=True)
    begun = now().replace(second=0, microsecond=0) - timedelta(minutes=20)
    with told.world.tenant.scope():
        await Booking.filter(id=told.booking_id).update(starts_at=begun, ends_at=begun + timedelta(hours=1))
    await told.site.post(await told.ask(), {"card": "approve"})
    await told.jobs()
    row = await told.row()
    assert (stamp(row.starts_at), row.price_minor) == (stamp(NEW), DEARER)
