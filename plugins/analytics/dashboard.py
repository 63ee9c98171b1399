"""Figures as pages show them: tiles, charts with their finding, the table of interviewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from kernel import (
    can,
    charts,
    current_snapshot,
    first_weekday,
    format_number,
    has_route,
    is_on,
    ngettext,
    services,
    setting,
    url,
)
from kernel import gettext as _

from . import counting as c
from . import figures, queries, words
from .catalogue import DEFINITIONS
from .figures import Figure, Week
from .queries import LENGTHS, Counts, Period
from .settings import SMALLEST

#: Which way a figure should go: up is good, down is good.
_GOOD: Final = {"revenue": 1, "sessions": 1, "bookings": 1, "lost": -1, "rating": 1, "sign_ups": 1}
_COLOURS: Final = {"revenue": 1, "sessions": 2, "bookings": 6, "lost": 3, "rating": 4, "sign_ups": 5}
#: Figures of a plugin that is off are left out, unless there are some from before.
_METRICS: Final = {
    "revenue": (c.PAID,),
    "rating": (c.RATINGS,),
    "sessions": (c.SESSIONS,),
    "bookings": (c.BOOKINGS,),
    "lost": (c.SESSIONS, c.CANCELLATIONS, c.NO_SHOWS),
    "sign_ups": (c.SIGN_UPS,),
}
_SOURCES: Final = {definition.key: definition.source for definition in DEFINITIONS}
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class View:
    """What a reader asked for. `currencies` holds more than one entry only where money came in several."""

    span: Period
    currency: str
    currencies: list[str]
    counts: Counts
    smallest: int


@dataclass(frozen=True, slots=True)
class Tile:
    key: str
    label: str
    value: str
    delta: str | None
    good: bool | None
    note: str
    spark: Markup


def length(text: str | None) -> int:
    """The asked number of days, or 30."""
    return int(text) if text in {str(n) for n in LENGTHS} else 30


async def view(days: int, currency: str = "") -> View:
    """Counts of the period and of what it is compared with, in one query."""
    span = await queries.period(days)
    first = min(span.before.first, figures.weeks_start(span, weeks_of(days)))
    counts = await queries.counts(first, span.last)
    own = current_snapshot().currency
    found = counts.currencies()
    known = list(dict.fromkeys([own, *found])) if own in found or not found else found
    return View(span, currency if currency in known else known[0], known, counts, int(setting(SMALLEST)))


def weeks_of(days: int) -> int:
    return 13 if days > 30 else 8


def tiles(seen: View, keys: Sequence[str] = ()) -> list[Tile]:
    """All tiles, or those that are asked for."""
    found = figures.all_figures(seen.counts, seen.span, seen.currency, seen.smallest)
    return [_tile(f, seen) for f in found if (not keys or f.key in keys) and is_there(f.key, seen.counts)]


def is_there(key: str, counts: Counts) -> bool:
    return is_on(_SOURCES[key]) or any(counts.has(metric) for metric in _METRICS[key])


def _tile(figure: Figure, seen: View) -> Tile:
    days = seen.span.days
    value, before = figure.value, figure.before
    delta: str | None = None
    step = 0.0
    if value is not None and before is not None:
        step = value - before
        if figure.key == "lost":
            delta = words.points(round(step, 3))
        elif figure.key == "rating":
            delta = words.signed(round(step, 2), words.stars(abs(step)))
        else:
            delta = words.change(value, before)
    note = ngettext("vs. previous %(n)s day", "vs. previous %(n)s days", days) % {"n": days}
    if delta is None:
        note = _("Nothing to compare with yet") if value is not None else _note_of_none(figure.key)
    good = None if not round(step, 3) else (step > 0) == (_GOOD[figure.key] > 0)
    spark = charts.spark(figure.daily, _COLOURS[figure.key]) if any(figure.daily) else Markup()
    return Tile(figure.key, label_of(figure.key), _value(figure, seen.currency), delta, good, note, spark)


def _note_of_none(key: str) -> str:
    return _("Too few reviews for an average") if key == "rating" else _("Nothing came to an end in this time")


def _value(figure: Figure, currency: str) -> str:
    if figure.value is None:
        return "–"
    if figure.key == "revenue":
        return words.money(currency, figure.value)
    if figure.key == "lost":
        return words.percent(figure.value)
    if figure.key == "rating":
        return words.stars(figure.value)
    return format_number(int(figure.value))


def label_of(key: str) -> str:
    return next(_(d.label) for d in DEFINITIONS if d.key == key)


# --- charts ----------------------------------------------------------------------------------------------------


def revenue_chart(seen: View) -> dict[str, Any]:
    """Revenue by day as an area, the period before as a dashed line."""
    span, currency = seen.span, seen.currency
    now, before = (
        [float(day.revenue) for day in figures.by_day(seen.counts, s, currency, seen.smallest)]
        for s in (span, span.before)
    )
    current, previous = _spans(span.days)

    def fmt(value: float) -> str:
        return words.money(currency, value)

    finding = _revenue_finding(fmt, sum(now), sum(before), now, span)
    labels = [words.short_day(day) for day in span.dates()]
    drawn = charts.area(
        "revenue", _("Revenue"), finding, labels, [charts.Series(current, now)], fmt=fmt,
        compare=charts.Series(previous, before) if any(before) else None,
    )  # fmt: skip
    return {
        "drawn": drawn,
        "finding": finding,
        "series": [current],
        "compare": previous if any(before) else None,
        "head": [_("Day"), current, previous],
        "rows": [(label, fmt(a), fmt(b)) for label, a, b in zip(labels, now, before, strict=True)],
    }


def _spans(days: int) -> tuple[str, str]:
    return (
        ngettext("Last %(n)s day", "Last %(n)s days", days) % {"n": days},
        ngettext("Previous %(n)s day", "Previous %(n)s days", days) % {"n": days},
    )


def _revenue_finding(fmt: Any, total: float, before: float, values: list[float], span: Period) -> str:
    if not any(values):
        return _("No money came in during this time.")
    best = max(range(len(values)), key=values.__getitem__)
    told = {"total": fmt(total), "day": words.long_day(span.dates()[best]), "most": fmt(values[best])}
    if before <= 0:
        return _("{total} in all; the strongest day was {day} with {most}.").format(**told)
    told["change"] = words.percent(abs(total - before) / before)
    if total >= before:
        return _("{total} in all, {change} more than before; the strongest day was {day} with {most}.").format(**told)
    return _("{total} in all, {change} less than before; the strongest day was {day} with {most}.").format(**told)


def sessions_chart(seen: View) -> dict[str, Any]:
    """Sessions a week, with a person and with AI."""
    weeks = figures.by_week(seen.counts, seen.span, weeks_of(seen.span.days), first_weekday())
    names = [_("With a person"), _("With AI")]
    labels = [words.short_day(week.first) for week in weeks]
    finding = _sessions_finding(weeks)
    series = [
        charts.Series(names[0], [float(w.human) for w in weeks]),
        charts.Series(names[1], [float(w.ai) for w in weeks]),
    ]

    def fmt(value: float) -> str:
        return format_number(int(value)) if value == int(value) else ""  # there are no half sessions on the axis

    return {
        "drawn": charts.bars("sessions", _("Sessions per week"), finding, labels, series, fmt=fmt),
        "finding": finding,
        "series": names,
        "head": [_("Week from"), *names, _("Together")],
        "rows": [
            (label, format_number(w.human), format_number(w.ai), format_number(w.human + w.ai))
            for label, w in zip(labels, weeks, strict=True)
        ],
    }


def _sessions_finding(weeks: list[Week]) -> str:
    whole = [week for week in weeks if week.whole]
    if not whole or not any(w.human + w.ai for w in weeks):
        return _("No sessions were held in these weeks.")
    last = whole[-1]
    share = last.ai / (last.human + last.ai) if last.human + last.ai else 0.0
    told = {
        "week": words.short_day(last.first),
        "sessions": ngettext("%(n)s session", "%(n)s sessions", last.human + last.ai)
        % {"n": format_number(last.human + last.ai)},
        "share": words.percent(share, 0),
    }
    return _("The last full week, from {week}, had {sessions}, {share} of them with AI.").format(**told)


# --- interviewers ----------------------------------------------------------------------------------------------


async def leaders(seen: View, sort: str) -> list[dict[str, Any]]:
    """The leading interviewers with their names, where somebody knows them."""
    rows = await queries.interviewers(seen.span, seen.currency, sort, seen.smallest, _SHOWN)
    people = services.get("users.People")
    ids = [row.account_id for row in rows]
    names = await people.names(ids) if people is not None and ids else {}
    pictures = await people.picture_urls(ids) if people is not None and ids else {}
    linked = has_route("users.admin_person") and can("users.people.view")
    return [
        {
            "id": row.account_id,
            "name": names.get(row.account_id) or _("Former interviewer"),
            "picture": pictures.get(row.account_id),
            "href": url("users.admin_person", id=row.account_id) if linked and row.account_id in names else None,
            "sessions": row.sessions,
            "no_shows": row.no_shows,
            "revenue": words.money(seen.currency, row.revenue),
            "rating": words.stars(row.rating_sum / c.RATING_SCALE / row.ratings)
            if row.ratings >= seen.smallest
            else None,
            "ratings": row.ratings,
        }
        for row in rows
    ]
