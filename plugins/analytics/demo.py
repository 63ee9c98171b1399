"""Plausible figures for a demo tenant: half a year of growth with quieter weekends.

Every booking is played through (paid, held, cancelled, missed, refunded, reviewed), so that the figures agree with
each other. They are brought in as imported: no events stand behind them, and a recount leaves them alone.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from kernel import current_snapshot, now, services, zones

from . import counting as c
from .counting import Increment
from .services import import_figures

_DAYS = 190
#: Monday to Sunday: how busy a day is.
_WEEK = (1.05, 1.15, 1.2, 1.1, 0.85, 0.5, 0.62)


@dataclass(frozen=True, slots=True)
class _Person:
    id: UUID
    price_minor: int
    weight: float
    rating: float


class _Tally:
    def __init__(self) -> None:
        self.sums: Counter[tuple[date, str, str, str]] = Counter()

    def add(self, day: date, metric: str, dimension: str = "", currency: str = "", value: int = 1) -> None:
        self.sums[day, metric, dimension, currency] += value

    def rows(self, until: date) -> list[Increment]:
        """What is known at the end of `until`."""
        return [Increment(*key, value) for key, value in self.sums.items() if key[0] <= until and value]


async def seed(slug: str) -> None:
    """Fill the tenant; done once."""
    chance = random.Random(f"analytics of {slug}")  # noqa: S311 - invented figures, the same each time
    today = zones.wall(now(), current_snapshot().zone).date()
    people = await _people(chance)
    tally = _Tally()
    for back in range(_DAYS, -1, -1):
        day = today - timedelta(days=back)
        growth = 7.0 + 11.0 * ((_DAYS - back) / _DAYS) ** 1.4
        busy = growth * _WEEK[day.weekday()] * chance.uniform(0.8, 1.2) * (0.45 if back == 0 else 1)
        for _n in range(round(busy)):
            _booking(tally, chance, day, people)
        for _n in range(round(busy * chance.uniform(0.3, 0.55))):
            tally.add(day, c.SIGN_UPS)
    await import_figures(tally.rows(today))


async def _people(chance: random.Random) -> list[_Person]:
    found = services.get("users.Interviewers")
    cards = sorted(await found.listed(), key=lambda card: card.name) if found is not None else []
    return [
        _Person(card.account_id, card.rate_minor or 8000, chance.uniform(0.4, 1.6), chance.uniform(4.35, 4.95))
        for card in cards
    ]


def _booking(tally: _Tally, chance: random.Random, day: date, people: list[_Person]) -> None:
    """One booking, from the day on which it was made to what became of it."""
    if not people or chance.random() < 0.36:
        tally.add(day, c.BOOKINGS, c.AI)
        tally.add(day, c.SESSIONS, c.AI)
        tally.add(day, c.SECONDS, c.AI, value=chance.randint(900, 2400))
        return
    who = chance.choices(people, [p.weight for p in people])[0]
    currency, price = current_snapshot().currency, who.price_minor
    held = day + timedelta(days=chance.choice((1, 2, 2, 3, 4, 6, 9)))
    tally.add(day, c.BOOKINGS, c.HUMAN)
    _money(tally, day, c.PAID, who, currency, price)
    fate = chance.random()
    if fate < 0.055:
        off = day + timedelta(days=chance.randint(0, (held - day).days))
        tally.add(off, c.CANCELLATIONS, chance.choice(("candidate", "candidate", "interviewer")))
        _money(tally, off, c.REFUNDED, who, currency, price if chance.random() < 0.8 else price // 2)
    elif fate < 0.085:
        by_interviewer = fate > 0.078
        tally.add(held, c.NO_SHOWS, "interviewer" if by_interviewer else "candidate")
        if by_interviewer:
            tally.add(held, c.BY_INTERVIEWER + c.NO_SHOWS, str(who.id))
            _money(tally, held, c.REFUNDED, who, currency, price)
    else:
        _session(tally, chance, held, who)


def _session(tally: _Tally, chance: random.Random, held: date, who: _Person) -> None:
    tally.add(held, c.SESSIONS, c.HUMAN)
    tally.add(held, c.SECONDS, c.HUMAN, value=chance.randint(2700, 3700))
    tally.add(held, c.BY_INTERVIEWER + c.SESSIONS, str(who.id))
    if chance.random() < 0.7:
        rating = min(500, max(200, round(chance.gauss(who.rating, 0.4) * 2) * 50))
        day = held + timedelta(days=chance.choice((0, 0, 1, 2)))
        for metric, value in ((c.RATINGS, 1), (c.RATING_SUM, rating)):
            tally.add(day, metric, value=value)
            tally.add(day, c.BY_INTERVIEWER + metric, str(who.id), value=value)


def _money(tally: _Tally, day: date, metric: str, who: _Person, currency: str, minor: int) -> None:
    tally.add(day, metric, "", currency, minor)
    tally.add(day, c.BY_INTERVIEWER + metric, str(who.id), currency, minor)
