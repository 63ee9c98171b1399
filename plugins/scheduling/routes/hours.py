"""An interviewer's hours: the weekly editor, special days, time off, and a look at the coming week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import (
    _,
    current_actor,
    current_locale,
    current_zone,
    errors,
    flash,
    now,
    page,
    read_form,
    see_other,
    speaking,
    url,
    weekday_names,
    zones,
)

from .. import preview, queries
from ..forms import DAYS, OverrideForm, TimeOffForm, WeekForm, override_ranges, weekly_of
from ..models import DateOverride, Offer, Schedule, TimeOff
from ..services import hours as hours_service
from ..viewing import zone_options

_USUAL = {str(day): [["09:00", "12:00"], ["13:00", "17:00"]] if day <= 5 else [] for day in DAYS}


def _me() -> UUID:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id


async def show_hours(request: web.Request) -> web.StreamResponse:
    """The editor as saved, or a usual week to begin with."""
    return await _draw(request)


async def _draw(
    request: web.Request,
    *,
    weekly: Mapping[str, list[list[str]]] | None = None,
    raw: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
    form: str = "week",
) -> web.StreamResponse:
    me = _me()
    schedule = await Schedule.filter(account_id=me, name="").first()
    raw = raw or {}
    zone = schedule.zone if schedule else current_zone()
    offered = set(await Offer.filter(account_id=me).values_list("type_id", flat=True))
    types = await queries.active_types("human")
    week = weekly if weekly is not None else schedule.weekly if schedule else _USUAL
    chosen = raw.get("types") if "types" in raw else [str(t) for t in (offered if schedule else {t.id for t in types})]
    context = {
        "title": _("Availability"),
        "schedule": schedule,
        "version": raw.get("version") or (schedule.version if schedule else 0),
        "zone_chosen": raw.get("zone") or zone,
        "zones": zone_options(str(raw.get("zone") or zone)),
        "days": [_day(day, week.get(str(day), []), problems or {}) for day in DAYS],
        "types": [(str(t.id), t.title, None) for t in types],
        "chosen": chosen,
        "per_day": raw.get("per_day", schedule.per_day if schedule else None),
        "per_week": raw.get("per_week", schedule.per_week if schedule else None),
        "errors": problems or {},
        "form": form,
        "raw": raw,
        "overrides": await _overrides(schedule),
        "away": await TimeOff.filter(account_id=me, ends_at__gt=now()).order_by("starts_at"),
        "preview": await preview.week(me, schedule, request.query.get("week", "")) if schedule else None,
        "conflicts": await preview.conflicts(me) if schedule else [],
        "one_minute": timedelta(minutes=1),
    }
    with speaking(current_locale(), zone):
        return await page(request, "scheduling/availability.html", context, status=status)


def _day(day: int, ranges: list[list[str]], problems: Mapping[str, str]) -> dict[str, Any]:
    rows = [[a, "00:00" if b == "24:00" else b] for a, b in ranges]
    return {
        "n": day,
        "name": weekday_names("wide")[day - 1],
        "ranges": rows,
        "error": problems.get(f"d{day}"),
        "night": any(b < a and b != "00:00" for a, b in rows),
    }


async def _overrides(schedule: Schedule | None) -> list[DateOverride]:
    if schedule is None:
        return []
    today = zones.wall(now(), schedule.zone).date()
    return await DateOverride.filter(schedule_id=schedule.id, date__gte=today).order_by("date")


async def save(request: web.Request) -> web.StreamResponse:
    """Save the week. The buttons beside a day (add, copy, clear) only redraw the form; nothing is saved by them."""
    parsed = await read_form(request, WeekForm)
    weekly, problems = weekly_of(parsed)
    raw = {**parsed.raw, "types": parsed.raw_lists.get("types", [])}
    if edited := _edited(parsed.raw, weekly):
        return await _draw(request, weekly=edited, raw=raw)
    form = parsed.value
    if form is None or problems:
        return await _draw(request, weekly=weekly, raw=raw, problems={**parsed.errors, **problems}, status=422)
    sent = hours_service.HoursInput(
        zone=form.zone, weekly=weekly, types=tuple(form.types), per_day=form.per_day, per_week=form.per_week,
        version=form.version,
    )  # fmt: skip
    try:
        await hours_service.save_hours(_me(), sent)
    except errors.Invalid as exc:
        return await _draw(request, weekly=weekly, raw=raw, problems=exc.errors, status=422)
    except errors.Conflict:
        problems = {"": _("Your hours were saved in another window meanwhile. Reload to see them, or save again.")}
        latest = await Schedule.filter(account_id=_me(), name="").first()
        raw["version"] = str(latest.version) if latest else "0"
        return await _draw(request, weekly=weekly, raw=raw, problems=problems, status=409)
    flash(request, _("Availability saved"))
    return see_other(url("scheduling.availability"))


def _edited(raw: Mapping[str, str], weekly: dict[str, list[list[str]]]) -> dict[str, list[list[str]]] | None:
    """The week after one of the small buttons; None when the whole form was sent."""
    if (day := raw.get("add", "")) in weekly:
        last = weekly[day][-1][1] if weekly[day] else "09:00"
        weekly[day] = [*weekly[day], _following(last)]
        return weekly
    if (day := raw.get("clear", "")) in weekly:
        weekly[day] = []
        return weekly
    day, _sep, target = raw.get("copy", "").partition(":")
    if day in weekly:
        for other in DAYS[:5] if target == "weekdays" else DAYS:
            weekly[str(other)] = [list(pair) for pair in weekly[day]]
        return weekly
    return None


def _following(end: str) -> list[str]:
    """A range to begin with, an hour after the last one."""
    try:
        hour = min(int(end.split(":")[0]) + 1, 22)
    except ValueError:
        hour = 9
    return [f"{hour:02}:00", f"{min(hour + 2, 23):02}:00"]


async def add_override(request: web.Request) -> web.StreamResponse:
    """Other hours for one date."""
    parsed = await read_form(request, OverrideForm)
    form = parsed.value
    raw: dict[str, Any] = {**parsed.raw, **{k: v for k, v in parsed.raw_lists.items() if k in ("r_from", "r_to")}}
    if form is None:
        return await _draw(request, raw=raw, problems=parsed.errors, status=422, form="override")
    ranges = [] if form.closed else override_ranges(parsed)
    problems: dict[str, str] = {}
    if not ranges and not form.closed:
        problems["ranges"] = _("Enter the hours of this date, or tick that you are closed.")
    schedule = await Schedule.filter(account_id=_me(), name="").first()
    today = zones.wall(now(), schedule.zone if schedule else current_zone()).date()
    if not today <= form.date <= today + timedelta(days=730):
        problems["date"] = _("Choose a date from today on, within two years.")
    try:
        if problems:
            raise errors.Invalid(problems)
        await hours_service.set_override(_me(), form.date, ranges)
    except errors.Invalid as exc:
        return await _draw(request, raw=raw, problems=exc.errors, status=422, form="override")
    flash(request, _("Special day saved"))
    return see_other(url("scheduling.availability") + "#special")


async def remove_override(request: web.Request) -> web.StreamResponse:
    await hours_service.remove_override(_me(), request.match_info["id"])
    flash(request, _("Special day removed"))
    return see_other(url("scheduling.availability") + "#special")


async def add_time_off(request: web.Request) -> web.StreamResponse:
    """Whole days away, read in the schedule's zone."""
    parsed = await read_form(request, TimeOffForm)
    form = parsed.value
    if form is None:
        return await _draw(request, raw=parsed.raw, problems=parsed.errors, status=422, form="away")
    schedule = await Schedule.filter(account_id=_me(), name="").first()
    zone = schedule.zone if schedule else current_zone()
    try:
        if form.last < form.first:
            raise errors.Invalid({"last": _("Let it end on the first day or later.")})
        if not _within_years(form.first) or not _within_years(form.last):
            raise errors.Invalid({"last": _("Choose days within the next two years.")})
        start = zones.instant(form.first, time(), zone)
        end = zones.instant(form.last + timedelta(days=1), time(), zone)
        await hours_service.add_time_off(_me(), start, end, form.note)
    except errors.Invalid as exc:
        return await _draw(request, raw=parsed.raw, problems=exc.errors, status=422, form="away")
    flash(request, _("Time off saved"))
    return see_other(url("scheduling.availability") + "#away")


def _within_years(day: date) -> bool:
    return abs((day - now().date()).days) <= 800


async def remove_time_off(request: web.Request) -> web.StreamResponse:
    await hours_service.remove_time_off(_me(), request.match_info["id"])
    flash(request, _("Time off removed"))
    return see_other(url("scheduling.availability") + "#away")
