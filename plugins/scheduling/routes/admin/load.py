"""The week of all interviewers: who has how much to do, who is booked beyond their hours, what is asked for in vain."""

from __future__ import annotations

from datetime import date, timedelta

from aiohttp import web

from kernel import _, current_zone, format_date, now, page, read_query, url_with, weekday_names, zones

from ... import load
from ...forms_admin import LoadQuery
from ...viewing import zone_label


def monday_of(asked: date | None, zone: str) -> date:
    """The Monday of the week that is asked for, else of this one."""
    day = asked or zones.wall(now(), zone).date()
    return day - timedelta(days=day.weekday())


async def show_load(request: web.Request) -> web.StreamResponse:
    """The overview of one week."""
    query = read_query(request, LoadQuery).value or LoadQuery()
    zone = current_zone()
    first = monday_of(query.week, zone)
    found = await load.week(first, zone)
    names = weekday_names("abbreviated")
    context = {
        "title": _("Interviewer load"),
        "found": found,
        "total": found.total,
        "over": sum(one.over for one in found.loads),
        "days": [(first + timedelta(days=n), names[n]) for n in range(7)],
        "weekdays": weekday_names("wide"),
        "span": f"{format_date(first)} – {format_date(first + timedelta(days=6))}",
        "zone": zone_label(zone, now()),
        "prev": url_with("scheduling.load", {}, {"week": first - timedelta(days=7)}),
        "next": url_with("scheduling.load", {}, {"week": first + timedelta(days=7)}),
    }
    return await page(request, "scheduling/admin_load.html", context)
