"""Reactions to bookings. Delivered at least once: every call below acts once per fact."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kernel import Happened, Subscriber, setting
from kernel import services as registered

from . import services, settings, states

BOOKING = "booking"
_CANCELLED, _EXPIRED = "scheduling.booking_cancelled.v1", "scheduling.booking_expired.v1"
_COMPLETED = "scheduling.booking_completed.v1"
_MOVED = "scheduling.booking_rescheduled.v1"
_HANDED_OVER = "scheduling.interviewer_changed.v1"


async def booking_cancelled(event: Happened) -> None:
    """Give back what the booking's policy says; the rest is the payee's after the usual hold."""
    booking_id, percent = UUID(event.data["booking_id"]), int(event.data["refund_percent"])
    reason = str(event.data.get("reason") or "") or states.SESSION_CANCELLED
    await services.CHECKOUT.refund(BOOKING, booking_id, percent, reason, key="cancelled")
    if percent < 100:
        await services.schedule_release(BOOKING, booking_id, event.occurred_at + _hold(), "late_cancellation")


async def booking_expired(event: Happened) -> None:
    """The time was given away: an open checkout takes no money for it any more."""
    await services.close(BOOKING, UUID(event.data["booking_id"]))


async def booking_completed(event: Happened) -> None:
    """The work is done, or somebody did not come. A disputed session stays on hold."""
    booking_id, outcome = UUID(event.data["booking_id"]), event.data["outcome"]
    told = event.data.get("refund_percent")  # what the booking's own policy says about not coming
    usual = 100 if outcome in ("no_show_interviewer", "no_show_both") else 0
    percent = usual if told is None else int(told)
    if outcome.startswith("no_show_") and percent:
        await services.CHECKOUT.refund(BOOKING, booking_id, percent, states.SESSION_NOT_HELD, key="no_show")
    if outcome == "completed" or (outcome == "no_show_candidate" and percent < 100):
        over = max(datetime.fromisoformat(event.data["ends_at"]), event.occurred_at)
        why = "session_held" if outcome == "completed" else "candidate_absent"
        await services.schedule_release(BOOKING, booking_id, over + _hold(), why)


async def booking_rescheduled(event: Happened) -> None:
    """The new time is cheaper, and the booking's policy gives the difference back."""
    back = int(event.data.get("back_minor") or 0)
    if back > 0:
        booking_id = UUID(event.data["booking_id"])
        await services.lower_price(BOOKING, booking_id, back, states.CHEAPER_TIME, key=str(event.id))


async def interviewer_changed(event: Happened) -> None:
    """Somebody else holds the session, so the earnings are theirs. The booking says who it is by now: of two changes
    the later one may be told first.
    """
    booking_id = UUID(event.data["booking_id"])
    bookings = registered.get("scheduling.Bookings")
    booking = await bookings.get(booking_id) if bookings is not None else None
    payee_id = booking.interviewer_id if booking is not None else UUID(event.data["interviewer_id"])
    if payee_id is not None:
        await services.hand_over(BOOKING, booking_id, payee_id)


def _hold() -> timedelta:
    return timedelta(days=setting(settings.HOLD_DAYS))


#: Money that was promised back goes back even when this plugin is switched off meanwhile.
SUBSCRIBERS = [
    Subscriber(event=_CANCELLED, handler=booking_cancelled, drain=True),
    Subscriber(event=_EXPIRED, handler=booking_expired, drain=True),
    Subscriber(event=_COMPLETED, handler=booking_completed, drain=True),
    Subscriber(event=_MOVED, handler=booking_rescheduled, drain=True),
    Subscriber(event=_HANDED_OVER, handler=interviewer_changed, drain=True),
]
BY_EVENT = {s.event: s.handler for s in SUBSCRIBERS}
