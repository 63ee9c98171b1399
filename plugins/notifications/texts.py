"""A notice in the words of its reader: translated, with values written in their language and time zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup

from kernel import (
    Money,
    Text,
    format_date,
    format_datetime,
    format_money,
    format_number,
    get_logger,
    gettext,
    render_markdown,
)

log = get_logger(__name__)

_PLACE = re.compile(r"\{\{|\}\}|\{(\w+)\}")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as its reader sees it. `body` is safe HTML, `text` the same without marks."""

    subject: str
    body: Markup
    text: str
    action_label: str


def render(subject: str, body: str, action_label: str, params: Mapping[str, Any]) -> Words:
    """Translate and fill the messages of a notice for the language and zone in scope."""
    html = render_markdown(fill(body, params, escape))
    return Words(
        subject=one_line(fill(subject, params, lambda text: text)),
        body=html,
        text=plain(html),
        action_label=one_line(fill(action_label, params, lambda text: text)),
    )


def fill(message: str, params: Mapping[str, Any], written: Callable[[str], str]) -> str:
    """Translate `message`, then put in values. A name without a value stays as it is: better odd than lost."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in params:
            log.error("a notice has no value for {%s}", name)
            return match[0]
        return written(spoken(params[name]))

    return _PLACE.sub(value, gettext(message))


def spoken(value: Any) -> str:
    """A value in the reader's language."""
    match value:
        case str():
            return value
        case Text():
            return gettext(value.message)
        case Money():
            return format_money(value)
        case datetime():
            return format_datetime(value, "full")
        case date():
            return format_date(value)
        case bool() | None:
            return str(value or "")
        case int() | float():
            return format_number(value)
    return str(value)


def escape(text: str) -> str:
    """Text as it is, within markdown: no mark in it means anything, and its lines stay lines."""
    lines = (_PUNCTUATION.sub(r"\\\1", line.strip()) for line in text.splitlines())
    return "\\\n".join(line for line in lines if line)


def one_line(text: str) -> str:
    """For subjects and labels: nothing that could begin another header line."""
    return " ".join(_BREAKS.sub(" ", text).split())


# --- values in a row of the database ------------------------------------------------------------------------------


def to_json(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _packed(value) for name, value in params.items()}


def from_json(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unpacked(value) for name, value in params.items()}


def _packed(value: Any) -> Any:
    match value:
        case Text():
            return {"text": value.message}
        case Money():
            return {"minor": value.minor, "currency": value.currency}
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"on": value.isoformat()}
        case str() | int() | float() | None:
            return value
    return str(value)


def _unpacked(value: Any) -> Any:
    match value:
        case {"text": message}:
            return Text(message)
        case {"minor": minor, "currency": currency}:
            return Money(minor, currency)
        case {"at": at}:
            return datetime.fromisoformat(at)
        case {"on": on}:
            return date.fromisoformat(on)
    return value


# --- HTML as plain text -------------------------------------------------------------------------------------------


class _Plain(HTMLParser):
    """Writes our own markdown's HTML as text: blank lines between blocks, dashes for items, addresses in brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self.hrefs: list[str] = []
        self.counts: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.hrefs.append(dict(attrs).get("href") or "")
        elif tag in ("ul", "ol"):
            self.counts.append(0 if tag == "ol" else None)
        elif tag == "li":
            number = self.counts[-1] if self.counts else None
            if number is not None:
                self.counts[-1] = number + 1
            self.out.append("\n- " if number is None else f"\n{number + 1}. ")
        elif tag == "br":
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.hrefs:
            href = self.hrefs.pop()
            if href:
                self.out.append(f" ({href})")
        elif tag in ("ul", "ol") and self.counts:
            self.counts.pop()
            self.out.append("\n\n")
        elif tag in ("p", "h2", "h3", "h4", "pre", "table", "blockquote"):
            self.out.append("\n\n")
        elif tag == "tr":
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if data.strip() or "\n" not in data:  # line breaks between elements are layout of the source
            self.out.append(data)


def plain(html: str) -> str:
    parser = _Plain()
    parser.feed(html)
    lines = (line.strip() for line in "".join(parser.out).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
