"""JSON twins of the pages, over the same queries."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Form, Route, errors, json_answer, read_query

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
    days: list[DayOut]


class SpanQuery(Form):
    """Which days, and which currency the money is in; empty for the tenant's most used one."""

    days: Literal["7", "30", "90"] = "30"
    currency: Annotated[str, Field(max_length=3)] = ""


class Asked(BaseModel):
    asked: bool = True


async def _view(request: web.Request) -> dashboard.View:
    parsed = read_query(request, SpanQuery)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    return await dashboard.view(dashboard.length(parsed.value.days), parsed.value.currency)


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
    return json_answer(DaysOut(zone=seen.span.zone, currency=seen.currency, days=items))


async def rebuild(request: web.Request) -> web.StreamResponse:
    """Have everything counted anew, in the background."""
    await services.ask_rebuild()
    return json_answer(Asked(), 202)


ROUTES = [
    Route(method="GET", path="/api/v1/analytics/summary", handler=summary, name="analytics.api_summary",
          permission=VIEW, query=SpanQuery, response=SummaryOut),
    Route(method="GET", path="/api/v1/analytics/days", handler=days, name="analytics.api_days", permission=VIEW,
          query=SpanQuery, response=DaysOut),
    Route(method="POST", path="/api/v1/analytics/rebuild", handler=rebuild, name="analytics.api_rebuild",
          permission=REBUILD, response=Asked, rate="10/60", status=202),
]  # fmt: skip
