"""Ready packs of terms. In German and Arabic the new nouns are declined like the old ones, so that only the stem
changes and articles, cases, plurals and compounds stay right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .engine import Term, cased_like, english

_ENGLISH: Final = [
    english(("mock interviewer", "mock interviewers"), ("practice coach", "practice coaches")),
    english(("mock interview", "mock interviews"), ("practice session", "practice sessions")),
    english(("practice interview", "practice interviews"), ("practice session", "practice sessions")),
    english(("interview session", "interview sessions"), ("practice session", "practice sessions")),
    english(("interview practice", "interview practice"), ("practice", "practice")),
    english(("interview type", "interview types"), ("session type", "session types")),
    english(("interviewer", "interviewers"), ("coach", "coaches")),
    english(("candidate", "candidates"), ("learner", "learners")),
    english(("interview", "interviews"), ("practice session", "practice sessions")),
    Term(r"(?<!\w)(?i:interviewing)(?!\w)", lambda found: cased_like(found, "coaching")),
    Term(r"(?<!\w)(?i:interviewed)(?!\w)", lambda found: cased_like(found, "coached")),
]


def _stem(pattern: str, new: str) -> Term:
    return Term(pattern, lambda found: cased_like(found, new))


#: Trainer, Klient and Training take the endings of Interviewer, Kandidat and Interview (Coach and Lernende do not).
_GERMAN: Final = [
    _stem(r"(?<!\w)(?:Übungs|Probe)interview(?=s?(?!\w))", "Probetraining"),
    _stem(r"Interviewer", "Trainer"),
    _stem(r"(?<=[a-zäöüß])interviewer", "trainer"),
    _stem(r"(?<!\w)Kandidat", "Klient"),
    _stem(r"Interview(?=s?(?!\w))", "Training"),
    _stem(r"(?<=[a-zäöüß])interview(?=s?(?!\w))", "training"),
    _stem(r"Interview(?=[a-zäöüß])", "Trainings"),
    _stem(r"(?<!\w)interview(?=(?:en|e|st|t)(?!\w))", "trainier"),
]

_MARKS: Final = "[\u064b-\u0652\u0640]*"
#: and, so; the article, also grown together with by, like and for; by, like, for.
_ARABIC_BEFORE: Final = f"[وف]?{_MARKS}(?:بال|كال|ال|لل|[بكل])?{_MARKS}"


def _arabic(old: str, new: str, endings: str) -> Term:
    """A stem with whatever is written together with it; vowel marks on the old stem do not matter."""
    stem = re.compile(_MARKS.join(old))
    letters = _MARKS.join(old)
    pattern = rf"(?<![\w\u064b-\u0652]){_ARABIC_BEFORE}{letters}{_MARKS}(?={endings}{_MARKS}(?!\w))"
    return Term(pattern, lambda found: stem.sub(new, found, count=1))


_PEOPLE: Final = "(?:ون|ين|ان|و|ي|ا|ك|ه|ها|هم|كم|نا|يك|يه|يها|ينا)?"
_THINGS: Final = "(?:ة|ات|تان|تين|تي|تك|ته|تها|تهم|تكم|تنا|اتي|اتك|اته|اتها|اتهم|اتكم|اتنا)"
_ARABIC: Final = [
    _arabic("محاور", "مدرب", _PEOPLE),
    _arabic("مرشح", "متعلم", _PEOPLE + "|ة|ات"),
    _arabic("مقابل", "جلس", _THINGS),
]

PACKS: Final[Mapping[str, Mapping[str, list[Term]]]] = {
    "none": {},
    "coaching": {"en": _ENGLISH, "de": _GERMAN, "ar": _ARABIC},
}

#: Sentences with which a page shows what a choice of words does.
SAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Find an interviewer",
        "Your interview starts in 10 minutes.",
        "Candidates rate their interviewers after every interview.",
        "The candidate's goal for this session",
    ),
    "de": (
        "Interviewer finden",
        "Dein Interview beginnt in 10 Minuten.",
        "Kandidaten bewerten ihre Interviewer nach jedem Interview.",
        "Das Ziel des Kandidaten für dieses Übungsinterview",
    ),
    "ar": (
        "ابحث عن محاور",
        "تبدأ مقابلتك خلال 10 دقائق.",
        "يقيّم المرشحون المحاورين بعد كل مقابلة.",
        "هدف المرشح من هذه الجلسة",
    ),
}
