"""A person's own payments, receipts and earnings."""

from __future__ import annotations

from aiohttp import web

from kernel import _, accounts, page, read_query, setting, url

from .. import bookkeeping, earnings, queries, settings, states
from ..forms import EarningsFilter, MineFilter
from .common import actor_id, own_payment, pages


async def payments(request: web.Request) -> web.StreamResponse:
    """What I paid, with receipts."""
    wanted = read_query(request, MineFilter).value or MineFilter()
    rows, total = await queries.mine(actor_id(), wanted.page)
    context = {
        "title": _("Payments"),
        "rows": rows,
        "total": total,
        "subjects": await queries.subjects(rows, actor_id()),
        "label": states.label,
        "open": states.OPEN,
        "captured": states.CAPTURED,
        "number": queries.receipt_number,
        "pager": pages("payments.mine", {}, wanted.page, total, queries.PAGE),
    }
    return await page(request, "payments/mine.html", context)


async def receipt(request: web.Request) -> web.StreamResponse:
    """A receipt for printing; for an unpaid payment, how it stands."""
    payment = await own_payment(request)
    refunds = (await queries.refunds_of([payment.id]))[payment.id]
    number = queries.receipt_number(payment)
    context = {
        "title": _("Receipt {number}").format(number=number) if number else _("Payment"),
        "payment": payment,
        "number": number,
        "payer": await accounts.account(payment.payer_id),
        "subject": (await queries.subjects([payment], actor_id()))[payment.id],
        "refunds": [(r, queries.refund_number(r), states.refund_reason(r.reason)) for r in refunds],
        "refund_labels": states.REFUND_LABELS,
        "refunded": sum(r.amount_minor for r in refunds if r.state == "done"),
        "state": states.label(payment.state),
        "why": states.reason_text(payment.reason),
        "open": payment.state in states.OPEN,
        "paid": payment.state in states.CAPTURED,
        "seller": setting(settings.SELLER),
        "note": setting(settings.NOTE),
        "back": (url("payments.mine"), _("Payments")),
    }
    return await page(request, "payments/receipt.html", context)


async def earned(request: web.Request) -> web.StreamResponse:
    """What I earned: held, available, and each line with its reason."""
    wanted = read_query(request, EarningsFilter).value or EarningsFilter()
    rows, total = await earnings.of(actor_id(), wanted.state, wanted.page)
    context = {
        "title": _("Earnings"),
        "owed": await bookkeeping.owed_to(actor_id()),
        "rows": rows,
        "total": total,
        "state": wanted.state,
        "why": states.RELEASE_WHY,
        "hold_days": setting(settings.HOLD_DAYS),
        "pager": pages("payments.earnings", {"state": wanted.state}, wanted.page, total, earnings.PAGE),
    }
    return await page(request, "payments/earnings.html", context)
