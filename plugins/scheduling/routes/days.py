"""Single days, time off, travel, public holidays, and what people look for: the other pages of one's availability."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from aiohttp import web
from babel import Locale

from kernel import (
    _,
    bytes_answer,
    charts,
    current_locale,
    current_zone,
    errors,
    flash,
    format_number,
    get_or_404,
    ngettext,
    now,
    page,
    read_form,
    see_other,
    services,
    speaking,
    url,
    weekday_names,
    zones,
)
from plugins.users.api import Interviewers

from .. import free, holidays, queries
from ..forms_days import HolidaysForm, ImportForm, OverrideForm, TimeOffForm, TravelForm, override_ranges
from ..models import DateOverride, Offer, Schedule, TimeOff, Travel
from ..services import days as day_service
from ..services import demand
from ..services import hours as hours_service
from ..viewing import zone_options
from .hours import me, saved_words, tabs


async def show_days(request: web.Request) -> web.StreamResponse:
    """Everything that is not as every week."""
    return await _draw(request)


async def _draw(
    request: web.Request,
    *,
    raw: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
    form: str = "",
) -> web.StreamResponse:
    mine = await Schedule.filter(account_id=me()).order_by("name")
    schedule = next((row for row in mine if not row.name), None)
    zone = schedule.zone if schedule else current_zone()
    today = zones.wall(now(), zone).date()
    house = holidays.of_tenant()
    chosen = house if schedule is None or schedule.holidays is None else tuple(schedule.holidays)
    colleagues = await _colleagues()
    context = {
        "title": _("Availability"),
        "tabs": tabs(),
        "schedule": schedule,
        "schedules": [(str(row.id), row.name or _("Usual hours")) for row in mine],
        "names": {row.id: row.name for row in mine},
        "overrides": await DateOverride.filter(schedule_id__in=[r.id for r in mine], date__gte=today).order_by("date"),
        "away": await TimeOff.filter(account_id=me(), ends_at__gt=now()).order_by("starts_at"),
        "travel": await Travel.filter(account_id=me(), ends_on__gte=today).order_by("starts_on"),
        "city": zones.city,
        "colleagues": [("", _("Nobody")), *((slug, name) for slug, name in colleagues.values())],
        "colleague_names": {account_id: name for account_id, (_slug, name) in colleagues.items()},
        "weekdays": list(enumerate(weekday_names("wide"), 1)),
        "zones": zone_options(str((raw or {}).get("zone") or zone)),
        "zone": zone,
        "one_minute": timedelta(minutes=1),
        "holiday_mode": "tenant" if schedule is None or schedule.holidays is None else "own" if chosen else "none",
        "house": [country_name(code) for code in house],
        "countries": sorted(((code, country_name(code)) for code in holidays.countries()), key=lambda pair: pair[1]),
        "chosen_countries": list(chosen),
        "next_holidays": [
            (day, name, country_name(code))
            for day, name, code in holidays.named(chosen, today, today + timedelta(days=366))
        ][:8],
        "errors": problems or {},
        "form": form,
        "raw": raw or {},
    }
    with speaking(current_locale(), zone):
        return await page(request, "scheduling/availability_days.html", context, status=status)


def country_name(code: str) -> str:
    """`Germany` for `DE`, in the reader's language."""
    return str(Locale.parse(current_locale().replace("-", "_")).territories.get(code, code))


async def _colleagues() -> dict[Any, tuple[str, str]]:
    """Others who offer something of what I offer, by account: (address, name)."""
    types = await Offer.filter(account_id=me()).values_list("type_id", flat=True)
    ids = set(await Offer.filter(type_id__in=list(types)).values_list("account_id", flat=True)) - {me()}
    cards = await services.need(Interviewers).cards(ids)  # type: ignore[arg-type]
    found = sorted((card for card in cards.values() if card.published), key=lambda card: card.name)
    return {card.account_id: (card.slug, card.name) for card in found}


def _back(anchor: str) -> web.StreamResponse:
    return see_other(url("scheduling.availability_days") + anchor)


async def add_override(request: web.Request) -> web.StreamResponse:
    """Other hours for one date, or on some weekdays until another."""
    parsed = await read_form(request, OverrideForm)
    form = parsed.value
    lists = {name: parsed.raw_lists.get(name, []) for name in ("r_from", "r_to", "weekdays")}
    raw: dict[str, Any] = {**parsed.raw, **lists}
    if form is None:
        return await _draw(request, raw=raw, problems=parsed.errors, status=422, form="override")
    ranges = [] if form.closed else override_ranges(parsed)
    try:
        if not ranges and not form.closed:
            raise errors.Invalid({"ranges": _("Enter the hours of this date, or tick that you are closed.")})
        wanted = [day_service.DayHours(form.date, ranges)]
        if form.last is not None:
            wanted = day_service.repeated(form.date, form.last, form.weekdays or range(1, 8), ranges)
        count = await day_service.set_days(me(), wanted, form.schedule or None)
    except errors.Invalid as exc:
        return await _draw(request, raw=raw, problems=exc.errors, status=422, form="override")
    flash(request, await saved_words(_days_words(count)))
    return _back("#special")


def _days_words(count: int) -> str:
    return ngettext("%(num)s special day saved", "%(num)s special days saved", count) % {"num": count}


async def import_days(request: web.Request) -> web.StreamResponse:
    """Special days from lines of text, such as a spreadsheet gives."""
    parsed = await read_form(request, ImportForm)
    form = parsed.value
    if form is None:
        return await _draw(request, raw=parsed.raw, problems=parsed.errors, status=422, form="import")
    try:
        count = await day_service.set_days(me(), day_service.parse_days(form.days), form.schedule or None)
    except errors.Invalid as exc:
        problems = {"days": next(iter(exc.errors.values()))}
        return await _draw(request, raw=parsed.raw, problems=problems, status=422, form="import")
    flash(request, await saved_words(_days_words(count)))
    return _back("#special")


async def export_days(request: web.Request) -> web.StreamResponse:
    """The special days from today on, as the import reads them."""
    asked = request.query.get("schedule", "")
    row = await get_or_404(Schedule, asked, account_id=me()) if asked else await Schedule.filter(
        account_id=me(), name=""
    ).first()  # fmt: skip
    if row is None:
        raise errors.NotFound()
    rows = await DateOverride.filter(schedule_id=row.id, date__gte=now().date()).order_by("date")
    return bytes_answer(day_service.write_days(rows).encode(), "text/csv; charset=utf-8", "special-days.csv")


async def remove_override(request: web.Request) -> web.StreamResponse:
    await day_service.remove_override(me(), request.match_info["id"])
    flash(request, _("Special day removed"))
    return _back("#special")


async def add_time_off(request: web.Request) -> web.StreamResponse:
    """Whole days away, read in the usual schedule's zone; requests in them are declined."""
    parsed = await read_form(request, TimeOffForm)
    form = parsed.value
    if form is None:
        return await _draw(request, raw=parsed.raw, problems=parsed.errors, status=422, form="away")
    schedule = await Schedule.filter(account_id=me(), name="").first()
    zone = schedule.zone if schedule else current_zone()
    try:
        if form.last < form.first:
            raise errors.Invalid({"last": _("Let it end on the first day or later.")})
        if not _within_years(form.first) or not _within_years(form.last):
            raise errors.Invalid({"last": _("Choose days within the next two years.")})
        redirect = next((who for who, (slug, _n) in (await _colleagues()).items() if slug == form.redirect), None)
        if form.redirect and redirect is None:
            raise errors.Invalid({"redirect": _("Choose one of the options.")})
        start = zones.instant(form.first, time(), zone)
        end = zones.instant(form.last + timedelta(days=1), time(), zone)
        declined = await day_service.add_time_off(me(), start, end, form.note, redirect)
    except errors.Invalid as exc:
        return await _draw(request, raw=parsed.raw, problems=exc.errors, status=422, form="away")
    words = await saved_words(_("Time off saved"))
    if declined:
        told = ngettext("%(num)s request was declined.", "%(num)s requests were declined.", declined)
        words = f"{words} {told % {'num': declined}}"
    flash(request, words)
    return _back("#away")


def _within_years(day: date) -> bool:
    return abs((day - now().date()).days) <= 800


async def remove_time_off(request: web.Request) -> web.StreamResponse:
    await day_service.remove_time_off(me(), request.match_info["id"])
    flash(request, _("Time off removed"))
    return _back("#away")


async def add_travel(request: web.Request) -> web.StreamResponse:
    """Keep the hours on another place's clock for some days."""
    parsed = await read_form(request, TravelForm)
    form = parsed.value
    if form is None:
        return await _draw(request, raw=parsed.raw, problems=parsed.errors, status=422, form="travel")
    try:
        await day_service.add_travel(me(), form.first, form.last, form.zone, form.note)
    except errors.Invalid as exc:
        return await _draw(request, raw=parsed.raw, problems=exc.errors, status=422, form="travel")
    flash(request, await saved_words(_("Journey saved")))
    return _back("#travel")


async def remove_travel(request: web.Request) -> web.StreamResponse:
    await day_service.remove_travel(me(), request.match_info["id"])
    flash(request, _("Journey removed"))
    return _back("#travel")


async def save_holidays(request: web.Request) -> web.StreamResponse:
    """Which public holidays are days off."""
    parsed = await read_form(request, HolidaysForm)
    try:
        if parsed.value is None:
            raise errors.Invalid(parsed.errors)
        form = parsed.value
        chosen = {"tenant": None, "none": []}.get(form.mode, form.countries)
        if form.mode == "own" and not form.countries:
            raise errors.Invalid({"countries": _("Choose at least one country.")})
        await hours_service.set_holidays(me(), chosen)
    except errors.Invalid as exc:
        raw = {**parsed.raw, "countries": parsed.raw_lists.get("countries", [])}
        return await _draw(request, raw=raw, problems=exc.errors, status=422, form="holidays")
    flash(request, await saved_words(_("Public holidays saved")))
    return _back("#holidays")


async def show_demand(request: web.Request) -> web.StreamResponse:
    """When people look for times, against the times there are."""
    schedule = await Schedule.filter(account_id=me(), name="").first()
    zone = schedule.zone if schedule else current_zone()
    at = now()
    starts = []
    for kind in await queries.active_types("human"):
        table = await free.table(kind, None, at, at + timedelta(weeks=demand.WEEKS), at=at)
        for account_id in table.rows:
            starts += table.starts(account_id)
    hints = await demand.hints(starts, zone)
    cells = {(hint.weekday, hint.hour): hint for hint in hints}
    names = weekday_names("abbreviated")
    values = [[cells[d, h].searches if (d, h) in cells else 0 for h in range(24)] for d in range(1, 8)]
    best = hints[0] if hints else None
    context = {
        "title": _("Availability"),
        "tabs": tabs(),
        "zone": zones.city(zone),
        "hints": [(_hour_words(hint), hint) for hint in hints[:5]],
        "number": format_number,
        "least": demand.LEAST,
        "weeks": demand.WEEKS,
        "chart": charts.heat(
            "demand", _("Searches by weekday and hour"), _hint_words(best) if best else "", names,
            [f"{h:02}" for h in range(24)], values,
        ) if hints else None,
    }  # fmt: skip
    return await page(request, "scheduling/availability_demand.html", context)


def _hour_words(hint: demand.Hint) -> str:
    return _("{weekday}, {hour}:00").format(weekday=weekday_names("wide")[hint.weekday - 1], hour=f"{hint.hour:02}")


def _hint_words(hint: demand.Hint) -> str:
    return _("{when} is searched {n} times per free time.").format(when=_hour_words(hint), n=round(hint.per_time, 1))
