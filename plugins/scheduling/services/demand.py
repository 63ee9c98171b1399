"""What people look for and do not find: searches by hour of the week, counted without anybody's name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kernel import current_tenant, execute, now, sql, zones

#: Hours with fewer searches say nothing, and might say who searched.
LEAST = 5
WEEKS = 4
HOURS = 168


@dataclass(frozen=True, slots=True)
class Hint:
    """One hour of the week in a zone: how often it was looked for, and how many free times there are in it."""

    weekday: int
    hour: int
    searches: int
    free: int

    @property
    def per_time(self) -> float:
        return self.searches / max(self.free, 1)


async def note(hours: Iterable[int]) -> None:
    """Somebody looked for these hours of the week (0: Monday 00:00 UTC). Only sums are kept."""
    wanted = sorted({hour % HOURS for hour in hours})
    today = now().date()
    if wanted:
        await execute(
            "INSERT INTO scheduling_demand AS d (id, tenant_id, week, hour, searches)"
            " SELECT gen_random_uuid(), $1, $2, h, 1 FROM unnest($3::int[]) AS h ORDER BY h"
            " ON CONFLICT (tenant_id, week, hour) DO UPDATE SET searches = d.searches + 1",
            current_tenant().id,
            today - timedelta(days=today.weekday()),
            wanted,
        )


def hour_of(instant: datetime) -> int:
    """The hour of the week of an instant."""
    utc = instant.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


async def hints(free: Iterable[datetime], zone: str) -> list[Hint]:
    """Every hour of the week that enough people looked for lately, on the clock of a zone, busiest first.

    `free` are the free times of the coming weeks. Hours with few searches are left out.
    """
    at = now()
    rows = await sql(
        "SELECT hour, sum(searches)::int AS searches FROM scheduling_demand WHERE tenant_id = $1 AND week > $2"
        " GROUP BY hour HAVING sum(searches) >= $3",
        current_tenant().id,
        at.date() - timedelta(weeks=WEEKS),
        LEAST,
    )
    offset = zones.wall(at, zone).utcoffset() or timedelta()
    shift = int(offset.total_seconds() // 3600)
    supply = [0] * HOURS
    for start in free:
        supply[hour_of(start)] += 1
    found = []
    for row in rows:
        local = (row.hour + shift) % HOURS
        found.append(Hint(local // 24 + 1, local % 24, row.searches, supply[row.hour]))
    return sorted(found, key=lambda hint: (-hint.per_time, hint.weekday, hint.hour))
