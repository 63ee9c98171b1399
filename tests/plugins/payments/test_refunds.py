"""Refunds: exact, once per fact, never above what was paid, and the books follow."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import errors, set_setting, unit_of_work
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.payments import services, states
from plugins.payments.api import GatewayResult
from plugins.payments.gateways.sandbox import SANDBOX
from plugins.payments.ledger.split import difference, percent_of, share_out, taken_back
from plugins.payments.models import Refund

from .helpers import KIND, Deal, balances, begin, count, published

REFUNDED = "payments.payment_refunded.v1"
REASON = "The lamp fell over"


async def refund(deal: Deal, percent: int, key: str = "", reason: str = REASON) -> None:
    with deal.kit.scope():
        await services.CHECKOUT.refund(KIND, deal.reference_id, percent, reason, key)


# --- arithmetic -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "percent", "expected"),
    [
        (1000, 50, 500),
        (999, 50, 500),
        (1, 50, 1),
        (1, 49, 0),
        (3, 33, 1),
        (10_001, 100, 10_001),
        (777, 0, 0),
        (150, 33, 50),
    ],
)
def test_half_a_minor_unit_goes_to_the_payer(amount: int, percent: int, expected: int) -> None:
    assert percent_of(amount, percent) == expected


@pytest.mark.parametrize("percent", [-1, 101])
def test_there_is_no_such_percentage(percent: int) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        percent_of(100, percent)


def test_what_no_share_can_take_is_named() -> None:
    shares = share_out(999, 15, 19, has_payee=True)
    assert (shares.payee, shares.commission + shares.tax, shares.rest) == (849, 149, 1)
    assert shares.total == 999
    assert shares.tax == 149 * 19 // 119


def test_without_a_payee_all_is_the_houses() -> None:
    shares = share_out(999, 15, 0, has_payee=False)
    assert (shares.payee, shares.commission, shares.rest) == (0, 999, 0)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    amount=st.integers(1, 10**9),
    commission=st.integers(0, 90),
    tax=st.integers(0, 40),
    cuts=st.lists(st.integers(0, 10**9), max_size=6),
)
def test_many_refunds_end_where_one_does(amount: int, commission: int, tax: int, cuts: list[int]) -> None:
    shares = share_out(amount, commission, tax, has_payee=True)
    assert shares.total == amount
    assert min(shares.payee, shares.commission, shares.tax, shares.rest) >= 0
    marks = sorted({0, amount, *(c % (amount + 1) for c in cuts)})
    payee = house = 0
    for before, after in itertools.pairwise(marks):
        piece = difference(taken_back(shares, after), taken_back(shares, before))
        assert piece.total == after - before
        assert piece.payee >= 0
        assert piece.commission >= 0
        payee += piece.payee
        house += piece.commission
    assert (payee, house) == (shares.payee, shares.commission)


# --- one refund -------------------------------------------------------------------------------------------------


async def test_all_of_it(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    await refund(deal, 100)
    row = await deal.row()
    assert (row.state, row.refunded_minor) == (states.REFUNDED, 6000)
    (event,) = await published(tenant, REFUNDED)
    assert (event["refund_minor"], event["reason"], event["total_refunded_minor"]) == (6000, REASON, 6000)
    assert set((await balances(tenant)).values()) == {0}


async def test_a_part_takes_from_each_what_it_had(tenant: TenantKit) -> None:
    with tenant.scope():
        await set_setting("payments.tax_percent", 19)
    deal = await begin(tenant, amount_minor=999)
    row = await deal.paid()
    assert (row.payee_minor, row.commission_minor, row.tax_minor) == (799, 168, 31)
    await refund(deal, 50)
    found = await balances(tenant)
    assert found == {
        "provider_clearing": 499,
        "interviewer_payable_held": 799 - 399,
        "platform_commission": 168 - 84,
        "tax_payable": 31 - 15,
        "rounding": 1 - 2,
    }
    await refund(deal, 50, key="second")
    assert set((await balances(tenant)).values()) == {0}
    assert (await deal.row()).state == states.REFUNDED


async def test_the_same_fact_refunds_once(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    for _again in range(3):
        await refund(deal, 30, key="cancelled")
    assert (await deal.row()).refunded_minor == 1800
    await refund(deal, 30, key="another fact")
    assert (await deal.row()).refunded_minor == 3600
    assert len(await published(tenant, REFUNDED)) == 2


async def test_the_same_fact_in_parallel_refunds_once(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    await asyncio.gather(*(refund(deal, 60, key="cancelled") for _ in range(6)))
    assert (await deal.row()).refunded_minor == 3600
    assert await count(tenant, "payments_refund") == 1
    assert await count(tenant, "payments_ledger_entry", kind="refund") == 1
    assert len(await published(tenant, REFUNDED)) == 1
    await balances(tenant)


async def test_different_facts_in_parallel_never_exceed_what_was_paid(tenant: TenantKit) -> None:
    deal = await begin(tenant, amount_minor=1001)
    await deal.paid()
    await asyncio.gather(*(refund(deal, 40, key=f"fact {n}") for n in range(5)))
    row = await deal.row()
    assert (row.refunded_minor, row.state) == (1001, states.REFUNDED)
    with tenant.scope():
        assert sorted([r.amount_minor for r in await Refund.all()]) == [201, 400, 400]
        assert {r.refund_no for r in await Refund.all()} == {1, 2, 3}
    assert set((await balances(tenant)).values()) == {0}


async def test_nothing_was_paid_so_the_checkout_is_closed(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await refund(deal, 100)
    row = await deal.row()
    assert (row.state, row.reason, row.refunded_minor) == (states.CANCELLED, "closed", 0)
    assert await count(tenant, "payments_refund") == 0
    with tenant.scope():
        await services.CHECKOUT.refund(KIND, new_id(), 100, "no such thing")
    assert await published(tenant, REFUNDED) == []


async def test_zero_percent_is_no_refund(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    await refund(deal, 0)
    assert (await deal.row()).state == states.PAID
    assert await count(tenant, "payments_refund") == 0


async def test_a_rollback_leaves_nothing(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    deal = await begin(tenant)
    payment = await deal.paid()
    with tenant.scope(), pytest.raises(RuntimeError, match="changed its mind"):
        async with unit_of_work():
            await services.open_refund(payment, services.RefundOrder(500, REASON, "k"))
            raise RuntimeError("changed its mind")
    await run_jobs(tenant)
    assert (await deal.row()).refunded_minor == 0
    assert await count(tenant, "payments_refund") == 0


# --- the provider -----------------------------------------------------------------------------------------------


async def test_a_provider_that_breaks_is_asked_again_with_the_same_key(
    tenant: TenantKit, run_jobs, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    deal = await begin(tenant)
    await deal.paid()
    keys: list[str] = []
    real = SANDBOX.refund

    async def flaky(payment: object, amount: int, key: str) -> GatewayResult:
        keys.append(key)
        if len(keys) == 1:
            raise TimeoutError
        return await real(payment, amount, key)  # type: ignore[arg-type]

    monkeypatch.setattr(type(SANDBOX), "refund", staticmethod(flaky))
    await refund(deal, 50)
    row = await deal.row()
    assert (row.state, row.refunded_minor) == (states.PAID, 3000)  # set aside, not yet sent
    assert "On its way" in (await deal.payer.get(f"/payments/{deal.id}")).text
    await run_jobs(tenant)
    assert (await deal.row()).state == states.PARTLY
    assert len(set(keys)) == 1
    assert (await balances(tenant))["provider_clearing"] == 3000


async def test_a_refusing_provider_frees_the_amount(
    tenant: TenantKit, run_jobs, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    deal = await begin(tenant)
    await deal.paid()

    async def never(payment: object, amount: int, key: str) -> GatewayResult:
        return GatewayResult("failed", reason="closed account")

    monkeypatch.setattr(type(SANDBOX), "refund", staticmethod(never))
    await refund(deal, 100)
    await run_jobs(tenant)
    row = await deal.row()
    assert (row.state, row.refunded_minor) == (states.PAID, 0)
    assert await published(tenant, REFUNDED) == []
    monkeypatch.undo()
    await refund(deal, 100, key="by another way")
    assert (await deal.row()).state == states.REFUNDED
    await balances(tenant)


async def test_two_workers_book_a_refund_once(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    payment = await deal.paid()
    with tenant.scope():
        async with unit_of_work():
            made = await services.open_refund(payment, services.RefundOrder(700, REASON, "k"))
        assert made is not None
        assert made.state == "created"
        await asyncio.gather(*(services.settle_refund(made.id) for _ in range(5)))
    assert len(await published(tenant, REFUNDED)) == 1
    assert (await balances(tenant))["provider_clearing"] == 5300


# --- any sequence -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
async def test_any_sequence_balances_and_never_exceeds_what_was_paid(tenant: TenantKit, seed: int) -> None:
    import random

    from kernel import now

    dice = random.Random(seed)
    with tenant.scope():
        await set_setting("payments.commission_percent", dice.randint(0, 90))
        await set_setting("payments.tax_percent", dice.randint(0, 40))
    currency = dice.choice(["EUR", "JPY", "KWD"])
    deal = await begin(tenant, amount_minor=dice.randint(1, 99_999), currency=currency, payee=dice.random() < 0.85)
    payment = await deal.paid()
    for number in range(dice.randint(2, 7)):
        act = dice.choice(["percent", "goodwill", "release", "again", "together"])
        with tenant.scope():
            await payment.refresh_from_db()
            if act == "percent":
                await services.CHECKOUT.refund(KIND, deal.reference_id, dice.randint(0, 100), REASON, f"k{number}")
            elif act == "again":
                await services.CHECKOUT.refund(KIND, deal.reference_id, dice.randint(0, 100), REASON, "k0")
            elif act == "goodwill":
                order = services.RefundOrder(dice.randint(1, 50_000), REASON, f"g{number}", "house")
                await services.open_refund(payment, order, clip=True)
            elif act == "release":
                await services.schedule_release(KIND, deal.reference_id, now(), "session_held")
                await services.release(deal.id)
            else:
                await asyncio.gather(
                    *(services.CHECKOUT.refund(KIND, deal.reference_id, dice.randint(1, 60), REASON, f"t{number}{i}")
                      for i in range(3)),
                )  # fmt: skip
        found = await balances(tenant)
        row = await deal.row()
        with tenant.scope():
            done = sum([r.amount_minor for r in await Refund.filter(state="done")])
        assert done == row.refunded_minor <= row.amount_minor
        assert found["provider_clearing"] == row.amount_minor - done
        held, available = found.get("interviewer_payable_held", 0), found.get("interviewer_payable_available", 0)
        assert held >= 0
        assert available >= 0
        with tenant.scope():
            assert held + available == await services.share_left(row)


async def test_a_stale_version_is_a_conflict(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    payment = await deal.paid()
    with tenant.scope(), pytest.raises(errors.Conflict):
        await services.open_refund(payment, services.RefundOrder(1, REASON, "k", version=payment.version + 1))
