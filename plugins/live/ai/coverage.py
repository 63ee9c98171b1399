"""Which points an answer touches. A claim about topics, never about correctness.

Guards come first: text that is too short, a list of keywords, an echo of the question or not in the language
of the question is "not assessable" - neither a low mark nor a high one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from kernel import N_

from .bank import Item, Point

Found = Literal["touched", "unclear", "not_touched"]

_GAP: Final = 4  # other words that may stand between two words of a phrase
_MIN_WORDS: Final = 12
_QUOTE: Final = 180

#: Why nothing is claimed about an answer.
REASONS: Final = {
    "none": N_("There was no answer."),
    "short": N_("The answer is too short to say anything about it."),
    "list": N_("The answer reads like a list of keywords, not like sentences."),
    "echo": N_("The answer mostly repeats the question."),
    "language": N_("The answer is not in the language of the question, which is the only one this check reads."),
}

_FUNCTION: Final = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all also am an and any are as at be because been before being but by can could
        did do does each for from had has have he her him his how i if in into is it its just like
        may me might more most my no not of on one or other our out over she should so some such
        than that the their them then there these they this to two up us was we were what when where
        which while who why will with would you your
        """,
    )
)
_WORD: Final = re.compile(r"[^\W_]+(?:_[^\W_]+)*", re.UNICODE)
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_PIECE: Final = re.compile(r"[,;.\n/]+|\b(?:and|or)\b", re.IGNORECASE)

#: Traits of told experience. Sentences about an answer do not resemble answers, so these look for its structure.
_TRAITS: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.IGNORECASE | re.VERBOSE)
    for name, pattern in {
        "situation": r"""\b( last\s(year|month|summer|week|spring|autumn|winter|quarter) | (in|since)\s(19|20)\d\d
            | \d+\s(years?|months?|weeks?)\sago | when\si\s(was|worked|joined|led|started|had)
            | (at|in)\smy\s(last|previous|first|current|old) | during\s(my|the|a|an|our) | one\s(day|time)
            | while\si\swas | back\sthen | on\sa\sproject | we\swere\s(building|working|about|asked) )\b""",
        "own_part": r"""\b i\s((then|also|first|finally|personally|immediately|quickly)\s)?
            ( decided|built|wrote|made|proposed|suggested|set\sup|organi[sz]ed|asked|called|talked|spoke|met|presented
            | created|changed|fixed|took|started|led|drafted|showed|explained|invited|listed|collected|measured|tested
            | moved|offered|scheduled|worked|went|told|reached|designed|analy[sz]ed|investigated|rewrote|split|cut
            | agreed|apologi[sz]ed|raised|gathered|ran ) \b""",
        "outcome": r""" \d+([.,]\d+)?\s?(%|percent\b|per\scent\b|hours?\b|days?\b|weeks?\b|minutes?\b|people\b|users?\b
            |customers?\b|euros?\b|dollars?\b|times\b|k\b|million\b|thousand\b)
            | [€$£]\s?\d | \d{2,}(,\d{3})+
            | \b( as\sa\sresult | in\sthe\send | the\s(result|outcome)\swas | eventually | finally\swe | which\sled\sto
            | we\s(shipped|launched|delivered|agreed|finished|reduced|increased|saved|won|lost)
            | it\s(worked|failed|ended) )\b""",
        "learning": r"""\b( i\s(have\s)?learn(ed|t) | lesson | looking\sback | in\shindsight | next\stime | since\sthen
            | these\sdays\si | nowadays\si | from\sthen\son | ever\ssince | i\snow | today\si
            | i\swould\s(now\s)?(do|have\sdone) | taught\sme | what\si\stook )\b""",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Touched:
    """What was found about one point; `quote` is the sentence, empty when nothing was."""

    label: str
    found: Found
    quote: str = ""


def words(text: str) -> list[str]:
    return [m.group().lower() for m in _WORD.finditer(text)]


def sentences(text: str) -> list[str]:
    return [s for part in _SENTENCE.split(text) if (s := part.strip())]


def stem(word: str) -> str:
    """A word without its commonest English endings: enough to find plurals and tenses again."""
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def guard(answer: str, prompt: str) -> str:
    """A key of REASONS when nothing may be claimed about `answer`, else an empty string."""
    found = words(answer)
    if not found:
        return "none"
    if len(found) < _MIN_WORDS:
        return "short"
    function = [w for w in found if w in _FUNCTION]
    share, kinds = len(function) / len(found), len({*function} - {"and", "or", "a", "the"})
    if share < 0.12 or kinds < 3:
        # few English function words: either no sentences at all, or sentences of another language
        latin = sum(w.isascii() for w in found) / len(found)
        pieces = [words(piece) for piece in _PIECE.split(answer)]
        short = sum(len(piece) <= 3 for piece in pieces) / len(pieces)
        return "language" if latin < 0.9 or short < 0.5 else "list"
    own = {stem(w) for w in found if w not in _FUNCTION}
    asked = {stem(w) for w in words(prompt) if w not in _FUNCTION}
    if own and len(own - asked) / len(own) < 0.3:
        return "echo"
    return ""


@lru_cache(maxsize=4096)
def _phrase(text: str) -> tuple[tuple[str, bool], ...]:
    """Words of a phrase, each with whether it is a beginning only."""
    return tuple((m.group(1).lower(), bool(m.group(2))) for m in re.finditer(r"([^\W_]+(?:_[^\W_]+)*)(\*?)", text))


def _is(word: str, wanted: tuple[str, bool]) -> bool:
    text, beginning = wanted
    return word.startswith(text) if beginning else word == text or stem(word) == stem(text)


def has_phrase(found: Sequence[str], phrase: str) -> bool:
    """Whether the words of `phrase` stand in `found` in order, with small gaps."""
    wanted = _phrase(phrase)
    for start in range(len(found)):
        at = start
        for number, word in enumerate(wanted):
            reach = range(at, min(at + 1 + (_GAP if number else 0), len(found)))
            hit = next((i for i in reach if _is(found[i], word)), None)
            if hit is None:
                break
            at = hit + 1
        else:
            return True
    return False


def touches(point: Point, answer: str) -> Touched:
    """What `answer` says about `point`."""
    parts = sentences(answer)
    for part in parts:
        if point.shows:
            if _TRAITS[point.shows].search(part):
                return Touched(point.label, "touched", _cut(part))
        elif any(has_phrase(words(part), phrase) for phrase in point.any):
            return Touched(point.label, "touched", _cut(part))
    if not point.shows:
        # all words of a phrase, but scattered: perhaps meant, perhaps not
        everything = words(answer)
        for phrase in point.any:
            wanted = _phrase(phrase)
            if len(wanted) > 1 and all(any(_is(w, p) for w in everything) for p in wanted):
                return Touched(point.label, "unclear")
    return Touched(point.label, "not_touched")


def assess(item: Item, answer: str) -> tuple[str, tuple[Touched, ...]]:
    """The guard's reason (empty when there is none) and what was found of each point."""
    reason = guard(answer, item.prompt)
    if reason:
        return reason, tuple(Touched(p.label, "unclear" if answer.strip() else "not_touched") for p in item.points)
    return "", tuple(touches(p, answer) for p in item.points)


def _cut(text: str) -> str:
    return text if len(text) <= _QUOTE else text[: _QUOTE - 1].rsplit(" ", 1)[0] + "…"
