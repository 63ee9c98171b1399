"""The scripted interviewer as a pure function: where the interview stands, what came in, what is said.

It neither praises nor judges while it asks. Its own sentences are messages for translation; questions, hints
and follow-ups are texts of the bank.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from kernel import N_

from .bank import Item
from .coverage import assess

Kind = Literal["notice", "question", "follow_up", "hint"]
Phase = Literal["asking", "over"]

MAX_FOLLOW_UPS: Final = 2

INTRO: Final = N_(
    "Hello. I am a scripted interviewer, not a person and not a language model. I ask questions from a bank and"
    " follow up on topics that you have not mentioned yet. Answer as you would speak. You can ask for a hint, have a"
    " question repeated, or go on to the next one at any time."
)
NEXT: Final = N_("Thank you. Here is the next question.")
SKIPPED: Final = N_("All right, we leave that one. Here is the next question.")
DONE: Final = N_("Thank you, that was the last question. End the session to see which topics you touched.")
OVER_ALREADY: Final = N_("There are no more questions. End the session to see which topics you touched.")
NO_HINT: Final = N_("I have no further hint for this question.")
CLARIFY: Final = N_("The question is open on purpose. Say which assumptions you make and go on from there.")
TAKE_TIME: Final = N_("Take your time. I am waiting.")
TO_END: Final = N_("Press End session when you want to stop. You then see which topics you touched.")
ANYTHING_ELSE: Final = N_("Is there anything that you would add or do differently?")


@dataclass(frozen=True, slots=True)
class Reply:
    """Something the interviewer says: a translatable `message`, or a `text` of the bank as it is."""

    kind: Kind
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What happened on one question so far."""

    answers: tuple[str, ...] = ()
    probes: tuple[int, ...] = ()  # numbers of points that were followed up; -1 is the general one
    hints: int = 0
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Where the interview stands: question `at` of `progress`, one entry per question reached."""

    at: int = 0
    phase: Phase = "asking"
    progress: tuple[Progress, ...] = field(default=(Progress(),))

    def to_data(self) -> dict[str, Any]:
        rows = [
            {"answers": [*p.answers], "probes": [*p.probes], "hints": p.hints, "skipped": p.skipped}
            for p in self.progress
        ]
        return {"at": self.at, "phase": self.phase, "progress": rows}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Script:
        rows = tuple(
            Progress(tuple(r["answers"]), tuple(r["probes"]), r["hints"], r["skipped"]) for r in data["progress"]
        )
        return cls(at=data["at"], phase=data["phase"], progress=rows)

    @property
    def here(self) -> Progress:
        return self.progress[self.at]

    def _with(self, here: Progress) -> Script:
        return replace(self, progress=(*self.progress[: self.at], here, *self.progress[self.at + 1 :]))


Action = Literal["answer", "hint", "next", "repeat"]
Step = tuple[Script, tuple[Reply, ...]]

#: Short sentences that are meant for the interviewer, not as an answer; English, German, Arabic.
_SAID: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(rf"(?:please |bitte )?(?:{pattern})(?: please| bitte)?", re.IGNORECASE))
    for name, pattern in (
        ("next", r"skip(?: (?:it|this|this one|this question|the question))?|next(?: question)?|pass|i pass|"
                 r"überspringen|weiter|nächste frage|تخطي?|السؤال التالي|التالي"),
        ("hint", r"(?:give me )?(?:a |another )?hint|help(?: me)?|(?:einen |noch einen )?(?:hinweis|tipp)|"
                 r"تلميح|مساعدة"),
        ("repeat", r"repeat(?: (?:it|that|the question))?|say (?:it|that) again|(?:noch ?mal|wiederholen)|"
                   r"(?:wiederhole|wiederholen sie) die frage|أعد السؤال|كرر السؤال"),
        ("clarify", r"clarify|(?:can you )?clarify(?: (?:it|that|the question))?|what do you mean|"
                    r"i (?:do not|don't) understand(?: the question)?|"
                    r"was meinen sie(?: damit)?|ich verstehe (?:die frage )?nicht|لم أفهم(?: السؤال)?|ماذا تقصد"),
        ("time", r"(?:i need |give me )?(?:some |more |a )?(?:time|moment|minute)|let me think|one moment|"
                 r"(?:einen )?moment|lass mich (?:kurz )?nachdenken|دعني أفكر|لحظة"),
        ("end", r"end now|end(?: the)? (?:session|interview)|stop|i want to stop|quit|beenden|aufhören|إنهاء"),
    )
)  # fmt: skip


def said(text: str) -> str:
    """What a short sentence asks of the interviewer: next, hint, repeat, clarify, time, end; else empty."""
    plain = re.sub(r"[\s.!?؟,…]+", " ", text).strip()
    if not plain or len(plain) > 60:
        return ""
    return next((name for name, pattern in _SAID if pattern.fullmatch(plain)), "")


def begin(items: Sequence[Item]) -> Step:
    """The opening: who is speaking, and the first question."""
    return Script(), (Reply("notice", message=INTRO), Reply("question", text=items[0].prompt))


def step(script: Script, items: Sequence[Item], action: Action, text: str = "") -> Step:
    """What follows from a button or an answer."""
    if script.phase == "over":
        return script, (Reply("notice", message=OVER_ALREADY),)
    wish = said(text) if action == "answer" else action
    if wish == "next":
        return _go_on(script._with(replace(script.here, skipped=not script.here.answers)), items, skipped=True)
    if wish == "hint":
        return _hint(script, items[script.at])
    if wish == "repeat":
        return script, (Reply("question", text=items[script.at].prompt),)
    if wish in _WORDS_FOR:
        return script, (Reply("notice", message=_WORDS_FOR[wish]),)
    return _answered(script, items, text)


_WORDS_FOR: Final = {"clarify": CLARIFY, "time": TAKE_TIME, "end": TO_END}


def _hint(script: Script, item: Item) -> Step:
    used = script.here.hints
    if used >= len(item.hints):
        return script, (Reply("notice", message=NO_HINT),)
    return script._with(replace(script.here, hints=used + 1)), (Reply("hint", text=item.hints[used]),)


def _answered(script: Script, items: Sequence[Item], text: str) -> Step:
    here = replace(script.here, answers=(*script.here.answers, text))
    item = items[script.at]
    if len(here.probes) < MAX_FOLLOW_UPS:
        probe = _probe(item, here)
        if probe is not None:
            number, reply = probe
            return script._with(replace(here, probes=(*here.probes, number))), (reply,)
    return _go_on(script._with(here), items, skipped=False)


def _probe(item: Item, here: Progress) -> tuple[int, Reply] | None:
    """A follow-up on the first point that was not mentioned yet; once a general one when all were."""
    reason, found = assess(item, "\n".join(here.answers))
    for number, touched in enumerate(found):
        # where nothing can be claimed the first open point is still a fair next question
        if number not in here.probes and (reason or touched.found != "touched"):
            return number, Reply("follow_up", text=item.points[number].probe)
    return None if here.probes else (-1, Reply("follow_up", message=ANYTHING_ELSE))


def _go_on(script: Script, items: Sequence[Item], *, skipped: bool) -> Step:
    at = script.at + 1
    if at >= len(items):
        return replace(script, phase="over"), (Reply("notice", message=DONE),)
    ahead = replace(script, at=at, progress=(*script.progress, Progress()))
    lead = Reply("notice", message=SKIPPED if skipped else NEXT)
    return ahead, (lead, Reply("question", text=items[at].prompt))


def report(script: Script, items: Sequence[Item]) -> dict[str, Any]:
    """Topic coverage of the whole interview, JSON-ready. It names what was mentioned; it is not a grade."""
    questions: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        here = script.progress[number] if number < len(script.progress) else None
        answer = "\n".join(here.answers) if here else ""
        reason, found = assess(item, answer)
        questions.append(
            {
                "title": item.title,
                "topic": item.topic,
                "prompt": item.prompt,
                "answer": answer,
                "words": len(answer.split()),
                "reached": here is not None,
                "not_assessable": reason if here is not None else "",
                "hints_used": here.hints if here else 0,
                "follow_ups": len(here.probes) if here else 0,
                "points": [{"label": t.label, "coverage": t.found, "quote": t.quote} for t in found],
            }
        )
    judged = [q for q in questions if q["reached"] and not q["not_assessable"]]
    return {
        "questions": questions,
        "points": sum(len(q["points"]) for q in judged),
        "touched": sum(p["coverage"] == "touched" for q in judged for p in q["points"]),
    }
