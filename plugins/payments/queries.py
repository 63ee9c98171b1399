"""The read side: payments, receipts and earnings as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from kernel import _, accounts
from kernel import services as neighbours

from . import states
from .forms import PaymentFilter
from .models import Payment, PaymentStep, Refund

PAGE: Final = 25
#: More rows than this a file does not get; the page says so.
EXPORT_LIMIT: Final = 20_000
_GROUPS: Final = {
    "open": tuple(states.OPEN),
    "paid": (states.PAID,),
    "refunded": (states.PARTLY, states.REFUNDED),
    "failed": (states.FAILED,),
    "ended": (states.CANCELLED, states.EXPIRED),
}
_COLUMNS: Final = {"when": "created_at", "amount": "amount_minor", "state": "state"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a payment; the name is empty for the erased."""

    id: UUID
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What was paid for, as far as its plugin tells."""

    title: str
    path: str
    starts_at: datetime | None = None
    with_name: str = ""


async def people(ids: Iterable[UUID | None]) -> dict[UUID, Person]:
    """Names and addresses; unknown ids are there too, so that a page never stumbles."""
    wanted = {i for i in ids if i is not None}
    cards = await accounts.accounts_by_ids(wanted)
    found = {}
    for key in wanted:
        card = cards.get(key)
        gone = card is None or not card.name
        found[key] = Person(key, _("Deleted account") if gone else card.name, "" if gone else card.email)  # type: ignore[union-attr]
    return found


async def subjects(payments: Sequence[Payment], viewer: UUID | None = None) -> dict[UUID, Subject]:
    """By payment id. Without scheduling, what the payment itself says."""
    found = {p.id: Subject(p.description, "") for p in payments}
    bookings = neighbours.get("scheduling.Bookings")
    wanted = [p.reference_id for p in payments if p.reference_kind == "booking"]
    if bookings is None or not wanted:
        return found
    infos = await bookings.many(wanted)
    for payment in payments:
        info = infos.get(payment.reference_id)
        if info is not None:
            other = info.candidate_name if viewer == info.interviewer_id else info.interviewer_name
            found[payment.id] = Subject(payment.description, info.path, info.starts_at, other)
    return found


# --- lists ------------------------------------------------------------------------------------------------------


async def mine(payer_id: UUID, page: int, size: int = PAGE) -> tuple[list[Payment], int]:
    """A payer's payments, newest first, and how many there are. Attempts that came to nothing are left out
    unless they are still open: they are not worth a person's time."""
    rows = Payment.filter(payer_id=payer_id).exclude(state__in=[states.CANCELLED, states.EXPIRED])
    total = await rows.count()
    found = await rows.order_by("-created_at", "-id").offset((page - 1) * size).limit(size)
    return found, total


async def matching(wanted: PaymentFilter) -> QuerySet[Payment]:
    """The payments that an admin's filter means, in its order."""
    rows = Payment.all()
    if wanted.state:
        rows = rows.filter(state__in=_GROUPS[wanted.state])
    if wanted.q:
        payers = [card.id for card in await accounts.search_accounts(wanted.q, limit=200)]
        means = Q(description__icontains=wanted.q) | Q(payer_id__in=payers) | Q(payee_id__in=payers)
        number = wanted.q.upper().removeprefix("R-").lstrip("0")
        if number.isascii() and number.isdecimal() and len(number) < 10:
            means |= Q(receipt_no=int(number))
        rows = rows.filter(means)
    column = _COLUMNS[wanted.sort]
    return rows.order_by(f"{'-' if wanted.desc else ''}{column}", "-id")


async def refunds_of(payment_ids: list[UUID]) -> dict[UUID, list[Refund]]:
    found: dict[UUID, list[Refund]] = {key: [] for key in payment_ids}
    for refund in await Refund.filter(payment_id__in=payment_ids).order_by("created_at", "id"):
        found[refund.payment_id].append(refund)  # type: ignore[attr-defined]
    return found


# --- one payment ------------------------------------------------------------------------------------------------


async def history(payment: Payment, refunds: Sequence[Refund]) -> list[dict[str, Any]]:
    """What happened to a payment, newest first, for the timeline."""
    steps = await PaymentStep.filter(payment_id=payment.id).order_by("at", "id")
    names = await people([payment.payer_id, *(s.actor_id for s in steps), *(r.actor_id for r in refunds)])
    entries: list[dict[str, Any]] = [
        {"title": _("Checkout opened"), "when": payment.created_at, "icon": "card"},
    ]
    for step in steps:
        word, tone = states.label(step.after)
        known = step.reason in states.REASONS
        entries.append(
            {
                "title": word,
                "when": step.at,
                "who": names[step.actor_id].name if step.actor_id else _("Automatic"),
                "text": states.reason_text(step.reason) if known else states.refund_reason(step.reason),
                "tone": tone if tone in ("ok", "warn", "bad") else "accent",
                "icon": _ICONS.get(step.after, "clock"),
            }
        )
    if payment.released_at is not None:
        entries.append({"title": _("Earnings released"), "when": payment.released_at, "tone": "ok", "icon": "money"})
    return sorted(entries, key=lambda e: e["when"], reverse=True)


_ICONS: Final = {
    states.PAID: "check",
    states.PARTLY: "refresh",
    states.REFUNDED: "refresh",
    states.FAILED: "alert",
    states.CANCELLED: "x",
    states.EXPIRED: "timer",
    states.ACTION: "shield",
}


def receipt_number(payment: Payment) -> str:
    return "" if payment.receipt_no is None else f"R-{payment.receipt_no:05}"


def refund_number(refund: Refund) -> str:
    return "" if refund.refund_no is None else f"C-{refund.refund_no:05}"
