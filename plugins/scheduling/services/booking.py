"""How a booking comes to be: a time is held, the form is filled in, it is paid or free, it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import (
    Stop,
    _,
    apply,
    current_zone,
    errors,
    new_id,
    now,
    publish,
    retrying,
    services,
    setting,
    unit_of_work,
    url,
    zones,
)
from plugins.users.api import InterviewerCard, Interviewers

from .. import policies
from ..api import BookingRequested
from ..availability import Question, ask, minute
from ..events import BookingConfirmed, BookingExpired
from ..models import Booking, BookingChange, InterviewType, Offer
from ..pricing import price_of
from ..refusals import NotBookable
from ..settings import hold_time, payment_time
from ..states import LIVE, PASSING, Status
from .core import calendar_number, is_collision, lock_calendars, move, own_booking, plan, plan_expiry, unplan

MAX_GOAL = 2000
#: Times that one candidate may keep from others without having confirmed or paid any.
MAX_HOLDS = 3
#: A person who practises is not asked for a time: the session begins now.
PRACTICE_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """A candidate wants this type with this interviewer at this instant; `zone` is where they read the time."""

    kind: InterviewType
    interviewer: InterviewerCard
    candidate_id: UUID
    start: datetime
    zone: str

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.kind.duration_minutes)


@dataclass(frozen=True, slots=True)
class Checkout:
    """What the plugin that takes the money is asked for; the fields of its CheckoutRequest."""

    reference_kind: str
    reference_id: UUID
    payer_id: UUID
    payee_id: UUID | None
    amount_minor: int
    currency: str
    description: str
    return_url: str
    cancel_url: str
    expires_at: datetime


async def hold(wish: Wish) -> Booking:
    """Take the time for the candidate while they fill in the form.

    The same wish again gives the same hold. Another time with the same interviewer lets go of the first.
    Raises NotBookable with the nearest times, or Stop when a neighbour forbids it.
    """
    await check_wish(wish)
    numbers = await calendar_number(wish.interviewer.account_id), await calendar_number(wish.candidate_id)
    try:
        return await retrying(lambda: _take(wish, *numbers))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise await _with_nearest(NotBookable("busy"), wish) from None
    except NotBookable as exc:
        raise await _with_nearest(exc, wish) from None


async def check_wish(wish: Wish, *, moving: bool = False) -> None:
    """What can be told without looking at the calendar; and the neighbours are asked."""
    if wish.interviewer.account_id == wish.candidate_id:
        raise NotBookable("yourself")
    if not moving:
        if not (wish.interviewer.published and wish.interviewer.accepting):
            raise NotBookable("not_accepting")
        offered = await Offer.filter(account_id=wish.interviewer.account_id, type_id=wish.kind.id).exists()
        if not offered or not wish.kind.active or wish.kind.kind != "human":
            raise NotBookable("not_offered")
    await apply(BookingRequested(wish.kind.id, wish.interviewer.account_id, wish.candidate_id, wish.start, wish.end))


async def _with_nearest(refusal: NotBookable, wish: Wish) -> NotBookable:
    free = await ask(Question(wish.kind, wish.interviewer.account_id, wish.candidate_id))
    return NotBookable(refusal.reason, free.nearest(wish.start))


async def _take(wish: Wish, calendar_no: int, candidate_no: int) -> Booking:
    async with unit_of_work():
        await lock_calendars(calendar_no, candidate_no)
        at = now()
        mine = await Booking.filter(candidate_id=wish.candidate_id, status__in=LIVE).order_by("starts_at")
        for booking in mine:
            same = booking.interviewer_id == wish.interviewer.account_id and booking.type_id == wish.kind.id
            passing = booking.status in PASSING
            if same and booking.starts_at == wish.start and not (passing and _overdue(booking, at)):
                return booking
        await _let_go(wish, at, mine)
        standing = [b for b in mine if b.status == Status.ACCEPTED and b.starts_at > at]
        if len(standing) >= setting("scheduling.open_bookings"):
            raise NotBookable("too_many")
        if sum(b.status in PASSING for b in mine) >= MAX_HOLDS:
            raise NotBookable("too_many_holds")
        free = await ask(Question(wish.kind, wish.interviewer.account_id, wish.candidate_id), at)
        if reason := free.refusal(wish.start):
            raise NotBookable(reason)
        booking = new_booking(wish, calendar_no, candidate_no, Status.HELD, hold_until=at + hold_time())
        await booking.save(force_create=True)
        await BookingChange.create(
            booking_id=booking.id, before="", after=Status.HELD, actor_id=wish.candidate_id, role="candidate"
        )
        await plan_expiry(booking)
        return booking


def _overdue(booking: Booking, at: datetime) -> bool:
    return booking.hold_until is not None and booking.hold_until <= at


async def _let_go(wish: Wish, at: datetime, mine: list[Booking]) -> None:
    """Holds that ran out, on either calendar, and the candidate's other hold with this interviewer."""
    theirs = await Booking.filter(interviewer_id=wish.interviewer.account_id, status__in=PASSING, hold_until__lte=at)
    for booking in {b.id: b for b in (*theirs, *mine)}.values():
        replaced = (
            booking.status == Status.HELD
            and booking.candidate_id == wish.candidate_id
            and booking.interviewer_id == wish.interviewer.account_id
        )
        if booking.status in PASSING and (replaced or _overdue(booking, at)):
            await expire_row(booking, "replaced" if replaced else "time")


def new_booking(
    wish: Wish, calendar_no: int, candidate_no: int, status: Status, *, hold_until: datetime | None = None
) -> Booking:
    """The row of a booking with an interviewer; price and policy are copied as they are now."""
    price = price_of(wish.kind, wish.interviewer)
    booking_id, start, end = new_id(), minute(wish.start), minute(wish.end)
    return Booking(
        id=booking_id,
        type_id=wish.kind.id,
        interviewer_id=wish.interviewer.account_id,
        candidate_id=wish.candidate_id,
        starts_at=wish.start,
        ends_at=wish.end,
        status=status.value,
        hold_until=hold_until,
        kind=wish.kind.kind,
        title=wish.kind.title,
        level=wish.kind.level,
        candidate_zone=wish.zone if zones.is_zone(wish.zone) else "UTC",
        price_minor=price.minor,
        currency=price.currency,
        policy=policies.snapshot(wish.kind.policy),
        ical_uid=f"{booking_id}@greenroom",
        calendar_no=calendar_no,
        candidate_no=candidate_no,
        from_minute=start,
        to_minute=end,
        guard_from=start - wish.kind.buffer_before,
        guard_to=end + wish.kind.buffer_after,
    )


async def expire_row(booking: Booking, reason: str) -> None:
    """A hold comes to nothing; joins the open transaction."""
    was = booking.status
    await move(booking, Status.EXPIRED, role="system", reason=reason, hold_until=None)
    await unplan(booking)
    await publish(BookingExpired(booking.id, booking.candidate_id, booking.interviewer_id, booking.starts_at, was))


async def confirm(
    booking_id: UUID, candidate_id: UUID, intake: Mapping[str, Any], *, start: datetime | None = None
) -> tuple[Booking, str]:
    """The form is filled in: the booking stands, or the payment begins. Gives the booking and where to go next.

    Again (double click, Back): the same answer. A hold that ran out, or another `start`, is taken anew first;
    raises NotBookable when that fails.
    """
    booking = await Booking.filter(id=booking_id, candidate_id=candidate_id).first()
    if booking is None or booking.interviewer_id is None:
        raise errors.NotFound()
    lapsed = booking.status == Status.EXPIRED or (booking.status in PASSING and _overdue(booking, now()))
    if lapsed or (start is not None and start != booking.starts_at and booking.status == Status.HELD):
        booking = await _again(booking, start or booking.starts_at)
    async with unit_of_work():
        booking = await own_booking(booking.id, candidate_id)
        if booking.status == Status.HELD:
            booking.intake = {**intake}
            if booking.price_minor > 0 and services.get("payments.Checkout") is not None:
                until = now() + payment_time()
                await move(booking, Status.PENDING, role="candidate", intake={**intake}, hold_until=until)
                await plan_expiry(booking)
            else:
                await accept(booking, role="candidate", intake={**intake})
    if booking.status == Status.PENDING:
        return booking, await _checkout(booking)
    return booking, url("scheduling.booking", id=booking.id)


async def _again(old: Booking, start: datetime) -> Booking:
    """A fresh hold for a lapsed one, or for another time, by the same rules."""
    kind = await InterviewType.filter(id=old.type_id).first()
    card = await services.need(Interviewers).card(old.interviewer_id) if old.interviewer_id else None
    if kind is None or card is None:
        raise NotBookable("not_offered")
    return await hold(Wish(kind, card, old.candidate_id, start.astimezone(UTC), old.candidate_zone))


async def _checkout(booking: Booking) -> str:
    """Where to pay. The provider is asked outside of any transaction; asked again it gives the same checkout."""
    page = url("scheduling.booking", id=booking.id)
    session = await services.need("payments.Checkout").start(
        Checkout(
            reference_kind="booking",
            reference_id=booking.id,
            payer_id=booking.candidate_id,
            payee_id=booking.interviewer_id,
            amount_minor=booking.price_minor,
            currency=booking.currency,
            description=booking.title,
            return_url=page,
            cancel_url=url("scheduling.hold", id=booking.id),
            expires_at=booking.hold_until or now() + payment_time(),
        )
    )
    return str(session.url)


async def accept(booking: Booking, *, role: str, reason: str = "", **changes: Any) -> None:
    """The booking stands; joins the open transaction."""
    await move(booking, Status.ACCEPTED, role=role, reason=reason, hold_until=None, confirmed_at=now(), **changes)
    await plan(booking)
    await publish(
        BookingConfirmed(
            booking.id,
            booking.candidate_id,
            booking.interviewer_id,
            booking.starts_at,
            booking.ends_at,
            booking.type_id,
            booking.title,
            booking.kind,
            booking.price_minor,
            booking.currency,
            booking.ical_sequence,
        )
    )


async def paid(booking_id: UUID) -> bool:
    """The money is there. False when the time is lost, so that it has to go back."""
    async with unit_of_work():
        booking = await Booking.filter(id=booking_id).select_for_update().first()
        if booking is None or booking.status in (Status.EXPIRED, Status.CANCELLED, Status.REJECTED):
            return False
        if booking.status in PASSING:
            await accept(booking, role="system", reason="paid")
        return True


async def practise(kind: InterviewType, candidate_id: UUID) -> Booking:
    """A practice with the scripted interviewer, from now on. Whoever is in one already gets that one again.

    Raises NotBookable when they have another session at this time or have practised enough today.
    """
    if not kind.active or kind.kind != "ai":
        raise NotBookable("not_offered")
    start = now().replace(second=0, microsecond=0)
    end = start + timedelta(minutes=kind.duration_minutes)
    await apply(BookingRequested(kind.id, None, candidate_id, start, end))
    number = await calendar_number(candidate_id)
    try:
        return await retrying(lambda: _practise(kind, candidate_id, number, start))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("own_time") from None


async def _practise(kind: InterviewType, candidate_id: UUID, number: int, start: datetime) -> Booking:
    async with unit_of_work():
        await lock_calendars(number)
        end = start + timedelta(minutes=kind.duration_minutes)
        running = await Booking.filter(
            candidate_id=candidate_id, status__in=(Status.ACCEPTED, Status.IN_PROGRESS), from_minute__lt=minute(end),
            to_minute__gt=minute(start),
        ).first()  # fmt: skip
        if running is not None:
            if running.kind == "ai":
                return running
            raise NotBookable("own_time")
        for lapsed in await Booking.filter(candidate_id=candidate_id, status__in=PASSING, hold_until__lte=now()):
            await expire_row(lapsed, "time")
        midnight = zones.instant(zones.wall(start, current_zone()).date(), time(), current_zone())
        if await Booking.filter(candidate_id=candidate_id, kind="ai", starts_at__gte=midnight).count() >= setting(
            "scheduling.practice_per_day"
        ):
            raise errors.TooMany(3600, _("You have practised as often as one can in a day. Come back tomorrow."))
        booking_id = new_id()
        booking = Booking(
            id=booking_id, type_id=kind.id, interviewer_id=None, candidate_id=candidate_id, starts_at=start,
            ends_at=end, status=Status.HELD.value, kind="ai", title=kind.title, level=kind.level,
            candidate_zone=current_zone(), price_minor=0, currency=kind.currency,
            policy=policies.snapshot("flexible"), ical_uid=f"{booking_id}@greenroom", candidate_no=number,
            from_minute=minute(start), to_minute=minute(end), guard_from=minute(start), guard_to=minute(end),
        )  # fmt: skip
        await booking.save(force_create=True)
        await accept(booking, role="candidate")
        return booking


__all__ = ["MAX_GOAL", "Stop", "Wish", "accept", "confirm", "expire_row", "hold", "new_booking", "paid", "practise"]
