"""JSON twins of the pages, over the same queries."""

from __future__ import annotations

import datetime

from aiohttp import web
from pydantic import BaseModel

from kernel import Route, json_answer

from . import dashboard, figures, services
from .permissions import REBUILD, VIEW


class FigureOut(BaseModel):
    """`value` and `before` are None where there is nothing to say. Revenue is in minor units; `lost` is a share."""

    key: str
    value: float | None
    before: float | None


class SummaryOut(BaseModel):
    """`first` and `last` are days in `zone`, both included; `before` is as many days right before."""

    first: datetime.date
    last: datetime.date
    zone: str
    currency: str
    currencies: list[str]
    figures: list[FigureOut]


class DayOut(BaseModel):
    """Money in minor units of the summary's currency."""

    day: datetime.date
    bookings: int
    sessions_human: int
    sessions_ai: int
    cancellations: int
    no_shows: int
    paid: int
    refunded: int
    reviews: int
    rating: float | None
    sign_ups: int
    minutes: int


class DaysOut(BaseModel):
    zone: str
    currency: str
    items: list[DayOut]


class Asked(BaseModel):
    asked: bool = True


async def _view(request: web.Request) -> dashboard.View:
    return await dashboard.view(dashboard.length(request.query.get("days")), request.query.get("currency", "")[:3])


async def summary(request: web.Request) -> web.StreamResponse:
    """Figures of the last 7, 30 or 90 days (`days`) beside those of the days before."""
    seen = await _view(request)
    found = figures.all_figures(seen.counts, seen.span, seen.currency, seen.smallest)
    return json_answer(
        SummaryOut(
            first=seen.span.first,
            last=seen.span.last,
            zone=seen.span.zone,
            currency=seen.currency,
            currencies=seen.currencies,
            figures=[FigureOut(key=f.key, value=f.value, before=f.before) for f in found],
        )
    )


async def days(request: web.Request) -> web.StreamResponse:
    """The daily table."""
    seen = await _view(request)
    rows = figures.by_day(seen.counts, seen.span, seen.currency, seen.smallest)
    items = [DayOut(**{name: getattr(row, name) for name in DayOut.model_fields}) for row in rows]
    return json_answer(DaysOut(zone=seen.span.zone, currency=seen.currency, items=items))


async def rebuild(request: web.Request) -> web.StreamResponse:
    """Have everything counted anew, in the background."""
    await services.ask_rebuild()
    return json_answer(Asked(), 202)


ROUTES = [
    Route(method="GET", path="/api/v1/analytics/summary", handler=summary, name="analytics.api_summary",
          permission=VIEW, response=SummaryOut),
    Route(method="GET", path="/api/v1/analytics/days", handler=days, name="analytics.api_days", permission=VIEW,
          response=DaysOut),
    Route(method="POST", path="/api/v1/analytics/rebuild", handler=rebuild, name="analytics.api_rebuild",
          permission=REBUILD, response=Asked, rate="10/60"),
]  # fmt: skip
