"""What holds for the whole site: one page that leads to everything, and the public holidays that close calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from aiohttp import web

from kernel import (
    _,
    can,
    current_zone,
    errors,
    flash,
    month_name,
    ngettext,
    now,
    page,
    read_form,
    read_query,
    see_other,
    set_setting,
    setting,
    url,
    url_with,
    zones,
)

from ... import holidays, queries
from ...forms_admin import HolidaysForm, HolidaysQuery
from ...permissions import POLICIES, TYPES
from ...services import policy
from ...settings import reminder_offsets
from ..days import country_name

_SETTINGS = "kernel.settings.manage"


async def show_hub(request: web.Request) -> web.StreamResponse:
    """Everything that can be set about booking, with what is set."""
    types = await queries.every_type()
    closed = holidays.of_tenant()
    active = sum(row.active for row in types)
    anchor = url("kernel.settings") + "?plugin=scheduling"
    cards = [
        ("list", _("Interview types"), _("What candidates can book, with lengths, prices, notice and questions."),
         ngettext("%(n)s bookable type", "%(n)s bookable types", active) % {"n": active},
         url("scheduling.types") if can(TYPES) else ""),
        ("shield", _("Cancellation policies"), _("Refunds, moving, strikes, not coming: with a simulator."),
         ", ".join(v.title for v in (await policy.policies()).values()),
         url("scheduling.policies") if can(POLICIES) else ""),
        ("flag", _("Public holidays"), _("Days on which calendars are closed unless an interviewer says otherwise."),
         ", ".join(country_name(code) for code in closed) or _("No country chosen"), url("scheduling.holidays")),
        ("bell", _("Reminders"), _("When people are told before a session."),
         ", ".join(_offset(n) for n in reminder_offsets()) or _("None"), anchor if can(_SETTINGS) else ""),
        ("timer", _("Holds and limits"), _("How long times are held, how many sessions one person may have."),
         _("{n} minutes to fill in the form").format(n=setting("scheduling.hold_minutes")),
         anchor if can(_SETTINGS) else ""),
        ("alert", _("Strikes"), _("What late cancelling and not coming lead to."),
         _("{n} strikes within {days} days").format(
             n=setting("scheduling.strike_limit"), days=setting("scheduling.strike_days")), url("scheduling.strikes")),
    ]  # fmt: skip
    return await page(request, "scheduling/admin_rules.html", {"title": _("Booking rules"), "cards": cards})


def _offset(minutes: int) -> str:
    if minutes % 1440 == 0:
        return ngettext("%(n)s day before", "%(n)s days before", minutes // 1440) % {"n": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext("%(n)s hour before", "%(n)s hours before", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)s minute before", "%(n)s minutes before", minutes) % {"n": minutes}


# --- public holidays ----------------------------------------------------------------------------------------------


async def show_holidays(request: web.Request) -> web.StreamResponse:
    """Which countries' holidays close calendars, and which days those are. Countries in the address: tried out."""
    query = read_query(request, HolidaysQuery).value or HolidaysQuery()
    known = set(holidays.countries())
    tried = tuple(code for code in query.country if code in known)
    return await _draw(request, tried or holidays.of_tenant(), query.year, trying=bool(tried))


async def _draw(
    request: web.Request, chosen: Sequence[str], year: int = 0, *, trying: bool = False, problem: str = "",
    status: int = 200,
) -> web.StreamResponse:  # fmt: skip
    this_year = zones.wall(now(), current_zone()).year
    year = year or this_year
    tried = list(chosen) if trying else []
    days = holidays.named(chosen, date(year, 1, 1), date(year, 12, 31))
    months: dict[int, list[tuple[date, str, str]]] = {}
    for day, name, code in days:
        months.setdefault(day.month, []).append((day, name, country_name(code)))
    context = {
        "title": _("Public holidays"),
        "chosen": set(chosen),
        "saved": set(holidays.of_tenant()),
        "trying": trying,
        "problem": problem,
        "countries": sorted(((code, country_name(code)) for code in holidays.countries()), key=lambda pair: pair[1]),
        "year": year,
        "years_links": [
            (str(n), str(n), url_with("scheduling.holidays", {}, {"year": n, "country": tried}))
            for n in range(this_year, this_year + holidays.YEARS_AHEAD + 1)
        ],
        "months": [(month_name(n), found) for n, found in sorted(months.items())],
        "count": len({day for day, _name, _code in days}),
        "may_save": can(POLICIES),
    }
    return await page(request, "scheduling/admin_holidays.html", context, status=status)


async def save_holidays(request: web.Request) -> web.StreamResponse:
    """Close calendars on these countries' holidays from now on; booked sessions stay."""
    parsed = await read_form(request, HolidaysForm)
    codes = parsed.raw_lists.get("country", [])
    try:
        await set_countries(codes)
    except errors.Invalid as exc:
        return await _draw(request, holidays.of_tenant(), problem=" ".join(exc.errors.values()), status=422)
    flash(request, _("Holidays saved"))
    return see_other(url("scheduling.holidays"))


async def set_countries(codes: Sequence[str]) -> None:
    """Store them. Invalid for an unknown country."""
    wanted = sorted(dict.fromkeys(codes))
    unknown = [code for code in wanted if code not in holidays.countries()]
    if unknown:
        raise errors.Invalid({"country": _("Choose countries from the list.")})
    await set_setting("scheduling.holiday_countries", wanted)
