"""All payments of the tenant: list, file, one with its history, and refunding it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from kernel import (
    NoticeSink,
    Parsed,
    _,
    bytes_answer,
    errors,
    flash,
    format_money,
    get_or_404,
    new_id,
    now,
    page,
    read_form,
    read_query,
    see_other,
    url,
    url_with,
)
from kernel import (
    services as neighbours,
)

from .. import bookkeeping, csvs, queries, services, states
from ..forms import LedgerFilter, PaymentFilter, RefundDraft, RefundForm
from ..models import Payment
from ..money import parse_amount, plain_amount
from ..preview import Effect, effect_of
from .common import pages


async def show_list(request: web.Request) -> web.StreamResponse:
    """Every payment, searched, filtered, sorted."""
    wanted = _wanted(request)
    found = await queries.matching(wanted)
    total = await found.count()
    rows = await found.offset((wanted.page - 1) * queries.PAGE).limit(queries.PAGE)
    query = _query(wanted)
    context = {
        "title": _("Payments"),
        "rows": rows,
        "total": total,
        "wanted": wanted,
        "names": await queries.people([i for p in rows for i in (p.payer_id, p.payee_id)]),
        "label": states.label,
        "number": queries.receipt_number,
        "sorts": {key: _sort_link(wanted, key) for key in ("when", "amount", "state")},
        "csv": url_with("payments.admin_csv", {}, query),
        "filtered": bool(wanted.q or wanted.state),
        "pager": pages("payments.admin", query, wanted.page, total, queries.PAGE),
        "sandbox": any(p.gateway == "sandbox" for p in rows),
    }
    return await page(request, "payments/admin.html", context)


def _wanted(request: web.Request) -> PaymentFilter:
    """The filter in the address; newest first unless it says otherwise, the default for anything odd."""
    parsed = read_query(request, PaymentFilter)
    found = parsed.value or PaymentFilter()
    return found.model_copy(update={"desc": True}) if "sort" not in request.query else found


def _query(wanted: PaymentFilter) -> dict[str, Any]:
    query = {"q": wanted.q or None, "state": wanted.state or None}
    if (wanted.sort, wanted.desc) != ("when", True):
        query |= {"sort": wanted.sort, "desc": "1" if wanted.desc else None}
    return query


def _sort_link(wanted: PaymentFilter, key: str) -> tuple[str, str | None]:
    """Where the head of a column leads, and how it is sorted now."""
    current = ("desc" if wanted.desc else "asc") if wanted.sort == key else None
    turned = key != wanted.sort or not wanted.desc
    query = {"q": wanted.q or None, "state": wanted.state or None, "sort": key, "desc": "1" if turned else None}
    return url_with("payments.admin", {}, query), current


async def as_csv(request: web.Request) -> web.StreamResponse:
    """What the list shows, all pages of it, as a file."""
    rows = await (await queries.matching(_wanted(request))).limit(queries.EXPORT_LIMIT)
    names = await queries.people([i for p in rows for i in (p.payer_id, p.payee_id)])
    head = (
        _("Asked for (UTC)"), _("Paid (UTC)"), _("Receipt"), _("State"), _("Payer"), _("Payer’s email"), _("Payee"),
        _("For"), _("Currency"), _("Amount"), _("Refunded"), _("Payee’s share"), _("Commission"), _("Tax"), _("Id"),
    )  # fmt: skip
    data = csvs.table(head, (_csv_row(p, names) for p in rows))
    return bytes_answer(data, "text/csv; charset=utf-8", f"payments-{now():%Y-%m-%d}.csv")


def _csv_row(p: Payment, names: dict[Any, queries.Person]) -> tuple[object, ...]:
    payer, payee = names[p.payer_id], names.get(p.payee_id) if p.payee_id else None
    money = [p.amount_minor, p.refunded_minor, p.payee_minor, p.commission_minor, p.tax_minor]
    stamp = "%Y-%m-%d %H:%M:%S"
    return (
        p.created_at.strftime(stamp),
        p.paid_at.strftime(stamp) if p.paid_at else "",
        queries.receipt_number(p),
        states.label(p.state)[0],
        payer.name,
        payer.email,
        payee.name if payee else "",
        p.description,
        p.currency,
        *(plain_amount(minor, p.currency) for minor in money),
        str(p.id),
    )


async def _payment(request: web.Request) -> Payment:
    return await get_or_404(Payment, request.match_info["id"])


async def show_one(request: web.Request) -> web.StreamResponse:
    """One payment: facts, shares, refunds, what happened."""
    payment = await _payment(request)
    refunds = (await queries.refunds_of([payment.id]))[payment.id]
    booked, _total = await bookkeeping.entries(LedgerFilter(payment=str(payment.id)), limit=50)
    owners = {line.owner_id for entry in booked for line in entry.lines}
    ids = {payment.payer_id, payment.payee_id, *owners, *(r.actor_id for r in refunds)}
    context = {
        "title": payment.description,
        "payment": payment,
        "names": await queries.people(ids),
        "subject": (await queries.subjects([payment]))[payment.id],
        "state": states.label(payment.state),
        "number": queries.receipt_number(payment),
        "refunds": [(r, queries.refund_number(r), states.refund_reason(r.reason)) for r in refunds],
        "refund_labels": states.REFUND_LABELS,
        "history": await queries.history(payment, refunds),
        "entries": booked,
        "share_left": await services.share_left(payment) if payment.paid_at else 0,
        "refundable": payment.state in states.CAPTURED and payment.refunded_minor < payment.amount_minor,
        "paid": payment.state in states.CAPTURED,
        "why": states.RELEASE_WHY.get(payment.release_why, ""),
    }
    return await page(request, "payments/admin_one.html", context)


# --- refunds ----------------------------------------------------------------------------------------------------


async def refund_form(request: web.Request) -> web.StreamResponse:
    """First how much, why and who bears it; then the exact effect, to be confirmed. Nothing changes here."""
    payment = await _payment(request)
    if "amount" not in request.query:
        return await _draw_refund(request, payment, None, {})
    parsed = read_query(request, RefundDraft)
    return await _preview(request, payment, parsed)


async def _preview(
    request: web.Request, payment: Payment, parsed: Parsed[RefundDraft], status: int = 200
) -> web.StreamResponse:
    minor = parse_amount(parsed.raw.get("amount", ""), payment.currency)
    left = payment.amount_minor - payment.refunded_minor
    problems = dict(parsed.errors)
    if "amount" not in problems and (minor is None or not 0 < minor <= left):
        problems["amount"] = _wrong_amount(payment, left)
    if problems or parsed.value is None or minor is None:
        return await _draw_refund(request, payment, None, parsed.raw, problems, 422 if status == 200 else status)
    effect = await effect_of(payment, minor, parsed.value.bearer)
    return await _draw_refund(request, payment, effect, parsed.raw, {}, status)


def _wrong_amount(payment: Payment, left: int) -> str:
    least, most = format_money(1, payment.currency), format_money(left, payment.currency)
    return _("Enter an amount between {least} and {most}").format(least=least, most=most)


async def _draw_refund(
    request: web.Request,
    payment: Payment,
    effect: Effect | None,
    raw: dict[str, str],
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    left = payment.amount_minor - payment.refunded_minor
    context = {
        "title": _("Refund payment"),
        "payment": payment,
        "names": await queries.people([payment.payer_id, payment.payee_id]),
        "left": left,
        "possible": payment.state in states.CAPTURED and left > 0,
        "effect": effect,
        "raw": raw,
        "amount": raw.get("amount", plain_amount(left, payment.currency)),
        "errors": problems or {},
        "ref": new_id().hex,
        "told": neighbours.get(NoticeSink) is not None,
    }
    return await page(request, "payments/refund.html", context, status=status)


async def refund(request: web.Request) -> web.StreamResponse:
    """Give the money back as it was shown; anything else is shown anew first."""
    payment = await _payment(request)
    parsed = await read_form(request, RefundForm)
    value = parsed.value
    minor = parse_amount(value.amount, payment.currency) if value else None
    if value is None or minor is None:
        problems = parsed.errors or {"amount": _wrong_amount(payment, payment.amount_minor - payment.refunded_minor)}
        return await _draw_refund(request, payment, None, parsed.raw, problems, 422)
    order = services.RefundOrder(minor, value.reason, f"admin:{value.ref}", value.bearer, value.version)
    try:
        await services.open_refund(payment, order)
    except errors.Invalid as exc:
        return await _draw_refund(request, payment, None, parsed.raw, exc.errors, 422)
    except errors.Conflict as exc:
        await payment.refresh_from_db()
        flash(request, exc.detail, "warn")
        draft = RefundDraft(amount=value.amount, reason=value.reason, bearer=value.bearer)
        return await _preview(request, payment, Parsed(draft, {}, parsed.raw), 409)
    amount = format_money(minor, payment.currency)
    flash(request, _("{amount} refunded").format(amount=amount))
    return see_other(url("payments.admin_one", id=payment.id))
