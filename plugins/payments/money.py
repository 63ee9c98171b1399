"""Amounts as people type them and as machines read them."""

from __future__ import annotations

import re
from decimal import Decimal

from kernel import currency_digits

_AMOUNT = re.compile(r"(\d{1,12})(?:[.,٫](\d{1,4}))?")


def parse_amount(text: str, currency: str) -> int | None:
    """Minor units of `12.50`, `12,5` or `12`; None for anything else, also for more decimals than the currency has.

    No separators between thousands: `1.000` would mean one thing here and another there.
    """
    match = _AMOUNT.fullmatch(text.strip().replace("\u00a0", ""))
    digits = currency_digits(currency)
    if match is None or len(match[2] or "") > digits:
        return None
    return int(match[1] + (match[2] or "").ljust(digits, "0"))


def plain_amount(minor: int, currency: str) -> str:
    """`12.50`: for form fields and files, the same in every language."""
    digits = currency_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"
