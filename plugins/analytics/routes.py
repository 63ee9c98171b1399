"""HTML handlers: the dashboard, its days, their CSV, and the recount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from kernel import (
    Route,
    bytes_answer,
    currency_digits,
    current_tenant,
    flash,
    format_number,
    page,
    see_other,
    url,
    url_with,
    zones,
)
from kernel import current_snapshot as snapshot
from kernel import gettext as _

from . import csvs, dashboard, figures, queries, services, words
from .catalogue import DEFINITIONS
from .dashboard import View
from .permissions import REBUILD, VIEW

_PAGE = 31


async def _view(request: web.Request) -> View:
    return await dashboard.view(dashboard.length(request.query.get("days")), request.query.get("currency", "")[:3])


def _link(name: str, seen: View, **more: object) -> str:
    """The same view on another page or with another choice; what is usual is left out of the address."""
    wanted: dict[str, object] = {
        "days": seen.span.days if seen.span.days != 30 else None,
        "currency": seen.currency if len(seen.currencies) > 1 else None,
    }
    wanted.update(more)
    return url_with(name, {}, {key: value for key, value in wanted.items() if value is not None})


def _frame(seen: View) -> dict[str, Any]:
    """What dashboard and daily table have in common."""
    span = seen.span
    lengths = [
        (n, _("{n} d").format(n=format_number(n)), _link("analytics.dashboard", seen, days=n if n != 30 else None))
        for n in queries.LENGTHS
    ]
    return {
        "span": span,
        "days": span.days,
        "lengths": lengths,
        "currency": seen.currency,
        "currencies": [(c, c, _link("analytics.dashboard", seen, currency=c)) for c in seen.currencies],
        "from_day": words.long_day(span.first),
        "to_day": words.long_day(span.last),
        "zone_city": zones.city(span.zone),
        "csv": _link("analytics.csv", seen),
        "days_url": _link("analytics.days", seen),
        "dashboard_url": _link("analytics.dashboard", seen),
    }


async def show_dashboard(request: web.Request) -> web.StreamResponse:
    """Is anything wrong, since when, and with whom."""
    seen = await _view(request)
    state = await queries.state()
    sort = request.query.get("sort", "")
    sort = sort if sort in queries.SORTS else "sessions"
    context: dict[str, Any] = {
        "title": _("Analytics"),
        **_frame(seen),
        "state": state,
        "empty": state.first_day is None,
        "moved_zone": snapshot().zone if snapshot().zone != seen.span.zone else None,
        "definitions": DEFINITIONS,
        "sort": sort,
        "sorts": {s: _link("analytics.dashboard", seen, sort=s if s != "sessions" else None) for s in queries.SORTS},
    }
    if state.first_day is not None:
        context |= {
            "tiles": dashboard.tiles(seen),
            "revenue": dashboard.revenue_chart(seen) if dashboard.is_there("revenue", seen.counts) else None,
            "sessions": dashboard.sessions_chart(seen),
            "leaders": await dashboard.leaders(seen, sort),
            "smallest": seen.smallest,
        }
    return await page(request, "analytics/dashboard.html", context)


async def show_days(request: web.Request) -> web.StreamResponse:
    """The figures day by day, newest first."""
    seen = await _view(request)
    rows = list(reversed(figures.by_day(seen.counts, seen.span, seen.currency, seen.smallest)))
    pages = max(1, -(-len(rows) // _PAGE))
    text = request.query.get("page", "1")
    number = min(int(text), pages) if text.isascii() and text.isdecimal() and 0 < len(text) < 5 and int(text) else 1
    part = rows[(number - 1) * _PAGE : number * _PAGE]

    def link(n: int) -> str:
        return _link("analytics.days", seen, page=n if n > 1 else None)

    context = {
        "title": _("Day by day"),
        **_frame(seen),
        "lengths": [
            (n, label, _link("analytics.days", seen, days=n if n != 30 else None))
            for n, label, _href in _frame(seen)["lengths"]
        ],
        "currencies": [(c, c, _link("analytics.days", seen, currency=c)) for c in seen.currencies],
        "rows": [
            {
                "d": row,
                "day": words.long_day(row.day),
                "revenue": words.money(seen.currency, row.revenue),
                "rating": words.stars(row.rating) if row.rating is not None else "",
            }
            for row in part
        ],
        "shown": _("{first}–{last} of {total}").format(
            first=(number - 1) * _PAGE + 1, last=min(number * _PAGE, len(rows)), total=len(rows)
        ),
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if number < pages else None,
    }
    return await page(request, "analytics/days.html", context)


#: Names of columns never change with the language: whoever reads the file with a program can rely on them.
HEAD = (
    "day", "zone", "bookings", "sessions_with_a_person", "sessions_with_ai", "session_minutes", "cancellations",
    "no_shows", "currency", "payments", "refunds", "revenue", "reviews", "average_rating", "sign_ups",
)  # fmt: skip


async def download(request: web.Request) -> web.StreamResponse:
    """The daily table as CSV."""
    seen = await _view(request)
    span, currency = seen.span, seen.currency

    def amount(minor: int) -> str:
        return str(Decimal(minor).scaleb(-currency_digits(currency)))

    rows = [
        (
            d.day.isoformat(), span.zone, d.bookings, d.sessions_human, d.sessions_ai, d.minutes, d.cancellations,
            d.no_shows, currency, amount(d.paid), amount(d.refunded), amount(d.revenue), d.reviews,
            None if d.rating is None else f"{d.rating:.2f}", d.sign_ups,
        )
        for d in figures.by_day(seen.counts, span, currency, seen.smallest)
    ]  # fmt: skip
    name = f"analytics-{current_tenant().slug}-{span.first.isoformat()}-{span.last.isoformat()}.csv"
    return bytes_answer(csvs.table(HEAD, rows), "text/csv; charset=utf-8", name)


async def rebuild(request: web.Request) -> web.StreamResponse:
    """Have everything counted anew."""
    await services.ask_rebuild()
    flash(request, _("Counting starts. The figures are replaced when it is done."))
    return see_other(url("analytics.dashboard"))


ROUTES = [
    Route(method="GET", path="/analytics", handler=show_dashboard, name="analytics.dashboard", permission=VIEW),
    Route(method="GET", path="/analytics/days", handler=show_days, name="analytics.days", permission=VIEW),
    Route(method="GET", path="/analytics/daily.csv", handler=download, name="analytics.csv", permission=VIEW,
          rate="60/60"),
    Route(method="POST", path="/analytics/rebuild", handler=rebuild, name="analytics.rebuild", permission=REBUILD,
          rate="10/60"),
]  # fmt: skip
