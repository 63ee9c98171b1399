"""The lengths of an interview: which there are, and a type as it is with one of them.

Everything that reads a type (the engine, prices, pages) reads `duration_minutes`, so a chosen length is a copy of the
type that has it. Such a copy is never saved.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from kernel import _

from .models import Booking, InterviewType


def lengths(kind: InterviewType) -> list[int]:
    """Minutes to choose from, the shortest first; one for most types."""
    return sorted({kind.duration_minutes, *kind.durations})


def lasting(kind: InterviewType, minutes: int) -> InterviewType:
    """The type with this length. A fixed price is of the usual length and follows in proportion."""
    if minutes == kind.duration_minutes:
        return kind
    other = copy(kind)
    if kind.price_rule == "fixed":
        price = Decimal(kind.price_minor) * minutes / kind.duration_minutes
        other.price_minor = int(price.quantize(Decimal(1), ROUND_HALF_UP))
    other.duration_minutes = minutes
    return other


def asked_for(kind: InterviewType, text: str) -> InterviewType | None:
    """The type with the length that an address or a form names: the usual one without; None for one it has not."""
    if not text:
        return kind
    known = {str(minutes): minutes for minutes in lengths(kind)}
    return lasting(kind, known[text]) if text in known else None


def no_such_length(kind: InterviewType) -> str:
    """What to say about a length that the type has not."""
    return _("Choose one of these lengths in minutes: {list}.").format(list=", ".join(map(str, lengths(kind))))


def as_booked(kind: InterviewType, booking: Booking) -> InterviewType:
    """The type with the length that a booking has."""
    return lasting(kind, minutes_between(booking.starts_at, booking.ends_at))


def minutes_between(start: datetime, end: datetime) -> int:
    return round((end - start).total_seconds() / 60)
