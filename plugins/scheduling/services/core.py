"""What every change of a booking goes through: the table of states, the version, the history, the calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import (
    _,
    cancel_jobs,
    compare_and_set,
    current_actor,
    current_tenant,
    enqueue,
    errors,
    execute,
    sql,
    unit_of_work,
    violated,
)

from ..models import Booking, BookingChange
from ..states import Status, allowed
from . import reminders

#: The exclusion constraints of the first migration.
CONSTRAINTS = frozenset({"scheduling_booking_interviewer_free", "scheduling_booking_candidate_free"})
#: How long after its end a booking is closed when nobody has told what became of it.
CLOSE_AFTER = timedelta(hours=2)
_LOCKS = 0x7363


async def move(
    booking: Booking,
    to: Status,
    *,
    role: str,
    reason: str = "",
    details: dict[str, Any] | None = None,
    actor_id: UUID | None = None,
    **changes: Any,
) -> None:
    """Bring `booking` into another state, or change it within its own, by the table and its version.

    `actor_id`: who acts through a mailed link; otherwise it is whoever is signed in. Joins the open
    unit of work. Raises Conflict when there is no such way, or when the row moved on.
    """
    before = booking.status
    if before != to and not allowed(before, to):
        raise errors.Conflict(moved_on())
    try:
        await compare_and_set(booking, status=to.value, **changes)
    except errors.Conflict:
        raise errors.Conflict(moved_on()) from None
    actor = current_actor()
    await BookingChange.create(
        booking_id=booking.id,
        before=before,
        after=to.value,
        actor_id=actor_id or (actor.id if actor else None),
        role=role,
        reason=reason[:500],
        details=details or {},
    )


def moved_on() -> str:
    return _("This session was changed in the meantime. Look at it again before you go on.")


def is_collision(exc: IntegrityError) -> bool:
    """Whether the database refused because the time is taken."""
    return violated(exc) in CONSTRAINTS


async def calendar_number(account_id: UUID) -> int:
    """The number under which the constraints know this account; made on first use."""
    return (await calendar_numbers([account_id]))[0]


async def calendar_numbers(ids: Sequence[UUID]) -> list[int]:
    """The numbers of these accounts, in their order."""
    tenant_id = current_tenant().id
    for _attempt in range(2):
        rows = await sql(
            "SELECT account_id, number FROM scheduling_calendar WHERE tenant_id = $1 AND account_id = ANY ($2::uuid[])",
            tenant_id, list(ids),
        )  # fmt: skip
        known = {row.account_id: int(row.number) for row in rows}
        missing = [account_id for account_id in ids if account_id not in known]
        if not missing:
            return [known[account_id] for account_id in ids]
        await execute(
            "INSERT INTO scheduling_calendar (id, tenant_id, account_id, number)"
            " SELECT gen_random_uuid(), $1, a, nextval('scheduling_calendar_number') FROM unnest($2::uuid[]) AS a"
            " ON CONFLICT DO NOTHING",
            tenant_id, missing,
        )  # fmt: skip
    raise errors.Unavailable(retry_after=1)


async def lock_calendars(*numbers: int | None) -> None:
    """Until the transaction ends, nobody else books these calendars. In one order, so that nobody waits in a ring.

    The constraints alone would do; with the lock a race ends in a plain answer instead of a deadlock, and limits
    (sessions a day) hold under it too.
    """
    wanted = sorted({n % 2_147_483_647 for n in numbers if n is not None})
    await execute("SELECT pg_advisory_xact_lock($1, n) FROM unnest($2::int[]) AS n", _LOCKS, wanted)


async def plan(booking: Booking) -> None:
    """Plan the reminders of an accepted booking and queue its closing, instead of those for an earlier time."""
    await cancel_jobs(*_jobs(booking))
    await reminders.plan(booking)
    await enqueue(
        "scheduling.close",
        {"booking_id": str(booking.id), "sequence": booking.ical_sequence},
        run_at=booking.ends_at + CLOSE_AFTER,
        key=_jobs(booking)[0],
    )


def _jobs(booking: Booking) -> tuple[str, str]:
    """The keys of a booking's jobs: its closing, the end of its hold."""
    return f"scheduling.close:{booking.id}", f"scheduling.expire:{booking.id}"


async def unplan(booking: Booking) -> None:
    """Call off what was planned for an earlier time of the booking."""
    await reminders.unplan(booking)
    await cancel_jobs(*_jobs(booking))


async def plan_expiry(booking: Booking, *, new: bool = False) -> None:
    """Queue the end of a hold; of a `new` one there is no other job yet."""
    if booking.hold_until is not None:
        key = _jobs(booking)[1]
        if not new:
            await cancel_jobs(key)
        await enqueue("scheduling.expire", {"booking_id": str(booking.id)}, run_at=booking.hold_until, key=key)


async def own_booking(booking_id: UUID, candidate_id: UUID) -> Booking:
    """A candidate's booking, locked until the transaction ends. NotFound for anybody else's."""
    row = await Booking.filter(id=booking_id, candidate_id=candidate_id).select_for_update().first()
    if row is None:
        raise errors.NotFound()
    return row


async def locked(booking_id: UUID) -> Booking:
    """A booking, locked until the transaction ends."""
    row = await Booking.filter(id=booking_id).select_for_update().first()
    if row is None:
        raise errors.NotFound()
    return row


__all__ = [
    "CONSTRAINTS", "calendar_number", "calendar_numbers", "is_collision", "lock_calendars", "locked", "move",
    "moved_on", "own_booking", "plan", "plan_expiry", "unit_of_work", "unplan",
]  # fmt: skip
