"""The checkout: who may open it, every way in which it ends, and that nobody is charged twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kernel import errors, now
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.payments import services, states

from .helpers import KIND, balances, begin, count, published, request

SUCCEEDED, FAILED, EXPIRED = (f"payments.payment_{w}.v1" for w in ("succeeded", "failed", "expired"))


# --- what is refused --------------------------------------------------------------------------------------------


async def test_somebody_elses_checkout_does_not_exist(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    for role in ("candidate", "admin", "owner"):
        stranger = await tenant.sign_in(role)
        assert (await stranger.get(deal.path)).status == 404
        assert (await stranger.post(deal.path, {"card": "approve"})).status == 404
        assert (await stranger.post(f"{deal.path}/cancel")).status == 404
        assert (await stranger.get(f"/payments/{deal.id}")).status == 404
    assert (await deal.row()).state == states.CREATED


async def test_a_visitor_is_sent_to_sign_in(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    answer = await tenant.visitor().get(deal.path)
    assert answer.status == 303
    assert answer.location.startswith("/sign-in")


async def test_another_tenants_checkout_does_not_exist(tenant: TenantKit, other_tenant: TenantKit) -> None:
    deal = await begin(tenant)
    site = await other_tenant.sign_in("owner")
    for path in (deal.path, f"{deal.path}/confirm", f"/payments/{deal.id}", f"/admin/payments/{deal.id}",
                 f"/admin/payments/{deal.id}/refund", f"/api/v1/payments/{deal.id}"):  # fmt: skip
        assert (await site.get(path)).status == 404, path
    refund = {"amount": "1", "reason": "no reason", "version": "1", "ref": "0" * 32}
    assert (await site.post(f"/admin/payments/{deal.id}/refund", refund)).status == 404
    with other_tenant.scope():
        assert await services.CHECKOUT.status(KIND, deal.reference_id) is None


@pytest.mark.parametrize("data", [{}, {"card": ""}, {"card": "gold"}, {"card": "approve", "extra": "1"}])
async def test_a_bad_card_redraws_the_form(tenant: TenantKit, data: dict[str, str]) -> None:
    deal = await begin(tenant)
    answer = await deal.payer.post(deal.path, data)
    assert answer.status == 422
    assert "error-summary" in answer.text
    assert (await deal.row()).state == states.CREATED


async def test_a_checkout_needs_money_a_currency_and_paths_of_this_site(tenant: TenantKit) -> None:
    payer, payee = await tenant.account(), await tenant.account()
    bad = (
        {"amount_minor": 0},
        {"amount_minor": -5},
        {"currency": "eur"},
        {"return_url": "https://evil.example/"},
        {"cancel_url": "//evil.example"},
        {"expires_at": now().replace(tzinfo=None)},
    )
    with tenant.scope():
        for changes in bad:
            with pytest.raises(ValueError, match=r".+"):
                await services.start(request(new_id(), payer, payee, **changes))
    assert await count(tenant, "payments_payment") == 0


async def test_get_changes_nothing(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    before = await deal.row()
    for path in (deal.path, f"{deal.path}/confirm", f"/payments/{deal.id}", "/payments"):
        assert (await deal.payer.get(path)).status in (200, 303)
    assert (await deal.row()).version == before.version


# --- the ways it ends -------------------------------------------------------------------------------------------


async def test_the_page_shows_what_is_bought_and_every_answer_of_a_bank(tenant: TenantKit) -> None:
    deal = await begin(tenant, amount_minor=6050)
    page = await deal.payer.get(deal.path)
    assert page.status == 200
    assert page.text.count("€60.50") >= 3
    assert "System design mock interview" in page.text
    for word in ("not enough money", "3-D Secure", "card expired", "does not answer", "Sandbox", "Cancel payment"):
        assert word in page.text, word


async def test_approved(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    answer = await deal.send()
    assert (answer.status, answer.location) == (303, f"/bookings/{deal.reference_id}")
    row = await deal.row()
    assert (row.state, row.receipt_no, row.method) == (states.PAID, 1, "4242")
    (event,) = await published(tenant, SUCCEEDED)
    assert event["reference_id"] == str(deal.reference_id)
    assert event["amount_minor"] == 6000
    assert event["payer_id"] == str(deal.payer.account_id)
    # Back button: it says that this is paid, and charges nothing.
    back = await deal.payer.get(deal.path)
    assert "This is paid" in back.text
    assert (await balances(tenant))["provider_clearing"] == 6000


@pytest.mark.parametrize(
    ("card", "reason", "words"),
    [
        ("funds", "insufficient_funds", "not enough money on the card"),
        ("declined", "card_declined", "without giving a reason"),
        ("expired", "expired_card", "has expired"),
        ("cvc", "incorrect_cvc", "security code is wrong"),
    ],
)
async def test_declined(tenant: TenantKit, card: str, reason: str, words: str) -> None:
    deal = await begin(tenant)
    answer = await deal.send(card)
    assert answer.location == deal.path
    page = await deal.payer.get(deal.path)
    assert words in page.text
    assert "Nothing was charged" in page.text
    assert f"/book/hold/{deal.reference_id}" in page.text
    (event,) = await published(tenant, FAILED)
    assert event["reason"] == reason
    assert await count(tenant, "payments_ledger_line") == 0
    # Another try with a good card on the dead checkout is no payment.
    again = await deal.send("approve")
    assert again.location == deal.path
    assert (await deal.row()).state == states.FAILED
    assert await published(tenant, SUCCEEDED) == []


@pytest.mark.parametrize(("answer", "state"), [("yes", states.PAID), ("no", states.FAILED)])
async def test_three_d_secure(tenant: TenantKit, answer: str, state: str) -> None:
    deal = await begin(tenant)
    sent = await deal.send("secure")
    assert sent.location == f"{deal.path}/confirm"
    assert (await deal.row()).state == states.ACTION
    assert await count(tenant, "payments_ledger_line") == 0
    assert "Is this payment yours?" in (await deal.payer.get(sent.location)).text
    # The form itself leads to the bank now, and pressing Pay once more does as well.
    assert (await deal.payer.get(deal.path)).location == sent.location
    assert (await deal.send("approve")).location == sent.location
    done = await deal.payer.post(f"{deal.path}/confirm", {"answer": answer})
    assert (await deal.row()).state == state
    assert done.location == (f"/bookings/{deal.reference_id}" if answer == "yes" else deal.path)


async def test_three_d_secure_that_is_left_alone_expires(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    deal = await begin(tenant)
    await deal.send("secure")
    await run_jobs(tenant, until=now() + timedelta(minutes=16))
    row = await deal.row()
    assert row.state == states.ACTION  # not before its time
    with tenant.scope():
        from plugins.payments.models import Payment

        await Payment.filter(id=deal.id).update(expires_at=now() - timedelta(seconds=1))
    late = await deal.payer.post(f"{deal.path}/confirm", {"answer": "yes"})
    assert late.location == deal.path
    assert (await deal.row()).state == states.EXPIRED
    assert await count(tenant, "payments_ledger_line") == 0


async def test_nothing_to_confirm_is_no_payment(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    answer = await deal.payer.post(f"{deal.path}/confirm", {"answer": "yes"})
    assert answer.location == deal.path
    assert (await deal.row()).state == states.CREATED
    assert (await deal.payer.post(f"{deal.path}/confirm", {"answer": "maybe"})).status == 422


async def test_abandoned(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    answer = await deal.payer.post(f"{deal.path}/cancel", {})
    assert answer.location == f"/book/hold/{deal.reference_id}"
    again = await deal.payer.post(f"{deal.path}/cancel", {})
    assert again.location == answer.location
    (event,) = await published(tenant, FAILED)
    assert event["reason"] == "abandoned"
    assert "was cancelled" in (await deal.payer.get(deal.path)).text
    assert (await deal.send()).location == deal.path
    assert (await deal.row()).state == states.CANCELLED


async def test_cancelling_what_is_paid_leads_to_what_was_bought(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    answer = await deal.payer.post(f"{deal.path}/cancel", {})
    assert answer.location == f"/bookings/{deal.reference_id}"
    assert (await deal.row()).state == states.PAID


async def test_it_expires_by_itself(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    from kernel.base.clock import frozen_at as frozen_time

    deal = await begin(tenant)
    with frozen_time(now() + timedelta(minutes=15, seconds=1)):
        await run_jobs(tenant)
    assert (await deal.row()).state == states.EXPIRED
    (event,) = await published(tenant, EXPIRED)
    assert event["payment_id"] == str(deal.id)
    assert "time to pay is over" in (await deal.payer.get(deal.path)).text
    assert (await deal.send()).location == deal.path
    assert await published(tenant, SUCCEEDED) == []


async def test_paying_a_second_too_late_charges_nothing(tenant: TenantKit) -> None:
    from kernel.base.clock import frozen_at as frozen_time

    deal = await begin(tenant)
    token_first = await deal.payer.token()
    assert token_first
    with frozen_time(now() + timedelta(minutes=15)):
        assert (await deal.send()).location == deal.path
    assert (await deal.row()).state == states.EXPIRED
    assert len(await published(tenant, EXPIRED)) == 1
    assert await count(tenant, "payments_sandbox_charge") == 0


async def test_the_expiry_of_a_paid_payment_does_nothing(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        await services.expire(deal.id)
        await services.expire(new_id())
    await run_jobs(tenant, until=now() + timedelta(hours=1))
    assert (await deal.row()).state == states.PAID
    assert await published(tenant, EXPIRED) == []


async def test_a_silent_bank_is_asked_again(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    from kernel.base.clock import frozen_at as frozen_time

    deal = await begin(tenant)
    await deal.send("slow")
    assert (await deal.row()).state == states.UNKNOWN
    page = await deal.payer.get(deal.path)
    assert "has not answered yet" in page.text
    assert "every 2s" in page.text
    # Nothing but the bank's answer ends it: not the payer, not the clock, not the booking.
    await deal.payer.post(f"{deal.path}/cancel", {})
    with tenant.scope():
        await services.close(KIND, deal.reference_id)
    assert (await deal.send()).location == deal.path
    assert (await deal.row()).state == states.UNKNOWN
    with frozen_time(now() + timedelta(seconds=30)):
        await run_jobs(tenant)
    assert (await deal.row()).state == states.PAID
    assert (await balances(tenant))["provider_clearing"] == 6000


# --- once ------------------------------------------------------------------------------------------------------


async def test_a_double_click_is_one_payment(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    key = new_id().hex
    answers = await asyncio.gather(*(deal.send(key=key) for _ in range(4)))
    assert {a.status for a in answers} == {303}
    assert {a.location for a in answers} == {f"/bookings/{deal.reference_id}"}
    assert len(await published(tenant, SUCCEEDED)) == 1
    assert (await balances(tenant))["provider_clearing"] == 6000


async def test_two_tabs_are_one_payment(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    answers = await asyncio.gather(*(deal.send() for _ in range(6)))
    assert {a.location for a in answers} == {f"/bookings/{deal.reference_id}"}
    assert len(await published(tenant, SUCCEEDED)) == 1
    assert await count(tenant, "payments_ledger_entry") == 1
    assert await count(tenant, "payments_step", payment_id=deal.id) == 1
    assert (await balances(tenant))["provider_clearing"] == 6000


async def test_approve_and_decline_at_once_end_in_one_of_them(tenant: TenantKit) -> None:
    for _round in range(5):
        deal = await begin(tenant)
        before = len(await published(tenant, SUCCEEDED)), len(await published(tenant, FAILED))
        await asyncio.gather(deal.send("approve"), deal.send("funds"))
        after = len(await published(tenant, SUCCEEDED)), len(await published(tenant, FAILED))
        assert sum(after) - sum(before) == 1
        paid = after[0] > before[0]
        assert (await deal.row()).state == (states.PAID if paid else states.FAILED)
        assert await count(tenant, "payments_ledger_entry", payment_id=deal.id) == (1 if paid else 0)
    await balances(tenant)


async def test_approve_and_expiry_at_once_end_in_one_of_them(tenant: TenantKit) -> None:
    from plugins.payments.models import Payment

    for _round in range(6):
        deal = await begin(tenant)

        async def expire_now() -> None:
            with tenant.scope():
                await Payment.filter(id=deal.id).update(expires_at=now() - timedelta(seconds=1))  # noqa: B023
                await services.expire(deal.id)  # noqa: B023

        await asyncio.gather(deal.send(), expire_now())
        row = await deal.row()
        assert row.state in (states.PAID, states.EXPIRED)
        happened = [
            e for n in (SUCCEEDED, EXPIRED) for e in await published(tenant, n) if e["payment_id"] == str(deal.id)
        ]
        assert len(happened) == 1
        assert await count(tenant, "payments_ledger_entry", payment_id=deal.id) == int(row.state == states.PAID)
        # What lost leaves no charge at the provider either.
        assert await count(tenant, "payments_sandbox_charge", payment_id=deal.id) == int(row.state == states.PAID)
    await balances(tenant)


async def test_approve_and_cancel_at_once_end_in_one_of_them(tenant: TenantKit) -> None:
    for _round in range(5):
        deal = await begin(tenant)
        await asyncio.gather(deal.send(), deal.payer.post(f"{deal.path}/cancel", {}))
        row = await deal.row()
        assert row.state in (states.PAID, states.CANCELLED)
        assert await count(tenant, "payments_ledger_entry", payment_id=deal.id) == int(row.state == states.PAID)
    await balances(tenant)


async def test_the_same_reference_leads_to_the_same_checkout(tenant: TenantKit) -> None:
    payer, payee, reference = await tenant.account(), await tenant.account(), new_id()

    async def start() -> object:
        with tenant.scope():
            return await services.start(request(reference, payer, payee))

    sessions = await asyncio.gather(*(start() for _ in range(8)))
    assert len(set(sessions)) == 1
    assert await count(tenant, "payments_payment") == 1


async def test_another_amount_for_an_open_checkout_is_refused(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    assert deal.payer.account_id is not None
    with tenant.scope(), pytest.raises(errors.Conflict):
        await services.start(request(deal.reference_id, deal.payer.account_id, deal.payee_id, amount_minor=9999))
    assert (await deal.row()).amount_minor == 6000


async def test_a_failed_one_makes_room_for_another_attempt(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.send("funds")
    second = await begin(tenant, payer=deal.payer, reference_id=deal.reference_id)
    assert second.id != deal.id
    await second.paid()
    with tenant.scope():
        found = await services.CHECKOUT.status(KIND, deal.reference_id)
    assert found is not None
    assert (found.id, found.is_paid, found.is_open) == (second.id, True, False)
    assert found.url == f"/payments/{second.id}"
    third = await begin(tenant, payer=deal.payer, reference_id=deal.reference_id)
    assert third.id == second.id  # what is paid is not paid again


async def test_starting_again_prolongs_and_the_old_expiry_waits(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    from kernel.base.clock import frozen_at as frozen_time

    deal = await begin(tenant)
    later = now() + timedelta(minutes=40)
    again = await begin(tenant, payer=deal.payer, reference_id=deal.reference_id, expires_at=later)
    assert again.id == deal.id
    with frozen_time(now() + timedelta(minutes=16)):
        await run_jobs(tenant)
        assert (await deal.row()).state == states.CREATED
    with frozen_time(now() + timedelta(minutes=41)):
        await run_jobs(tenant)
    assert (await deal.row()).state == states.EXPIRED


async def test_receipt_numbers_have_no_gaps_under_load(tenant: TenantKit, other_tenant: TenantKit) -> None:
    deals = [await begin(tenant) for _ in range(6)] + [await begin(other_tenant) for _ in range(2)]
    await asyncio.gather(*(d.send("approve" if i % 3 else "funds") for i, d in enumerate(deals)))
    rows = [await d.row() for d in deals]
    mine = sorted(r.receipt_no for r in rows[:6] if r.receipt_no)
    theirs = sorted(r.receipt_no for r in rows[6:] if r.receipt_no)
    assert mine == [1, 2, 3, 4]
    assert theirs == list(range(1, len(theirs) + 1))
