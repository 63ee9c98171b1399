"""What analytics hold about a person: counts per interviewer, under the id of the account, never a name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider

from .counting import BY_INTERVIEWER
from .models import DailyMetric


async def export(account_id: UUID) -> dict[str, Any]:
    """The daily counts of somebody who interviews."""
    rows = await DailyMetric.filter(dimension=str(account_id)).order_by("day", "metric")
    return {
        "daily_counts": [
            {
                "day": row.day.isoformat(),
                "metric": row.metric.removeprefix(BY_INTERVIEWER),
                "currency": row.currency,
                "value": row.value,
            }
            for row in rows
        ]
    }


async def erase(account_id: UUID) -> list[str]:
    """Counts stay under the id, which is nobody's name once the account is erased."""
    kept = await DailyMetric.filter(dimension=str(account_id)).exists()
    return [N_("Daily counts without name, so that totals stay true.")] if kept else []


PRIVACY = PrivacyProvider(
    title=N_("Analytics"), models=("DailyMetric", "Applied", "Rollup"), export=export, erase=erase
)
