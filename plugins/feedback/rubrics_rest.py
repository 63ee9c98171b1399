"""JSON twins of the rubric pages."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kernel import Listing, Page, Route, errors, get_or_404, json_answer, read_json, read_listing
from kernel import gettext as _

from .models import Rubric
from .permissions import RUBRICS
from .rubrics import Criterion, said, unpack_criteria
from .services import rubrics

_Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Anchor = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class CriterionModel(_Body):
    """`id` is kept when a rubric changes, so that scores stay comparable. `anchors` say what 1 to 5 look like."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
    label: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    description: Annotated[str, StringConstraints(max_length=300)] = ""
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    anchors: Annotated[list[_Anchor], Field(min_length=5, max_length=5)]


class RubricBody(_Body):
    """`matches` are words in the title of a session for which the rubric is offered first."""

    title: Annotated[str, StringConstraints(min_length=3, max_length=120)]
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    matches: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=20)] = []
    criteria: Annotated[list[CriterionModel], Field(min_length=1, max_length=8)]


class RubricChange(RubricBody):
    version: _Version


class SwitchBody(_Body):
    version: _Version
    active: bool


class RubricOut(BaseModel):
    id: UUID
    title: str
    description: str
    matches: list[str]
    criteria: list[CriterionModel]
    active: bool
    version: int


def _out(row: Rubric) -> RubricOut:
    criteria = [
        CriterionModel.model_construct(
            id=c.id, label=c.label, description=c.description, weight=c.weight, anchors=list(c.anchors)
        )
        for c in (c.localized() for c in unpack_criteria(row.criteria))
    ]
    return RubricOut(
        id=row.id, title=said(row.title), description=said(row.description), matches=list(row.matches),
        criteria=criteria, active=row.active, version=row.version,
    )  # fmt: skip


def _criteria(sent: RubricBody) -> tuple[Criterion, ...]:
    if len({c.id for c in sent.criteria}) != len(sent.criteria):
        raise errors.Invalid({"criteria": _("Each criterion may be there once only")})
    return tuple(Criterion(c.id, c.label, c.description, c.weight, tuple(c.anchors)) for c in sent.criteria)


async def listed(request: web.Request) -> web.StreamResponse:
    """Rubrics, those that are offered and those that were withdrawn."""
    asked = read_listing(request, Listing)
    rows = Rubric.all().order_by("title", "id").offset((asked.number - 1) * asked.limit).limit(asked.limit)
    total = await Rubric.all().count()
    return json_answer(Page[RubricOut](items=[_out(row) for row in await rows], next=asked.next(total)))


async def create(request: web.Request) -> web.StreamResponse:
    """Add a rubric."""
    sent = await read_json(request, RubricBody)
    row = await rubrics.create(sent.title, sent.description, sent.matches, _criteria(sent))
    return json_answer(_out(row), 201)


async def change(request: web.Request) -> web.StreamResponse:
    """Change a rubric; scorecards that exist stay as they are."""
    row = await get_or_404(Rubric, request.match_info["rubric_id"])
    sent = await read_json(request, RubricChange)
    await rubrics.revise(
        row, sent.version, title=sent.title, description=sent.description, matches=sent.matches,
        criteria=_criteria(sent),
    )  # fmt: skip
    return json_answer(_out(await get_or_404(Rubric, row.id)))


async def switch(request: web.Request) -> web.StreamResponse:
    """Offer a rubric to interviewers, or withdraw it."""
    row = await get_or_404(Rubric, request.match_info["rubric_id"])
    sent = await read_json(request, SwitchBody)
    await rubrics.switch(row, sent.version, active=sent.active)
    return json_answer(_out(await get_or_404(Rubric, row.id)))


def _route(method: Any, path: str, handler: Any, name: str, response: Any, **more: Any) -> Route:
    return Route(
        method=method, path=f"/api/v1/rubrics{path}", handler=handler, name=f"feedback.api_{name}",
        permission=RUBRICS, response=response, **more,
    )  # fmt: skip


ROUTES = [
    _route("GET", "", listed, "rubrics", Page[RubricOut], query=Listing),
    _route("POST", "", create, "rubric_create", RubricOut, request=RubricBody, status=201, idempotent=True),
    _route("PUT", "/{rubric_id}", change, "rubric_change", RubricOut, request=RubricChange),
    _route("PUT", "/{rubric_id}/active", switch, "rubric_switch", RubricOut, request=SwitchBody),
]
