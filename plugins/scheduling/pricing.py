"""What a booking costs."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from kernel import Money, services
from plugins.users.api import InterviewerCard

from .models import InterviewType


def price_of(kind: InterviewType, interviewer: InterviewerCard | None) -> Money:
    """The type's fixed price, or the interviewer's hourly rate times the length, half a minor unit rounded up.

    Nothing while nobody could take the money.
    """
    if kind.price_rule == "rate" and interviewer is not None:
        amount = Decimal(interviewer.rate_minor) * kind.duration_minutes / 60
        price = Money(int(amount.quantize(Decimal(1), ROUND_HALF_UP)), interviewer.currency)
    else:
        price = Money(kind.price_minor if kind.price_rule == "fixed" else 0, kind.currency)
    return price if services.get("payments.Checkout") is not None else Money(0, price.currency)
