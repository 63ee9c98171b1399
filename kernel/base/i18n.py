"""Languages: catalogs, the message functions, and how dates, numbers and money are written.

Messages are written in English; catalogs are `locales/<code>/LC_MESSAGES/messages.po` in the kernel and in
each plugin, merged per language. Language and zone come from the context (`speaking()`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from . import zones
from .clock import now
from .context import current_locale, current_zone
from .contract import Money

#: Code and own name of the languages that Greenroom speaks, English first.
LOCALES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "ar": "العربية"}


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Mark `message` for the catalogs; it is translated later, where it is shown."""
    return message


class Catalogs:
    """All messages of all installed plugins, one merged catalog a language. Loaded at start-up."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._folders = tuple(folders)
        self._loaded: dict[str, NullTranslations] = {}

    def of(self, locale: str) -> NullTranslations:
        """The catalog of a language; English messages stand for themselves."""
        found = self._loaded.get(locale)
        if found is None:
            found = self._loaded[locale] = self._load(locale)
        return found

    def _load(self, locale: str) -> NullTranslations:
        merged: GNUTranslations | None = None
        for folder in self._folders:
            part = _read(folder / locale / "LC_MESSAGES" / "messages.po", locale)
            if part is None:
                continue
            if merged is None:
                merged = part
            else:
                # Plugins are loaded in order; the first translation of a message stays.
                merged._catalog = {**part._catalog, **merged._catalog}  # type: ignore[attr-defined]
        return merged or NullTranslations()


def _read(po: Path, locale: str) -> GNUTranslations | None:
    mo = po.with_suffix(".mo")
    if mo.is_file() and (not po.is_file() or mo.stat().st_mtime >= po.stat().st_mtime):
        with mo.open("rb") as file:
            return GNUTranslations(file)
    if not po.is_file():
        return None
    with po.open("rb") as file:
        catalog = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


_catalogs = Catalogs()
_rewriter: Callable[[str, str], str] | None = None


def use_catalogs(catalogs: Catalogs) -> None:
    global _catalogs
    _catalogs = catalogs


def use_rewriter(rewriter: Callable[[str, str], str] | None) -> None:
    """`rewriter(locale, text)` puts a translated message into the tenant's own words; None: as it is."""
    global _rewriter
    _rewriter = rewriter


def _own_words(locale: str, text: str) -> str:
    return text if _rewriter is None or not text else _rewriter(locale, text)


def gettext(message: str) -> str:
    """`message` in the reader's language and the tenant's words."""
    if not message:
        return ""
    locale = current_locale()
    return _own_words(locale, _catalogs.of(locale).gettext(message))


_ = gettext


def ngettext(one: str, many: str, n: int) -> str:
    """The right plural form for `n` in the reader's language."""
    locale = current_locale()
    return _own_words(locale, _catalogs.of(locale).ngettext(one, many, n))


def is_rtl(locale: str) -> bool:
    return babel_locale(locale).text_direction == "rtl"


@lru_cache(maxsize=32)
def babel_locale(code: str) -> Locale:
    """Babel's data for a language; English for an unknown one. English follows ISO habits (24 h, Monday)."""
    try:
        return Locale.parse({"en": "en_GB"}.get(code, code).replace("-", "_"))
    except (ValueError, LookupError):
        return Locale.parse("en_GB")


_RANGE = re.compile(r"([a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*|\*)(?:\s*;\s*q=([01](?:\.[0-9]{0,3})?))?")


def negotiate(accept_language: str, allowed: Sequence[str]) -> str | None:
    """The best of `allowed` for an Accept-Language header, or None. Never raises."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language[:500].split(",")):
        if match := _RANGE.fullmatch(part.strip()):
            wanted.append((-float(match[2] or 1), position, match[1].lower()))
    for weight, _position, tag in sorted(wanted):
        if weight == 0:
            continue
        for code in allowed:
            if code.lower() == tag or code.lower() == tag.split("-")[0]:
                return code
    return None


# --- how things are written ------------------------------------------------------------------------------------


def _here(value: datetime, zone: str | None) -> datetime:
    return zones.wall(value, zone or current_zone())


def format_date(value: date | datetime, style: str = "long", *, zone: str | None = None) -> str:
    """A date with its weekday unless `style` is `short` or `medium`; a datetime is read in the reader's zone."""
    day = _here(value, zone).date() if isinstance(value, datetime) else value
    locale = babel_locale(current_locale())
    if style == "long":
        return dates.format_skeleton("yMMMEd", day, locale=locale)
    if style == "day":
        return dates.format_skeleton("MMMEd", day, locale=locale)
    return dates.format_date(day, style, locale=locale)


def format_time(value: datetime | time, *, zone: str | None = None, hour12: bool = False) -> str:
    """Hours and minutes."""
    if isinstance(value, datetime):
        value = _here(value, zone).time()
    locale = babel_locale(current_locale())
    stamp = datetime.combine(date(2000, 1, 1), value)
    if hour12:
        return dates.format_skeleton("hm", stamp, locale=babel_locale("en_US") if locale.language == "en" else locale)
    return dates.format_time(stamp, "short", locale=locale)


def format_datetime(value: datetime, style: str = "long", *, zone: str | None = None) -> str:
    """Weekday, date and time; style `full` also names the zone, `short` is for tables."""
    name = zone or current_zone()
    if style == "short":
        locale = babel_locale(current_locale())
        day = _here(value, name)
        skeleton = "MMMd" if day.year == _here(now(), name).year else "yMMMd"
        return f"{dates.format_skeleton(skeleton, day.date(), locale=locale)}, {format_time(value, zone=name)}"
    text = f"{format_date(value, zone=name)}, {format_time(value, zone=name)}"
    return f"{text} ({zones.city(name)})" if style == "full" else text


def relative(value: datetime) -> str:
    """`in 12 minutes`, `3 days ago`."""
    return dates.format_timedelta(value - now(), add_direction=True, locale=babel_locale(current_locale()), threshold=1)


def time_left(value: datetime) -> str:
    """`12 minutes` until then: after words like "opens in" and "time left"; nothing below zero."""
    left = max(value - now(), timedelta())
    return dates.format_timedelta(left, locale=babel_locale(current_locale()), threshold=1)


def format_duration(minutes: int) -> str:
    """`45 minutes`, `1 hour`, in the reader's language."""
    locale = babel_locale(current_locale())
    return dates.format_timedelta(
        timedelta(minutes=minutes), threshold=3 if minutes % 60 else 1, granularity="minute", locale=locale
    )


def format_number(value: int | float) -> str:
    return numbers.format_decimal(value, locale=babel_locale(current_locale()))


def format_percent(value: float) -> str:
    return numbers.format_percent(value, locale=babel_locale(current_locale()))


def currency_digits(currency: str) -> int:
    """Decimal places of a currency: 2 for EUR, 0 for JPY, 3 for KWD."""
    return numbers.get_currency_precision(currency)


def format_money(minor: int | Money, currency: str = "") -> str:
    """An amount in minor units, written in the reader's language; whole amounts without decimals."""
    from decimal import Decimal

    money = minor if isinstance(minor, Money) else Money(minor, currency)
    digits = currency_digits(money.currency)
    amount = Decimal(money.minor).scaleb(-digits)
    text: str = numbers.format_currency(amount, money.currency, locale=babel_locale(current_locale()))
    if digits and amount == amount.to_integral_value():
        symbol = babel_locale(current_locale()).number_symbols.get("latn", {}).get("decimal", ".")
        text = text.replace(symbol + "0" * digits, "", 1)
    return text


def first_weekday() -> int:
    """0 for Monday … 6 for Sunday, as calendars are drawn in the reader's language."""
    return babel_locale(current_locale()).first_week_day


def weekday_names(width: Literal["abbreviated", "narrow", "short", "wide"] = "abbreviated") -> list[str]:
    """Monday to Sunday."""
    names = dates.get_day_names(width, locale=babel_locale(current_locale()))
    return [names[i] for i in range(7)]


def month_name(month: int) -> str:
    return str(dates.get_month_names("wide", context="stand-alone", locale=babel_locale(current_locale()))[month])
