"""Ratings of interviewers, counted from what anybody may see: released, visible reviews."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from kernel import current_tenant, setting, sql, sql_one

from .api import PublicReview, RatingSummary
from .settings import RATING_FROM

_COUNTED = "tenant_id = $1 AND released_at IS NOT NULL AND hidden_at IS NULL"


class RatingsOfReviews:
    """Provides `feedback.Ratings`."""

    async def of(self, interviewer_ids: Iterable[UUID]) -> dict[UUID, tuple[float, int]]:
        wanted = list(set(interviewer_ids))
        if not wanted:
            return {}
        rows = await sql(
            "SELECT subject_id, round(avg(realism + clarity + usefulness) / 3, 2)::float8 AS average,"  # noqa: S608
            f" count(*)::int AS reviews FROM feedback_review WHERE {_COUNTED} AND subject_id = ANY($2::uuid[])"
            " GROUP BY subject_id HAVING count(*) >= $3",
            current_tenant().id,
            wanted,
            setting(RATING_FROM),
        )
        return {row.subject_id: (row.average, row.reviews) for row in rows}

    async def summary(self, interviewer_id: UUID) -> RatingSummary:
        row = await sql_one(
            "SELECT count(*)::int AS reviews, round(avg(realism + clarity + usefulness) / 3, 2)::float8 AS average,"  # noqa: S608
            " round(avg(realism), 2)::float8 AS realism, round(avg(clarity), 2)::float8 AS clarity,"
            " round(avg(usefulness), 2)::float8 AS usefulness"
            f" FROM feedback_review WHERE {_COUNTED} AND subject_id = $2",
            current_tenant().id,
            interviewer_id,
        )
        if row is None or row.reviews < setting(RATING_FROM):
            return RatingSummary(row.reviews if row is not None else 0, None, None, None, None)
        return RatingSummary(row.reviews, row.average, row.realism, row.clarity, row.usefulness)

    async def recent(self, interviewer_id: UUID, limit: int = 5) -> list[PublicReview]:
        if (await self.summary(interviewer_id)).average is None:
            return []
        rows = await sql(
            "SELECT round((realism + clarity + usefulness) / 3.0, 2)::float8 AS rating, text, submitted_at"  # noqa: S608
            f" FROM feedback_review WHERE {_COUNTED} AND subject_id = $2 AND text <> ''"
            " ORDER BY submitted_at DESC LIMIT $3",
            current_tenant().id,
            interviewer_id,
            max(1, min(limit, 50)),
        )
        return [PublicReview(row.rating, row.text, row.submitted_at) for row in rows]
