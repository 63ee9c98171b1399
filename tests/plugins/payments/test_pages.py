"""Pages and pieces: lists, files, receipts, earnings, widgets, messages, privacy, and the plugin switched off."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from kernel import now, set_setting
from kernel.app import Greenroom
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.payments import privacy, services
from plugins.payments.csvs import safe
from plugins.payments.models import Payment
from plugins.payments.money import parse_amount, plain_amount

from .helpers import KIND, begin

MakeTenant = Callable[..., Awaitable[TenantKit]]


# --- amounts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", "EUR", 1200), ("12.5", "EUR", 1250), ("12,50", "EUR", 1250), (" 12.50 ", "EUR", 1250),
        ("1.000", "EUR", None), ("1,234.50", "EUR", None), ("-1", "EUR", None), ("1e3", "EUR", None),
        ("", "EUR", None), (".5", "EUR", None), ("12.345", "EUR", None),
        ("500", "JPY", 500), ("500.0", "JPY", None),
        ("1.234", "KWD", 1234), ("1.2345", "KWD", None), ("١٢٫٥", "EUR", 1250),
    ],
)  # fmt: skip
def test_amounts_as_people_type_them(text: str, currency: str, minor: int | None) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(("minor", "currency", "text"), [(5, "EUR", "0.05"), (500, "JPY", "500"), (1, "KWD", "0.001")])
def test_amounts_for_machines(minor: int, currency: str, text: str) -> None:
    assert plain_amount(minor, currency) == text
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("currency", "minor", "shown"),
    [("JPY", 6000, "6,000"), ("KWD", 12_345, "12.345"), ("EUR", 6050, "€60.50"), ("EUR", 6000, "€60")],
)
async def test_amounts_by_currency(tenant: TenantKit, currency: str, minor: int, shown: str) -> None:
    deal = await begin(tenant, amount_minor=minor, currency=currency)
    assert shown in (await deal.payer.get(deal.path)).text
    await deal.paid()
    assert shown in (await deal.payer.get(f"/payments/{deal.id}")).text


# --- lists and files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "  =1", "|cmd", "%x", "-"])
def test_formulas_are_disarmed(text: str) -> None:
    assert safe(text) == "'" + text


@pytest.mark.parametrize("text", ["-12.50", "12", "Ada", "a=b", ""])
def test_plain_cells_stay(text: str) -> None:
    assert safe(text) == text


async def test_the_list_finds_filters_sorts_and_pages(tenant: TenantKit) -> None:
    ada = await tenant.sign_in("candidate", name="Ada Novak", email="ada@example.test")
    noah = await tenant.sign_in("candidate", name="Noah Petit")
    for number in range(27):
        await begin(tenant, payer=noah, payee=False, amount_minor=100 + number, description=f"Lesson {number:02}")
    deal = await begin(tenant, payer=ada, amount_minor=99_900, description="The dear one 100%")
    await deal.paid()
    admin = await tenant.sign_in("admin")
    first = await admin.get("/admin/payments")
    assert "1–25 of 28" in first.text
    assert "Ada Novak" in first.text
    second = await admin.get("/admin/payments?page=2")
    assert "26–28 of 28" in second.text
    assert "Ada Novak" not in second.text
    for query in (
        "q=ada",
        "q=ADA%40example",
        "q=dear",
        "q=100%25",
        "q=R-00001",
        "q=1",
        "state=paid",
        "q=novak&state=paid",
    ):
        found = await admin.get(f"/admin/payments?{query}")
        assert "Ada Novak" in found.text, query
    for query in ("q=nobody", "q=novak&state=open", "q=%5C", "state=failed", "page=99"):
        found = await admin.get(f"/admin/payments?{query}")
        assert found.status == 200
        assert "No payment matches" in found.text, query
    rising = await admin.get("/admin/payments?sort=amount")
    assert "Lesson 00" in rising.text
    assert "Ada Novak" not in rising.text
    assert 'aria-sort="ascending"' in rising.text
    falling = await admin.get("/admin/payments?sort=amount&desc=1")
    assert falling.text.index("Ada Novak") < falling.text.index("Lesson 26")
    for odd in ("sort=evil;drop", "page=-1", "page=x", "state=zzz", "desc=maybe"):
        assert (await admin.get(f"/admin/payments?{odd}")).status == 200, odd


async def test_the_file_holds_what_the_list_means_and_no_formula(tenant: TenantKit) -> None:
    evil = await tenant.sign_in("candidate", name="=HYPERLINK(1)")
    deal = await begin(tenant, payer=evil, description="+cmd|' /C calc'!A0", amount_minor=1250)
    await deal.paid()
    await begin(tenant, amount_minor=77)
    admin = await tenant.sign_in("admin")
    answer = await admin.get("/admin/payments.csv?state=paid")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert rows[0]["Payer"] == "'=HYPERLINK(1)"
    assert rows[0]["For"].startswith("'+cmd")
    assert (rows[0]["Amount"], rows[0]["Currency"], rows[0]["Payee’s share"]) == ("12.50", "EUR", "10.00")
    books = await admin.get("/admin/ledger.csv")
    lines = list(csv.DictReader(io.StringIO(books.body.decode("utf-8-sig"))))
    assert sum(float(r["Debit"] or 0) for r in lines) == sum(float(r["Credit"] or 0) for r in lines) == 12.5
    assert (await deal.payer.get("/admin/payments.csv")).status == 403


async def test_the_ledger_shows_that_it_balances(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    assert "No entries yet" in (await admin.get("/admin/ledger")).text
    deal = await begin(tenant, amount_minor=999)
    await deal.paid()
    page = await admin.get("/admin/ledger")
    for words in ("The books balance", "Money at the provider", "€9.99", "€7.99", "€1.99", "Rounding", "€0.01"):
        assert words in page.text, words
    assert "No entry matches" in (await admin.get("/admin/ledger?account=goodwill_expense")).text
    assert "Money at the provider" in (await admin.get(f"/admin/ledger?payment={deal.id}&kind=payment")).text
    for odd in ("account=x%27--", "kind=zzz", "page=0", "payment=x1"):
        assert (await admin.get(f"/admin/ledger?{odd}")).status == 200, odd


# --- mine -------------------------------------------------------------------------------------------------------


async def test_my_payments_are_mine(tenant: TenantKit) -> None:
    deal = await begin(tenant, description="My lesson")
    other = await begin(tenant, description="Not my lesson")
    await other.paid()
    assert "Not my lesson" not in (await deal.payer.get("/payments")).text
    page = await deal.payer.get("/payments")
    assert "My lesson" in page.text
    assert "Go on paying" in page.text
    fresh = await tenant.sign_in("candidate")
    assert "No payments yet" in (await fresh.get("/payments")).text
    mine = (await deal.payer.get("/api/v1/payments")).json()
    assert [item["id"] for item in mine["items"]] == [str(deal.id)]
    assert mine["items"][0]["checkout_url"] == deal.path
    assert (await deal.payer.get(f"/api/v1/payments/{other.id}")).status == 404
    assert (await deal.payer.post(f"/api/v1/payments/{other.id}/cancel", json={})).status == 404
    assert (await deal.payer.post(f"/api/v1/payments/{deal.id}/cancel", json={})).json()["state"] == "cancelled"


async def test_the_receipt_says_everything(tenant: TenantKit) -> None:
    with tenant.scope():
        await set_setting("payments.seller", "Acme GmbH\nSeestraße 1\n<b>Berlin</b>")
        await set_setting("payments.receipt_note", "Small business, no VAT.")
    payer = await tenant.sign_in("candidate", name="Ada <Novak>", email="ada@example.test")
    deal = await begin(tenant, payer=payer)
    unpaid = await payer.get(f"/payments/{deal.id}")
    assert "not paid yet" in unpaid.text
    assert "data-print" not in unpaid.text
    await deal.paid()
    with tenant.scope():
        await services.CHECKOUT.refund(KIND, deal.reference_id, 50, "The lamp fell over")
    page = await payer.get(f"/payments/{deal.id}")
    for words in ("R-00001", "Acme GmbH", "&lt;b&gt;Berlin", "Ada &lt;Novak&gt;", "ada@example.test",
                  "Test card ending in 4242", "C-00001", "The lamp fell over", "€60", "€30", "Small business",
                  "data-print"):  # fmt: skip
        assert words in page.text, words


async def test_a_declined_payment_has_no_receipt(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.send("funds")
    page = await deal.payer.get(f"/payments/{deal.id}")
    assert "No money was taken" in page.text
    assert "not enough money" in page.text


async def test_earnings_say_how_they_come_about(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    assert deal.payee_id is not None
    payee = await tenant.sign_in(account_id=deal.payee_id)
    page = await payee.get("/earnings")
    for words in ("€48", "€60 paid, 20 % commission", "On hold", "until the session is over"):
        assert words in page.text, words
    with tenant.scope():
        await services.CHECKOUT.refund(KIND, deal.reference_id, 25, "A quarter was missing")
        await services.schedule_release(KIND, deal.reference_id, now() - timedelta(days=1), "session_held")
        await services.release(deal.id)
    page = await payee.get("/earnings?state=available")
    for words in ("€36", "less €12 for refunds", "The session took place", "since"):
        assert words in page.text, words
    assert "Nothing here" in (await payee.get("/earnings?state=held")).text
    assert (await payee.get("/api/v1/earnings")).json()["earnings"] == [
        {"currency": "EUR", "held_minor": 0, "available_minor": 3600}
    ]
    # The payer and strangers see nothing of it.
    assert "€36" not in (await deal.payer.get("/earnings")).text
    assert "No earnings yet" in (await deal.payer.get("/earnings")).text
    home = await payee.get("/home")
    assert 'data-widget="payments.earnings"' in home.text
    assert "€36" in home.text


# --- pieces, messages, privacy ----------------------------------------------------------------------------------


async def test_the_payer_gets_receipt_and_refund_messages(tenant: TenantKit, run_jobs) -> None:  # type: ignore[no-untyped-def]
    from kernel import happened, sql
    from plugins.payments import notifications

    deal = await begin(tenant)
    await deal.paid()
    with tenant.scope():
        await services.CHECKOUT.refund(KIND, deal.reference_id, 50, "The lamp fell over")
        found = await sql(
            "SELECT id, name FROM kernel_event WHERE tenant_id = $1 AND name LIKE 'payments.%'", tenant.ref.id
        )
        by_name = {row.name: await happened(row.id) for row in found}
        paid, back = by_name["payments.payment_succeeded.v1"], by_name["payments.payment_refunded.v1"]
        assert paid is not None
        assert back is not None
        (receipt,) = await notifications.receipt(paid)
        (refund,) = await notifications.refund(back)
        (again,) = await notifications.refund(back)
    assert receipt.account_id == refund.account_id == deal.payer.account_id
    assert receipt.action_url == f"/payments/{deal.id}"
    assert refund.params["reason"] == "The lamp fell over"
    assert (refund.params["amount"].minor, refund.key) == (3000, again.key)


async def test_privacy_exports_and_keeps_what_the_law_wants(tenant: TenantKit) -> None:
    deal = await begin(tenant)
    await deal.paid()
    assert deal.payer.account_id is not None
    assert deal.payee_id is not None
    with tenant.scope():
        await services.CHECKOUT.refund(KIND, deal.reference_id, 50, "Ada was ill")
        paid = await privacy.export(deal.payer.account_id)
        earned = await privacy.export(deal.payee_id)
        stranger = await privacy.export(new_id())
    assert paid["payments"][0]["amount"] == "60.00"
    assert paid["payments"][0]["refunds"][0]["reason"] == "Ada was ill"
    assert earned["earnings"][0]["share"] == "48.00"
    assert earned["owed"] == {"EUR": {"held": 2400, "available": 0}}
    assert stranger == {"payments": [], "earnings": [], "owed": {}}
    with tenant.scope():
        kept = await privacy.erase(deal.payer.account_id)
        again = await privacy.export(deal.payer.account_id)
    assert len(kept) == 1
    assert again["payments"][0]["refunds"][0]["reason"] == "—"
    with tenant.scope():
        assert await privacy.erase(new_id()) == []


async def test_erased_people_do_not_break_pages(tenant: TenantKit) -> None:
    from kernel import accounts

    deal = await begin(tenant)
    await deal.paid()
    assert deal.payer.account_id is not None
    with tenant.scope():
        await accounts.erase(deal.payer.account_id)
    admin = await tenant.sign_in("admin")
    for path in ("/admin/payments", f"/admin/payments/{deal.id}", "/admin/ledger", f"/admin/payments/{deal.id}/refund"):
        page = await admin.get(path)
        assert page.status == 200, path
    assert "Deleted account" in (await admin.get("/admin/payments")).text


async def test_switched_off_nothing_of_it_is_there(make_tenant: MakeTenant, greenroom: Greenroom) -> None:
    off = await make_tenant(plugins={"payments": False})
    admin = await off.sign_in("owner")
    for path in ("/payments", "/earnings", "/admin/payments", "/admin/payments.csv", "/admin/ledger",
                 f"/checkout/{new_id()}", "/api/v1/payments", f"/payments/{new_id()}"):  # fmt: skip
        assert (await admin.get(path)).status == 404, path
    home = await admin.get("/home")
    assert "/admin/payments" not in home.text
    with off.scope():
        from kernel import services as neighbours

        assert neighbours.get("payments.Checkout") is None


async def test_switched_off_and_on_again_the_data_is_there(tenant: TenantKit) -> None:
    from kernel.tenancy.toggles import switch

    deal = await begin(tenant, description="Kept")
    await deal.paid()
    with tenant.scope():
        await switch(tenant.ref, "payments", False, reason="test", cascade=True)
    assert (await deal.payer.get(f"/payments/{deal.id}")).status == 404
    with tenant.scope():
        assert (await privacy.export(deal.payer.account_id))["payments"]  # type: ignore[arg-type]
        await switch(tenant.ref, "payments", True, reason="test")
    assert "Kept" in (await deal.payer.get("/payments")).text


@pytest.mark.parametrize("locale", ["de", "ar"])
async def test_pages_speak_the_languages(make_tenant: MakeTenant, locale: str) -> None:
    kit = await make_tenant(locale=locale)
    deal = await begin(kit)
    page = await deal.payer.get(deal.path)
    assert f'lang="{locale}"' in page.text
    assert "Choose a test card" not in page.text
    await deal.paid()
    with kit.scope():
        assert await Payment.filter(state="succeeded").count() == 1
    admin = await kit.sign_in("admin")
    for path in ("/payments", "/earnings", "/admin/payments", "/admin/ledger", f"/admin/payments/{deal.id}",
                 f"/admin/payments/{deal.id}/refund?amount=1&reason=xyz"):  # fmt: skip
        assert (await admin.get(path)).status == 200, path
