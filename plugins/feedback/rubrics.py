"""Rubrics as values: criteria with weights and anchors, how they are stored, and the mean they give.

Texts of the bundled rubrics are source messages: they are translated for whoever reads them. Texts that a tenant
wrote are in no catalog and so come out as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kernel import gettext as _

#: Scores run from 1 to 5; the middle one needs no evidence.
SCORES: Final = (1, 2, 3, 4, 5)
MIDDLE: Final = 3
MAX_CRITERIA: Final = 8


@dataclass(frozen=True, slots=True)
class Criterion:
    """One competency. `anchors` say what each score from 1 to 5 looks like; `weight` is from 1 to 10."""

    id: str
    label: str
    description: str
    weight: int
    anchors: tuple[str, ...]

    def localized(self) -> Criterion:
        return replace(
            self, label=said(self.label), description=said(self.description), anchors=tuple(map(said, self.anchors))
        )


@dataclass(frozen=True, slots=True)
class RubricCopy:
    """A rubric at one revision."""

    slug: str
    title: str
    number: int
    criteria: tuple[Criterion, ...]

    def localized(self) -> RubricCopy:
        return replace(self, title=said(self.title), criteria=tuple(c.localized() for c in self.criteria))

    def criterion(self, id: str) -> Criterion | None:
        return next((c for c in self.criteria if c.id == id), None)

    def share(self, criterion: Criterion) -> float:
        """The part of the whole that a criterion has."""
        return criterion.weight / (sum(c.weight for c in self.criteria) or 1)


def said(text: str) -> str:
    """A text of a rubric in the reader's language."""
    return _(text) if text else ""


def pack_criteria(criteria: Iterable[Criterion]) -> list[dict[str, Any]]:
    return [
        {"id": c.id, "label": c.label, "description": c.description, "weight": c.weight, "anchors": list(c.anchors)}
        for c in criteria
    ]


def unpack_criteria(data: Iterable[Mapping[str, Any]]) -> tuple[Criterion, ...]:
    return tuple(
        Criterion(
            id=str(row["id"]),
            label=str(row["label"]),
            description=str(row.get("description", "")),
            weight=int(row.get("weight", 1)),
            anchors=tuple(str(a) for a in row.get("anchors", ("",) * 5)),
        )
        for row in data
    )


def pack(rubric: RubricCopy) -> dict[str, Any]:
    return {
        "slug": rubric.slug,
        "title": rubric.title,
        "number": rubric.number,
        "criteria": pack_criteria(rubric.criteria),
    }


def unpack(data: Mapping[str, Any]) -> RubricCopy:
    return RubricCopy(str(data["slug"]), str(data["title"]), int(data["number"]), unpack_criteria(data["criteria"]))


def weighted(rubric: RubricCopy, scores: Mapping[str, int]) -> int | None:
    """The weighted mean of the given scores in hundredths (100 to 500); None without any."""
    found = [(c.weight, scores[c.id]) for c in rubric.criteria if c.id in scores]
    total = sum(weight for weight, _score in found)
    return round(100 * sum(weight * score for weight, score in found) / total) if total else None
