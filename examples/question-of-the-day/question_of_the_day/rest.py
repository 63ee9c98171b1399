"""The same actions as JSON, for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import SIGNED_IN, Route, current_actor, errors, get_or_404, json_answer, read_json

from . import queries, services
from .models import Question
from .permissions import MANAGE


class QuestionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, Field(min_length=5, max_length=300)]


class FollowRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    follow: bool


class FollowOut(BaseModel):
    follow: bool


class DayOut(BaseModel):
    """`day` is a date on the tenant's calendar."""

    day: date
    text: str


class QuestionOut(BaseModel):
    id: UUID
    text: str
    retired: bool
    created_at: datetime


async def show_today(request: web.Request) -> web.StreamResponse:
    """Today's question; 404 on a day without one."""
    found = await queries.question_of(services.today())
    if found is None:
        raise errors.NotFound()
    return json_answer(DayOut(day=found.day, text=found.text))


async def add_question(request: web.Request) -> web.StreamResponse:
    """A new question."""
    question = await services.add_question((await read_json(request, QuestionRequest)).text)
    return json_answer(_out(question), 201)


async def retire_question(request: web.Request) -> web.StreamResponse:
    """Never ask a question again."""
    question = await get_or_404(Question, request.match_info["id"])
    await services.retire(question)
    question.retired = True
    return json_answer(_out(question))


async def follow(request: web.Request) -> web.StreamResponse:
    """Be told every morning, or no longer."""
    wanted, actor = await read_json(request, FollowRequest), current_actor()
    if actor is None:
        raise errors.NotFound()
    await services.follow(actor.id, wanted.follow)
    return json_answer(FollowOut(follow=wanted.follow))


def _out(question: Question) -> QuestionOut:
    return QuestionOut(
        id=question.id, text=question.text, retired=question.retired, created_at=question.created_at
    )  # fmt: skip


_HOME = "/api/v1/question_of_the_day"

ROUTES = [
    Route(method="GET", path=_HOME + "/today", handler=show_today, name="question_of_the_day.api_today",
          permission=SIGNED_IN, response=DayOut),
    Route(method="POST", path=_HOME + "/questions", handler=add_question, name="question_of_the_day.api_add",
          permission=MANAGE, request=QuestionRequest, response=QuestionOut, status=201, idempotent=True),
    Route(method="DELETE", path=_HOME + "/questions/{id}", handler=retire_question,
          name="question_of_the_day.api_retire", permission=MANAGE, response=QuestionOut),
    Route(method="PUT", path=_HOME + "/follow", handler=follow, name="question_of_the_day.api_follow",
          permission=SIGNED_IN, request=FollowRequest, response=FollowOut),
]  # fmt: skip
