"""Markdown that people write, as safe HTML: raw HTML is off in the parser, and a sanitiser has the last word."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import nh3
from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_TAGS: Final = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
_MAX = 200_000


@cache
def _parser() -> MarkdownIt:
    """Made when the first text is shown: its import is not for every start."""
    from markdown_it import MarkdownIt

    # "linkify" would need another package and guesses; images could track readers.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image"])


def render_markdown(text: str | None) -> Markup:
    """Paragraphs, lists, tables, code and links. Never raises; an over-long text is cut."""
    return _render((text or "")[:_MAX])


@lru_cache(maxsize=256)
def _render(text: str) -> Markup:
    html = _parser().render(text)
    # The page has its own h1: headings of a text begin one level down.
    for level in (3, 2, 1):
        html = html.replace(f"<h{level}>", f"<h{level + 1}>").replace(f"</h{level}>", f"</h{level + 1}>")
    clean = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"https", "mailto"},
        link_rel="nofollow noopener ugc",
    )
    return Markup(clean)  # noqa: S704 - sanitised right above
