"""What this plugin does about news from others. Delivered at least once, so each may run twice."""

from __future__ import annotations

from uuid import UUID

from kernel import N_, Happened, Subscriber, enqueue, services

from .services import booking, changes, moving, paying

SLOT_LOST = N_("The time was gone when the payment arrived")


MOVE_LOST = N_("The new time was gone when the payment arrived; the session stays at its old time")


def _reference(happened: Happened, kind: str = "booking") -> UUID | None:
    data = happened.data
    return UUID(data["reference_id"]) if data.get("reference_kind") == kind else None


async def payment_succeeded(happened: Happened) -> None:
    """The money confirms the booking. Too late: it goes back at once."""
    move_id = _reference(happened, paying.KIND)
    if move_id is not None:
        await _difference_paid(move_id)
        return
    booking_id = _reference(happened)
    if booking_id is None or await booking.paid(booking_id):
        return
    checkout = services.get("payments.Checkout")
    if checkout is not None:
        await checkout.refund("booking", booking_id, 100, SLOT_LOST, key=f"slot-lost:{booking_id}")


async def _difference_paid(move_id: UUID) -> None:
    """The move is carried out; when its time is gone, the difference goes back and the old time stays."""
    checkout = services.get("payments.Checkout")
    if not await moving.paid(move_id) and checkout is not None:
        await checkout.refund(paying.KIND, move_id, 100, MOVE_LOST, key=f"move-lost:{move_id}")


async def payment_failed(happened: Happened) -> None:
    """Declined, given up or too late: the time is free again."""
    move_id = _reference(happened, paying.KIND)
    if move_id is not None:
        await paying.lapse(move_id)
        return
    booking_id = _reference(happened)
    if booking_id is not None:
        await changes.payment_failed(booking_id)


async def setting_changed(happened: Happened) -> None:
    """The tenant's rules of reminders reach upcoming sessions too."""
    if happened.data.get("key") == "scheduling.reminder_offsets":
        await enqueue("scheduling.replan")


SUBSCRIBERS = [
    Subscriber(event="kernel.setting_changed.v1", handler=setting_changed),
    Subscriber(event="payments.payment_succeeded.v1", handler=payment_succeeded, drain=True),
    Subscriber(event="payments.payment_failed.v1", handler=payment_failed, drain=True),
    Subscriber(event="payments.payment_expired.v1", handler=payment_failed, drain=True),
]
