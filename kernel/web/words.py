"""What the reader is told when a value is refused: what to do, in plain words, translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from ..base.i18n import _, format_number, ngettext

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: Key of messages that belong to the form as a whole.
WHOLE_FORM = "_form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A field's own messages: `name: Annotated[str, Words(missing=N_("Enter your name"))]`.

    `missing` for an empty value, `bad` for any other refusal, the rest for what they say. Empty: the default words.
    """

    missing: str = ""
    bad: str = ""
    short: str = ""
    long: str = ""
    low: str = ""
    high: str = ""


_OWN = {
    "missing": "missing",
    "string_too_short": "short",
    "too_short": "short",
    "string_too_long": "long",
    "too_long": "long",
    "greater_than": "low",
    "greater_than_equal": "low",
    "less_than": "high",
    "less_than_equal": "high",
}


def by_field(exc: ValidationError, model: type[BaseModel], raw: Mapping[str, str]) -> dict[str, str]:
    """One message per field of a form; the first one wins. `raw` is what was sent."""
    found: dict[str, str] = {}
    for error in exc.errors(include_url=False):
        name = str(error["loc"][0]) if error["loc"] else WHOLE_FORM
        if error["type"] == "extra_forbidden":
            name = WHOLE_FORM
        # An empty required text is "missing" to its reader, whatever rule it broke.
        empty = name in raw and not raw[name].strip()
        found.setdefault(name, _message(error, _own_words(model, name), empty=empty))
    return found


def by_path(exc: ValidationError) -> dict[str, str]:
    """Messages for a JSON body, by dotted path (`items.0.name`)."""
    found: dict[str, str] = {}
    for error in exc.errors(include_url=False):
        path = ".".join(str(part) for part in error["loc"]) or WHOLE_FORM
        found.setdefault(path, _message(error, Words(), empty=False))
    return found


def _own_words(model: type[BaseModel], name: str) -> Words:
    for key, info in model.model_fields.items():
        if name in (key, info.alias):
            return next((m for m in info.metadata if isinstance(m, Words)), Words())
    return Words()


def _message(error: ErrorDetails, own: Words, *, empty: bool) -> str:
    kind = "missing" if empty else error["type"]
    if kind in ("value_error", "assertion_error"):
        # A validator's own sentence, translated where it was raised.
        said = error.get("ctx", {}).get("error")
        return str(said) if said is not None and str(said) else _(own.bad) or _("Check this value.")
    mine = getattr(own, _OWN.get(kind, "bad"), "") or ("" if kind == "missing" else own.bad)
    return _(mine) if mine else _default(kind, error.get("ctx", {}))


def _default(kind: str, ctx: Mapping[str, Any]) -> str:
    if kind in ("string_too_short", "too_short"):
        n = int(ctx.get("min_length", 1))
        return ngettext("Use at least %(n)s character.", "Use at least %(n)s characters.", n) % {"n": n}
    if kind in ("string_too_long", "too_long"):
        n = int(ctx.get("max_length", 1))
        return ngettext("Use at most %(n)s character.", "Use at most %(n)s characters.", n) % {"n": n}
    bound = next((ctx[name] for name in ("ge", "gt", "le", "lt") if name in ctx), None)
    if isinstance(bound, int | float):
        limit = {"n": format_number(bound)}
        return {
            "greater_than_equal": _("Enter a number of at least %(n)s."),
            "greater_than": _("Enter a number above %(n)s."),
            "less_than_equal": _("Enter a number of at most %(n)s."),
            "less_than": _("Enter a number below %(n)s."),
        }.get(kind, _("Enter another number.")) % limit
    return _by_kind(kind)


def _by_kind(kind: str) -> str:
    if kind == "missing":
        return _("Fill this in.")
    if kind == "extra_forbidden":
        return _("This was sent with a value that is not part of it. Reload the page and try again.")
    if kind.startswith(("int_", "float_", "decimal_")):
        return _("Enter a number.")
    if kind.startswith(("date_", "datetime_")):
        return _("Enter a date such as 2030-12-31.")
    if kind.startswith("time_"):
        return _("Enter a time such as 09:30.")
    if kind.startswith("bool_"):
        return _("Choose yes or no.")
    if kind in ("enum", "literal_error") or kind.startswith("uuid_"):
        return _("Choose one of the options.")
    return _("Check this value.")
