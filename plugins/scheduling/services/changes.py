"""What becomes of a booking: called off, moved, run out, begun, over."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import Stop, _, audit, current_actor, errors, is_on, now, publish, retrying, services, unit_of_work
from plugins.users.api import Interviewers

from .. import policies
from ..availability import Question, ask, minute
from ..events import BookingCancelled, BookingCompleted, BookingRescheduled, BookingStarted, ReminderDue
from ..models import Booking, InterviewType
from ..policies import Refund
from ..refusals import NotBookable
from ..states import PASSING, Outcome, Status
from .booking import Wish, check_wish, expire_row
from .core import calendar_number, is_collision, lock_calendars, locked, move, moved_on, plan, unplan


class RefundChanged(errors.Conflict):
    """Between looking and acting the refund became another; `refund` is what it is now."""

    def __init__(self, refund: Refund) -> None:
        super().__init__(_("The refund changed since you opened this page. Check it again."))
        self.refund = refund


def why_not_cancelled(booking: Booking, role: str, at: datetime) -> str:
    """Why it cannot be called off by this party, for people; '' when it can."""
    if booking.status == Status.CANCELLED:
        return _("This session is cancelled already.")
    if booking.status == Status.IN_PROGRESS and role != "admin":
        return _("This session is running. Leave it, or end it in the room.")
    if booking.status not in (Status.ACCEPTED, Status.IN_PROGRESS, *PASSING):
        return _("This session is over.")
    if booking.starts_at <= at and role != "admin" and booking.status not in PASSING:
        return _("This session has begun and cannot be cancelled any more.")
    return ""


def refund_now(booking: Booking, role: str, at: datetime) -> Refund:
    """What calling it off now gives back: the same figures that acting uses."""
    return policies.refund(booking.policy, booking.price_minor, booking.starts_at, at, role)


async def cancel(booking_id: UUID, role: str, reason: str, *, percent: int | None = None) -> Booking:
    """Call a booking off. `percent` is the refund that was shown; another one now raises RefundChanged.

    Again: nothing. An unpaid hold is simply let go. Whoever took the money acts on the event.
    """
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status == Status.CANCELLED:
            return booking
        at = now()
        if problem := why_not_cancelled(booking, role, at):
            raise errors.Conflict(problem)
        if booking.status in PASSING:
            await expire_row(booking, reason or "released")
        else:
            refund = refund_now(booking, role, at)
            if percent is not None and percent != refund.percent:
                raise RefundChanged(refund)
            await _call_off(booking, role, reason, refund)
    if booking.status == Status.EXPIRED:
        await close_checkout(booking.id)
    return booking


async def _call_off(booking: Booking, role: str, reason: str, refund: Refund) -> None:
    await move(
        booking, Status.CANCELLED, role=role, reason=reason, details={"refund_percent": refund.percent},
        cancelled_by=role, cancel_reason=reason[:500], refund_percent=refund.percent,
        ical_sequence=booking.ical_sequence + 1,
    )  # fmt: skip
    await unplan(booking)
    await publish(
        BookingCancelled(
            booking.id, booking.candidate_id, booking.interviewer_id, role, reason, refund.percent, refund.minor,
            booking.starts_at, booking.price_minor, booking.currency, booking.kind, booking.title,
        )
    )  # fmt: skip
    if role == "admin":
        await audit.record(
            "scheduling.booking_cancelled", subject="booking", subject_id=str(booking.id), reason=reason,
            after={"refund_percent": refund.percent},
        )  # fmt: skip


async def close_checkout(booking_id: UUID) -> None:
    """Nobody shall pay for a time that is free again."""
    checkout = services.get("payments.Checkout")
    if checkout is not None:
        await checkout.close("booking", booking_id)


def why_not_moved(booking: Booking, at: datetime) -> str:
    """Why the candidate cannot move it, for people; '' when they can."""
    if booking.kind != "human" or booking.status != Status.ACCEPTED:
        return _("Only a session that is booked and has not begun can be moved.")
    if booking.starts_at <= at:
        return _("This session has begun and cannot be moved any more.")
    return policies.why_not_moved(booking.policy, booking.moves, booking.starts_at, at)


async def reschedule(booking_id: UUID, candidate_id: UUID, start: datetime) -> Booking:
    """Move a booking: the old time is freed and the new one taken in one statement, or nothing happens.

    By the rules of a new booking, its own time not counting. Raises NotBookable, or Conflict when it may not move.
    """
    booking = await Booking.filter(id=booking_id, candidate_id=candidate_id).first()
    if booking is None:
        raise errors.NotFound()
    if booking.status == Status.ACCEPTED and booking.starts_at == start:
        return booking
    if problem := why_not_moved(booking, now()):
        raise errors.Conflict(problem)
    kind = await InterviewType.filter(id=booking.type_id).first()
    card = await services.need(Interviewers).card(booking.interviewer_id) if booking.interviewer_id else None
    if kind is None or card is None:
        raise NotBookable("not_offered")
    wish = Wish(_as_booked(kind, booking), card, candidate_id, start, booking.candidate_zone)
    await check_wish(wish, moving=True)
    numbers = await calendar_number(card.account_id), await calendar_number(candidate_id)
    try:
        return await retrying(lambda: _move(booking_id, wish, numbers))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise await _nearest(NotBookable("busy"), wish, booking_id) from None
    except NotBookable as exc:
        raise await _nearest(exc, wish, booking_id) from None


def _as_booked(kind: InterviewType, booking: Booking) -> InterviewType:
    """The type with the length that was booked, should it have changed since."""
    kind.duration_minutes = round((booking.ends_at - booking.starts_at).total_seconds() / 60)
    return kind


async def _nearest(refusal: NotBookable, wish: Wish, ignore: UUID) -> NotBookable:
    free = await ask(Question(wish.kind, wish.interviewer.account_id, wish.candidate_id, ignore))
    return NotBookable(refusal.reason, free.nearest(wish.start))


async def _move(booking_id: UUID, wish: Wish, numbers: tuple[int, int]) -> Booking:
    async with unit_of_work():
        await lock_calendars(*numbers)
        booking = await locked(booking_id)
        if booking.status != Status.ACCEPTED:
            raise errors.Conflict(moved_on())
        if booking.starts_at == wish.start:
            return booking
        at = now()
        if problem := why_not_moved(booking, at):
            raise errors.Conflict(problem)
        lapsed = await Booking.filter(interviewer_id=booking.interviewer_id, status__in=PASSING, hold_until__lte=at)
        for hold in lapsed:
            await expire_row(hold, "time")
        free = await ask(Question(wish.kind, wish.interviewer.account_id, wish.candidate_id, booking_id), at)
        if reason := free.refusal(wish.start):
            raise NotBookable(reason)
        await _to_new_time(booking, wish)
        return booking


async def _to_new_time(booking: Booking, wish: Wish) -> None:
    old, start, end = booking.starts_at, minute(wish.start), minute(wish.end)
    await move(
        booking, Status.ACCEPTED, role="candidate", details={"from": old.isoformat(), "to": wish.start.isoformat()},
        starts_at=wish.start, ends_at=wish.end, from_minute=start, to_minute=end,
        guard_from=start - wish.kind.buffer_before, guard_to=end + wish.kind.buffer_after,
        moves=booking.moves + 1, ical_sequence=booking.ical_sequence + 1,
    )  # fmt: skip
    await plan(booking)
    await publish(
        BookingRescheduled(booking.id, old, wish.start, wish.end, booking.candidate_id, booking.interviewer_id)
    )


async def expire(booking_id: UUID) -> bool:
    """Free the time of a hold that ran out. Does nothing for one that was prolonged or confirmed."""
    async with unit_of_work():
        booking = await Booking.filter(id=booking_id).select_for_update().first()
        if booking is None or booking.status not in PASSING:
            return False
        if booking.hold_until is not None and booking.hold_until > now():
            return False
        await expire_row(booking, "time")
    await close_checkout(booking_id)
    return True


async def payment_failed(booking_id: UUID) -> None:
    """The money did not come: the time is free again, unless another attempt is under way or was paid."""
    checkout = services.get("payments.Checkout")
    latest = await checkout.status("booking", booking_id) if checkout is not None else None
    if latest is not None and (latest.is_open or latest.is_paid):
        return
    async with unit_of_work():
        booking = await Booking.filter(id=booking_id).select_for_update().first()
        if booking is not None and booking.status == Status.PENDING:
            await expire_row(booking, "payment")


async def start(booking_id: UUID) -> None:
    """The session began. Again: nothing."""
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status == Status.IN_PROGRESS:
            return
        await move(booking, Status.IN_PROGRESS, role="system")
        who = booking.id, booking.candidate_id, booking.interviewer_id
        await publish(BookingStarted(*who, booking.starts_at))


async def finish(booking_id: UUID, outcome: str) -> None:
    """The session is over. Again: nothing. Raises Conflict for one that was cancelled or never stood."""
    result = Outcome(outcome)
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status == Status.COMPLETED:
            return
        await move(booking, Status.COMPLETED, role="system", reason=result.value, outcome=result.value)
        await unplan(booking)
        await publish(
            BookingCompleted(
                booking.id, booking.candidate_id, booking.interviewer_id, result.value, booking.starts_at,
                booking.ends_at, booking.title, booking.kind, booking.price_minor, booking.currency,
            )
        )  # fmt: skip


async def close(booking_id: UUID, sequence: int) -> None:
    """Long after the end: whatever nobody has told about is closed. With rooms on, an unused one means nobody came."""
    booking = await Booking.filter(id=booking_id).first()
    if booking is None or booking.ical_sequence != sequence:
        return
    if booking.status == Status.IN_PROGRESS:
        await finish(booking_id, Outcome.COMPLETED)
    elif booking.status == Status.ACCEPTED:
        unused = Outcome.NO_SHOW_BOTH if booking.kind == "human" else Outcome.NO_SHOW_CANDIDATE
        await finish(booking_id, unused if is_on("live") else Outcome.COMPLETED)


async def remind(booking_id: UUID, sequence: int, offset: int) -> bool:
    """Announce that a session is near, if it still stands at the time for which this was planned."""
    async with unit_of_work():
        booking = await Booking.filter(id=booking_id).first()
        at = now()
        if booking is None or booking.status != Status.ACCEPTED or booking.ical_sequence != sequence:
            return False
        if booking.starts_at <= at or booking.starts_at - at > timedelta(minutes=offset + 5):
            return False
        await publish(ReminderDue(booking.id, offset, booking.candidate_id, booking.interviewer_id, booking.starts_at))
        return True


def role_in(booking: Booking) -> str:
    """The part that the actor has in a booking: candidate, interviewer, or '' for none."""
    actor = current_actor()
    if actor is None:
        return ""
    if actor.id == booking.candidate_id:
        return "candidate"
    return "interviewer" if actor.id == booking.interviewer_id else ""


__all__ = [
    "RefundChanged", "Stop", "cancel", "close", "expire", "finish", "payment_failed", "refund_now", "remind",
    "reschedule", "role_in", "start", "why_not_cancelled", "why_not_moved",
]  # fmt: skip
