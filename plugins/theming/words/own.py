"""The tenant's own words: a list of "word = replacement" per language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from kernel import gettext as _

from .engine import Term, article_of, cased_like

MAX_WORDS: Final = 100
_LONGEST: Final = 60
#: Messages are templates and go into pages as they are: none of this may come in through a word.
_FORBIDDEN: Final = re.compile(r"[<>&\"{}%=\\`]|[\x00-\x1f\x7f]")


def problem_with(word: Any, own: Any) -> str | None:
    """Why this pair cannot be used, or None."""
    if not isinstance(word, str) or not isinstance(own, str) or not word.strip() or not own.strip():
        return _("Write a word and what to say instead.")
    if len(word) > _LONGEST or len(own) > _LONGEST:
        return _("Use at most 60 characters for a word.")
    if _FORBIDDEN.search(word) or _FORBIDDEN.search(own):
        return _('Leave out the characters < > & " { } % = \\ and `.')
    return None


def parse_lines(text: str) -> tuple[dict[str, str], str | None]:
    """The pairs in a text of lines "word = replacement", and what is wrong with the first bad line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        word, equals, own = (part.strip() for part in line.partition("="))
        wrong = problem_with(word, own) if equals else _("Write a word and what to say instead.")
        if wrong:
            return found, _("Line {n}: {problem}").format(n=number, problem=wrong)
        found[word] = own
    if len(found) > MAX_WORDS:
        return found, _("Use at most 100 words.")
    return found, None


def as_lines(words: Mapping[str, str]) -> str:
    return "\n".join(f"{word} = {own}" for word, own in words.items())


def own_terms(locale: str, words: Mapping[str, str]) -> list[Term]:
    """The longest phrase first. In English the article follows its noun."""
    usable = [(w, o) for w, o in words.items() if problem_with(w, o) is None]
    return [_term(locale, w, o) for w, o in sorted(usable, key=lambda pair: (-len(pair[0]), pair[0]))]


def _term(locale: str, word: str, own: str) -> Term:
    phrase = r"\s+".join(re.escape(part) for part in word.split())
    if locale != "en" or re.match(r"an?\s", word, re.I):
        return Term(rf"(?<!\w)(?i:{phrase})(?!\w)", lambda found: cased_like(found, own))

    def make(found: str) -> str:
        match = re.match(r"(an?)(\s+)(?=\S)", found, re.I)
        if match is None:
            return cased_like(found, own)
        return cased_like(match[1], article_of(own)) + match[2] + cased_like(found[match.end() :], own)

    return Term(rf"(?<!\w)(?i:(?:an?\s+)?{phrase})(?!\w)", make)
