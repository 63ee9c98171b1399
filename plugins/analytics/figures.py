"""From counts to figures: totals of a period beside those of the period before, and rows by day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from . import counting as c
from .queries import Counts, Period


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a period. `value` and `before` are None where there is nothing to say (no or too few cases)."""

    key: str
    value: float | None
    before: float | None
    daily: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """One line of the daily table. Money in minor units of the chosen currency; `rating` None with too few reviews."""

    day: date
    bookings: int
    sessions_human: int
    sessions_ai: int
    cancellations: int
    no_shows: int
    paid: int
    refunded: int
    reviews: int
    rating: float | None
    sign_ups: int
    minutes: int

    @property
    def revenue(self) -> int:
        return self.paid - self.refunded


def revenue(counts: Counts, span: Period, currency: str) -> int:
    return counts.total(span, c.PAID, currency=currency) - counts.total(span, c.REFUNDED, currency=currency)


def lost_share(counts: Counts, span: Period) -> float | None:
    """Of the bookings that came to an end: how many without a session."""
    lost = counts.total(span, c.CANCELLATIONS) + counts.total(span, c.NO_SHOWS)
    ended = lost + counts.total(span, c.SESSIONS)
    return lost / ended if ended else None


def rating(counts: Counts, span: Period, smallest: int) -> float | None:
    """None below `smallest` reviews: an average of few would tell what one person wrote."""
    number = counts.total(span, c.RATINGS)
    return counts.total(span, c.RATING_SUM) / c.RATING_SCALE / number if number >= max(1, smallest) else None


def all_figures(counts: Counts, span: Period, currency: str, smallest: int) -> list[Figure]:
    """The figures of the tiles, in their order. `counts` must reach back over the period before."""
    before = span.before
    dates = span.dates()

    def rate(found: Counts, stretch: Period) -> float | None:
        return rating(found, stretch, smallest)

    def simple(key: str, metric: str) -> Figure:
        daily = tuple(float(counts.on(day, metric)) for day in dates)
        return Figure(key, counts.total(span, metric), counts.total(before, metric), daily)

    earned = tuple(
        float(counts.on(d, c.PAID, currency=currency) - counts.on(d, c.REFUNDED, currency=currency)) for d in dates
    )
    return [
        Figure("revenue", revenue(counts, span, currency), revenue(counts, before, currency), earned),
        simple("sessions", c.SESSIONS),
        simple("bookings", c.BOOKINGS),
        Figure("lost", lost_share(counts, span), lost_share(counts, before), _rolling(counts, span, lost_share)),
        Figure("rating", rate(counts, span), rate(counts, before), _rolling(counts, span, rate)),
        simple("sign_ups", c.SIGN_UPS),
    ]


def _rolling(counts: Counts, span: Period, share: Callable[[Counts, Period], float | None]) -> tuple[float, ...]:
    """A share day by day, each over the seven days that end there: single days jump too much to see anything."""
    found: list[float] = []
    for day in span.dates():
        value = share(counts, Period(day - timedelta(days=6), day, span.zone))
        if value is not None:
            found.append(value)
        elif found:
            found.append(found[-1])
    return tuple(found)


def by_day(counts: Counts, span: Period, currency: str, smallest: int) -> list[Day]:
    """One line a day, oldest first, days without anything included."""
    found = []
    for day in span.dates():
        reviews = counts.on(day, c.RATINGS)
        found.append(
            Day(
                day=day,
                bookings=counts.on(day, c.BOOKINGS),
                sessions_human=counts.on(day, c.SESSIONS, c.HUMAN),
                sessions_ai=counts.on(day, c.SESSIONS, c.AI),
                cancellations=counts.on(day, c.CANCELLATIONS),
                no_shows=counts.on(day, c.NO_SHOWS),
                paid=counts.on(day, c.PAID, currency=currency),
                refunded=counts.on(day, c.REFUNDED, currency=currency),
                reviews=reviews,
                rating=counts.on(day, c.RATING_SUM) / c.RATING_SCALE / reviews if reviews >= max(1, smallest) else None,
                sign_ups=counts.on(day, c.SIGN_UPS),
                minutes=round(counts.on(day, c.SECONDS) / 60),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Week:
    """`whole` is False for the running week."""

    first: date
    human: int
    ai: int
    whole: bool


def by_week(counts: Counts, span: Period, number: int, first_weekday: int) -> list[Week]:
    """The last `number` weeks, the running one included; `first_weekday` 0 for Monday."""
    start = span.last - timedelta(days=(span.last.weekday() - first_weekday) % 7)
    found = []
    for back in range(number - 1, -1, -1):
        first = start - timedelta(weeks=back)
        week = Period(first, first + timedelta(days=6), span.zone)
        human = counts.total(week, c.SESSIONS, c.HUMAN)
        found.append(Week(first, human, counts.total(week, c.SESSIONS, c.AI), week.last < span.last))
    return found


def weeks_start(span: Period, number: int) -> date:
    """A day early enough for `by_week`."""
    return span.last - timedelta(weeks=number)
