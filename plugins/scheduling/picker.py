"""The month and the times of a day, ready to be drawn: free starts grouped by the reader's own dates."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from kernel import _, first_weekday, format_date, format_time, month_name, ngettext, now, weekday_names, zones

#: `link({"day": "2026-11-24"})` gives the address of the same page with these parameters.
Link = Callable[[Mapping[str, str]], str]

_YEARS: Final = range(1971, 9000)


@dataclass(frozen=True, slots=True)
class Picker:
    """What the templates need. `slots` have value, text and words; `days` counts free days of the shown month."""

    title: str
    year: str
    weekdays: list[tuple[str, str]]
    weeks: list[list[dict[str, Any] | None]]
    prev: str | None
    next: str | None
    later: str | None
    later_words: str
    day: date | None
    day_title: str
    slots: list[dict[str, Any]] = field(default_factory=list)
    any_free: bool = True


def build(
    starts: list[datetime],
    link: Link,
    *,
    zone: str,
    hour12: bool | None,
    day: str = "",
    month: str = "",
    selected: datetime | None = None,
) -> Picker:
    """The picker over all free `starts`: the asked day or month, else that of `selected`, else the first free day."""
    by_day = {d: list(group) for d, group in groupby(starts, key=lambda s: zones.wall(s, zone).date())}
    chosen = _parse_day(day) or (zones.wall(selected, zone).date() if selected is not None else None)
    asked = _parse_month(month)
    if chosen not in by_day:
        # A day without times keeps its month in sight; with nothing asked for, the first free day is chosen.
        asked = asked or (chosen.replace(day=1) if chosen is not None and by_day else None)
        chosen = None
    if chosen is None:
        inside = [d for d in by_day if asked is None or (d.year, d.month) == (asked.year, asked.month)]
        chosen = min(inside) if inside else None
    shown = asked or (chosen or zones.wall(now(), zone).date())
    if chosen is not None and (chosen.year, chosen.month) != (shown.year, shown.month):
        chosen = None
    shown = shown.replace(day=1)
    later = next((d for d in by_day if d >= _next_month(shown)), None)
    today = zones.wall(now(), zone).date()
    return Picker(
        title=month_name(shown.month),
        year=str(shown.year),
        weekdays=_weekdays(),
        weeks=_weeks(shown, by_day, chosen, today, link),
        prev=_month_link(link, _previous_month(shown)) if shown > today.replace(day=1) else None,
        next=_month_link(link, _next_month(shown)) if later else None,
        later=link({"day": later.isoformat(), "month": ""}) if later else None,
        later_words=format_date(later, "day") if later else "",
        day=chosen,
        day_title=format_date(chosen, "day") if chosen else "",
        slots=[_slot(s, zone, hour12) for s in by_day.get(chosen, ())] if chosen else [],
        any_free=bool(by_day),
    )


def value_of(start: datetime) -> str:
    """An instant as forms carry it."""
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def clock_text(start: datetime, zone: str, hour12: bool | None) -> str:
    """The time of day in 12 or 24 hours; None leaves it to the language."""
    if hour12 is False:
        return f"{zones.wall(start, zone):%H:%M}"
    return format_time(start, zone=zone, hour12=bool(hour12))


def uses_12_hours() -> bool:
    """Whether the reader's language writes times with a.m. and p.m."""
    afternoon = datetime(2000, 1, 1, 15, tzinfo=UTC)
    return format_time(afternoon, zone="UTC") == format_time(afternoon, zone="UTC", hour12=True)


def _slot(start: datetime, zone: str, hour12: bool | None) -> dict[str, Any]:
    text = clock_text(start, zone, hour12)
    return {
        "value": value_of(start),
        "text": text,
        "words": _("{time} on {date}").format(time=text, date=format_date(start, zone=zone)),
    }


def nearest_slots(starts: list[datetime], zone: str, hour12: bool | None) -> list[dict[str, Any]]:
    """Times to choose instead, with their days."""
    found = []
    for start in starts:
        slot = _slot(start, zone, hour12)
        slot["date"] = format_date(start, "day", zone=zone)
        found.append(slot)
    return found


def _weekdays() -> list[tuple[str, str]]:
    names = list(zip(weekday_names("abbreviated"), weekday_names("wide"), strict=True))
    first = first_weekday()
    return names[first:] + names[:first]


def _weeks(
    shown: date, by_day: Mapping[date, list[datetime]], chosen: date | None, today: date, link: Link
) -> list[list[dict[str, Any] | None]]:
    weeks = calendar.Calendar(first_weekday()).monthdatescalendar(shown.year, shown.month)
    return [[_cell(d, by_day, chosen, today, link) if d.month == shown.month else None for d in w] for w in weeks]


def _cell(
    d: date, by_day: Mapping[date, list[datetime]], chosen: date | None, today: date, link: Link
) -> dict[str, Any]:
    cell: dict[str, Any] = {"day": d.day, "date": d.isoformat(), "today": d == today}
    free = len(by_day.get(d, ()))
    if free:
        words = ngettext("%(date)s, %(n)s free time", "%(date)s, %(n)s free times", free)
        cell |= {
            "href": link({"day": d.isoformat(), "month": ""}),
            "words": words % {"date": format_date(d, "day"), "n": free},
            "selected": d == chosen,
        }
    return cell


def _month_link(link: Link, month: date) -> str:
    return link({"month": f"{month:%Y-%m}", "day": ""})


def _next_month(d: date) -> date:
    return (d.replace(day=28) + timedelta(days=4)).replace(day=1)


def _previous_month(d: date) -> date:
    return (d.replace(day=1) - timedelta(days=1)).replace(day=1)


def _parse_day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found is not None and found.year in _YEARS else None


def _parse_month(text: str) -> date | None:
    return _parse_day(f"{text}-01") if len(text) == 7 else None
