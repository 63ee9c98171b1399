"""Pages: parse, call a service, draw."""

from __future__ import annotations

from aiohttp import web

from kernel import (
    SIGNED_IN,
    Parsed,
    Route,
    _,
    can,
    current_actor,
    errors,
    flash,
    get_or_404,
    page,
    read_form,
    see_other,
    url,
)

from . import queries, services
from .forms import FollowForm, QuestionForm
from .models import Question
from .permissions import MANAGE


async def show_today(request: web.Request) -> web.StreamResponse:
    """Today's question and the earlier ones."""
    actor, today = current_actor(), services.today()
    context = {
        "title": _("Question of the day"),
        "today": await queries.question_of(today),
        "earlier": await queries.earlier(today),
        "following": actor is not None and await queries.is_following(actor.id),
        "may_manage": can(MANAGE),
    }
    return await page(request, "question_of_the_day/today.html", context)


async def follow(request: web.Request) -> web.StreamResponse:
    """Be told every morning, or no longer."""
    form = (await read_form(request, FollowForm)).value
    actor = current_actor()
    if form is None or actor is None:
        raise errors.NotFound()
    await services.follow(actor.id, form.follow)
    flash(request, _("You will be told every morning") if form.follow else _("You will not be told any more"))
    return see_other(url("question_of_the_day.today"))


async def show_questions(request: web.Request) -> web.StreamResponse:
    """All questions that may be asked."""
    return await _draw(request)


async def _draw(request: web.Request, form: Parsed[QuestionForm] | None = None) -> web.StreamResponse:
    context = {
        "title": _("Questions"),
        "questions": await Question.filter(retired=False).order_by("-created_at", "-id").limit(500),
        "form": form,
    }
    return await page(request, "question_of_the_day/questions.html", context, status=422 if form else 200)


async def add(request: web.Request) -> web.StreamResponse:
    """A new question."""
    form = await read_form(request, QuestionForm)
    if form.value is None:
        return await _draw(request, form)
    try:
        await services.add_question(form.value.text)
    except errors.Invalid as exc:
        form.refuse(exc.errors)
        return await _draw(request, form)
    flash(request, _("Question added"))
    return see_other(url("question_of_the_day.questions"))


async def retire(request: web.Request) -> web.StreamResponse:
    """Never ask a question again."""
    await services.retire(await get_or_404(Question, request.match_info["id"]))
    flash(request, _("Question retired"))
    return see_other(url("question_of_the_day.questions"))


_HOME = "/question-of-the-day"

ROUTES = [
    Route(method="GET", path=_HOME, handler=show_today, name="question_of_the_day.today", permission=SIGNED_IN),
    Route(method="POST", path=_HOME + "/follow", handler=follow, name="question_of_the_day.follow",
          permission=SIGNED_IN),
    Route(method="GET", path=_HOME + "/questions", handler=show_questions, name="question_of_the_day.questions",
          permission=MANAGE),
    Route(method="POST", path=_HOME + "/questions", handler=add, name="question_of_the_day.add", permission=MANAGE,
          idempotent=True),
    Route(method="POST", path=_HOME + "/questions/{id}/retire", handler=retire, name="question_of_the_day.retire",
          permission=MANAGE),
]  # fmt: skip
