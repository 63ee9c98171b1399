"""The feedback of a session as a whole: opened when the session ends, released to both sides at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kernel import cancel_jobs, compare_and_set, enqueue, now, publish, services, unit_of_work
from plugins.scheduling.api import BookingInfo, Bookings

from .. import events
from ..access import Seat, exchange_for, is_finished
from ..models import Exchange, Review, Scorecard
from ..states import SUBMITTED

#: Look back this far for sessions that ended while the plugin was off.
CATCH_UP: Final = timedelta(days=14)
#: The last reminder goes out this long before the other side is released without one's own.
LAST_CALL: Final = timedelta(days=1)


def _key(booking_id: UUID, what: str = "") -> str:
    return f"feedback:{booking_id}:{what}"


async def open_for(booking: BookingInfo, seconds: int = 0) -> Exchange:
    """The exchange of a finished booking, made if need be. Called again: the same one, and nothing else happens."""
    found = await Exchange.filter(booking_id=booking.id).first()
    if found is not None:
        return found
    async with unit_of_work():
        made = exchange_for(booking, seconds)
        await Exchange.bulk_create([made], ignore_conflicts=True)
        exchange = await Exchange.get(booking_id=booking.id)
        if exchange.id == made.id:
            await _announce(exchange)
    return exchange


async def _announce(exchange: Exchange) -> None:
    await publish(
        events.Requested(
            booking_id=exchange.booking_id,
            candidate_id=exchange.candidate_id,
            interviewer_id=exchange.interviewer_id,
            kind=exchange.kind,
            title=exchange.title,
            due_at=exchange.due_at,
            release_at=exchange.release_at,
        )
    )
    if exchange.interviewer_id is None:
        return
    booking = str(exchange.booking_id)
    stamp = exchange.release_at.isoformat()
    last_call = exchange.release_at - LAST_CALL
    for stage, at in (("due", exchange.due_at), ("last", last_call)):
        if stage == "due" or last_call > exchange.due_at:
            args = {"booking_id": booking, "stage": stage, "release_at": stamp}
            await enqueue("feedback.remind", args, run_at=at, key=_key(exchange.booking_id, stage))
    args = {"booking_id": booking, "release_at": stamp}
    await enqueue("feedback.release", args, run_at=exchange.release_at, key=_key(exchange.booking_id, "release"))


async def session_ended(booking_id: UUID, seconds: int) -> Exchange | None:
    """A session is over. None when the booking is unknown or its session did not take place."""
    booking = await services.need(Bookings).get(booking_id)
    if booking is None or booking.outcome not in (None, "completed", "disputed"):
        return None
    return await open_for(booking, seconds)


async def catch_up() -> int:
    """Open what ended while nobody listened; how many."""
    bookings = services.get(Bookings)
    if bookings is None:
        return 0
    finished = [b for b in await bookings.for_period(now() - CATCH_UP, now()) if is_finished(b)]
    known = set(await Exchange.filter(booking_id__in=[b.id for b in finished]).values_list("booking_id", flat=True))
    missing = [b for b in finished if b.id not in known]
    for booking in missing:
        await open_for(booking)
    return len(missing)


async def locked(seat: Seat) -> Exchange:
    """The seat's exchange under its row lock, made if need be; nobody else writes about the session meanwhile."""
    if not seat.stored:
        booking = await services.need(Bookings).get(seat.exchange.booking_id)
        if booking is not None:
            await open_for(booking)
    return await Exchange.filter(booking_id=seat.exchange.booking_id).select_for_update().get()


async def release_if_ready(exchange: Exchange) -> bool:
    """Release when both are in, or the time is over and one is. Call it with the exchange locked."""
    if exchange.released_at is not None or exchange.interviewer_id is None:
        return False
    card = await Scorecard.filter(booking_id=exchange.booking_id, state=SUBMITTED).first()
    review = await Review.filter(booking_id=exchange.booking_id, state=SUBMITTED).first()
    both = card is not None and review is not None
    late = (card is not None or review is not None) and now() >= exchange.release_at
    if not both and not late:
        return False
    because = "both" if both else "time"
    await compare_and_set(exchange, released_at=now(), released_because=because)
    rating: float | None = None
    if review is not None:
        await compare_and_set(review, released_at=exchange.released_at)
        rating = mean_stars(review)
    await cancel_jobs(_key(exchange.booking_id), prefix=True)
    await publish(
        events.Released(
            booking_id=exchange.booking_id,
            candidate_id=exchange.candidate_id,
            interviewer_id=exchange.interviewer_id,
            because=because,
            title=exchange.title,
            has_scorecard=card is not None,
            has_review=review is not None,
            rating=rating,
        )
    )
    return True


def mean_stars(review: Review) -> float:
    """The rating of a submitted review: the mean of its three aspects, to two places."""
    return round((int(review.realism or 0) + int(review.clarity or 0) + int(review.usefulness or 0)) / 3, 2)


async def time_is_over(booking_id: UUID, expected: datetime) -> None:
    """The waiting time ran out, unless the exchange has moved on since this was planned."""
    async with unit_of_work():
        exchange = await Exchange.filter(booking_id=booking_id).select_for_update().first()
        if exchange is None or exchange.released_at is not None or exchange.release_at != expected:
            return
        await release_if_ready(exchange)


async def remind(booking_id: UUID, stage: str, expected: datetime) -> list[UUID]:
    """Tell whoever still owes feedback, once a stage; nobody when the exchange moved on. Who was told."""
    async with unit_of_work():
        exchange = await Exchange.filter(booking_id=booking_id).select_for_update().first()
        if exchange is None or exchange.released_at is not None or exchange.release_at != expected:
            return []
        told = []
        for role, account_id in await missing_from(exchange):
            told.append(account_id)
            await publish(
                events.ReminderDue(
                    booking_id=booking_id,
                    account_id=account_id,
                    role=role,
                    stage=stage,
                    title=exchange.title,
                    release_at=exchange.release_at,
                )
            )
    return told


async def missing_from(exchange: Exchange) -> list[tuple[str, UUID]]:
    """Sides that have not handed in yet, with their accounts."""
    if exchange.interviewer_id is None:
        return []
    found = []
    if not await Scorecard.filter(booking_id=exchange.booking_id, state=SUBMITTED).exists():
        found.append(("interviewer", exchange.interviewer_id))
    if not await Review.filter(booking_id=exchange.booking_id, state=SUBMITTED).exists():
        found.append(("candidate", exchange.candidate_id))
    return found
