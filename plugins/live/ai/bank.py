"""The question bank: what a question is, the bundled ones, and the choice for a session."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, cast

from kernel import N_

Trait = Literal["", "situation", "own_part", "outcome", "learning"]

#: Topic -> its name, and words in the title of an interview type that mean it.
TOPICS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "system_design": (N_("System design"), ("system", "design", "architect", "scal", "entwurf")),
    "coding": (N_("Coding"), ("coding", "code", "algorithm", "programming", "graph", "debug", "programmier")),
    "behavioural": (N_("Behavioural"), ("behaviour", "behavior", "leadership", "culture", "story", "verhalten")),
    "product": (N_("Product"), ("product", "metric", "pricing", "produkt")),
    "sql": (N_("SQL"), ("sql", "database", "query", "data", "datenbank")),
}
LEVELS: Final[Mapping[str, str]] = {"junior": N_("Junior"), "mid": N_("Mid-level"), "senior": N_("Senior")}


@dataclass(frozen=True, slots=True)
class Point:
    """Something that a good answer usually touches: phrases that show it, or a trait of told experience."""

    label: str
    probe: str
    any: tuple[str, ...] = ()
    shows: Trait = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question as the interviewer uses it."""

    slug: str
    topic: str
    level: str
    title: str
    prompt: str
    minutes: int
    hints: tuple[str, ...]
    points: tuple[Point, ...]
    locale: str = "en"

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Item:
        """Raises KeyError or TypeError for data that is no question."""
        points = tuple(
            Point(p["label"], p["probe"], tuple(p.get("any", ())), cast(Trait, p.get("shows", "")))
            for p in data["points"]
        )
        rest = {k: data[k] for k in ("slug", "topic", "level", "title", "prompt", "minutes")}
        return cls(**rest, hints=tuple(data["hints"]), points=points, locale=data.get("locale", "en"))


@cache
def bundled() -> tuple[Item, ...]:
    """The questions that every tenant starts with."""
    text = files(__package__ or "").joinpath("bank.toml").read_text("utf-8")
    return tuple(Item.from_data(q) for q in tomllib.loads(text)["question"])


def topic_of(*words: str) -> str:
    """The topic that an interview type's title and slug speak of; empty when they name none."""
    text = " ".join(words).lower()
    scores = {
        topic: sum(bool(re.search(rf"\b{re.escape(w)}", text)) for w in marks) for topic, (_, marks) in TOPICS.items()
    }
    # "SQL" alone is surer than the general words beside it ("database design")
    if re.search(r"\bsql\b", text):
        return "sql"
    best = max(scores, key=lambda topic: scores[topic])
    return best if scores[best] else ""


def choose(
    items: Sequence[Item], *, topic: str, minutes: int, at_most: int, seen: Collection[str], seed: int
) -> tuple[Item, ...]:
    """Questions for one session: of `topic` (mixed when empty), not seen lately, as many as fit the time.

    The same seed gives the same questions. What was seen comes last rather than not at all.
    """
    pool = [i for i in items if i.topic == topic] or list(items)
    random.Random(seed).shuffle(pool)  # noqa: S311 - variety, not secrecy
    pool.sort(key=lambda item: item.slug in seen)
    chosen: list[Item] = []
    left = minutes
    topics: set[str] = set()
    for item in pool:
        if len(chosen) >= at_most:
            break
        if not topic and item.topic in topics and len(topics) < len(TOPICS) and len(pool) > at_most:
            continue
        if chosen and item.minutes > left:
            continue
        chosen.append(item)
        topics.add(item.topic)
        left -= item.minutes
    order = list(LEVELS)
    return tuple(sorted(chosen, key=lambda item: order.index(item.level) if item.level in order else 1))
