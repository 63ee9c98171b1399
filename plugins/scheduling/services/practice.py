"""Practice with the scripted interviewer: at once or later, without anybody's time, within what somebody may have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import _, apply, current_zone, errors, new_id, now, retrying, unit_of_work, zones

from .. import entitlements
from ..api import BookingRequested
from ..availability import minute
from ..models import Booking, InterviewType
from ..policies import ready
from ..refusals import NotBookable
from ..states import LIVE, PASSING, Status
from .core import calendar_number, is_collision, lock_calendars
from .holding import expire_row
from .standing import accept

_COUNTED = (Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED)


async def practise(kind: InterviewType, candidate_id: UUID, start: datetime | None = None) -> Booking:
    """A practice with the scripted interviewer, from `start` or from now on. Who is in one gets that one again.

    Raises NotBookable for a time that is over, too far ahead or taken by another session of theirs, and TooMany when
    they have had (or booked) as many as they may in that day, week or month.
    """
    if not kind.active or kind.kind != "ai":
        raise NotBookable("not_offered")
    at = now().replace(second=0, microsecond=0)
    begin = at if start is None else start.astimezone(UTC)
    if begin < at:
        raise NotBookable("past")
    if begin > at + timedelta(days=kind.window_days):
        raise NotBookable("too_late")
    end = begin + timedelta(minutes=kind.duration_minutes)
    await apply(BookingRequested(kind.id, None, candidate_id, begin, end))
    number = await calendar_number(candidate_id)
    try:
        return await retrying(lambda: _practise(kind, candidate_id, number, begin, at_once=start is None))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("own_time") from None


async def _practise(kind: InterviewType, candidate_id: UUID, number: int, start: datetime, *, at_once: bool) -> Booking:
    end = start + timedelta(minutes=kind.duration_minutes)
    async with unit_of_work():
        await lock_calendars(number)
        for lapsed in await Booking.filter(candidate_id=candidate_id, status__in=PASSING, hold_until__lte=now()):
            await expire_row(lapsed, "time")
        other = await Booking.filter(
            candidate_id=candidate_id, status__in=LIVE, from_minute__lt=minute(end), to_minute__gt=minute(start)
        ).first()
        if other is not None:
            if other.kind == "ai" and (at_once or (other.type_id == kind.id and other.starts_at == start)):
                return other
            raise NotBookable("own_time")
        await within_quota(candidate_id, start)
        booking_id = new_id()
        booking = Booking(
            id=booking_id, type_id=kind.id, interviewer_id=None, candidate_id=candidate_id, starts_at=start,
            ends_at=end, status=Status.HELD.value, kind="ai", title=kind.title, level=kind.level,
            candidate_zone=current_zone(), price_minor=0, currency=kind.currency,
            policy=ready("flexible"), ical_uid=f"{booking_id}@greenroom", candidate_no=number,
            from_minute=minute(start), to_minute=minute(end), guard_from=minute(start), guard_to=minute(end),
        )  # fmt: skip
        await booking.save(force_create=True)
        await accept(booking, role="candidate")
        return booking


async def within_quota(candidate_id: UUID, start: datetime) -> None:
    """Raises TooMany when the day, week or month of `start` (by the candidate's clock) is full."""
    per_day, per_week, per_month = await entitlements.practice_quota(candidate_id)
    words: tuple[tuple[int, Callable[[date], tuple[date, date]], str], ...] = (
        (per_day, _day, _("You have practised as often as one can in a day. Choose another day.")),
        (per_week, _week, _("You have practised as often as one can in a week. Choose another week.")),
        (per_month, _month, _("You have practised as often as one can in a month. Choose another month.")),
    )
    day = zones.wall(start, current_zone()).date()
    for most, span, message in words:
        low, high = (zones.instant(edge, time(), current_zone()) for edge in span(day))
        # Those called off do not count.
        had = await Booking.filter(
            candidate_id=candidate_id, kind="ai", starts_at__gte=low, starts_at__lt=high, status__in=_COUNTED
        ).count()
        if had >= most:
            raise errors.TooMany(3600, message)


def _day(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


def _week(day: date) -> tuple[date, date]:
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=7)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)
