"""Public holidays as days off: which countries' days close whose calendar.

The tenant says which countries close everybody's calendar (a setting); an interviewer may choose others, or none, in
their usual schedule; a special day of their own on that date wins over the holiday. Dates come from the `holidays`
package, which knows religious calendars and days that are moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from kernel import current_locale, setting

#: As far as the editor looks ahead and special days reach.
YEARS_AHEAD = 2


@lru_cache(maxsize=1)
def countries() -> tuple[str, ...]:
    """ISO 3166 codes of the countries that are known."""
    import holidays

    return tuple(sorted(code for code in holidays.list_supported_countries(include_aliases=False) if len(code) == 2))


@lru_cache(maxsize=512)
def _of_year(country: str, year: int, language: str) -> tuple[tuple[date, str], ...]:
    import holidays

    if country not in countries():
        return ()
    found = holidays.country_holidays(country, years=year, language=language or None)
    return tuple(sorted(found.items()))


def days_off(chosen: Iterable[str], first: date, last: date) -> frozenset[date]:
    """Dates from `first` to `last`, both included, on which any of these countries has a public holiday."""
    return frozenset(
        day
        for country in chosen
        for year in range(first.year, last.year + 1)
        for day, _name in _of_year(country, year, "")
        if first <= day <= last
    )


def named(chosen: Iterable[str], first: date, last: date) -> list[tuple[date, str, str]]:
    """(date, name in the reader's language where known, country), by date."""
    language = current_locale().split("-")[0]
    found = []
    for country in chosen:
        for year in range(first.year, last.year + 1):
            found += [(day, name, country) for day, name in _of_year(country, year, language) if first <= day <= last]
    return sorted(found)


def of_tenant() -> tuple[str, ...]:
    """The countries whose days close the calendar of whoever chose nothing else."""
    return tuple(sorted(code for code in setting("scheduling.holiday_countries") if code in countries()))
