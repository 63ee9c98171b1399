"""Reading the rollup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from kernel import current_tenant, now, parse_id, sql, sql_one, zones

from .counting import BY_INTERVIEWER, NO_SHOWS, PAID, RATING_SUM, RATINGS, REFUNDED, SESSIONS
from .services import IMPORTED, rollup_zone

#: Lengths that the dashboard offers, in days.
LENGTHS: Final = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Period:
    """`first` and `last` are both part of it, as days in `zone`."""

    first: date
    last: date
    zone: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, right before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.zone)

    def dates(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.days)]


async def period(days: int) -> Period:
    """The last `days` days with today as the last of them."""
    zone = await rollup_zone()
    today = zones.wall(now(), zone).date()
    return Period(today - timedelta(days=days - 1), today, zone)


class Counts:
    """Daily values of a stretch of time, by metric, dimension and currency."""

    def __init__(self, rows: Sequence[tuple[date, str, str, str, int]]) -> None:
        self._found: dict[str, dict[tuple[str, str], dict[date, int]]] = {}
        for day, metric, dimension, currency, value in rows:
            self._found.setdefault(metric, {}).setdefault((dimension, currency), {})[day] = value

    def currencies(self) -> list[str]:
        return sorted({currency for parts in self._found.values() for _d, currency in parts if currency})

    def has(self, metric: str) -> bool:
        return metric in self._found

    def on(self, day: date, metric: str, dimension: str | None = None, currency: str | None = None) -> int:
        """The value of one day; without a dimension or currency, of all of them together."""
        return sum(
            values.get(day, 0)
            for (d, c), values in self._found.get(metric, {}).items()
            if dimension in (None, d) and currency in (None, c)
        )

    def total(self, span: Period, metric: str, dimension: str | None = None, currency: str | None = None) -> int:
        if span.days <= 7:  # asked for each day of a rolling week
            return sum(self.on(day, metric, dimension, currency) for day in span.dates())
        return sum(
            value
            for (d, c), values in self._found.get(metric, {}).items()
            if dimension in (None, d) and currency in (None, c)
            for day, value in values.items()
            if span.first <= day <= span.last
        )


async def counts(first: date, last: date) -> Counts:
    """Everything but the counts per interviewer, in one query."""
    rows = await sql(
        "SELECT day, metric, dimension, currency, sum(value)::bigint AS value FROM analytics_daily_metric"
        " WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 AND NOT starts_with(metric, $4)"
        " GROUP BY day, metric, dimension, currency",
        current_tenant().id,
        first,
        last,
        BY_INTERVIEWER,
    )
    return Counts([(row.day, row.metric, row.dimension, row.currency, row.value) for row in rows])


@dataclass(frozen=True, slots=True)
class InterviewerRow:
    """What one interviewer did in a period. Money is in minor units of the currency that was asked for."""

    account_id: UUID
    sessions: int
    no_shows: int
    revenue: int
    ratings: int
    rating_sum: int


#: How the table of interviewers may be sorted.
SORTS: Final = {
    "sessions": "sessions DESC, revenue DESC",
    "revenue": "revenue DESC, sessions DESC",
    "rating": "rating_sum::float / (CASE WHEN ratings >= $6 AND ratings > 0 THEN ratings END) DESC NULLS LAST,"
    " sessions DESC",
}


async def interviewers(span: Period, currency: str, sort: str, smallest: int, limit: int) -> list[InterviewerRow]:
    """The leading interviewers of a period."""
    order = SORTS.get(sort, SORTS["sessions"])
    names = [BY_INTERVIEWER + m for m in (SESSIONS, NO_SHOWS, PAID, REFUNDED, RATINGS, RATING_SUM)]
    rows = await sql(
        "SELECT * FROM (SELECT dimension,"  # noqa: S608  constants
        " coalesce(sum(value) FILTER (WHERE metric = ($5::text[])[1]), 0)::bigint AS sessions,"
        " coalesce(sum(value) FILTER (WHERE metric = ($5::text[])[2]), 0)::bigint AS no_shows,"
        " (coalesce(sum(value) FILTER (WHERE metric = ($5::text[])[3] AND currency = $4), 0)"
        " - coalesce(sum(value) FILTER (WHERE metric = ($5::text[])[4] AND currency = $4), 0))::bigint AS revenue,"
        " coalesce(sum(value) FILTER (WHERE metric = ($5::text[])[5]), 0)::bigint AS ratings,"
        " coalesce(sum(value) FILTER (WHERE metric = ($5::text[])[6]), 0)::bigint AS rating_sum"
        " FROM analytics_daily_metric WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 AND metric = ANY($5::text[])"
        f" GROUP BY dimension) x WHERE $6::int >= 0 AND (sessions > 0 OR revenue <> 0 OR ratings > 0)"
        f" ORDER BY {order}, dimension LIMIT $7",
        current_tenant().id,
        span.first,
        span.last,
        currency,
        names,
        smallest,
        limit,
    )
    found = []
    for row in rows:
        account_id = parse_id(row.dimension)
        if account_id is not None:
            found.append(
                InterviewerRow(account_id, row.sessions, row.no_shows, row.revenue, row.ratings, row.rating_sum)
            )
    return found


@dataclass(frozen=True, slots=True)
class State:
    """Since when there are figures, until when they were brought in, and when all were counted anew."""

    first_day: date | None
    imported_until: date | None
    rebuilt_at: datetime | None
    events: int


async def state() -> State:
    tenant = current_tenant().id
    row = await sql_one(
        "SELECT min(day) AS first_day, max(day) FILTER (WHERE origin = $2) AS imported_until"
        " FROM analytics_daily_metric WHERE tenant_id = $1",
        tenant,
        IMPORTED,
    )
    rollup = await sql_one("SELECT rebuilt_at, events FROM analytics_rollup WHERE tenant_id = $1", tenant)
    return State(
        row.first_day if row else None,
        row.imported_until if row else None,
        rollup.rebuilt_at if rollup else None,
        rollup.events if rollup else 0,
    )
