"""The read side: one's own list and to-do, a session's page, what a form starts with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import accounts, current_tenant, now, services, sql
from kernel import gettext as _
from plugins.users.api import People

from .access import Seat, may_read_review, may_read_scorecard
from .bundled import GENERAL
from .content import CardContent, unpack_card
from .forms import MineFilter
from .models import Edition, Exchange, Review, RubricRevision, Scorecard
from .rubrics import RubricCopy, unpack, unpack_criteria
from .services import rubrics
from .states import SUBMITTED
from .views import CardView, Person, ReviewView, card_view, former_card_view, review_view

PAGE: Final = 15
#: What nobody wrote within a month is not asked for any more.
TODO_FOR: Final = timedelta(days=30)


async def people(ids: Iterable[UUID | None]) -> dict[UUID | None, Person]:
    """Names and pictures; every id is there."""
    wanted = {id for id in ids if id is not None}
    known = services.get(People)
    names = await known.names(wanted) if known is not None else {}
    pictures = await known.picture_urls(wanted) if known is not None else {}
    found: dict[UUID | None, Person] = {
        id: Person(id, names.get(id) or _("Former member"), pictures.get(id)) for id in wanted
    }
    found[None] = Person(None, _("Practice interviewer"))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A session in one's own list. `state` is due, late, waiting, released or practice."""

    booking_id: UUID
    title: str
    ended_at: datetime
    due_at: datetime
    release_at: datetime
    side: str
    other: Person
    state: str
    draft: bool
    score: float | None
    route: str


_SELECT = (
    "SELECT e.booking_id, e.kind, e.candidate_id, e.interviewer_id, e.title, e.ended_at, e.due_at, e.release_at,"
    " e.released_at, c.state AS card, c.score, r.state AS review, count(*) OVER () AS total"
    " FROM feedback_exchange e"
    " LEFT JOIN feedback_scorecard c ON c.tenant_id = e.tenant_id AND c.booking_id = e.booking_id"
    " LEFT JOIN feedback_review r ON r.tenant_id = e.tenant_id AND r.booking_id = e.booking_id"
    " WHERE e.tenant_id = $1 AND (e.candidate_id = $2 OR e.interviewer_id = $2)"
)
_OWED = (
    "(e.kind = 'human' AND ((e.interviewer_id = $2 AND c.state IS DISTINCT FROM 'submitted')"
    " OR (e.candidate_id = $2 AND r.state IS DISTINCT FROM 'submitted')))"
)
_SHOW: Final = {
    "": "",
    "due": f" AND {_OWED}",
    "waiting": f" AND e.kind = 'human' AND e.released_at IS NULL AND NOT {_OWED}",
    "released": " AND e.released_at IS NOT NULL",
}
_SIDE: Final = {"": "", "candidate": " AND e.candidate_id = $2", "interviewer": " AND e.interviewer_id = $2"}


async def todo(account_id: UUID, limit: int = 10) -> list[Row]:
    """What somebody still has to write, the most urgent first."""
    rows = await sql(
        f"{_SELECT} AND {_OWED} AND e.ended_at > $3 ORDER BY e.due_at LIMIT $4",
        current_tenant().id,
        account_id,
        now() - TODO_FOR,
        limit,
    )
    return await _rows(rows, account_id)


async def mine(account_id: UUID, wanted: MineFilter, size: int = PAGE) -> tuple[list[Row], int]:
    """One page of one's own sessions, the latest first, and how many there are in all."""
    others = [a.id for a in await accounts.search_accounts(wanted.q, limit=100)] if wanted.q else []
    rows = await sql(
        f"{_SELECT}{_SHOW[wanted.show]}{_SIDE[wanted.side]}"
        " AND ($3 = '' OR e.title ILIKE '%' || $3 || '%' OR (e.candidate_id = ANY($4::uuid[]) AND e.candidate_id <> $2)"
        " OR (e.interviewer_id = ANY($4::uuid[]) AND e.interviewer_id <> $2))"
        " ORDER BY e.ended_at DESC, e.booking_id LIMIT $5 OFFSET $6",
        current_tenant().id,
        account_id,
        wanted.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"),
        others,
        size,
        (wanted.page - 1) * size,
    )
    return await _rows(rows, account_id), rows[0].total if rows else 0


async def _rows(rows: list[Any], account_id: UUID) -> list[Row]:
    known = await people([row.interviewer_id if row.candidate_id == account_id else row.candidate_id for row in rows])
    return [_row(row, account_id, known) for row in rows]


def _row(row: Any, account_id: UUID, known: dict[UUID | None, Person]) -> Row:
    candidate = row.candidate_id == account_id
    own = row.review if candidate else row.card
    if row.kind == "ai":
        state, route = "practice", "feedback.session"
    elif own != SUBMITTED:
        state = "late" if row.due_at < now() else "due"
        route = "feedback.review" if candidate else "feedback.scorecard"
    else:
        state, route = ("released" if row.released_at is not None else "waiting"), "feedback.session"
    visible = row.score is not None and row.card == SUBMITTED and (not candidate or row.released_at is not None)
    return Row(
        booking_id=row.booking_id,
        title=row.title,
        ended_at=row.ended_at,
        due_at=row.due_at,
        release_at=row.release_at,
        side="candidate" if candidate else "interviewer",
        other=known[row.interviewer_id if candidate else row.candidate_id],
        state=state,
        draft=own == "draft",
        score=row.score / 100 if visible else None,
        route=route,
    )


async def sides(account_id: UUID) -> tuple[bool, bool]:
    """Whether somebody has been a candidate, and an interviewer, in any session with feedback."""
    rows = await sql(
        "SELECT EXISTS (SELECT 1 FROM feedback_exchange WHERE tenant_id = $1 AND candidate_id = $2) AS candidate,"
        " EXISTS (SELECT 1 FROM feedback_exchange WHERE tenant_id = $1 AND interviewer_id = $2) AS interviewer",
        current_tenant().id,
        account_id,
    )
    return rows[0].candidate, rows[0].interviewer


# --- a session ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Session:
    """The feedback of a session as one of its two people may see it. What they may not see is not in here."""

    seat: Seat
    other: Person
    card: CardView | None
    review: ReviewView | None
    card_in: bool
    review_in: bool
    review_hidden: bool
    owes: bool
    draft: bool
    may_correct: bool


async def session(seat: Seat, edition: int | None = None) -> Session:
    """Reads the session's feedback for the seat; `edition` asks for an earlier scorecard, if there is one."""
    exchange, me = seat.exchange, seat.actor.id
    card = await Scorecard.filter(booking_id=exchange.booking_id).first()
    review = await Review.filter(booking_id=exchange.booking_id).first()
    card_seen = card is not None and card.state == SUBMITTED and may_read_scorecard(exchange, card, me)
    review_seen = review is not None and review.state == SUBMITTED and may_read_review(exchange, review, me)
    other_id = exchange.interviewer_id if seat.is_candidate else exchange.candidate_id
    own = review if seat.is_candidate else card
    own_in = own is not None and own.state == SUBMITTED
    released = exchange.released_at is not None
    shown = await _edition(card, edition) if card is not None and card_seen else None
    drawn = review_view(review, private=seat.is_candidate, released=released) if review and review_seen else None
    correctable = (shown.editable_until if shown and not seat.is_candidate else None) or (
        drawn.editable_until if drawn and seat.is_candidate else None
    )
    return Session(
        seat=seat,
        other=(await people([other_id]))[other_id],
        card=shown,
        review=drawn,
        card_in=card is not None and card.state == SUBMITTED,
        review_in=review is not None and review.state == SUBMITTED,
        review_hidden=review is not None and review.hidden_at is not None and released,
        owes=not own_in and not seat.practice,
        draft=own is not None and not own_in,
        may_correct=correctable is not None,
    )


async def _edition(card: Scorecard, number: int | None) -> CardView:
    former = await Edition.filter(of="scorecard", target_id=card.id).order_by("number")
    numbers = tuple(e.number for e in former)
    chosen = next((e for e in former if e.number == number), None)
    return former_card_view(card, chosen, numbers) if chosen is not None else card_view(card, numbers)


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest scorecard that somebody may read about themselves."""

    booking_id: UUID
    exchange: Exchange
    score: int
    content: CardContent


async def latest_released(account_id: UUID) -> Latest | None:
    """None before the first release."""
    found = Scorecard.filter(subject_id=account_id, state=SUBMITTED, exchange__released_at__isnull=False)
    card = await found.order_by("-exchange__ended_at").prefetch_related("exchange").first()
    if card is None:
        return None
    return Latest(card.booking_id, card.exchange, card.score or 0, unpack_card(card.content))


# --- what a scorecard form starts with -----------------------------------------------------------------------------


async def rubric_for(exchange: Exchange, card: Scorecard | None, wanted: str = "") -> RubricCopy:
    """The rubric to write by: that of the card when it was handed in, the chosen one, the draft's, the fitting one.

    `wanted` is `<slug>` or `<slug>@<number>`; the latter also finds a revision that was replaced meanwhile.
    """
    if card is not None and card.state == SUBMITTED:
        return unpack(card.rubric)
    offered = await rubrics.offered()
    slug, _at, number = wanted.partition("@")
    chosen = next((r for r in offered if r.slug == slug), None)
    if chosen is not None and number and number != str(chosen.number) and number.isdecimal() and len(number) < 9:
        old = await RubricRevision.filter(rubric_id=chosen.id, number=int(number)).first()
        if old is not None:
            return RubricCopy(chosen.slug, old.title, old.number, unpack_criteria(old.criteria))
    if card is not None and (chosen is None or chosen.slug == card.rubric.get("slug")):
        return unpack(card.rubric)
    found = chosen or rubrics.fitting(offered, exchange.title)
    return rubrics.copy_of(found) if found is not None else GENERAL
