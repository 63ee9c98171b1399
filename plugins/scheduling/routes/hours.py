"""An interviewer's weekly hours: several schedules, the editor, and a look at the coming week."""

from __future__ import annotations

from collections.abc import Mapping
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
    get_or_404,
    ngettext,
    now,
    page,
    read_form,
    see_other,
    speaking,
    url,
    url_with,
    weekday_names,
    zones,
)

from .. import preview, queries
from ..forms import DAYS, WeekForm, weekly_of
from ..forms_days import ScheduleForm
from ..models import Offer, Schedule
from ..services import hours as hours_service
from ..viewing import zone_options

_USUAL = {str(day): [["09:00", "12:00"], ["13:00", "17:00"]] if day <= 5 else [] for day in DAYS}


def me() -> UUID:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id


def tabs() -> list[tuple[str, str, str]]:
    """The pages about an interviewer's availability."""
    return [
        ("week", _("Weekly hours"), url("scheduling.availability")),
        ("days", _("Days off and travel"), url("scheduling.availability_days")),
        ("demand", _("Demand"), url("scheduling.availability_demand")),
    ]


async def show_hours(request: web.Request) -> web.StreamResponse:
    """The editor as saved, or a usual week to begin with."""
    return await _draw(request, asked=request.query.get("schedule", ""))


async def _chosen(asked: str) -> Schedule | None:
    """The schedule that is looked at: the usual one, or another of one's own."""
    if asked:
        return await get_or_404(Schedule, asked, account_id=me())
    return await Schedule.filter(account_id=me(), name="").first()


async def _draw(
    request: web.Request,
    *,
    asked: str = "",
    weekly: Mapping[str, list[list[str]]] | None = None,
    raw: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    question: Mapping[str, Any] | None = None,
    status: int = 200,
    form: str = "week",
) -> web.StreamResponse:
    schedule = await _chosen(asked)
    raw = raw or {}
    zone = schedule.zone if schedule else current_zone()
    offers = await Offer.filter(account_id=me())
    types = await queries.active_types("human")
    week = weekly if weekly is not None else schedule.weekly if schedule else _USUAL
    others = await Schedule.filter(account_id=me()).order_by("name") if schedule else []
    conflicts = await preview.conflicts(me()) if schedule else []
    context = {
        "title": _("Availability"),
        "tabs": tabs(),
        "schedule": schedule,
        "schedules": [(str(s.id) if s.name else "", s.name or _("Usual hours"), _link(s)) for s in others],
        "asked": asked if schedule is not None and schedule.name else "",
        "version": raw.get("version") or (schedule.version if schedule else 0),
        "zone_chosen": raw.get("zone") or zone,
        "zones": zone_options(str(raw.get("zone") or zone)),
        "days": [_day(day, week.get(str(day), []), problems or {}) for day in DAYS],
        "types": [(str(t.id), t.title, None) for t in types],
        "chosen": raw["types"] if "types" in raw else _types_of(schedule, offers, [str(t.id) for t in types]),
        "caps": _caps(schedule, raw),
        "errors": problems or {},
        "form": form,
        "raw": raw,
        "question": question,
        "preview": await preview.week(me(), schedule, request.query.get("week", "")) if schedule else None,
        "changes": preview.clock_strip(schedule) if schedule else [],
        "conflicts": conflicts,
    }
    with speaking(current_locale(), zone):
        return await page(request, "scheduling/availability.html", context, status=status)


def _link(row: Schedule) -> str:
    return url_with("scheduling.availability", {}, {"schedule": str(row.id)} if row.name else {})


def _types_of(schedule: Schedule | None, offers: list[Offer], everything: list[str]) -> list[str]:
    """The types ticked: what is offered at all, or what is booked by another schedule."""
    if schedule is None:
        return everything
    mine = [o for o in offers if not schedule.name or o.schedule_id == schedule.id]
    return [str(offer.type_id) for offer in mine]


def _caps(schedule: Schedule | None, raw: Mapping[str, Any]) -> dict[str, Any]:
    names = ("per_day", "per_week", "per_month", "consecutive", "rest_minutes")
    stored: dict[str, Any] = {name: getattr(schedule, name, None) for name in names}
    for name, minutes in (("hours_per_day", "minutes_per_day"), ("hours_per_week", "minutes_per_week")):
        found = getattr(schedule, minutes, None)
        stored[name] = found // 60 if found else None
    stored["rest_minutes"] = stored["rest_minutes"] or 15
    return {name: raw.get(name, value) for name, value in stored.items()}


def _day(day: int, ranges: list[list[str]], problems: Mapping[str, str]) -> dict[str, Any]:
    rows = [[a, "00:00" if b == "24:00" else b] for a, b in ranges]
    return {
        "n": day,
        "name": weekday_names("wide")[day - 1],
        "short": weekday_names("abbreviated")[day - 1],
        "ranges": rows,
        "error": problems.get(f"d{day}"),
        "night": any(b < a and b != "00:00" for a, b in rows),
    }


async def save(request: web.Request) -> web.StreamResponse:
    """Save the week. The buttons beside a day (add, copy, clear) only redraw the form; nothing is saved by them.

    Another zone is saved only after the question what shall stay: the times on the clock, or the moments.
    """
    parsed = await read_form(request, WeekForm)
    weekly, problems = weekly_of(parsed)
    raw = {**parsed.raw, "types": parsed.raw_lists.get("types", [])}
    asked = parsed.raw.get("schedule", "")
    if edited := _edited(parsed.raw, weekly):
        return await _draw(request, asked=asked, weekly=edited, raw=raw)
    form = parsed.value
    if form is None or problems:
        problems = {**parsed.errors, **problems}
        return await _draw(request, asked=asked, weekly=weekly, raw=raw, problems=problems, status=422)
    before = await _chosen(asked)
    try:
        if before is not None and before.zone != form.zone and not form.moving and zones.is_zone(form.zone):
            question = await _question(before, form.zone, weekly)
            return await _draw(request, asked=asked, weekly=weekly, raw=raw, question=question)
        await hours_service.save_hours(me(), _input(form, weekly, before))
    except errors.Invalid as exc:
        return await _draw(request, asked=asked, weekly=weekly, raw=raw, problems=exc.errors, status=422)
    except errors.Conflict:
        problems = {"": _("Your hours were saved in another window meanwhile. Reload to see them, or save again.")}
        latest = await _chosen(asked)
        raw["version"] = str(latest.version) if latest else "0"
        return await _draw(request, asked=asked, weekly=weekly, raw=raw, problems=problems, status=409)
    flash(request, await saved_words(_("Availability saved")))
    return see_other(url_with("scheduling.availability", {}, {"schedule": asked} if asked else {}))


def _input(form: WeekForm, weekly: dict[str, list[list[str]]], row: Schedule | None) -> hours_service.HoursInput:
    caps = hours_service.Caps(
        form.per_day, form.per_week, form.per_month,
        form.hours_per_day * 60 if form.hours_per_day else None,
        form.hours_per_week * 60 if form.hours_per_week else None, form.consecutive, form.rest_minutes,
    )  # fmt: skip
    return hours_service.HoursInput(
        zone=form.zone, weekly=weekly, types=tuple(form.types), per_day=form.per_day, per_week=form.per_week,
        version=form.version, schedule=row.id if row is not None and row.name else None, caps=caps,
        moving=form.moving or "wall",
    )  # fmt: skip


async def _question(row: Schedule, zone: str, weekly: dict[str, list[list[str]]]) -> dict[str, Any]:
    """What another zone would mean, both ways, and which booked sessions would lie outside."""
    return {
        "before": zones.city(row.zone),
        "after": zones.city(zone),
        "options": [
            {"value": value, "sample": preview.sample(hours), "conflicts": await preview.conflicts(me(), zone, hours)}
            for value, hours in (
                ("wall", weekly), ("instant", hours_service.moved(weekly, row.zone, zone, now()))
            )
        ],
    }  # fmt: skip


async def saved_words(words: str) -> str:
    """What is said after saving: also how many booked sessions lie outside the hours now."""
    count = len(await preview.conflicts(me()))
    if not count:
        return words
    outside = ngettext(
        "%(num)s booked session lies outside your hours and stands.",
        "%(num)s booked sessions lie outside your hours and stand.",
        count,
    ) % {"num": count}
    return f"{words}. {outside}"


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


async def add_schedule(request: web.Request) -> web.StreamResponse:
    """Another set of hours for some of the interviews."""
    parsed = await read_form(request, ScheduleForm)
    try:
        if parsed.value is None:
            raise errors.Invalid(parsed.errors)
        row = await hours_service.add_schedule(me(), parsed.value.name)
    except errors.Invalid as exc:
        return await _draw(request, raw=parsed.raw, problems=exc.errors, status=422, form="schedule")
    flash(request, _("Hours added. Choose which interviews are booked by them."))
    return see_other(_link(row))


async def delete_schedule(request: web.Request) -> web.StreamResponse:
    await hours_service.delete_schedule(me(), request.match_info["id"])
    flash(request, _("Hours deleted. Your usual hours count for these interviews again."))
    return see_other(url("scheduling.availability"))
