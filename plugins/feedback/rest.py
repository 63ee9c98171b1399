"""JSON twins of the pages, by the same services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kernel import SIGNED_IN, Route, current_actor, errors, get_or_404, json_answer, read_json, read_query
from kernel import gettext as _

from . import moderation_list, queries
from .access import seat_of
from .content import ASPECTS, CardContent, Mark, ReviewContent
from .forms import AdminFilter, MineFilter
from .models import Review, Scorecard
from .permissions import MODERATE
from .services import moderation, reviews, scorecards
from .states import SUBMITTED
from .views import CardView

_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
_Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
_Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Stars = Annotated[int, Field(ge=1, le=5)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MarkBody(_Body):
    score: _Stars | None = None
    evidence: _Short = ""


class ScorecardBody(_Body):
    """A scorecard to save. `version` is that of the card as read, 0 for none; `submit` hands it in."""

    version: _Version = 0
    rubric: Annotated[str, StringConstraints(max_length=80)] = ""
    marks: dict[Annotated[str, StringConstraints(max_length=60)], MarkBody] = Field(default_factory=dict, max_length=20)
    strengths: _Text = ""
    improvements: _Text = ""
    next_step: _Text = ""
    signal: Literal["", "not_yet", "nearly", "ready", "strong"] = ""
    submit: bool = False


class ReviewBody(_Body):
    """A review to save; as for scorecards."""

    version: _Version = 0
    realism: _Stars | None = None
    clarity: _Stars | None = None
    usefulness: _Stars | None = None
    text: _Short = ""
    private_note: _Short = ""
    submit: bool = False


class Saved(BaseModel):
    state: str
    version: int
    edition: int
    released: bool


class Summary(BaseModel):
    booking_id: UUID
    title: str
    ended_at: datetime
    due_at: datetime
    side: str
    other: str
    state: str
    score: float | None


class Listing(BaseModel):
    items: list[Summary]
    total: int
    page: int


class MarkOut(BaseModel):
    criterion: str
    label: str
    score: int | None
    evidence: str


class ScorecardOut(BaseModel):
    rubric: str
    edition: int
    score: float | None
    marks: list[MarkOut]
    strengths: str
    improvements: str
    next_step: str
    signal: str


class ReviewOut(BaseModel):
    rating: float
    realism: int
    clarity: int
    usefulness: int
    text: str


class SessionOut(BaseModel):
    """A session's feedback as its reader may see it: null is not written, or not released yet."""

    booking_id: UUID
    title: str
    side: str
    released_at: datetime | None
    release_at: datetime
    scorecard_in: bool
    review_in: bool
    scorecard: ScorecardOut | None
    review: ReviewOut | None


class Decision(_Body):
    version: _Version
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class Moderated(BaseModel):
    id: UUID
    standing: str
    version: int


class ReviewRow(BaseModel):
    id: UUID
    title: str
    author: str
    interviewer: str
    rating: float
    text: str
    submitted_at: datetime
    state: str
    reported: bool


class ReviewRows(BaseModel):
    items: list[ReviewRow]
    total: int
    page: int


async def mine(request: web.Request) -> web.StreamResponse:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired
    parsed = read_query(request, MineFilter)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    rows, total = await queries.mine(actor.id, parsed.value)
    items = [
        Summary(
            booking_id=r.booking_id, title=r.title, ended_at=r.ended_at, due_at=r.due_at, side=r.side,
            other=r.other.name, state=r.state, score=r.score,
        )
        for r in rows
    ]  # fmt: skip
    return json_answer(Listing(items=items, total=total, page=parsed.value.page))


async def session(request: web.Request) -> web.StreamResponse:
    seat = await seat_of(request.match_info["booking_id"])
    found = await queries.session(seat)
    review = None
    if found.review is not None:
        stars = dict(zip(ASPECTS, (n for _label, n in found.review.aspects), strict=True))
        review = ReviewOut(rating=found.review.rating, text=found.review.text, **stars)
    answer = SessionOut(
        booking_id=seat.exchange.booking_id,
        title=seat.exchange.title,
        side=seat.side,
        released_at=seat.exchange.released_at,
        release_at=seat.exchange.release_at,
        scorecard_in=found.card_in,
        review_in=found.review_in,
        scorecard=_card(found.card) if found.card is not None else None,
        review=review,
    )
    return json_answer(answer)


def _card(card: CardView) -> ScorecardOut:
    return ScorecardOut(
        rubric=card.rubric.title,
        edition=card.edition,
        score=card.score,
        marks=[MarkOut(criterion=r.id, label=r.label, score=r.score, evidence=r.evidence) for r in card.rows],
        strengths=card.content.strengths,
        improvements=card.content.improvements,
        next_step=card.content.next_step,
        signal=card.content.signal,
    )


async def put_scorecard(request: web.Request) -> web.StreamResponse:
    seat = await seat_of(request.match_info["booking_id"])
    if seat.is_candidate or seat.practice:
        raise errors.NotFound
    body = await read_json(request, ScorecardBody)
    card = await Scorecard.filter(booking_id=seat.exchange.booking_id).first()
    rubric = await queries.rubric_for(seat.exchange, card, body.rubric)
    if unknown := set(body.marks) - {c.id for c in rubric.criteria}:
        raise errors.Invalid({f"marks.{id}": _("This is not a criterion of the rubric.") for id in unknown})
    marks: Mapping[str, Mark] = {id: Mark(m.score, m.evidence) for id, m in body.marks.items()}
    content = CardContent(marks, body.strengths, body.improvements, body.next_step, body.signal)
    save = scorecards.submit if body.submit else scorecards.save_draft
    return await _saved(await save(seat, rubric, content, body.version))


async def put_review(request: web.Request) -> web.StreamResponse:
    seat = await seat_of(request.match_info["booking_id"])
    if not seat.is_candidate or seat.practice:
        raise errors.NotFound
    body = await read_json(request, ReviewBody)
    content = ReviewContent({name: getattr(body, name) for name in ASPECTS}, body.text, body.private_note)
    save = reviews.submit if body.submit else reviews.save_draft
    return await _saved(await save(seat, content, body.version))


async def _saved(row: Scorecard | Review) -> web.Response:
    exchange = await row.exchange
    return json_answer(
        Saved(state=row.state, version=row.version, edition=row.edition, released=exchange.released_at is not None)
    )


async def listed(request: web.Request) -> web.StreamResponse:
    parsed = read_query(request, AdminFilter)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    rows, total = await moderation_list.listed(parsed.value)
    items = [
        ReviewRow(
            id=r.id, title=r.title, author=r.author.name, interviewer=r.subject.name, rating=r.rating, text=r.text,
            submitted_at=r.submitted_at, state=r.state, reported=r.reported,
        )
        for r in rows
    ]  # fmt: skip
    return json_answer(ReviewRows(items=items, total=total, page=parsed.value.page))


async def _review(request: web.Request) -> tuple[Review, Decision]:
    review = await get_or_404(Review, request.match_info["review_id"])
    if review.state != SUBMITTED:
        raise errors.NotFound
    return review, await read_json(request, Decision)


async def hide(request: web.Request) -> web.StreamResponse:
    review, decision = await _review(request)
    await moderation.hide(review, decision.reason, decision.version)
    return _moderated(review)


async def restore(request: web.Request) -> web.StreamResponse:
    review, decision = await _review(request)
    await moderation.restore(review, decision.reason, decision.version)
    return _moderated(review)


def _moderated(review: Review) -> web.Response:
    return json_answer(Moderated(id=review.id, standing=moderation.standing(review), version=review.version))


_API = "/api/v1/feedback"
_REVIEWS = "/api/v1/feedback-reviews"


def _route(method: Any, path: str, handler: Any, name: str, permission: str, *models: Any) -> Route:
    request, response = models if len(models) == 2 else (None, models[0])
    return Route(
        method=method, path=path, handler=handler, name=name, permission=permission, request=request,
        response=response, idempotent=method == "PUT",
    )  # fmt: skip


ROUTES = [
    _route("GET", _API, mine, "feedback.api_mine", SIGNED_IN, Listing),
    _route("GET", _API + "/{booking_id}", session, "feedback.api_session", SIGNED_IN, SessionOut),
    _route(
        "PUT",
        _API + "/{booking_id}/scorecard",
        put_scorecard,
        "feedback.api_scorecard",
        SIGNED_IN,
        ScorecardBody,
        Saved,
    ),
    _route("PUT", _API + "/{booking_id}/review", put_review, "feedback.api_review", SIGNED_IN, ReviewBody, Saved),
    _route("GET", _REVIEWS, listed, "feedback.api_reviews", MODERATE, ReviewRows),
    _route("POST", _REVIEWS + "/{review_id}/hide", hide, "feedback.api_hide", MODERATE, Decision, Moderated),
    _route("POST", _REVIEWS + "/{review_id}/restore", restore, "feedback.api_restore", MODERATE, Decision, Moderated),
]
