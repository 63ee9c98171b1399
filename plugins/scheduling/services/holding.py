"""A time is taken for a candidate while they fill in the form: the one way into the calendars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from kernel import apply, current_tenant, enqueue, new_id, now, publish, retrying, setting, sql, unit_of_work, zones
from plugins.users.api import InterviewerCard

from ..api import BookingRequested
from ..availability import LIVE_SQL, PASSING_SQL, Question, ask, minute
from ..events import BookingExpired
from ..models import Ask, Booking, BookingChange, InterviewType, Offer
from ..pricing import price_of
from ..refusals import NotBookable
from ..settings import hold_time
from ..states import LIVE, PASSING, Status
from . import policy
from .core import calendar_numbers, is_collision, lock_calendars, move, plan_expiry, unplan


@dataclass(frozen=True, slots=True)
class Wish:
    """A candidate wants this type with this interviewer at this instant; `zone` is where they read the time.

    `second` is the other interviewer of a panel, `mode` as in Booking.
    """

    kind: InterviewType
    interviewer: InterviewerCard
    candidate_id: UUID
    start: datetime
    zone: str
    second: InterviewerCard | None = None
    mode: str = ""

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.kind.duration_minutes)

    @property
    def hosts(self) -> list[UUID]:
        """Everybody whose calendar it takes, but the candidate's."""
        return [self.interviewer.account_id, *([self.second.account_id] if self.second else [])]


async def hold(wish: Wish, *, until: datetime | None = None) -> Booking:
    """Take the time for the candidate while they fill in the form.

    The same wish again gives the same hold. Another time with the same interviewer lets go of the first.
    Raises NotBookable with the nearest times, or Stop when a neighbour forbids it.
    """
    await check_wish(wish)
    numbers = await calendar_numbers((wish.candidate_id, *wish.hosts))
    snapshot = await policy.current(wish.kind.policy)
    try:
        return await retrying(lambda: _take(wish, numbers, snapshot, until))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise await with_nearest(NotBookable("busy"), wish) from None
    except NotBookable as exc:
        raise await with_nearest(exc, wish) from None


async def check_wish(wish: Wish, *, moving: bool = False) -> None:
    """What can be told without looking at the calendar; and the neighbours are asked."""
    if wish.candidate_id in wish.hosts:
        raise NotBookable("yourself")
    if not moving:
        for card in (wish.interviewer, wish.second):
            if card is None:
                continue
            if not (card.published and card.accepting):
                raise NotBookable("not_accepting")
        offering = await Offer.filter(account_id__in=wish.hosts, type_id=wish.kind.id).count()
        if offering < len(set(wish.hosts)) or not wish.kind.active or wish.kind.kind != "human":
            raise NotBookable("not_offered")
        if wish.second is not None and (wish.kind.panel < 2 or wish.second.account_id == wish.interviewer.account_id):
            raise NotBookable("not_offered")
    await apply(BookingRequested(wish.kind.id, wish.interviewer.account_id, wish.candidate_id, wish.start, wish.end))


async def with_nearest(refusal: NotBookable, wish: Wish, ignore: UUID | None = None) -> NotBookable:
    """The refusal, with the nearest times that can be had."""
    host = wish.interviewer.account_id
    times = (await ask(Question(wish.kind, host, wish.candidate_id, ignore, about=wish.start))).nearest(wish.start)
    if not times:
        times = (await ask(Question(wish.kind, host, wish.candidate_id, ignore))).nearest(wish.start)
    return NotBookable(refusal.reason, times)


async def why_taken(wish: Wish, at: datetime, ignore: UUID | None = None) -> str:
    """Why the time cannot be had, asking the one availability function for everybody in it; '' when it can."""
    for account_id in wish.hosts:
        free = await ask(Question(wish.kind, account_id, wish.candidate_id, ignore, about=wish.start), at)
        if reason := free.refusal(wish.start):
            return reason
    return ""


async def _take(wish: Wish, numbers: list[int], snapshot: dict[str, object], until: datetime | None) -> Booking:
    async with unit_of_work():
        await lock_calendars(*numbers)
        at = now()
        known = await _in_the_way(wish, at)
        for booking in known:
            same = booking.interviewer_id == wish.interviewer.account_id and booking.type_id == wish.kind.id
            mine = same and booking.candidate_id == wish.candidate_id and not overdue(booking, at)
            if mine and (booking.starts_at, booking.ends_at) == (wish.start, wish.end):
                return booking
        await _let_go(wish, at, known)
        await within_limits(wish.candidate_id, at)
        if reason := await why_taken(wish, at):
            raise NotBookable(reason)
        booking = new_booking(wish, numbers, snapshot, hold_until=until or at + hold_time())
        await booking.save(force_create=True)
        await BookingChange.create(
            booking_id=booking.id, before="", after=Status.HELD, actor_id=wish.candidate_id, role="candidate"
        )
        await plan_expiry(booking, new=True)
        return booking


async def _in_the_way(wish: Wish, at: datetime) -> list[Booking]:
    """What the candidate has for a while or at this very time, and what ran out on the hosts' calendars."""
    over = Q(status__in=PASSING, hold_until__lte=at)
    hosts = Q(interviewer_id__in=wish.hosts) | Q(second_id__in=wish.hosts)
    own = Q(candidate_id=wish.candidate_id, status__in=LIVE) & (Q(status__in=PASSING) | Q(starts_at=wish.start))
    return await Booking.filter(own | (over & hosts)).order_by("starts_at")


_LIMITS = f"""
SELECT count(*) FILTER (WHERE status = 'accepted' AND starts_at > $3) AS standing,
  count(*) FILTER (WHERE status IN ({PASSING_SQL}) AND mode <> 'offer') AS unconfirmed,
  (SELECT coalesce(sum(points), 0) FROM scheduling_strike s WHERE s.tenant_id = $1 AND s.account_id = $2
    AND s.expires_at > $3 AND s.waived_at IS NULL) AS strikes
FROM scheduling_booking WHERE tenant_id = $1 AND candidate_id = $2 AND status IN ({LIVE_SQL})
"""  # noqa: S608 - constants


async def within_limits(candidate_id: UUID, at: datetime) -> None:
    """Raises NotBookable for somebody with too many sessions, unconfirmed times or strikes."""
    (has,) = await sql(_LIMITS, current_tenant().id, candidate_id, at)
    if has.standing >= setting("scheduling.open_bookings"):
        raise NotBookable("too_many")
    # What a waiting list holds for somebody was not their doing.
    if has.unconfirmed >= setting("scheduling.open_holds"):
        raise NotBookable("too_many_holds")
    if has.strikes >= setting("scheduling.strike_limit"):
        raise NotBookable("suspended")


def overdue(booking: Booking, at: datetime) -> bool:
    """Whether what was kept for a while ran out, though nobody has cleared it away yet."""
    return booking.status in PASSING and booking.hold_until is not None and booking.hold_until <= at


async def _let_go(wish: Wish, at: datetime, known: list[Booking]) -> None:
    """Holds that ran out, on any of the calendars, and the candidate's other hold with this interviewer."""
    for booking in known:
        replaced = (
            booking.status == Status.HELD
            and booking.mode != "offer"
            and booking.candidate_id == wish.candidate_id
            and booking.interviewer_id == wish.interviewer.account_id
        )
        if booking.status in PASSING and (replaced or overdue(booking, at)):
            await expire_row(booking, "replaced" if replaced else "time")


def new_booking(
    wish: Wish, numbers: list[int], snapshot: dict[str, object], *, hold_until: datetime | None = None
) -> Booking:
    """The row of a held time; price and policy are copied as they are now. `numbers`: candidate's, then hosts'."""
    price = price_of(wish.kind, wish.interviewer)
    booking_id, start, end = new_id(), minute(wish.start), minute(wish.end)
    return Booking(
        id=booking_id,
        type_id=wish.kind.id,
        interviewer_id=wish.interviewer.account_id,
        candidate_id=wish.candidate_id,
        starts_at=wish.start,
        ends_at=wish.end,
        status=Status.HELD.value,
        hold_until=hold_until,
        kind=wish.kind.kind,
        title=wish.kind.title,
        level=wish.kind.level,
        candidate_zone=wish.zone if zones.is_zone(wish.zone) else "UTC",
        price_minor=price.minor,
        currency=price.currency,
        policy=snapshot,
        mode=wish.mode or wish.kind.mode,
        ical_uid=f"{booking_id}@greenroom",
        candidate_no=numbers[0],
        calendar_no=numbers[1],
        second_id=wish.second.account_id if wish.second else None,
        second_no=numbers[2] if wish.second else None,
        from_minute=start,
        to_minute=end,
        guard_from=start - wish.kind.buffer_before,
        guard_to=end + wish.kind.buffer_after,
    )


async def expire_row(booking: Booking, reason: str) -> None:
    """What was kept for a while comes to nothing; joins the open transaction."""
    was = booking.status
    await move(booking, Status.EXPIRED, role="system", reason=reason, hold_until=None)
    if was == Status.REQUESTED:
        await Ask.filter(booking_id=booking.id, state="asked").update(state="lapsed", answered_at=now())
    await unplan(booking)
    if booking.mode == "offer":  # the next one on the waiting list
        await enqueue("scheduling.offer_over", {"booking_id": str(booking.id)})
    await publish(BookingExpired(booking.id, booking.candidate_id, booking.interviewer_id, booking.starts_at, was))
