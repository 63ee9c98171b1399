"""Refunds by administrators: the effect first, then exactly that, once."""

from __future__ import annotations

import asyncio

import pytest

from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.payments import services, states

from .helpers import KIND, Deal, balances, begin, count

REFUNDED = "payments.payment_refunded.v1"
REASON = "The lamp fell over"


async def refund(deal: Deal, percent: int, key: str = "", reason: str = REASON) -> None:
    with deal.kit.scope():
        await services.CHECKOUT.refund(KIND, deal.reference_id, percent, reason, key)


def form(amount: str, version: int, **more: str) -> dict[str, str]:
    return {
        "amount": amount,
        "reason": REASON,
        "bearer": "shared",
        "version": str(version),
        "ref": new_id().hex,
        **more,
    }


# --- an admin's refund ------------------------------------------------------------------------------------------


async def test_the_effect_is_shown_before_anything_happens(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    admin = await tenant.sign_in("admin")
    path = f"/admin/payments/{deal.id}/refund"
    assert "Effect first" in (await admin.get(path)).text
    page = await admin.get(f"{path}?amount=15%2C50&reason=Too+late&bearer=shared")
    for words in ("€15.50 back", "gives back €12.40, keeps €35.60", "bears €3.10", "€44.50", "Refund €15.50"):
        assert words in page.text, words
    assert (await deal.row()).version == row.version
    assert await count(tenant, "payments_refund") == 0
    fields = page.fields()
    again = {name: fields[name] for name in ("version", "ref", "_key")}
    sent = await admin.post(path, {**again, "amount": "15,50", "reason": "Too late", "bearer": "shared"})
    assert sent.location == f"/admin/payments/{deal.id}"
    found = await balances(tenant)
    assert (found["provider_clearing"], found["interviewer_payable_held"]) == (4450, 3560)
    detail = await admin.get(sent.location)
    assert "Too late" in detail.text
    assert "C-00001" in detail.text


@pytest.mark.parametrize("amount", ["0", "-1", "60.01", "1,000.00", "1e3", "x", "", "0.001", "٦٠٠٠"])
async def test_amounts_that_cannot_be_are_refused(tenant: TenantKit, amount: str) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    admin = await tenant.sign_in("admin")
    path = f"/admin/payments/{deal.id}/refund"
    answer = await admin.post(path, form(amount, row.version))
    assert answer.status == 422
    from urllib.parse import urlencode

    assert (await admin.get(f"{path}?{urlencode({'amount': amount, 'reason': REASON})}")).status == 422
    assert (await deal.row()).refunded_minor == 0


async def test_a_refund_needs_a_reason_and_the_right(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    path = f"/admin/payments/{deal.id}/refund"
    admin = await tenant.sign_in("admin")
    assert (await admin.post(path, form("10", row.version, reason=" "))).status == 422
    for site in (deal.payer, await tenant.sign_in("interviewer")):
        assert (await site.get(path)).status == 403
        assert (await site.post(path, form("10", row.version))).status == 403
        assert (await site.get("/admin/payments")).status == 403
        assert (await site.get("/admin/ledger")).status == 403
    assert (await deal.row()).refunded_minor == 0


async def test_an_effect_that_is_stale_is_shown_anew(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    admin = await tenant.sign_in("admin")
    path = f"/admin/payments/{deal.id}/refund"
    assert (await admin.post(path, form("10", row.version))).status == 303
    stale = await admin.post(path, form("20", row.version))
    assert stale.status == 409
    assert "has changed since" in stale.text
    assert "Left of the payment" in stale.text  # the effect as it is now
    assert (await deal.row()).refunded_minor == 1000


async def test_two_admins_at_once_refund_once(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    admins = [await tenant.sign_in("admin") for _ in range(4)]
    answers = await asyncio.gather(
        *(a.post(f"/admin/payments/{deal.id}/refund", form("35", row.version)) for a in admins)
    )
    assert sorted(a.status for a in answers) == [303, 409, 409, 409]
    assert (await deal.row()).refunded_minor == 3500
    await balances(tenant)


async def test_a_double_click_refunds_once(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    admin = await tenant.sign_in("admin")
    data = form("10", row.version, _key=new_id().hex)
    answers = await asyncio.gather(*(admin.post(f"/admin/payments/{deal.id}/refund", data) for _ in range(3)))
    assert {a.status for a in answers} == {303}
    assert (await deal.row()).refunded_minor == 1000


async def test_goodwill_leaves_the_payee_alone(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    row = await deal.paid()
    admin = await tenant.sign_in("admin")
    await admin.post(f"/admin/payments/{deal.id}/refund", form("20", row.version, bearer="house"))
    found = await balances(tenant)
    assert (found["interviewer_payable_held"], found["goodwill_expense"], found["platform_commission"]) == (
        4800,
        2000,
        1200,
    )
    # The rest, shared: the shares of what is given back, and not more.
    await refund(deal, 100)
    row = await deal.row()
    assert (row.state, row.refunded_minor) == (states.REFUNDED, 6000)
    found = await balances(tenant)
    assert (found["provider_clearing"], found["interviewer_payable_held"]) == (0, 1600)


async def test_refunds_by_json_act_once_per_key(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    admin = await tenant.sign_in("admin")
    path = f"/api/v1/payments/{deal.id}/refunds"
    body = {"amount_minor": 1500, "reason": REASON, "key": "ticket-4711"}
    first, second = await admin.post(path, json=body), await admin.post(path, json=body)
    assert (first.status, second.status) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    for bad in (
        {**body, "amount_minor": 0},
        {**body, "amount_minor": "1"},
        {**body, "key": "x"},
        {**body, "who": "me"},
    ):
        assert (await admin.post(path, json=bad)).status == 422
    too_much = await admin.post(path, json={**body, "amount_minor": 4501, "key": "ticket-4712"})
    assert too_much.status == 422
    assert (await deal.payer.post(path, json=body)).status == 403
    assert (await deal.row()).refunded_minor == 1500
