"""A colleague steps in: the earnings follow the work, and the books say so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import new_id, now, sql
from kernel.testing.people import TenantKit
from plugins.payments import services, states
from plugins.payments.models import Payment
from plugins.scheduling.services import moving
from tests.plugins.scheduling.conftest import interviewer

from .helpers import balances, begin, count
from .test_journey import PRICE, payment_at, to_checkout


async def held(kit: TenantKit) -> dict[UUID, int]:
    """What the books hold for each payee."""
    with kit.scope():
        rows = await sql(
            "SELECT owner_id, -sum(amount_minor)::bigint AS minor FROM payments_ledger_line WHERE tenant_id = $1"
            " AND account = 'interviewer_payable_held' GROUP BY owner_id",
            kit.ref.id,
        )
    return {row.owner_id: row.minor for row in rows if row.minor}


async def test_the_earnings_go_to_who_holds_the_session(tenant: TenantKit, run_jobs: Any) -> None:
    world = await interviewer(tenant, price_rule="fixed", price_minor=PRICE)
    omar = await interviewer(tenant, slug="omar", rate=9000, price_rule="fixed", price_minor=PRICE)
    site = await tenant.sign_in("candidate")
    path = await to_checkout(world, site)
    await site.post(path, {"card": "approve"})
    await run_jobs(tenant)
    payment = await payment_at(world, path)
    share = (await held(tenant))[world.interviewer_id]
    with tenant.scope():
        await moving.reassign(payment.reference_id, omar.interviewer_id, reason="Maya is ill")
    await run_jobs(tenant)
    assert (await payment_at(world, path)).payee_id == omar.interviewer_id
    assert await held(tenant) == {omar.interviewer_id: share}
    first = await (await tenant.sign_in(account_id=world.interviewer_id)).get("/earnings")
    second = await (await tenant.sign_in(account_id=omar.interviewer_id)).get("/earnings")
    link = f'href="/bookings/{payment.reference_id}"'
    assert (link in first.text, link in second.text) == (False, True)
    await balances(tenant)


async def test_again_and_back_and_then_a_refund_leave_sound_books(tenant: TenantKit, run_jobs: Any) -> None:
    deal = await begin(tenant)
    await deal.paid()
    colleague = await tenant.account("interviewer")
    assert deal.payee_id is not None
    with tenant.scope():
        for payee in (colleague, colleague, deal.payee_id, colleague):
            await services.hand_over("order", deal.reference_id, payee)
        await services.CHECKOUT.refund("order", deal.reference_id, 50, "Half of it", key="half")
    await run_jobs(tenant)
    payment = await deal.row()
    assert (payment.payee_id, payment.state) == (colleague, states.PARTLY)
    assert await count(tenant, "payments_ledger_entry", kind="handover") == 3
    assert list(await held(tenant)) == [colleague]
    await balances(tenant)


async def test_an_open_payment_is_shared_out_to_the_new_payee(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    colleague = await tenant.account("interviewer")
    with tenant.scope():
        await services.hand_over("order", deal.reference_id, colleague)
        await services.hand_over("order", new_id(), colleague)  # nothing was asked for that
    await deal.paid()
    assert list(await held(tenant)) == [colleague]


async def test_what_was_released_stays(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    colleague = await tenant.account("interviewer")
    with tenant.scope():
        await services.schedule_release("order", deal.reference_id, now(), "session_held")
        await services.release(deal.id)
        await services.hand_over("order", deal.reference_id, colleague)
        assert (await Payment.get(id=deal.id)).payee_id == deal.payee_id
