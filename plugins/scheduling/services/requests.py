"""Asking interviewers: for a time (answered within hours) or for now (within 90 seconds). The first to accept has it.

A request to one interviewer takes their time meanwhile where the type says so; one to several takes only the
candidate's, and accepting takes the interviewer's by the same rules as booking. The price asked is the highest of
theirs; what is paid is the price of the one who accepts, as it was when they were asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import _, current_zone, errors, new_id, now, publish, retrying, services, setting, unit_of_work
from plugins.users.api import InterviewerCard, Interviewers

from .. import queries
from ..availability import Question, ask, minute
from ..events import RequestAnswered, SessionRequested
from ..lengths import as_booked
from ..models import Ask, Booking, BookingChange, InterviewType
from ..pricing import price_of
from ..refusals import NotBookable
from ..settings import NOW_ANSWER, REQUEST_PAYMENT, payment_time
from ..states import LIVE, PASSING, Status
from . import policy, strikes
from .core import calendar_number, is_collision, lock_calendars, locked, move, moved_on, plan_expiry
from .holding import expire_row, overdue
from .standing import go_on

#: A session "now" is offered to so many available interviewers, and begins so soon.
MOST_ASKED = 8
_LEAD = timedelta(minutes=2)


def at_once(kind: InterviewType) -> InterviewType:
    """The type as the availability function should read it for a start right now: no notice, every minute."""
    kind.minimum_notice_minutes, kind.step_minutes = 0, 1
    return kind


async def chosen(booking: Booking, kind: InterviewType, also: Sequence[str]) -> list[InterviewerCard]:
    """Whom a request goes to: the interviewer of the held time, and others who are free then too."""
    if kind.mode != "request" or booking.interviewer_id is None:
        return []
    people = services.need(Interviewers)
    first = await people.card(booking.interviewer_id)
    found = [first] if first is not None else []
    others = [slug for slug in dict.fromkeys(also) if first is None or slug != first.slug]
    if len(others) > max(0, kind.fan_out - 1):
        raise errors.Invalid({"also": _("At most {n} interviewers can be asked at once.").format(n=kind.fan_out)})
    free = {card.slug: card for card in await others_free(booking, kind)}
    for slug in others:
        if slug not in free:
            raise errors.Invalid({"also": _("One of the interviewers is not free at this time any more.")})
        found.append(free[slug])
    return found


async def others_free(booking: Booking, kind: InterviewType, limit: int = 12) -> list[InterviewerCard]:
    """Other interviewers who offer the type and are free at the booking's time, the cheapest first."""
    ids = await queries.hosts_of(kind.id)
    ids -= {i for i in (booking.interviewer_id, booking.second_id, booking.candidate_id) if i is not None}
    cards = (await services.need(Interviewers).cards(ids)).values()
    found: list[InterviewerCard] = []
    for card in sorted(cards, key=lambda c: (c.rate_minor, c.name)):
        if not (card.published and card.accepting) or len(found) >= limit:
            continue
        free = await ask(Question(kind, card.account_id, None, booking.id))
        if not free.refusal(booking.starts_at):
            found.append(card)
    return found


async def send(booking: Booking, kind: InterviewType, asked: Sequence[InterviewerCard], fields: dict[str, Any]) -> None:
    """A held time becomes a request; joins the open transaction."""
    until = min(now() + timedelta(hours=kind.answer_hours), booking.starts_at)
    prices = [price_of(kind, card) for card in asked]
    # A request that takes nobody's time, or goes to several, is nobody's until it is accepted.
    if len(asked) > 1 or not kind.request_blocks:
        fields |= {"interviewer_id": None, "calendar_no": None, "second_id": None, "second_no": None}
    if "price_minor" not in fields:
        fields["price_minor"] = max(price.minor for price in prices)
    await _open(booking, asked, until, fields)


async def _open(
    booking: Booking, asked: Sequence[InterviewerCard], until: datetime, fields: dict[str, Any], role: str = "candidate"
) -> None:
    kind = as_booked(await InterviewType.get(id=booking.type_id), booking)
    await move(booking, Status.REQUESTED, role=role, hold_until=until, **fields)
    for card in asked:
        price = price_of(kind, card)
        await Ask.create(
            booking_id=booking.id, interviewer_id=card.account_id, currency=price.currency,
            price_minor=0 if booking.entitlement else price.minor,
        )  # fmt: skip
    await plan_expiry(booking)
    ids = [card.account_id for card in asked]
    await publish(
        SessionRequested(
            booking.id, booking.candidate_id, ids, booking.starts_at, until, booking.mode, booking.title
        )
    )  # fmt: skip


def soon() -> datetime:
    """When a session that is asked for now would begin."""
    return (now() + _LEAD).replace(second=0, microsecond=0)


async def ask_now(kind: InterviewType, candidate_id: UUID) -> Booking:
    """Somebody wants to begin at once: whoever is available now is asked, for 90 seconds.

    Again while one is open: the same. Raises NotBookable when nobody is available or they have another session.
    """
    if not kind.active or kind.kind != "human" or not kind.now_allowed:
        raise NotBookable("not_offered")
    start = soon()
    cards = await available_now(kind, candidate_id, start)
    if not cards:
        raise NotBookable("nobody_now")
    number, snapshot = await calendar_number(candidate_id), await policy.current(kind.policy)
    try:
        return await retrying(lambda: _ask_now(kind, candidate_id, number, start, cards, snapshot))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("own_time") from None


async def available_now(kind: InterviewType, candidate_id: UUID | None, start: datetime) -> list[InterviewerCard]:
    """Interviewers of the type whose calendar is free from `start` on."""
    kind = at_once(await InterviewType.get(id=kind.id))
    ids = {i for i in await queries.hosts_of(kind.id) if i != candidate_id}
    cards = (await services.need(Interviewers).cards(ids)).values()
    found: list[InterviewerCard] = []
    for card in sorted(cards, key=lambda c: (c.rate_minor, c.name)):
        if card.published and card.accepting and len(found) < MOST_ASKED:
            free = await ask(Question(kind, card.account_id, None))
            if not free.refusal(start):
                found.append(card)
    return found


async def _ask_now(
    kind: InterviewType, candidate_id: UUID, number: int, start: datetime, cards: list[InterviewerCard],
    snapshot: dict[str, Any],
) -> Booking:  # fmt: skip
    async with unit_of_work():
        await lock_calendars(number)
        at = now()
        mine = await Booking.filter(candidate_id=candidate_id, status__in=LIVE)
        for booking in mine:
            if overdue(booking, at):
                await expire_row(booking, "time")
            elif booking.mode == "now" and booking.status == Status.REQUESTED:
                return booking
        waiting = sum(b.status in PASSING and b.mode != "offer" for b in mine)
        if waiting >= setting("scheduling.open_holds"):
            raise NotBookable("too_many_holds")
        if await strikes.suspended(candidate_id, at):
            raise NotBookable("suspended")
        end, booking_id = start + timedelta(minutes=kind.duration_minutes), new_id()
        top = max((price_of(kind, card) for card in cards), key=lambda price: price.minor)
        booking = Booking(
            id=booking_id, type_id=kind.id, interviewer_id=None, candidate_id=candidate_id, starts_at=start,
            ends_at=end, status=Status.HELD.value, kind="human", title=kind.title, level=kind.level, mode="now",
            candidate_zone=current_zone(), price_minor=top.minor, currency=top.currency, policy=snapshot,
            ical_uid=f"{booking_id}@greenroom", candidate_no=number, from_minute=minute(start),
            to_minute=minute(end), guard_from=minute(start) - kind.buffer_before,
            guard_to=minute(end) + kind.buffer_after, hold_until=at + NOW_ANSWER,
        )  # fmt: skip
        await booking.save(force_create=True)
        await BookingChange.create(
            booking_id=booking.id, before="", after=Status.HELD, actor_id=candidate_id, role="candidate"
        )
        await _open(booking, cards, at + NOW_ANSWER, {})
        return booking


# --- the answer ---------------------------------------------------------------------------------------------------


async def ask_of(booking_id: UUID, interviewer_id: UUID) -> Ask | None:
    """What an interviewer was asked about this booking."""
    return await Ask.filter(booking_id=booking_id, interviewer_id=interviewer_id).first()


async def accept_request(booking_id: UUID, interviewer_id: UUID) -> Booking:
    """The first of those asked takes the session. Again by the same one: nothing.

    Raises Conflict when somebody else was first or the time for answering is over, NotBookable when their own
    calendar is not free any more.
    """
    number = await calendar_number(interviewer_id)
    try:
        return await retrying(lambda: _accept(booking_id, interviewer_id, number))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("your_time") from None


async def _accept(booking_id: UUID, interviewer_id: UUID, number: int) -> Booking:
    async with unit_of_work():
        await lock_calendars(number)
        booking = await locked(booking_id)
        row = await ask_of(booking_id, interviewer_id)
        if row is None:
            raise errors.NotFound()
        if row.state == "accepted":
            return booking
        at = now()
        _still_open(booking, row, at)
        kind = as_booked(await InterviewType.get(id=booking.type_id), booking)
        free = await ask(Question(at_once(kind), interviewer_id, None, booking.id), at)
        if free.refusal(max(booking.starts_at, at.replace(second=0, microsecond=0) + timedelta(minutes=1))):
            raise NotBookable("your_time")
        await Ask.filter(booking_id=booking_id, state="asked").exclude(id=row.id).update(state="lapsed", answered_at=at)
        row.state, row.answered_at = "accepted", at
        await row.save(update_fields=["state", "answered_at"])
        longest = payment_time() if booking.mode == "now" else min(REQUEST_PAYMENT, booking.starts_at - at)
        await go_on(
            booking, until=at + max(longest, timedelta(minutes=5)), role="interviewer", actor_id=interviewer_id,
            interviewer_id=interviewer_id, calendar_no=number, price_minor=row.price_minor,
        )  # fmt: skip
        await _tell(booking, interviewer_id, "accepted", "")
        return booking


def _still_open(booking: Booking, row: Ask, at: datetime) -> None:
    if booking.status != Status.REQUESTED or row.state != "asked":
        taken = booking.status in (Status.PENDING, Status.ACCEPTED, Status.IN_PROGRESS)
        raise errors.Conflict(_("Somebody else accepted first.") if taken else moved_on())
    if overdue(booking, at):
        raise errors.Conflict(_("The time for answering is over."))


async def decline_request(booking_id: UUID, interviewer_id: UUID, reason: str) -> Booking:
    """One of those asked cannot. When nobody is left, the request is turned down. Again: nothing."""
    async with unit_of_work():
        booking = await locked(booking_id)
        row = await ask_of(booking_id, interviewer_id)
        if row is None:
            raise errors.NotFound()
        if row.state == "declined":
            return booking
        _still_open(booking, row, now())
        row.state, row.answered_at = "declined", now()
        await row.save(update_fields=["state", "answered_at"])
        if not await Ask.filter(booking_id=booking_id, state="asked").exists():
            await move(
                booking, Status.REJECTED, role="interviewer", reason=reason, hold_until=None, cancel_reason=reason[:500]
            )
            await _tell(booking, interviewer_id, "declined", reason)
    return booking


async def _tell(booking: Booking, interviewer_id: UUID, answer: str, reason: str) -> None:
    pays = booking.status == Status.PENDING
    await publish(
        RequestAnswered(
            booking.id, booking.candidate_id, interviewer_id, answer, reason, booking.starts_at, pays,
            booking.hold_until if pays else None,
        )
    )  # fmt: skip
