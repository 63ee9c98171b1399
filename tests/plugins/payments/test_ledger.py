"""The books: what PostgreSQL refuses, earnings on hold and available, and that bookings move money."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError

from kernel import execute, now, publish, set_setting, sql, unit_of_work
from kernel.app import Greenroom
from kernel.base.clock import frozen_at as frozen_time
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.payments import bookkeeping, services, states
from plugins.payments.ledger import posting
from plugins.payments.ledger.posting import Line
from plugins.payments.models import LedgerEntry, LedgerLine

from .helpers import KIND, Deal, balances, begin, count, published

MakeTenant = Callable[..., Awaitable[TenantKit]]
#: Whoever sells times is off: its own reactions to payments are its own tests' matter.
ALONE = {p: False for p in ("scheduling", "live", "feedback")}


@pytest.fixture
async def alone(make_tenant: MakeTenant, greenroom: Greenroom) -> TenantKit:
    known = greenroom.runtime.registry.plugins
    return await make_tenant(plugins={p: on for p, on in ALONE.items() if p in known})


# --- what the database refuses ----------------------------------------------------------------------------------


async def rows(kit: TenantKit, deal: Deal, *lines: tuple[str, int, str], announced: int | None = None) -> None:
    """Write an entry past the function that posts."""
    async with unit_of_work():
        entry = await LedgerEntry.create(
            key=new_id().hex,
            kind="payment",
            payment_id=deal.id,
            line_count=len(lines) if announced is None else announced,
        )
        for account, amount, currency in lines:
            await LedgerLine.create(entry_id=entry.id, account=account, amount_minor=amount, currency=currency)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (("rounding", 5, "EUR"),),
        (("rounding", 5, "EUR"), ("platform_commission", -4, "EUR")),
        (("rounding", 5, "EUR"), ("platform_commission", -5, "USD")),
        (("rounding", 5, "EUR"), ("rounding", -5, "EUR"), ("rounding", 5, "USD"), ("rounding", -5, "USD")),
    ],
)
async def test_an_entry_that_does_not_balance_is_not_committed(
    tenant: TenantKit, lines: tuple[tuple[str, int, str], ...]
) -> None:
    deal = await begin(tenant)
    with tenant.scope(), pytest.raises((IntegrityError, asyncpg.PostgresError), match="does not balance"):
        await rows(tenant, deal, *lines)
    assert await count(tenant, "payments_ledger_entry") == 0
    assert await count(tenant, "payments_ledger_line") == 0


async def test_a_line_added_later_is_not_committed(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        entry = await LedgerEntry.first()
        assert entry is not None
        with pytest.raises((IntegrityError, asyncpg.PostgresError), match="does not balance"):
            async with unit_of_work():
                for amount in (700, -700):  # balanced in itself, and still not what was announced
                    await LedgerLine.create(entry_id=entry.id, account="rounding", amount_minor=amount, currency="EUR")
        with pytest.raises((IntegrityError, asyncpg.PostgresError), match="does not balance"):
            await rows(tenant, deal, ("rounding", 1, "EUR"), ("goodwill_expense", -1, "EUR"), announced=3)
    await balances(tenant)


@pytest.mark.parametrize("table", ["payments_ledger_line", "payments_ledger_entry", "payments_step"])
async def test_the_books_are_never_changed(tenant: TenantKit, database: tuple[str, str], table: str) -> None:
    deal = await begin(tenant)
    await deal.paid()
    before = await count(tenant, table)
    assert before > 0
    with tenant.scope():
        for statement in (f"UPDATE {table} SET id = gen_random_uuid()", f"DELETE FROM {table}"):
            with pytest.raises(Exception, match="never changed or removed"):
                await execute(statement)
    owner = await asyncpg.connect(database[0], server_settings={"app.tenant": "*"})
    try:  # not even by the owner of the tables
        with pytest.raises(asyncpg.PostgresError, match="never changed or removed"):
            await owner.execute(f"DELETE FROM {table}")
    finally:
        await owner.close()
    assert await count(tenant, table) == before


async def test_amounts_that_cannot_be_are_refused_by_the_database(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        for change in ("refunded_minor = 6001", "refunded_minor = -1", "amount_minor = 0"):
            with pytest.raises(IntegrityError):
                await execute(f"UPDATE payments_payment SET {change} WHERE id = $1", deal.id)


async def test_the_function_that_posts_refuses_first(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    payment = await deal.row()
    with tenant.scope():
        with pytest.raises(RuntimeError, match="unit of work"):
            await posting.post("k", "payment", payment, [Line("rounding", 1), Line("goodwill_expense", -1)])
        async with unit_of_work():
            for lines in (
                [Line("rounding", 1)],
                [Line("rounding", 1), Line("goodwill_expense", -2)],
                [Line("rounding", 1, new_id()), Line("goodwill_expense", -1)],
                [Line("interviewer_payable_held", 1), Line("goodwill_expense", -1)],
            ):
                with pytest.raises(ValueError, match="ledger entry"):
                    await posting.post("k", "payment", payment, lines)
    assert await count(tenant, "payments_ledger_entry") == 0


async def test_a_fact_is_booked_once(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    payment = await deal.paid()
    with tenant.scope(), pytest.raises(IntegrityError):
        async with unit_of_work():
            lines = [Line("rounding", 1), Line("goodwill_expense", -1)]
            await posting.post(f"payment:{payment.id}", "payment", payment, lines)


async def test_the_books_of_tenants_are_apart(tenant: TenantKit, other_tenant: TenantKit) -> None:
    await (await begin(tenant)).paid()
    await (await begin(other_tenant, amount_minor=111)).paid()
    assert (await balances(tenant))["provider_clearing"] == 6000
    assert (await balances(other_tenant))["provider_clearing"] == 111
    with tenant.scope():
        seen = await sql("SELECT DISTINCT tenant_id FROM payments_ledger_line")
    assert [row.tenant_id for row in seen] == [tenant.ref.id]


async def test_the_proof_finds_what_is_wrong(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        await execute("UPDATE payments_payment SET amount_minor = 7000 WHERE id = $1", deal.id)
        proof = await bookkeeping.proof()
    assert (proof.sound, proof.drift) == (False, {"EUR": 1000})
    admin = await tenant.sign_in("admin")
    assert "The books do not balance" in (await admin.get("/admin/ledger")).text


# --- earnings ---------------------------------------------------------------------------------------------------


async def test_a_payment_is_shared_out_by_the_commission_of_its_beginning(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    with tenant.scope():
        await set_setting("payments.commission_percent", 50)
    row = await deal.paid()
    assert (row.commission_percent, row.payee_minor, row.commission_minor) == (20, 4800, 1200)
    other = await (await begin(tenant)).paid()
    assert (other.commission_percent, other.payee_minor) == (50, 3000)


async def test_earnings_wait_for_their_day(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        await services.release(deal.id)  # nobody said when
        await services.schedule_release(KIND, deal.reference_id, now() + timedelta(days=3), "session_held")
        await services.schedule_release(KIND, deal.reference_id, now(), "late_cancellation")  # the first date stays
        await services.release(deal.id)
    assert (await balances(tenant))["interviewer_payable_held"] == 4800
    with tenant.scope(), frozen_time(now() + timedelta(days=3, seconds=1)):
        await asyncio.gather(services.release(deal.id), services.release(deal.id), return_exceptions=True)
        await services.release(deal.id)
    found = await balances(tenant)
    assert (found["interviewer_payable_held"], found["interviewer_payable_available"]) == (0, 4800)
    (event,) = await published(tenant, "payments.earnings_released.v1")
    assert event["amount_minor"] == 4800


async def test_a_refund_after_the_release_is_taken_from_what_is_available(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        await services.schedule_release(KIND, deal.reference_id, now(), "session_held")
        await services.release(deal.id)
        await services.CHECKOUT.refund(KIND, deal.reference_id, 25, "Half of it was missing")
    found = await balances(tenant)
    assert (found["interviewer_payable_held"], found["interviewer_payable_available"]) == (0, 3600)


async def test_release_and_refund_at_once_lose_nothing(tenant: TenantKit) -> None:
    for _round in range(4):
        deal = await begin(tenant)
        await deal.paid()
        with tenant.scope():
            await services.schedule_release(KIND, deal.reference_id, now() - timedelta(seconds=1), "session_held")
            refund = services.CHECKOUT.refund(KIND, deal.reference_id, 50, "Half")
            await asyncio.gather(services.release(deal.id), refund, return_exceptions=True)
            await services.release(deal.id)
    found = await balances(tenant)
    assert (found["interviewer_payable_held"], found["interviewer_payable_available"]) == (0, 4 * 2400)


async def test_nobody_earns_what_has_no_payee(tenant: TenantKit) -> None:
    deal = await begin(tenant, payee=False)
    await deal.paid()
    with tenant.scope():
        await services.schedule_release(KIND, deal.reference_id, now(), "session_held")
        await services.release(deal.id)
    assert await balances(tenant) == {"provider_clearing": 6000, "platform_commission": 6000}


# --- bookings move money ----------------------------------------------------------------------------------------


async def tell(kit: TenantKit, deal: Deal, what: str, **data: Any) -> None:
    """An event of scheduling, as the other side publishes it."""
    from plugins.scheduling import events

    assert deal.payer.account_id is not None
    common = {"booking_id": deal.reference_id, "candidate_id": deal.payer.account_id, "interviewer_id": deal.payee_id}
    more = {"starts_at": now(), "price_minor": 6000, "currency": "EUR", **data}
    made = {
        "cancelled": lambda: events.BookingCancelled(
            **common, **{"by": "candidate", "reason": "", "refund_percent": 100, "refund_minor": 6000, **more}
        ),
        "completed": lambda: events.BookingCompleted(
            **common, **{"outcome": "completed", "ends_at": now(), "type_title": "x", "kind": "human", **more}
        ),
        "expired": lambda: events.BookingExpired(**common, starts_at=now(), was="pending"),
    }[what]()
    with kit.scope():
        async with unit_of_work():
            await publish(made)


async def test_a_cancelled_booking_is_refunded_however_often_it_is_told(alone: TenantKit, run_jobs: Any) -> None:
    deal = await begin(alone, reference_kind="booking")
    await deal.paid()
    for _again in range(2):
        await tell(alone, deal, "cancelled", refund_percent=50)
        await run_jobs(alone)
    row = await deal.row()
    assert (row.state, row.refunded_minor, row.release_why) == (states.PARTLY, 3000, "late_cancellation")
    with frozen_time(now() + timedelta(days=4)):
        await run_jobs(alone)
    found = await balances(alone)
    assert (found["interviewer_payable_held"], found["interviewer_payable_available"]) == (0, 2400)


async def test_the_price_of_cancelling_late_stays_with_the_payee(alone: TenantKit, run_jobs: Any) -> None:
    deal = await begin(alone, reference_kind="booking")
    await deal.paid()
    await tell(alone, deal, "cancelled", refund_percent=0)
    await run_jobs(alone)
    assert (await deal.row()).state == states.PAID
    assert (await deal.row()).release_at is not None


async def test_a_free_booking_that_is_cancelled_moves_nothing(alone: TenantKit, run_jobs: Any) -> None:
    deal = await begin(alone, reference_kind="booking")
    other = Deal(alone, deal.payer, deal.payee_id, new_id(), deal.id)
    for what in ("cancelled", "completed", "expired"):
        await tell(alone, other, what)
    await run_jobs(alone)
    assert (await deal.row()).state == states.CREATED
    assert await count(alone, "payments_ledger_entry") == 0


async def test_an_expired_booking_closes_its_checkout(alone: TenantKit, run_jobs: Any) -> None:
    deal = await begin(alone, reference_kind="booking")
    await tell(alone, deal, "expired")
    await run_jobs(alone)
    row = await deal.row()
    assert (row.state, row.reason) == (states.CANCELLED, "closed")
    page = await deal.payer.get(deal.path)
    assert "not available any more" in page.text


@pytest.mark.parametrize(
    ("outcome", "refunded", "released"),
    [
        ("completed", 0, True),
        ("no_show_candidate", 0, True),
        ("no_show_interviewer", 6000, False),
        ("no_show_both", 6000, False),
        ("disputed", 0, False),
    ],
)
async def test_how_a_session_ended_decides(
    alone: TenantKit, run_jobs: Any, outcome: str, refunded: int, released: bool
) -> None:
    deal = await begin(alone, reference_kind="booking")
    await deal.paid()
    await tell(alone, deal, "completed", outcome=outcome)
    await run_jobs(alone)
    with frozen_time(now() + timedelta(days=3, minutes=1)):
        await run_jobs(alone)
    row = await deal.row()
    assert row.refunded_minor == refunded
    assert (row.released_at is not None) == released
    await balances(alone)


async def test_money_promised_back_goes_back_while_the_plugin_is_off(
    alone: TenantKit, run_jobs: Any, greenroom: Greenroom
) -> None:
    from kernel.tenancy.toggles import switch

    deal = await begin(alone, reference_kind="booking")
    await deal.paid()
    await tell(alone, deal, "cancelled", refund_percent=100)  # the delivery waits
    with alone.scope():
        await switch(alone.ref, "payments", False, reason="test")
    await run_jobs(alone)
    assert (await deal.row()).state == states.REFUNDED
    assert (await deal.payer.get("/payments")).status == 404


async def test_what_was_missed_while_off_is_made_up_for(alone: TenantKit, run_jobs: Any) -> None:
    from kernel.tenancy.toggles import switch

    deal = await begin(alone, reference_kind="booking")
    await deal.paid()
    with alone.scope():
        await switch(alone.ref, "payments", False, reason="test")
    await tell(alone, deal, "cancelled", refund_percent=100)
    await run_jobs(alone)
    assert (await deal.row()).state == states.PAID
    with alone.scope():
        await switch(alone.ref, "payments", True, reason="test")
    await run_jobs(alone)
    await run_jobs(alone)
    assert (await deal.row()).state == states.REFUNDED


async def test_the_sweep_finds_what_nothing_waits_for(alone: TenantKit, run_jobs: Any) -> None:
    from kernel import cancel_jobs
    from plugins.payments import jobs

    stale, held = await begin(alone), await begin(alone)
    payment = await held.paid()
    with alone.scope():
        await services.schedule_release(KIND, held.reference_id, now() + timedelta(days=1), "session_held")
        await payment.refresh_from_db()
        async with unit_of_work():
            await services.open_refund(payment, services.RefundOrder(600, "Reason", "k"))
        await cancel_jobs("payments.", prefix=True)
    with frozen_time(now() + timedelta(days=2)), alone.scope():
        await jobs.sweep()
    assert (await stale.row()).state == states.EXPIRED
    row = await held.row()
    assert (row.state, row.released_at is not None) == (states.PARTLY, True)
    await balances(alone)


async def test_ids_are_uuids_for_everybody(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("owner")
    for path in ("/admin/payments/x1", "/admin/payments/x1/refund", "/payments/x1", "/checkout/x1",
                 f"/admin/payments/{UUID(int=0)}", "/api/v1/payments/x1"):  # fmt: skip
        assert (await admin.get(path)).status == 404, path
