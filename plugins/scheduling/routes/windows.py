"""Candidates say when they could, and see the three best times at which an interviewer could as well."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from kernel import (
    Form,
    _,
    current_locale,
    current_zone,
    errors,
    flash,
    format_date,
    now,
    page,
    read_form,
    see_other,
    services,
    speaking,
    url_with,
    zones,
)
from plugins.users.api import Interviewers

from .. import picker, queries
from ..availability import wall_minutes
from ..forms import pairs_of
from ..models import InterviewType, Window
from ..pricing import price_of
from ..services import matching
from ..services.days import DayHours
from ..services.hours import joined
from ..services.parties import me
from ..viewing import View, view_of, zone_options

#: Days of the form, from today on.
_DAYS: Final = 14
#: What is chosen with one click, by the candidate's clock.
_PARTS: Final = {
    "morning": ["08:00", "12:00"],
    "afternoon": ["12:00", "17:00"],
    "evening": ["17:00", "22:00"],
}
_FIELD: Final = re.compile(r"(part|from|to)_(\d{4}-\d{2}-\d{2})")


class WindowsForm(Form):
    """The days come besides, as `part_`, `from_` and `to_` with their date."""

    tz: str = ""
    type: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """The form, and what suits both for the chosen type."""
    rows = await matching.windows_of(me())
    zone = view_of(request).zone if "tz" in request.query or not rows else rows[0].zone
    days = {row.date.isoformat(): row.ranges for row in rows}
    return await _draw(request, zone, request.query.get("type", ""), days, {}, rows)


async def save(request: web.Request) -> web.StreamResponse:
    """Keep what was said; days that the form did not show stay."""
    parsed = await read_form(request, WindowsForm)
    form = parsed.value or WindowsForm()
    zone = form.tz if zones.is_zone(form.tz) else current_zone()
    said = _said(parsed.raw_lists)
    problems = {} if len(said.whole) == len(said.days) else {"ranges": _("Enter both the start and the end.")}
    if not problems:
        shown = {day.isoformat() for day in _dates(zone)}
        kept = {row.date.isoformat(): row.ranges for row in await matching.windows_of(me())}
        days = {**{day: ranges for day, ranges in kept.items() if day not in shown}, **said.days}
        today = zones.wall(now(), zone).date().isoformat()
        try:
            await matching.set_windows(
                me(), zone, [DayHours(date.fromisoformat(day), r) for day, r in days.items() if day >= today]
            )
        except errors.Invalid as exc:
            problems = exc.errors
    if problems:
        return await _draw(request, zone, form.type, said.days, problems, [], 422)
    flash(request, _("Your times are saved"))
    return see_other(url_with("scheduling.windows", {}, {"type": form.type or None}))


class _Said:
    """Ranges by date as they were sent; `whole` are the dates without a half range."""

    def __init__(self) -> None:
        self.days: dict[str, list[list[str]]] = {}
        self.whole: set[str] = set()


def _said(sent: Mapping[str, list[str]]) -> _Said:
    found = _Said()
    dates = {match[2] for name in sent if (match := _FIELD.fullmatch(name)) and _is_date(match[2])}
    for day in sorted(dates):
        ranges = [_PARTS[part] for part in sent.get(f"part_{day}", []) if part in _PARTS]
        rows = pairs_of({"x_from": sent.get(f"from_{day}", []), "x_to": sent.get(f"to_{day}", [])}, "x")
        own = [[a.strip(), "24:00" if b.strip() == "00:00" else b.strip()] for a, b in rows if a.strip() or b.strip()]
        found.days[day] = [list(pair) for pair in ranges] + own
        if all(a and b for a, b in own):
            found.whole.add(day)
    return found


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _dates(zone: str) -> list[date]:
    """The days of the form: today only while a part of it is to come."""
    today, coming = _today(zone)
    return [today + timedelta(days=n if coming else n + 1) for n in range(_DAYS)]


def _today(zone: str) -> tuple[date, list[str]]:
    """Today where the zone is, and its parts that are not over."""
    clock = zones.wall(now(), zone)
    return clock.date(), [name for name, (_low, high) in _PARTS.items() if f"{clock:%H:%M}" < high]


async def _draw(
    request: web.Request,
    zone: str,
    slug: str,
    days: Mapping[str, Sequence[Sequence[str]]],
    problems: Mapping[str, str],
    rows: Sequence[Window],
    status: int = 200,
) -> web.StreamResponse:
    types = await queries.active_types("human")
    kind = next((t for t in types if t.slug == slug), types[0] if types else None)
    today, coming = _today(zone)
    parts = [("morning", _("Morning")), ("afternoon", _("Afternoon")), ("evening", _("Evening"))]
    with speaking(current_locale(), zone):
        context: dict[str, Any] = {
            "title": _("Find a time together"),
            "types": [(t.slug, t.title) for t in types],
            "kind": kind,
            "zone": zone,
            "zones": zone_options(zone),
            "days": [
                _day(day, days.get(day.isoformat(), ()))
                | {"offered": [part for part in parts if day > today or part[0] in coming]}
                for day in _dates(zone)
            ],
            "errors": problems,
            "said": bool(rows),
            "proposals": await _proposals(kind, zone, view_of(request)) if kind and rows else [],
        }
        return await page(request, "scheduling/windows.html", context, status=status)


def _day(day: date, ranges: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A day of the form: the parts that its ranges cover, and the hours that no part says."""
    try:
        spans = joined([list(pair) for pair in ranges])
    except ValueError:  # typed anyhow: shown as it came
        spans = [list(pair) for pair in ranges]
    parts, rest = set(), []
    for a, b in spans:
        inside = [name for name, (low, high) in _PARTS.items() if _covers(a, b, low, high)]
        edges = [_PARTS[name] for name in inside]
        if edges and (edges[0][0], edges[-1][1]) == (a, b):
            parts.update(inside)
        else:
            rest.append((a, "00:00" if b == "24:00" else b))
    return {
        "key": day.isoformat(), "name": format_date(day, "day"), "parts": parts, "own": rest or [("", "")],
        "more": bool(rest),
    }  # fmt: skip


def _covers(a: str, b: str, low: str, high: str) -> bool:
    try:
        start, end = wall_minutes(a), wall_minutes(b)
    except ValueError:
        return False
    return start <= wall_minutes(low) and wall_minutes(high) <= (end if end > start else end + 1440)


async def _proposals(kind: InterviewType, zone: str, view: View) -> list[dict[str, Any]]:
    found = await matching.propose(kind, me())
    cards = await services.need(Interviewers).cards({p.interviewer_id for p in found})
    return [
        {
            "start": p.start, "value": picker.value_of(p.start), "card": cards[p.interviewer_id],
            "day": format_date(p.start, "day", zone=zone), "time": picker.clock_text(p.start, zone, view.hour12),
            "price": price_of(kind, cards[p.interviewer_id]),
        }
        for p in found
        if p.interviewer_id in cards
    ]  # fmt: skip
