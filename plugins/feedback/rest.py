"""JSON twins of the pages, by the same services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kernel import (
    SIGNED_IN,
    Listing,
    Page,
    Route,
    current_actor,
    errors,
    get_or_404,
    json_answer,
    read_json,
    read_listing,
)
from kernel import gettext as _

from . import moderation_list, queries
from .access import seat_of
from .content import ASPECTS, CardContent, Mark, ReviewContent
from .forms import AdminFilter, MineFilter
from .models import Review, Scorecard
from .permissions import MODERATE
from .rubrics_rest import ROUTES as RUBRICS
from .services import moderation, practice, reviews, scorecards
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


class MineListing(Listing):
    q: Annotated[str, Field(max_length=80)] = ""
    show: Literal["due", "waiting", "released"] | None = None
    side: Literal["candidate", "interviewer"] | None = None


class ReviewsListing(Listing):
    q: Annotated[str, Field(max_length=80)] = ""
    state: Literal["shown", "waiting", "hidden", "reported", "note"] | None = None
    stars: Literal["low", "high"] | None = None
    sort: Literal["when", "rating"] = "when"
    desc: bool = True


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


class ReportBody(_Body):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class Reported(BaseModel):
    """A moderator looks at the review now."""

    booking_id: UUID
    reported: bool = True


class NotesBody(_Body):
    """Notes on a practice session; `version` is that of the notes as read, 0 for none."""

    version: _Version = 0
    again: Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=40)] = []
    note: _Short = ""


class NotesOut(BaseModel):
    booking_id: UUID
    again: list[str]
    note: str


async def mine(request: web.Request) -> web.StreamResponse:
    """One's own sessions and how their feedback stands, the latest first."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired
    asked = read_listing(request, MineListing)
    wanted = MineFilter(q=asked.q, show=asked.show or "", side=asked.side or "", page=asked.number)
    rows, total = await queries.mine(actor.id, wanted, asked.limit)
    items = [
        Summary(
            booking_id=r.booking_id, title=r.title, ended_at=r.ended_at, due_at=r.due_at, side=r.side,
            other=r.other.name, state=r.state, score=r.score,
        )
        for r in rows
    ]  # fmt: skip
    return json_answer(Page[Summary](items=items, next=asked.next(total)))


async def session(request: web.Request) -> web.StreamResponse:
    """A session's feedback, as far as one may see it."""
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
    """Save the scorecard of a session, or hand it in."""
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
    """Save the review of a session, or hand it in."""
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
    """Reviews that were handed in."""
    asked = read_listing(request, ReviewsListing)
    wanted = AdminFilter(
        q=asked.q, state=asked.state or "", stars=asked.stars or "", sort=asked.sort, desc="1" if asked.desc else "0",
        page=asked.number,
    )  # fmt: skip
    rows, total = await moderation_list.listed(wanted, asked.limit)
    items = [
        ReviewRow(
            id=r.id, title=r.title, author=r.author.name, interviewer=r.subject.name, rating=r.rating, text=r.text,
            submitted_at=r.submitted_at, state=r.state, reported=r.reported,
        )
        for r in rows
    ]  # fmt: skip
    return json_answer(Page[ReviewRow](items=items, next=asked.next(total)))


async def report(request: web.Request) -> web.StreamResponse:
    """Ask moderators to look at a review of oneself."""
    seat = await seat_of(request.match_info["booking_id"])
    await reviews.report(seat, (await read_json(request, ReportBody)).reason)
    return json_answer(Reported(booking_id=seat.exchange.booking_id))


async def put_notes(request: web.Request) -> web.StreamResponse:
    """Keep one's notes on a practice session."""
    seat = await seat_of(request.match_info["booking_id"])
    if not seat.practice:
        raise errors.NotFound
    sent = await read_json(request, NotesBody)
    kept = await practice.save(seat, sent.again, sent.note, sent.version)
    return json_answer(NotesOut(booking_id=seat.exchange.booking_id, again=kept.again, note=kept.note))


async def _review(request: web.Request) -> tuple[Review, Decision]:
    review = await get_or_404(Review, request.match_info["review_id"])
    if review.state != SUBMITTED:
        raise errors.NotFound
    return review, await read_json(request, Decision)


async def hide(request: web.Request) -> web.StreamResponse:
    """Hide a review."""
    review, decision = await _review(request)
    await moderation.hide(review, decision.reason, decision.version)
    return _moderated(review)


async def restore(request: web.Request) -> web.StreamResponse:
    """Show a hidden review again."""
    review, decision = await _review(request)
    await moderation.restore(review, decision.reason, decision.version)
    return _moderated(review)


async def keep(request: web.Request) -> web.StreamResponse:
    """Close a report: the review stays."""
    review, decision = await _review(request)
    await moderation.keep(review, decision.version)
    return _moderated(review)


def _moderated(review: Review) -> web.Response:
    return json_answer(Moderated(id=review.id, standing=moderation.standing(review), version=review.version))


_API = "/api/v1/feedback"
_REVIEWS = "/api/v1/feedback-reviews"


def _route(method: Any, path: str, handler: Any, name: str, permission: str, response: Any, **more: Any) -> Route:
    return Route(
        method=method, path=path, handler=handler, name=f"feedback.api_{name}", permission=permission,
        response=response, idempotent=method != "GET", **more,
    )  # fmt: skip


_ONE = _API + "/{booking_id}"
_REVIEW = _REVIEWS + "/{review_id}"
_DECIDED: dict[str, Any] = {"request": Decision}

ROUTES = [
    _route("GET", _API, mine, "mine", SIGNED_IN, Page[Summary], query=MineListing),
    _route("GET", _ONE, session, "session", SIGNED_IN, SessionOut),
    _route(
        "PUT", _ONE + "/scorecard", put_scorecard, "scorecard", SIGNED_IN, Saved, request=ScorecardBody,
        twin_of=("feedback.scorecard_submit", "feedback.scorecard_draft"),
    ),
    _route(
        "PUT", _ONE + "/review", put_review, "review", SIGNED_IN, Saved, request=ReviewBody,
        twin_of=("feedback.review_submit", "feedback.review_draft"),
    ),
    _route("PUT", _ONE + "/notes", put_notes, "practice_save", SIGNED_IN, NotesOut, request=NotesBody),
    _route("POST", _ONE + "/report", report, "report", SIGNED_IN, Reported, request=ReportBody, rate="10/3600"),
    _route("GET", _REVIEWS, listed, "reviews", MODERATE, Page[ReviewRow], query=ReviewsListing),
    _route("POST", _REVIEW + "/hide", hide, "hide", MODERATE, Moderated, twin_of=("feedback.admin_hide",), **_DECIDED),
    _route(
        "POST", _REVIEW + "/restore", restore, "restore", MODERATE, Moderated, twin_of=("feedback.admin_restore",),
        **_DECIDED,
    ),
    _route("POST", _REVIEW + "/keep", keep, "keep", MODERATE, Moderated, twin_of=("feedback.admin_keep",), **_DECIDED),
    *RUBRICS,
]  # fmt: skip
