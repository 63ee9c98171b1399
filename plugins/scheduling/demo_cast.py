"""Words of the demo tenants: weeks, types, goals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_OFFICE: Final = [["09:00", "12:00"], ["13:00", "17:00"]]
_EVENING: Final = [["17:30", "21:00"]]


def _week(days: str, ranges: list[list[str]], more: Mapping[str, list[list[str]]] | None = None) -> dict[str, Any]:
    return {d: [list(r) for r in ranges] for d in days} | {d: [list(r) for r in rs] for d, rs in (more or {}).items()}


WEEKS: Final[tuple[dict[str, Any], ...]] = (
    _week("12345", _OFFICE),
    _week("1234", _EVENING, {"6": [["10:00", "14:00"]]}),
    _week("135", [["08:30", "12:30"]], {"2": [["18:00", "20:30"]], "4": [["18:00", "20:30"]]}),
    _week("2345", [["10:00", "13:00"], ["14:30", "18:30"]]),
    _week("67", [["09:00", "13:00"]], {"3": [["19:00", "22:00"]]}),
)

#: The interviewer who signs in as interviewer@demo.test.
INTERVIEWERS: Final = {"acme": "Tomás Ferreira", "fern": "Jonas Keller"}

#: A type fits an interviewer whose skills contain one of these.
MARKS: Final[dict[str, tuple[str, ...]]] = {
    "system-design": ("system design", "architecture", "distributed", "reliability", "security"),
    "coding": ("coding", "python", "java", "go", "kotlin", "swift", "typescript", "sql", "c++"),
    "behavioural": ("behavioural", "leadership", "negotiation", "career", "case"),
    "product-sense": ("product", "metrics", "execution", "analytics"),
    "vorstellungsgespraech": (
        "bewerbung",
        "führung",
        "quereinstieg",
        "ausbildung",
        "referendariat",
        "selbst",
        "pflege",
    ),
    "fallstudie": ("fallstudie", "strategie", "statistik", "pitch", "portfolio", "ux"),
    "assessment-center": ("assessment", "gruppen", "prüfung", "rhetorik", "präsentation"),
    "gehaltsgespraech": ("gehalt", "verhandlung", "vertrieb", "arbeitsrecht", "recht"),
    "fachgespraech": ("software", "java", "technik", "python", "sql", "projekt"),
}

TYPES: Final[dict[str, list[dict[str, Any]]]] = {
    "fern": [
        {
            "slug": "vorstellungsgespraech", "title": "Vorstellungsgespräch zur Probe", "duration_minutes": 60,
            "description": "Ein ganzes Gespräch wie im Ernstfall, von der Begrüßung bis zu deinen Fragen. Danach eine"
            " schriftliche Rückmeldung.", "topic": "behavioural",
        },
        {
            "slug": "fallstudie", "title": "Fallstudie", "duration_minutes": 60, "topic": "product",
            "description": "Ein Fall aus der Praxis: strukturieren, rechnen, empfehlen. Du übst, laut zu denken.",
        },
        {
            "slug": "assessment-center", "title": "Assessment-Center", "duration_minutes": 90, "buffer_after": 15,
            "description": "Postkorb, Präsentation und Rollenspiel, mit den Bögen, die auch Prüfer benutzen.",
            "topic": "behavioural",
        },
        {
            "slug": "gehaltsgespraech", "title": "Gehaltsgespräch", "duration_minutes": 45, "topic": "behavioural",
            "description": "Du nennst deine Zahl und hältst sie aus. Wir üben, bis es sich ruhig anfühlt.",
        },
        {
            "slug": "fachgespraech", "title": "Fachgespräch Technik", "duration_minutes": 45, "topic": "coding",
            "description": "Fragen zu deinem Fach, wie sie ein Team stellt, das dich einstellen will.",
        },
        {
            "slug": "ki-vorstellungsgespraech", "title": "KI-Probe: Vorstellungsgespräch", "kind": "ai",
            "duration_minutes": 30, "price_rule": "fixed", "minimum_notice_minutes": 0, "policy": "flexible",
            "description": "Ein Gespräch in Textform nach festem Ablauf. Beginnt, wann du willst.",
            "topic": "behavioural",
        },
        {
            "slug": "ki-sql", "title": "KI-Probe: SQL", "kind": "ai", "duration_minutes": 30, "price_rule": "fixed",
            "minimum_notice_minutes": 0, "policy": "flexible", "topic": "sql",
            "description": "Verknüpfen, gruppieren, rechnen: eine Frage nach der anderen, mit Hinweisen auf Wunsch.",
        },
    ]
}  # fmt: skip

GOALS: Final = {
    "acme": (
        "I have a staff interview at a payments company in two weeks. I get lost when the numbers become large.",
        "My last three loops ended after the system design round. I want to know why.",
        "I talk too fast when I am nervous. Stop me whenever I do.",
        "First interview in six years. Please be honest, I can take it.",
        "I want to practise clarifying the question before I start to solve it.",
        "Could we spend the last fifteen minutes on trade-offs? That is where I lose points.",
    ),
    "fern": (
        "In zwei Wochen ist das Gespräch bei der Stadtverwaltung. Ich möchte ruhiger werden.",
        "Ich rede zu viel, wenn ich unsicher bin. Bitte unterbrich mich.",
        "Es ist mein erstes Gespräch seit sechs Jahren. Sag mir ehrlich, wie ich wirke.",
        "Ich möchte üben, Lücken im Lebenslauf zu erklären, ohne mich zu entschuldigen.",
    ),
}
REASONS: Final = {"acme": "Something came up at work, sorry.", "fern": "Mir ist leider ein Termin dazwischengekommen."}
