"""Another time, length or interviewer: the old is freed and the new taken together, or nothing happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import Money, _, audit, current_actor, errors, now, publish, retrying, services, unit_of_work
from plugins.users.api import InterviewerCard, Interviewers

from .. import policies, queries
from ..availability import Question, ask, minute
from ..events import BookingRescheduled, InterviewerChanged
from ..lengths import as_booked, lengths, minutes_between
from ..models import Booking, InterviewType, PaidMove
from ..policies import Case, Result
from ..pricing import price_of
from ..refusals import NotBookable
from ..states import PASSING, Status
from .cancelling import OutcomeChanged, Outlook, close_proposals, freed
from .core import calendar_number, calendar_numbers, is_collision, lock_calendars, locked, move, moved_on, plan
from .holding import Wish, check_wish, expire_row, why_taken, with_nearest
from .paying import PaysFirst, ask_for, checkout_for, last_moment
from .requests import at_once


def outlook(
    booking: Booking, role: str, at: datetime, to: datetime | None = None, price: Money | None = None
) -> Outlook:
    """What moving it means for this party. `price`: of the session now; what differs follows the booking's policy."""
    same = price is not None and price.currency == booking.currency and not booking.entitlement
    new = price.minor if price is not None and same else None
    case = Case("move", role, booking.price_minor, booking.starts_at, at, booking.moves, to, new_price_minor=new)
    result: Result = policies.weigh(booking.policy, case)
    return Outlook(result, policies.seal(result, booking.id, booking.starts_at.isoformat(), booking.status, role))


async def price_now(booking: Booking) -> Money | None:
    """What the session would cost if it were booked today; None when nobody can say."""
    try:
        return (await _wish(booking, booking.starts_at))[1]
    except NotBookable:
        return None


def price_as_booked(booking: Booking, kind: InterviewType, card: InterviewerCard) -> Money | None:
    """The price today of the length that was booked; None for one that the type has not, as after an extension."""
    known = minutes_between(booking.starts_at, booking.ends_at) in lengths(kind)
    return price_of(as_booked(kind, booking), card) if known else None


def why_not_moved(booking: Booking, at: datetime, role: str = "candidate") -> str:
    """Why this party cannot move it, for people; '' when they can."""
    if booking.kind != "human" or booking.status != Status.ACCEPTED:
        return _("Only a session that is booked and has not begun can be moved.")
    return policies.why(outlook(booking, role, at).result, booking.policy)


async def reschedule(
    booking_id: UUID,
    candidate_id: UUID,
    start: datetime,
    *,
    role: str = "candidate",
    reason: str = "",
    seen: str = "",
    actor_id: UUID | None = None,
) -> Booking:
    """Move a booking to `start`, by the rules of a new booking, its own time not counting.

    `role` is candidate (by the policy; counted), interviewer (a proposal that the candidate has accepted) or admin
    (with a reason, past the policy). Raises NotBookable, Conflict when it may not move, OutcomeChanged when the
    session is not what was shown any more, and PaysFirst when the new time costs more by the policy.
    """
    booking = await Booking.filter(id=booking_id, candidate_id=candidate_id).first()
    if booking is None:
        raise errors.NotFound()
    if booking.status == Status.ACCEPTED and booking.starts_at == start:
        return booking
    _may_move(booking, role, now(), start)
    if role == "admin" and len(reason.strip()) < 3:
        raise errors.Invalid({"reason": _("Enter a reason: both people read it")})
    if actor_id is None and (actor := current_actor()) is not None:
        actor_id = actor.id
    wish, price = await _wish(booking, start)
    await check_wish(wish, moving=True)
    numbers = await calendar_numbers((candidate_id, *wish.hosts))
    try:
        moved, asked = await retrying(lambda: _move(booking_id, wish, price, numbers, role, reason, seen, actor_id))
        if asked is not None:
            raise PaysFirst(asked, await checkout_for(moved, asked))
        return moved
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise await with_nearest(NotBookable("busy"), wish, booking_id) from None
    except NotBookable as exc:
        raise await with_nearest(exc, wish, booking_id) from None


def _may_move(booking: Booking, role: str, at: datetime, to: datetime) -> None:
    if booking.status != Status.ACCEPTED:
        raise errors.Conflict(why_not_moved(booking, at, role) or moved_on())
    if role == "interviewer":
        return  # the candidate has agreed to it
    if problem := why_not_moved(booking, at, role):
        raise errors.Conflict(problem)
    if problem := policies.why(outlook(booking, role, at, to).result, booking.policy):
        raise errors.Invalid({"start": problem})


async def _wish(booking: Booking, start: datetime) -> tuple[Wish, Money | None]:
    """The booking as a wish for another time, with the length it was booked with, and what that costs now."""
    kind = await InterviewType.filter(id=booking.type_id).first()
    cards = await services.need(Interviewers).cards([i for i in (booking.interviewer_id, booking.second_id) if i])
    card = cards.get(booking.interviewer_id) if booking.interviewer_id else None
    if kind is None or card is None:
        raise NotBookable("not_offered")
    second = cards.get(booking.second_id) if booking.second_id else None
    wish = Wish(as_booked(kind, booking), card, booking.candidate_id, start, booking.candidate_zone, second)
    return wish, price_as_booked(booking, kind, card)


async def _move(
    booking_id: UUID, wish: Wish, price: Money | None, numbers: list[int], role: str, reason: str, seen: str,
    actor_id: UUID | None,
) -> tuple[Booking, PaidMove | None]:  # fmt: skip
    """Moved, or what has to be paid before that."""
    async with unit_of_work():
        await lock_calendars(*numbers)
        booking = await locked(booking_id)
        if booking.status == Status.ACCEPTED and booking.starts_at == wish.start:
            return booking, None
        at = now()
        found = outlook(booking, role, at, price=price)
        if seen and seen != found.seal:
            raise OutcomeChanged(found)
        _may_move(booking, role, at, wish.start)
        if booking.interviewer_id != wish.interviewer.account_id:
            raise errors.Conflict(moved_on())
        for hold in await Booking.filter(interviewer_id__in=wish.hosts, status__in=PASSING, hold_until__lte=at):
            await expire_row(hold, "time")
        if reason_code := await why_taken(wish, at, booking_id):
            raise NotBookable(reason_code)
        if found.result.charge_minor:
            return booking, await ask_for(booking, wish.start, found.result.charge_minor, actor_id)
        await _to_new_time(booking, wish, role, reason, actor_id, back=found.result.refund_minor)
        return booking, None


async def paid(move_id: UUID) -> bool:
    """The difference is there: the move is carried out. False when it cannot be, so that the money goes back.

    Again: the same answer. The time is taken by the rules of any move, as they were when it was asked for.
    """
    asked = await PaidMove.filter(id=move_id).first()
    booking = await Booking.filter(id=asked.booking_id).first() if asked is not None else None
    if asked is None or booking is None:
        return False
    if asked.state != "open":
        return bool(asked.state == "done")
    try:
        wish, _price = await _wish(booking, asked.starts_at)
        numbers = await calendar_numbers((booking.candidate_id, *wish.hosts))
        return await retrying(lambda: _carry_out(asked.id, wish, numbers))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
    except (NotBookable, errors.Conflict):
        pass
    await PaidMove.filter(id=move_id, state="open").update(state="refused")
    return await PaidMove.filter(id=move_id, state="done").exists()


async def _carry_out(move_id: UUID, wish: Wish, numbers: list[int]) -> bool:
    async with unit_of_work():
        await lock_calendars(*numbers)
        asked = await PaidMove.filter(id=move_id).select_for_update().get()
        if asked.state != "open":
            return bool(asked.state == "done")
        booking, at = await locked(asked.booking_id), now()
        stands = booking.status == Status.ACCEPTED and booking.ical_sequence == asked.sequence
        if not stands or last_moment(booking) <= at or booking.interviewer_id != wish.interviewer.account_id:
            raise errors.Conflict(moved_on())
        for hold in await Booking.filter(interviewer_id__in=wish.hosts, status__in=PASSING, hold_until__lte=at):
            await expire_row(hold, "time")
        if reason_code := await why_taken(wish, at, booking.id):
            raise NotBookable(reason_code)
        await PaidMove.filter(id=move_id).update(state="done")
        await _to_new_time(booking, wish, "candidate", "", asked.actor_id, price_minor=asked.price_minor)
        return True


async def _to_new_time(
    booking: Booking, wish: Wish, role: str, reason: str, actor_id: UUID | None, *, back: int = 0,
    price_minor: int | None = None,
) -> None:  # fmt: skip
    old, old_end, start, end = booking.starts_at, booking.ends_at, minute(wish.start), minute(wish.end)
    await move(
        booking, Status.ACCEPTED, role=role, reason=reason, actor_id=actor_id,
        details={"from": old.isoformat(), "to": wish.start.isoformat()},
        starts_at=wish.start, ends_at=wish.end, from_minute=start, to_minute=end,
        guard_from=start - wish.kind.buffer_before, guard_to=end + wish.kind.buffer_after,
        moves=booking.moves + (role == "candidate"), ical_sequence=booking.ical_sequence + 1,
        price_minor=booking.price_minor - back if price_minor is None else price_minor,
    )  # fmt: skip
    await plan(booking)
    await close_proposals(booking)
    await publish(
        BookingRescheduled(
            booking.id, old, wish.start, wish.end, booking.candidate_id, booking.interviewer_id, by=role,
            back_minor=back,
        )
    )  # fmt: skip
    if role == "admin":
        await audit.record(
            "scheduling.booking_moved", subject="booking", subject_id=str(booking.id), reason=reason,
            before={"starts_at": old.isoformat()}, after={"starts_at": wish.start.isoformat()},
        )  # fmt: skip
    await freed(booking, old, old_end)


# --- another interviewer ------------------------------------------------------------------------------------------


async def substitutes(booking: Booking, limit: int = 6) -> list[InterviewerCard]:
    """Colleagues who offer the type, are free at the session's time, and whose rate is as high or higher."""
    if booking.interviewer_id is None or booking.kind != "human":
        return []
    kind = await InterviewType.filter(id=booking.type_id).first()
    mine = await services.need(Interviewers).card(booking.interviewer_id)
    if kind is None:
        return []
    ids = await queries.hosts_of(booking.type_id)
    ids -= {i for i in (booking.interviewer_id, booking.second_id, booking.candidate_id) if i is not None}
    found: list[InterviewerCard] = []
    cards = (await services.need(Interviewers).cards(ids)).values()
    for card in sorted(cards, key=lambda c: (c.rate_minor, c.name)):
        lower = mine is not None and card.rate_minor < mine.rate_minor
        if lower or not (card.published and card.accepting) or len(found) >= limit:
            continue
        if not await why_not_taken_over(booking, kind, card.account_id, now()):
            found.append(card)
    return found


async def why_not_taken_over(booking: Booking, kind: InterviewType, colleague_id: UUID, at: datetime) -> str:
    """Why a colleague cannot hold the session at its time, as a refusal's code; '' when they can."""
    kind = at_once(kind)
    kind.duration_minutes = round((booking.ends_at - booking.starts_at).total_seconds() / 60)
    return (await ask(Question(kind, colleague_id, None, booking.id), at)).refusal(booking.starts_at)


async def reassign(
    booking_id: UUID,
    colleague_id: UUID,
    *,
    role: str = "admin",
    reason: str = "",
    actor_id: UUID | None = None,
    sequence: int | None = None,
) -> Booking:
    """Somebody else holds the session; time and price stay. An administrator gives a reason.

    `sequence`: only if the booking is still what it was proposed for. Raises NotBookable when they are not free.
    """
    if role == "admin" and len(reason.strip()) < 3:
        raise errors.Invalid({"reason": _("Enter a reason: both people read it")})
    card = await services.need(Interviewers).card(colleague_id)
    if card is None:
        raise NotBookable("not_accepting")
    number = await calendar_number(colleague_id)
    try:
        return await retrying(lambda: _swap(booking_id, colleague_id, number, role, reason, actor_id, sequence))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("busy") from None


async def _swap(
    booking_id: UUID, colleague_id: UUID, number: int, role: str, reason: str, actor_id: UUID | None,
    sequence: int | None,
) -> Booking:  # fmt: skip
    async with unit_of_work():
        await lock_calendars(number)
        booking = await locked(booking_id)
        old = booking.interviewer_id
        if old == colleague_id:
            return booking
        if booking.status != Status.ACCEPTED or old is None or sequence not in (None, booking.ical_sequence):
            raise errors.Conflict(moved_on())
        if colleague_id in (booking.candidate_id, booking.second_id):
            raise NotBookable("yourself")
        if reason_code := await why_not_taken_over(
            booking, await InterviewType.get(id=booking.type_id), colleague_id, now()
        ):
            raise NotBookable(reason_code)
        await move(
            booking, Status.ACCEPTED, role=role, reason=reason, actor_id=actor_id,
            details={"old_interviewer": str(old), "interviewer": str(colleague_id)},
            interviewer_id=colleague_id, calendar_no=number, ical_sequence=booking.ical_sequence + 1,
        )  # fmt: skip
        await plan(booking)
        await close_proposals(booking)
        await publish(
            InterviewerChanged(booking.id, old, colleague_id, booking.candidate_id, booking.starts_at, role, reason)
        )
        if role == "admin":
            await audit.record(
                "scheduling.booking_reassigned", subject="booking", subject_id=str(booking.id), reason=reason,
                before={"interviewer": str(old)}, after={"interviewer": str(colleague_id)},
            )  # fmt: skip
        return booking


async def extend(booking_id: UUID, minutes: int, reason: str) -> Booking:
    """An administrator lets a session run longer, also while it runs. Raises NotBookable when the next one begins."""
    if len(reason.strip()) < 3:
        raise errors.Invalid({"reason": _("Enter a reason: both people read it")})
    if not 1 <= minutes <= 240:
        raise errors.Invalid({"minutes": _("Choose between 1 and 240 minutes.")})
    try:
        async with unit_of_work():
            booking = await locked(booking_id)
            if booking.status not in (Status.ACCEPTED, Status.IN_PROGRESS) or booking.ends_at <= now():
                raise errors.Conflict(_("Only a session that is not over can be extended."))
            await _longer(booking, minutes, reason)
            return booking
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("too_long") from None


async def _longer(booking: Booking, minutes: int, reason: str) -> None:
    old_end, more = booking.ends_at, timedelta(minutes=minutes)
    changes: dict[str, Any] = {
        "ends_at": old_end + more, "to_minute": booking.to_minute + minutes, "guard_to": booking.guard_to + minutes,
        "ical_sequence": booking.ical_sequence + 1,
    }  # fmt: skip
    details = {"ends": old_end.isoformat(), "longer": minutes}
    await move(booking, Status(booking.status), role="admin", reason=reason, details=details, **changes)
    await plan(booking)
    await publish(
        BookingRescheduled(
            booking.id, booking.starts_at, booking.starts_at, booking.ends_at, booking.candidate_id,
            booking.interviewer_id, by="admin",
        )
    )  # fmt: skip
    await audit.record(
        "scheduling.booking_extended", subject="booking", subject_id=str(booking.id), reason=reason,
        before={"ends_at": old_end.isoformat()}, after={"ends_at": booking.ends_at.isoformat()},
    )  # fmt: skip
