"""Puts terms into messages: whole words only, longest phrase first, placeholders untouched, capitals kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

#: What is filled in later must stay as it is: `%(name)s`, `{name}`, `%%`.
_HOLE: Final = r"%\(\w+\)[a-z]|%%|\{[^{}]*\}"


@dataclass(frozen=True, slots=True)
class Term:
    """`make` gets the text that `pattern` (no groups of its own by number) found and gives what takes its place."""

    pattern: str
    make: Callable[[str], str]


Rewriter = Callable[[str], str]


def rewriter(terms: Iterable[Term]) -> Rewriter:
    """One pass over a text: what one term put in, no other term sees. Of terms that fit one place the first wins."""
    known = list(terms)
    if not known:
        return lambda text: text
    parts = [f"(?P<hole>{_HOLE})", *(f"(?P<t{i}>{term.pattern})" for i, term in enumerate(known))]
    search = re.compile("|".join(parts))

    def put(found: re.Match[str]) -> str:
        group = found.lastgroup or "hole"
        return found[0] if group == "hole" else known[int(group[1:])].make(found[0])

    return lambda text: search.sub(put, text)


def cased_like(model: str, text: str) -> str:
    """`text` in the capitals of `model`: COACH for INTERVIEWER, Coach for Interviewer."""
    letters = [c for c in model if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return text.upper()
    return text[:1].upper() + text[1:] if model[:1].isupper() else text


def english(old: tuple[str, str], new: tuple[str, str]) -> Term:
    """A noun in singular and plural, together with its article: "an interviewer" becomes "a coach"."""
    one, many = (re.escape(word) for word in old)

    def make(found: str) -> str:
        match = re.match(r"(an?)(\s+)", found, re.IGNORECASE)
        noun = found[match.end() :] if match else found
        plural = noun.lower() == old[1] != old[0]
        word = cased_like(noun, new[1] if plural else new[0])
        return cased_like(match[1], article_of(new[0])) + match[2] + word if match else word

    return Term(rf"(?<!\w)(?i:(?:an?\s+)?(?:{many}|{one}))(?!\w)", make)


def article_of(noun: str) -> str:
    """a or an, by the first letter: right for the words of this trade."""
    return "an" if noun[:1].lower() in "aeiou" else "a"
