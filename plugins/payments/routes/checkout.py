"""The checkout of the built-in provider: it looks and behaves like a hosted one, and takes no real money."""

from __future__ import annotations

from aiohttp import web

from kernel import _, errors, flash, now, page, read_form, see_other, url

from .. import queries, services, states
from ..forms import BankForm, CardForm
from ..gateways.sandbox import CARDS
from ..models import Payment
from .common import own_payment


async def show(request: web.Request) -> web.StreamResponse:
    """The form while the payment is open; else how it ended and where to go on."""
    payment = await own_payment(request)
    return await _draw(request, payment)


async def _draw(
    request: web.Request,
    payment: Payment,
    errors: dict[str, str] | None = None,
    card: str = "approve",
    status: int = 200,
) -> web.StreamResponse:
    subject = (await queries.subjects([payment]))[payment.id]
    context = {"payment": payment, "subject": subject, "errors": errors or {}, "card": card, "cards": CARDS}
    late = payment.state in states.CLOSABLE and payment.expires_at <= now()
    if payment.state == states.CREATED and not late:
        return await page(request, "payments/checkout.html", {**context, "title": _("Pay securely")}, status=status)
    if payment.state == states.ACTION and not late:
        return see_other(url("payments.bank", id=payment.id))
    word, tone = states.label(states.EXPIRED if late else payment.state)
    context |= {"title": word, "word": word, "tone": tone, "late": late, "why": states.reason_text(payment.reason)}
    return await page(request, "payments/checkout_over.html", context, status=status)


async def pay(request: web.Request) -> web.StreamResponse:
    """The payer presses Pay. Again, in another tab or too late: shown how it stands, charged at most once."""
    payment = await own_payment(request)
    parsed = await read_form(request, CardForm)
    if parsed.value is None:
        return await _draw(request, payment, parsed.errors, parsed.raw.get("card", "approve"), 422)
    try:
        await services.pay(payment, parsed.value.card)
    except errors.Conflict:
        await payment.refresh_from_db()
    return _onward(request, payment)


def _onward(request: web.Request, payment: Payment) -> web.StreamResponse:
    """Where the payer goes from here."""
    if payment.state in states.CAPTURED:
        return see_other(payment.return_url)
    if payment.state == states.ACTION:
        return see_other(url("payments.bank", id=payment.id))
    return see_other(url("payments.checkout", id=payment.id))


async def show_bank(request: web.Request) -> web.StreamResponse:
    """The bank's own page (3-D Secure), as the sandbox plays it."""
    payment = await own_payment(request)
    if payment.state != states.ACTION or payment.expires_at <= now():
        return await _draw(request, payment) if payment.state != states.CREATED else _onward(request, payment)
    return await page(request, "payments/bank.html", {"title": _("Confirm with your bank"), "payment": payment})


async def answer_bank(request: web.Request) -> web.StreamResponse:
    """Confirmed or refused at the bank."""
    payment = await own_payment(request)
    parsed = await read_form(request, BankForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    try:
        await services.answer_bank(payment, yes=parsed.value.answer == "yes")
    except errors.Conflict:
        await payment.refresh_from_db()
    return _onward(request, payment)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Back to where the payer came from, without paying."""
    payment = await own_payment(request)
    try:
        await services.give_up(payment)
    except errors.Conflict:
        await payment.refresh_from_db()
        if payment.state != states.CANCELLED:
            return _onward(request, payment)
    flash(request, _("Payment cancelled. Nothing was charged."), "info")
    return see_other(payment.cancel_url)
