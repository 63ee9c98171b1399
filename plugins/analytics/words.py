"""Figures in words: short dates, percentages, signed differences."""

from __future__ import annotations

from datetime import date

from babel import Locale, dates, numbers

from kernel import currency_digits, current_locale, format_money, format_number, is_rtl
from kernel import gettext as _


def _locale() -> Locale:
    code = current_locale()
    return Locale.parse("en_GB" if code == "en" else code)


def short_day(day: date) -> str:
    """`26 Oct`: for axes."""
    return dates.format_skeleton("MMMd", day, locale=_locale())


def long_day(day: date) -> str:
    """`26 Oct 2026`."""
    return dates.format_date(day, "medium", locale=_locale())


def stars(rating: float) -> str:
    """`4.80`: an average of ratings."""
    return numbers.format_decimal(rating, format="0.00", locale=_locale())


def percent(part: float, digits: int = 1) -> str:
    """0.182 as `18.2%`."""
    return _("{number}%").format(number=format_number(round(part * 100, digits)))


def points(difference: float) -> str:
    """A difference of shares: `+0.4 pt`."""
    return signed(difference, _("{number} pt").format(number=format_number(round(abs(difference) * 100, 1))))


def signed(value: float, text: str) -> str:
    """`text` (of the absolute value) with its sign, which stays in front in right-to-left text too."""
    mark = "+" if value > 0 else "−" if value < 0 else "±"
    return ("\u200e" if is_rtl(current_locale()) else "") + mark + text


def change(now: float, before: float) -> str | None:
    """By how much of `before` it grew; None when there was nothing to compare with."""
    if before <= 0:
        return None
    part = (now - before) / before
    shown = round(abs(part), 3)
    return signed(part if shown else 0, percent(shown, 1 if shown < 10 else 0))


def money(currency: str, minor: float) -> str:
    """An amount in minor units; large ones without decimals."""
    unit = 10 ** currency_digits(currency)
    whole = round(minor)
    return format_money(round(whole / unit) * unit if abs(whole) >= 1000 * unit else whole, currency)
