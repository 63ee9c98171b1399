"""What happened here, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel import event


@event("question_of_the_day.question_asked.v1")
@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """A day has its question. `day` is a date on the tenant's calendar."""

    question_id: UUID
    day: date
    text: str
