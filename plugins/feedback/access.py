"""Who may write and read the feedback of which session: asked before every page, action and JSON answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from kernel import Actor, current_actor, errors, now, parse_id, services, setting
from kernel import gettext as _
from plugins.scheduling.api import BookingInfo, Bookings

from .models import Exchange, Review, Scorecard
from .settings import DUE_HOURS, RELEASE_DAYS
from .states import SUBMITTED

Side = Literal["candidate", "interviewer"]


@dataclass(frozen=True, slots=True)
class Seat:
    """A participant's place in the feedback of a session. `stored` is False until something needs the row."""

    exchange: Exchange
    side: Side
    actor: Actor
    stored: bool = True

    @property
    def is_candidate(self) -> bool:
        return self.side == "candidate"

    @property
    def practice(self) -> bool:
        return self.exchange.kind == "ai"


class NotFinished(errors.Conflict):
    """The session has not taken place (yet), so there is nothing to write about."""

    def __init__(self, booking: BookingInfo) -> None:
        super().__init__(_("Feedback can be written once the session is over."), title=_("Not yet"))
        self.booking = booking


def side_of(exchange: Exchange | BookingInfo, account_id: UUID) -> Side | None:
    if account_id == exchange.candidate_id:
        return "candidate"
    return "interviewer" if account_id == exchange.interviewer_id else None


def is_finished(booking: BookingInfo) -> bool:
    """Whether the session took place. No-shows and cancelled ones leave nothing to write about."""
    return booking.status == "completed" and booking.outcome in ("completed", "disputed")


def exchange_for(booking: BookingInfo, seconds: int = 0) -> Exchange:
    """A new, unsaved exchange for a finished booking."""
    ended = min(booking.ends_at, now())
    return Exchange(
        booking_id=booking.id,
        kind=booking.kind,
        candidate_id=booking.candidate_id,
        interviewer_id=booking.interviewer_id,
        title=booking.type_title[:200],
        starts_at=booking.starts_at,
        ended_at=ended,
        seconds=seconds,
        due_at=ended + timedelta(hours=setting(DUE_HOURS)),
        release_at=ended + timedelta(days=setting(RELEASE_DAYS)),
    )


async def seat_of(booking_id: str) -> Seat:
    """The seat of whoever asks. NotFound for other people's sessions, NotFinished before the end."""
    key, actor = parse_id(booking_id), current_actor()
    if actor is None:
        raise errors.SignInRequired
    if key is None:
        raise errors.NotFound
    exchange = await Exchange.filter(booking_id=key).first()
    if exchange is not None:
        side = side_of(exchange, actor.id)
        if side is None:
            raise errors.NotFound
        return Seat(exchange, side, actor)
    booking = await services.need(Bookings).get(key)
    side = side_of(booking, actor.id) if booking is not None else None
    if booking is None or side is None:
        raise errors.NotFound
    if not is_finished(booking):
        raise NotFinished(booking)
    return Seat(exchange_for(booking), side, actor, stored=False)


def may_read_scorecard(exchange: Exchange, card: Scorecard, account_id: UUID) -> bool:
    """The author always; the candidate once it is submitted and released."""
    if card.author_id == account_id:
        return True
    return card.subject_id == account_id and card.state == SUBMITTED and exchange.released_at is not None


def may_read_review(exchange: Exchange, review: Review, account_id: UUID) -> bool:
    """The author always; the interviewer once it is submitted and released, unless a moderator hid it."""
    if review.author_id == account_id:
        return True
    return (
        review.subject_id == account_id
        and review.state == SUBMITTED
        and exchange.released_at is not None
        and review.hidden_at is None
    )
