"""JSON twins of the main actions, over the same services."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kernel import (
    SIGNED_IN,
    Listing,
    Page,
    Route,
    current_actor,
    errors,
    get_or_404,
    json_answer,
    read_json,
    read_listing,
)

from . import bookkeeping, queries, services, states
from .forms import PaymentFilter
from .models import Payment, Refund
from .permissions import LEDGER, MANAGE
from .routes.common import actor_id, own_payment


class RefundOut(BaseModel):
    id: UUID
    amount_minor: int
    currency: str
    state: str
    reason: str
    bearer: str
    created_at: datetime


class PaymentOut(BaseModel):
    """Amounts are integer minor units of `currency`."""

    id: UUID
    reference_kind: str
    reference_id: UUID
    description: str
    state: str
    amount_minor: int
    refunded_minor: int
    currency: str
    receipt: str
    created_at: datetime
    paid_at: datetime | None
    expires_at: datetime
    checkout_url: str
    version: int
    refunds: list[RefundOut] = []


class PaymentsListing(Listing):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    state: Literal["open", "paid", "refunded", "failed", "ended"] | None = None
    sort: Literal["when", "amount", "state"] = "when"
    desc: bool = True


class PayIn(BaseModel):
    """How to pay with the built-in provider: one of its test cards."""

    model_config = ConfigDict(extra="forbid")

    card: Literal["approve", "secure", "funds", "declined", "expired", "cvc", "slow"]


class EarningsOut(BaseModel):
    """What is owed, by currency."""

    currency: str
    held_minor: int
    available_minor: int


class AllEarningsOut(BaseModel):
    earnings: list[EarningsOut]


class RefundIn(BaseModel):
    """`key` makes it act once; `version` is the payment's as it was read."""

    model_config = ConfigDict(extra="forbid", strict=True)

    amount_minor: Annotated[int, Field(gt=0, lt=10**15)]
    reason: Annotated[str, StringConstraints(min_length=3, max_length=300, strip_whitespace=True)]
    key: Annotated[str, StringConstraints(min_length=8, max_length=80, pattern=r"[A-Za-z0-9_.:-]+")]
    bearer: Literal["shared", "house"] = "shared"
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class BalanceOut(BaseModel):
    account: str
    currency: str
    minor: int


class LedgerOut(BaseModel):
    """`sound` is true when every entry and every currency sums to zero and the payments agree with the books."""

    sound: bool
    balances: list[BalanceOut]


def _out(payment: Payment, refunds: list[Refund] | None = None) -> PaymentOut:
    return PaymentOut(
        id=payment.id,
        reference_kind=payment.reference_kind,
        reference_id=payment.reference_id,
        description=payment.description,
        state=payment.state,
        amount_minor=payment.amount_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency,
        receipt=queries.receipt_number(payment),
        created_at=payment.created_at,
        paid_at=payment.paid_at,
        expires_at=payment.expires_at,
        checkout_url=payment.checkout_url if payment.state in states.OPEN else "",
        version=payment.version,
        refunds=[_refund_out(r) for r in refunds or ()],
    )


def _refund_out(r: Refund) -> RefundOut:
    return RefundOut(
        id=r.id,
        amount_minor=r.amount_minor,
        currency=r.currency,
        state=r.state,
        reason=r.reason,
        bearer=r.bearer,
        created_at=r.created_at,
    )


async def list_mine(request: web.Request) -> web.StreamResponse:
    """What one has paid, the latest first."""
    asked = read_listing(request, Listing)
    rows, total = await queries.mine(actor_id(), asked.number, asked.limit)
    return json_answer(Page[PaymentOut](items=[_out(p) for p in rows], next=asked.next(total)))


async def list_all(request: web.Request) -> web.StreamResponse:
    """Everybody's payments."""
    asked = read_listing(request, PaymentsListing)
    rows = await queries.matching(PaymentFilter(q=asked.q, state=asked.state or "", sort=asked.sort, desc=asked.desc))
    found = await rows.offset((asked.number - 1) * asked.limit).limit(asked.limit)
    return json_answer(Page[PaymentOut](items=[_out(p) for p in found], next=asked.next(await rows.count())))


async def one_of_all(request: web.Request) -> web.StreamResponse:
    """Anybody's payment with its refunds."""
    payment = await get_or_404(Payment, request.match_info["id"])
    return json_answer(_out(payment, (await queries.refunds_of([payment.id]))[payment.id]))


async def pay(request: web.Request) -> web.StreamResponse:
    """Pay an open payment. It is charged at most once; the answer says how it stands."""
    payment = await own_payment(request)
    sent = await read_json(request, PayIn)
    await services.pay(payment, sent.card)
    await payment.refresh_from_db()
    return json_answer(_out(payment))


async def one(request: web.Request) -> web.StreamResponse:
    """One of one's own payments with its refunds."""
    payment = await own_payment(request)
    return json_answer(_out(payment, (await queries.refunds_of([payment.id]))[payment.id]))


async def cancel(request: web.Request) -> web.StreamResponse:
    """Give up an open payment. Already cancelled: the same answer."""
    payment = await own_payment(request)
    if payment.state != states.CANCELLED:
        await services.give_up(payment)
    return json_answer(_out(payment))


async def refund(request: web.Request) -> web.StreamResponse:
    """Give money back, at most what is left of the payment."""
    payment = await get_or_404(Payment, request.match_info["id"])
    wanted = await read_json(request, RefundIn)
    order = services.RefundOrder(wanted.amount_minor, wanted.reason, f"api:{wanted.key}", wanted.bearer, wanted.version)
    made = await services.open_refund(payment, order)
    if made is None:
        raise errors.Conflict
    return json_answer(_refund_out(made), 201)


async def earned(request: web.Request) -> web.StreamResponse:
    """What is owed to oneself, by currency."""
    actor = current_actor()
    owed = await bookkeeping.owed_to(actor.id) if actor else {}
    items = [EarningsOut(currency=c, held_minor=s["held"], available_minor=s["available"]) for c, s in owed.items()]
    return json_answer(AllEarningsOut(earnings=items))


async def ledger(request: web.Request) -> web.StreamResponse:
    """The balances of the books, and whether they add up."""
    proof = await bookkeeping.proof()
    found = [BalanceOut(account=b.account, currency=b.currency, minor=b.minor) for b in await bookkeeping.balances()]
    return json_answer(LedgerOut(sound=proof.sound, balances=found))


ROUTES = [
    Route(method="GET", path="/api/v1/payments", handler=list_mine, name="payments.api_list", permission=SIGNED_IN,
          query=Listing, response=Page[PaymentOut]),
    Route(method="GET", path="/api/v1/payments-all", handler=list_all, name="payments.api_all", permission=MANAGE,
          query=PaymentsListing, response=Page[PaymentOut]),
    Route(method="GET", path="/api/v1/payments-all/{id}", handler=one_of_all, name="payments.api_any",
          permission=MANAGE, response=PaymentOut),
    Route(method="POST", path="/api/v1/payments/{id}/pay", handler=pay, name="payments.api_pay", permission=SIGNED_IN,
          request=PayIn, response=PaymentOut, idempotent=True, rate="60/60"),
    Route(method="GET", path="/api/v1/payments/{id}", handler=one, name="payments.api_one", permission=SIGNED_IN,
          response=PaymentOut),
    Route(method="POST", path="/api/v1/payments/{id}/cancel", handler=cancel, name="payments.api_cancel",
          permission=SIGNED_IN, response=PaymentOut, idempotent=True),
    Route(method="POST", path="/api/v1/payments/{id}/refunds", handler=refund, name="payments.api_refund",
          permission=MANAGE, request=RefundIn, response=RefundOut, idempotent=True, status=201),
    Route(method="GET", path="/api/v1/earnings", handler=earned, name="payments.api_earnings", permission=SIGNED_IN,
          response=AllEarningsOut),
    Route(method="GET", path="/api/v1/ledger", handler=ledger, name="payments.api_ledger", permission=LEDGER,
          response=LedgerOut),
]  # fmt: skip
