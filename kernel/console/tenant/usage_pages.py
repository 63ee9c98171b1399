"""What the tenant uses of what it may use."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from ...base.clock import now
from ...base.i18n import _, format_date, format_number
from ...tenancy import quotas
from ...tenancy.settings import setting
from ...tenancy.usage import by_day
from ...web import charts
from ...web.neighbours import API_CALLS, AT_ONCE, RATE
from ...web.views import page

_DAYS = 30


async def show_usage(request: web.Request) -> web.StreamResponse:
    context = {
        "title": _("Limits"),
        "uses": await quotas.uses(),
        "rate": setting(RATE),
        "at_once": setting(AT_ONCE),
        "chart": await _calls(),
    }
    return await page(request, "console/usage.html", context)


async def _calls() -> object:
    """API calls of the last weeks; None while one bar would be all there is to see."""
    found = dict(await by_day(API_CALLS, _DAYS))
    if len(found) < 2:
        return None
    today = now().date()
    days = [today - timedelta(days=n) for n in reversed(range(_DAYS))]
    values = [found.get(day, 0) for day in days]
    finding = _("{n} calls in the last {days} days").format(n=format_number(sum(values)), days=_DAYS)
    labels = [format_date(day, "short") for day in days]
    return charts.bars(
        "api-calls", _("API calls"), finding, labels, [charts.Series(_("Calls"), values)], fmt=format_number
    )
