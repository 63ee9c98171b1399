"""Small rules about words that people type: tags, languages, links, amounts, contact details."""

from __future__ import annotations

import re
import secrets
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from urllib.parse import urlsplit

from babel import Locale

from kernel import currency_digits, current_locale, current_snapshot, format_money, setting
from kernel import gettext as _

#: Languages that interviews are offered in, by ISO 639 code.
LANGUAGES = (
    "ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko",
    "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

_MAIL = re.compile(r"[\w.+-]+\s?(@|\(at\)|\[at\])\s?[\w-]+\s?(\.|\(dot\)|\[dot\])\s?\w{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.])(\+|00)?\(?\d(?:[\s()./-]?\d){8,14}(?!\w)")
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "æ": "ae", "œ": "oe"})


def split_tags(value: object) -> list[str]:
    """Words separated by commas or lines, each once, whatever the case; spaces are tidied."""
    texts = value if isinstance(value, list | tuple) else [value]
    found: dict[str, str] = {}
    for text in texts:
        for part in re.split(r"[,;\n،]", str(text)):
            word = " ".join(part.split())[:40]
            if word:
                found.setdefault(word.casefold(), word)
    return list(found.values())


@lru_cache(maxsize=32)
def _names(locale: str) -> dict[str, str]:
    names = Locale.parse(locale).languages
    return {code: str(names.get(code, code)) for code in LANGUAGES}


def language_name(code: str) -> str:
    """`German` for `de`, in the reader's language, as a word of its own."""
    name = _names(current_locale()).get(code, code)
    return name[:1].upper() + name[1:]


def language_options() -> list[tuple[str, str]]:
    """Code and name of every language, by name."""
    return sorted(((code, language_name(code)) for code in LANGUAGES), key=lambda pair: pair[1].casefold())


def clean_links(value: object) -> list[str]:
    """Web addresses, one a line. Raises ValueError for anything but http(s)."""
    lines = value if isinstance(value, list | tuple) else str(value).splitlines()
    found = []
    for line in lines:
        for text in str(line).split():
            link = text if "://" in text else f"https://{text}"
            parts = urlsplit(link)
            if parts.scheme not in ("http", "https") or "." not in (parts.hostname or "") or len(link) > 200:
                raise ValueError(_("Write web addresses such as https://example.com, one per line."))
            found.append(link)
    if len(found) > 8:
        raise ValueError(_("Give at most 8 links."))
    return list(dict.fromkeys(found))


def has_contact(text: str) -> bool:
    """Does the text try to lead people past the platform: a mail address, a phone number?"""
    return bool(_MAIL.search(text) or _PHONE.search(text))


def refuse_contact(text: str) -> str:
    """`text`, or ValueError when it holds contact details and the tenant does not want that."""
    if text and setting("users.contact_filter") and has_contact(text):
        raise ValueError(_("Leave out email addresses and phone numbers. People reach you through this site."))
    return text


def currency() -> str:
    return current_snapshot().currency


def rate_scale() -> int:
    """Minor units in one whole unit of the tenant's currency."""
    return int(10 ** currency_digits(currency()))


def rate_bounds() -> tuple[int, int]:
    """Lowest and highest hourly rate in minor units."""
    scale = rate_scale()
    low = int(setting("users.rate_minimum")) * scale
    return low, max(low, int(setting("users.rate_maximum")) * scale)


def parse_rate(value: object) -> int:
    """An amount as people write it (`95`, `95.50`, `95,50`) in minor units. Raises ValueError outside the bounds."""
    low, high = rate_bounds()
    words = _("Enter an amount between {low} and {high}").format(
        low=format_money(low, currency()), high=format_money(high, currency())
    )
    text = unicodedata.normalize("NFKC", str(value)).strip().replace(" ", "").replace(",", ".")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text):
        raise ValueError(words)
    try:
        minor = Decimal(text).scaleb(currency_digits(currency()))
    except InvalidOperation:
        raise ValueError(words) from None
    if minor != minor.to_integral_value() or not low <= minor <= high:
        raise ValueError(words)
    return int(minor)


def show_rate(minor: int) -> str:
    """An amount for an input field: `95` or `95.50`."""
    digits = currency_digits(currency())
    amount = Decimal(minor).scaleb(-digits)
    return str(int(amount)) if amount == amount.to_integral_value() else str(amount)


def slug_of(name: str) -> str:
    """`tomas-ferreira`; letters that Latin does not have give a random one."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPECIAL)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or f"i-{secrets.token_hex(4)}"
