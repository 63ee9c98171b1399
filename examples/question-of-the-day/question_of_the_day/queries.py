"""What pages, the widget and the API read."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from kernel import current_tenant, sql_one

from .models import Asked, Follower, Question


class Day(NamedTuple):
    """A date on the tenant's calendar and its question."""

    day: date
    text: str


async def next_question() -> Question | None:
    """The question not asked for longest, new ones first; None when there is none to ask."""
    row = await sql_one(
        "SELECT q.id FROM question_of_the_day_question q LEFT JOIN question_of_the_day_asked a"
        " ON a.tenant_id = q.tenant_id AND a.question_id = q.id WHERE q.tenant_id = $1 AND NOT q.retired"
        " GROUP BY q.id, q.created_at ORDER BY max(a.day) NULLS FIRST, q.created_at, q.id LIMIT 1",
        current_tenant().id,
    )
    return await Question.get(id=row.id) if row else None


async def question_of(day: date) -> Day | None:
    found = await Asked.filter(day=day).select_related("question").first()
    return Day(found.day, found.question.text) if found else None


async def earlier(before: date, limit: int = 30) -> list[Day]:
    """The days before `before` that had a question, latest first."""
    rows = await Asked.filter(day__lt=before).select_related("question").order_by("-day").limit(limit)
    return [Day(row.day, row.question.text) for row in rows]


async def is_following(account_id: UUID) -> bool:
    return await Follower.filter(account_id=account_id).exists()
