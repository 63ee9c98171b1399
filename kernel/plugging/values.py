"""What a setting may hold, and the words for a value that it may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..base.contract import Setting
from ..base.i18n import gettext as _

_BIGGEST = 65_536  # characters of JSON in one value
_LARGEST = 2**53 - 1  # beyond it JSON readers (browsers) round integers


def problem(setting: Setting, value: Any) -> str | None:
    """What is wrong with `value`, in words for whoever entered it, or None. Never raises."""
    if value is None and setting.default is None:
        return None
    return mismatch(setting, value) or _bounds(setting, value) or _own_check(setting, value)


def mismatch(setting: Setting, value: Any) -> str | None:
    """Wrong in type or choice: such a value is never used, wherever it came from."""
    if value is None and setting.default is None:
        return None
    kind = setting.type
    if kind is bool:
        return None if isinstance(value, bool) else _("Choose yes or no")
    if kind is int and (not isinstance(value, int) or isinstance(value, bool)):
        return _("Enter a whole number")
    if kind is str and not isinstance(value, str):
        return _("Enter text")
    if kind is list and not (isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)):
        return _("Enter a list of texts")
    if kind is dict and not (isinstance(value, dict) and all(isinstance(k, str) for k in value)):
        return _("Enter a JSON object")
    if setting.choices:
        known = {key for key, _label in setting.choices}
        chosen = value if kind is list else [str(value)]
        if any(v not in known for v in chosen):
            return _("Choose one of the options")
    return None


def parse_text(setting: Setting, text: str) -> Any:
    """The value that a form field's `text` stands for. Raises ValueError with words for people."""
    text = text.replace("\r\n", "\n")
    if setting.type is bool:
        return text.strip().lower() in ("1", "on", "true", "yes")
    if setting.default is None and not text.strip():
        return None
    if setting.type is int:
        digits = text.strip().removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 16):
            raise ValueError(_range_words(setting) or _("Enter a whole number"))
        return int(text)
    if setting.type is list:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if setting.type is dict:
        try:
            return json.loads(text or "{}")
        except (ValueError, RecursionError):
            raise ValueError(_("Enter a JSON object")) from None
    return text if setting.multiline or setting.secret else text.strip()


def _bounds(setting: Setting, value: Any) -> str | None:
    low, high = setting.minimum, setting.maximum
    if setting.type is int:
        if (low is not None and value < low) or (high is not None and value > high) or abs(value) > _LARGEST:
            return _range_words(setting) or _("Enter a smaller number")
        return None
    if any("\0" in text or any("\ud800" <= ch <= "\udfff" for ch in text) for text in _texts(value)):
        return _("Remove the characters that cannot be shown")
    if setting.type is str:
        if low is not None and len(value) < low:
            return _("Enter something") if low == 1 else _("Enter at least {n} characters").format(n=low)
        if high is not None and len(value) > high:
            return _("Enter at most {n} characters").format(n=high)
        if not setting.multiline and not setting.secret and "\n" in value:
            return _("Enter a single line")
    try:
        too_big = len(json.dumps(value)) > _BIGGEST
    except (TypeError, ValueError, RecursionError):
        return _("Enter plain text, numbers, lists and objects only")
    return _("This is too long") if too_big else None


def _range_words(setting: Setting) -> str:
    low, high = setting.minimum, setting.maximum
    if low is not None and high is not None:
        return _("Enter a number between {low} and {high}").format(low=low, high=high)
    if low is not None:
        return _("Enter a number of at least {low}").format(low=low)
    if high is not None:
        return _("Enter a number of at most {high}").format(high=high)
    return ""


def _texts(value: Any) -> Iterator[str]:
    """Every text within a JSON value. Without recursion: depth comes from outside."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack += [*item, *item.values()]
        elif isinstance(item, list | tuple):
            stack += item


def _own_check(setting: Setting, value: Any) -> str | None:
    if setting.check is None:
        return None
    try:
        message = setting.check(value)
    except Exception:  # a check that trips over a value has not accepted it
        return _("This value is not valid")
    return _(message) if message else None
