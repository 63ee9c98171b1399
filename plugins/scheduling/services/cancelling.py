"""Calling a booking off: what it leads to is computed once, shown, and carried out as shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel import N_, _, audit, enqueue, errors, now, publish, services, unit_of_work

from .. import entitlements, policies
from ..events import BookingCancelled, RequestAnswered
from ..models import Booking, Proposal
from ..policies import Case, Result
from ..states import PASSING, Status
from . import strikes
from .core import locked, move, unplan
from .holding import expire_row

#: Why people call a session off; the words stand for an empty text.
REASONS: Final[dict[str, str]] = {
    "time": N_("The time does not suit any more"),
    "ill": N_("Illness or an emergency"),
    "prepared": N_("Not prepared yet"),
    "job": N_("Not needed any more"),
    "technical": N_("Technical trouble"),
    "other": N_("Another reason"),
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an act would lead to now, and its seal: sent back with the answer, so that nothing else is carried out."""

    result: Result
    seal: str


class OutcomeChanged(errors.Conflict):
    """Between looking and acting the result became another; `outlook` is what it is now."""

    def __init__(self, outlook: Outlook) -> None:
        super().__init__(_("The result changed since you opened this page. Check it again."))
        self.outlook = outlook
        result = outlook.result
        self.extra |= {
            "code": "outcome_changed", "seen": outlook.seal, "refund_percent": result.percent,
            "refund_minor": result.refund_minor, "kept_minor": result.kept_minor,
        }  # fmt: skip


def outlook(booking: Booking, role: str, at: datetime, percent: int | None = None) -> Outlook:
    """What calling it off now means for this party. An unpaid hold costs nobody anything."""
    if booking.status in PASSING:
        result = Result(percent=100)
    else:
        case = Case("cancel", role, booking.price_minor, booking.starts_at, at, percent=percent)
        result = policies.weigh(booking.policy, case)
    return Outlook(result, policies.seal(result, booking.id, booking.starts_at.isoformat(), booking.status, role))


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
    if role == "admin":
        return ""
    return policies.why(outlook(booking, role, at).result, booking.policy)


async def cancel(
    booking_id: UUID,
    role: str,
    reason: str,
    *,
    code: str = "",
    seen: str = "",
    percent: int | None = None,
    actor_id: UUID | None = None,
) -> Booking:
    """Call a booking off. `seen` is the seal of what was shown; another result now raises OutcomeChanged.

    `percent` is an administrator's own refund, which needs a reason. Again: nothing. An unpaid hold is simply let
    go. Whoever took the money acts on the event.
    """
    if role == "admin" and len(reason.strip()) < 3:
        raise errors.Invalid({"reason": _("Enter a reason: both people read it")})
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status == Status.CANCELLED:
            return booking
        at = now()
        if problem := why_not_cancelled(booking, role, at):
            raise errors.Conflict(problem)
        found = outlook(booking, role, at, percent if role == "admin" else None)
        if seen and seen != found.seal:
            raise OutcomeChanged(found)
        if booking.status in PASSING:
            await _let_go(booking, reason)
        else:
            await _call_off(booking, role, reason or REASONS.get(code, ""), code, found.result, actor_id)
    if booking.status == Status.EXPIRED:
        await close_checkout(booking.id)
    return booking


async def release(booking_id: UUID) -> Booking:
    """A candidate lets go of a held time, or takes a request back. Again, or once the booking stands: nothing."""
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status not in PASSING:
            return booking
        await _let_go(booking, "released")
    await close_checkout(booking.id)
    return booking


async def _let_go(booking: Booking, reason: str) -> None:
    interviewer = booking.interviewer_id
    was = booking.status
    await expire_row(booking, reason or "released")
    if was == Status.REQUESTED:
        await publish(
            RequestAnswered(
                booking.id, booking.candidate_id, interviewer, "withdrawn", "", booking.starts_at
            )
        )  # fmt: skip


async def _call_off(booking: Booking, role: str, reason: str, code: str, result: Result, actor_id: UUID | None) -> None:
    await move(
        booking, Status.CANCELLED, role=role, reason=reason, actor_id=actor_id,
        details={"refund_percent": result.percent, "refund_minor": result.refund_minor, "code": code},
        cancelled_by=role, cancel_reason=reason[:500], refund_percent=result.percent,
        ical_sequence=booking.ical_sequence + 1,
    )  # fmt: skip
    await unplan(booking)
    await close_proposals(booking)
    await strikes.give(booking, result.marks)
    if result.percent == 100:
        await entitlements.give_back(booking.entitlement, booking.booked_by or booking.candidate_id, booking.id)
    await publish(
        BookingCancelled(
            booking.id, booking.candidate_id, booking.interviewer_id, role, reason, result.percent,
            result.refund_minor, booking.starts_at, booking.price_minor, booking.currency, booking.kind,
            booking.title,
        )
    )  # fmt: skip
    if role == "admin":
        await audit.record(
            "scheduling.booking_cancelled", subject="booking", subject_id=str(booking.id), reason=reason,
            after={"refund_percent": result.percent},
        )  # fmt: skip
    await freed(booking, booking.starts_at, booking.ends_at)


async def close_proposals(booking: Booking) -> None:
    """What was proposed for a time or an interviewer that is no more lapses. Joins the transaction."""
    await Proposal.filter(booking_id=booking.id, state="open").update(state="lapsed")


async def freed(booking: Booking, starts_at: datetime, ends_at: datetime) -> None:
    """A time of an interviewer is free again: the waiting list is looked at after the commit."""
    if booking.kind != "human" or booking.interviewer_id is None or starts_at <= now():
        return
    await enqueue(
        "scheduling.freed",
        {
            "interviewer_id": str(booking.interviewer_id), "starts_at": starts_at.isoformat(),
            "ends_at": ends_at.isoformat(), "not_for": str(booking.candidate_id),
        },
    )  # fmt: skip


async def close_checkout(booking_id: UUID) -> None:
    """Nobody shall pay for a time that is free again."""
    checkout = services.get("payments.Checkout")
    if checkout is not None:
        await checkout.close("booking", booking_id)
