"""What becomes of a booking: run out, begun, over. Calling off is in cancelling.py, another time in moving.py."""

from __future__ import annotations

from uuid import UUID

from kernel import current_actor, is_on, now, publish, services, unit_of_work

from ..events import BookingCompleted, BookingStarted
from ..models import Booking
from ..policies import Case, Result, weigh
from ..states import PASSING, Outcome, Status
from . import reminders, strikes
from .cancelling import OutcomeChanged, cancel, close_checkout, why_not_cancelled
from .core import locked, move, unplan
from .holding import expire_row
from .moving import reschedule, why_not_moved


async def expire(booking_id: UUID) -> bool:
    """Free the time of what was kept for a while and ran out. Does nothing for what was prolonged or confirmed."""
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


def no_show(booking: Booking, outcome: Outcome) -> Result | None:
    """What not coming means by the booking's policy; None for a session that took place."""
    if not outcome.value.startswith("no_show_"):
        return None
    missing = outcome.value.removeprefix("no_show_")
    return weigh(booking.policy, Case("no_show", missing, booking.price_minor, booking.starts_at, now()))


async def finish(booking_id: UUID, outcome: str, *, role: str = "system", reason: str = "") -> None:
    """The session is over. Again: nothing. Raises Conflict for one that was cancelled or never stood."""
    result = Outcome(outcome)
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status == Status.COMPLETED:
            return
        missed = no_show(booking, result)
        details = {"refund_percent": missed.percent, "refund_minor": missed.refund_minor} if missed else {}
        await move(
            booking, Status.COMPLETED, role=role, reason=reason or result.value, details=details, outcome=result.value,
            refund_percent=missed.percent if missed else None,
        )  # fmt: skip
        await unplan(booking)
        if result is Outcome.COMPLETED:
            await reminders.plan_follow_ups(booking)
        if missed is not None and booking.kind == "human":
            await strikes.give(booking, missed.marks)
        await publish(
            BookingCompleted(
                booking.id, booking.candidate_id, booking.interviewer_id, result.value, booking.starts_at,
                booking.ends_at, booking.title, booking.kind, booking.price_minor, booking.currency,
                missed.percent if missed else None,
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


def role_in(booking: Booking) -> str:
    """The part that the actor has in a booking: candidate, interviewer (of a panel: either), or '' for none.

    What a candidate only holds, or has not paid for, is no interviewer's to see or to end.
    """
    actor = current_actor()
    if actor is None:
        return ""
    if actor.id in (booking.candidate_id, booking.booked_by):
        return "candidate"
    if booking.status in (Status.HELD, Status.PENDING):
        return ""
    return "interviewer" if actor.id in (booking.interviewer_id, booking.second_id) else ""


__all__ = [
    "OutcomeChanged", "cancel", "close", "expire", "finish", "no_show", "payment_failed", "reschedule", "role_in",
    "start", "why_not_cancelled", "why_not_moved",
]  # fmt: skip
