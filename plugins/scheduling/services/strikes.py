"""Strikes: marks against somebody who called off late or did not come. They run out by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kernel import _, audit, current_actor, current_tenant, errors, now, publish, setting, sql_one, unit_of_work

from ..events import StrikeGiven
from ..models import Booking, Strike
from ..policies import Mark


async def give(booking: Booking, marks: tuple[Mark, ...]) -> None:
    """Write what a result says; once per booking and cause. Joins the open transaction."""
    at = now()
    until = at + timedelta(days=setting("scheduling.strike_days"))
    for mark in marks:
        account_id = booking.candidate_id if mark.role == "candidate" else booking.interviewer_id
        if account_id is None or not mark.points:
            continue
        known = await Strike.filter(booking_id=booking.id, account_id=account_id, cause=mark.cause).exists()
        if known:
            continue
        await Strike.create(
            account_id=account_id, booking_id=booking.id, role=mark.role, cause=mark.cause, points=mark.points,
            at=at, expires_at=until,
        )  # fmt: skip
        total = await standing(account_id, at)
        await publish(StrikeGiven(booking.id, account_id, mark.role, mark.cause, mark.points, total, until))


async def standing(account_id: UUID, at: datetime | None = None) -> int:
    """How many points count against somebody now."""
    row = await sql_one(
        "SELECT coalesce(sum(points), 0) AS n FROM scheduling_strike"
        " WHERE tenant_id = $1 AND account_id = $2 AND expires_at > $3 AND waived_at IS NULL",
        current_tenant().id, account_id, at or now(),
    )  # fmt: skip
    return int(row.n) if row is not None else 0


async def suspended(account_id: UUID, at: datetime) -> bool:
    """Whether a candidate has as many strikes as one may have."""
    limit: int = setting("scheduling.strike_limit")
    return await standing(account_id, at) >= limit


async def of(account_id: UUID) -> list[Strike]:
    """Somebody's strikes that count, and those waived or run out in the last year, the newest first."""
    since = now() - timedelta(days=365)
    return await Strike.filter(account_id=account_id, at__gt=since).order_by("-at").prefetch_related("booking")


async def waive(strike_id: UUID, reason: str) -> Strike:
    """An administrator takes a strike back, with a reason. Again: nothing."""
    if len(reason.strip()) < 3:
        raise errors.Invalid({"reason": _("Enter a reason: the person reads it")})
    actor = current_actor()
    async with unit_of_work():
        row = await Strike.filter(id=strike_id).select_for_update().first()
        if row is None:
            raise errors.NotFound()
        if row.waived_at is None:
            row.waived_at, row.waived_by, row.waive_reason = now(), actor.id if actor else None, reason.strip()[:500]
            await row.save(update_fields=["waived_at", "waived_by", "waive_reason"])
            await audit.record(
                "scheduling.strike_waived", subject="strike", subject_id=str(row.id), reason=reason,
                before={"points": row.points}, after={"points": 0},
            )  # fmt: skip
    return row
