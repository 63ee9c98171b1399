"""The set of interview types that a new tenant begins with, and the words of choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kernel import N_


@dataclass(frozen=True, slots=True)
class DefaultType:
    """One of the usual types; title and description are translated when it is made."""

    slug: str
    title: str
    description: str
    kind: str = "human"
    minutes: int = 60
    step: int = 30
    buffer: int = 0
    level: str = "any"
    topic: str = ""
    price_rule: str = "rate"
    policy: str = "moderate"


#: What is asked in the interviews for a role: its topics.
ROLES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "software": (N_("Software engineer"), ("coding", "system_design", "behavioural")),
    "manager": (N_("Engineering manager"), ("system_design", "behavioural")),
    "product": (N_("Product manager"), ("product", "behavioural")),
    "data": (N_("Data scientist or analyst"), ("data", "sql", "coding")),
}

DEFAULT_TYPES: Final = (
    DefaultType(
        "system-design",
        N_("System design"),
        N_("You solve one open-ended design problem, then get written feedback on five skills within a day."),
        topic="system_design",
    ),
    DefaultType(
        "coding",
        N_("Coding"),
        N_("Two problems in the language of your choice. You think aloud; the interviewer asks as in the real thing."),
        topic="coding",
    ),
    DefaultType(
        "behavioural",
        N_("Behavioural"),
        N_("Stories from your own work: conflict, failure, influence. You learn which ones land, and why."),
        minutes=45,
        topic="behavioural",
    ),
    DefaultType(
        "product-sense",
        N_("Product sense"),
        N_("Improve a product you know, choose metrics and defend your choices."),
        minutes=45,
        buffer=15,
        topic="product",
    ),
    DefaultType(
        "ai-coding",
        N_("AI mock: coding"),
        N_("A scripted interviewer asks questions in text, gives hints and keeps the time. Begins whenever you like."),
        kind="ai",
        minutes=30,
        topic="coding",
        price_rule="fixed",
        policy="flexible",
    ),
    DefaultType(
        "ai-sql",
        N_("AI mock: SQL"),
        N_("Joins, grouping and windows, one question after another, with hints on request. Begins whenever you like."),
        kind="ai",
        minutes=30,
        topic="sql",
        price_rule="fixed",
        policy="flexible",
    ),
    DefaultType(
        "ai-behavioural",
        N_("AI mock: behavioural"),
        N_("Practise telling your stories in the STAR form before a person hears them."),
        kind="ai",
        minutes=30,
        topic="behavioural",
        price_rule="fixed",
        policy="flexible",
    ),
)

LEVELS: Final = (
    ("any", N_("Every level")),
    ("junior", N_("Junior")),
    ("mid", N_("Mid-level")),
    ("senior", N_("Senior")),
    ("staff", N_("Staff and above")),
)
TOPICS: Final = (
    ("", N_("No particular topic")),
    ("coding", N_("Coding")),
    ("system_design", N_("System design")),
    ("behavioural", N_("Behavioural")),
    ("product", N_("Product sense")),
    ("sql", N_("SQL")),
    ("data", N_("Data science")),
)
KINDS: Final = (("human", N_("With an interviewer")), ("ai", N_("With the scripted AI interviewer")))
PRICE_RULES: Final = (("rate", N_("The interviewer's hourly rate")), ("fixed", N_("A fixed price")))
