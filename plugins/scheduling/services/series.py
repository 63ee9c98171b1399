"""A session every week, several in one go: each is a booking of its own, all are had or none.

Only where nothing has to be paid for each of them: a type that is free of charge, or a package with enough sessions
left. Weeks are counted on the candidate's clock, so the wall time stays when clocks change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import _, current_actor, errors, new_id, ngettext, now, retrying, services, unit_of_work, zones
from plugins.users.api import Interviewers

from .. import entitlements, policies
from ..availability import Question, ask
from ..lengths import as_booked
from ..models import Booking, BookingChange, InterviewType
from ..refusals import NotBookable, words
from ..states import Status
from .cancelling import OutcomeChanged, cancel, outlook, why_not_cancelled
from .core import calendar_numbers, is_collision, lock_calendars, own_booking
from .holding import Wish, check_wish, new_booking, overdue, why_taken, within_limits
from .standing import accept

FEWEST, MOST, USUAL = 2, 12, 4
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One week of a series. `start` is None where clocks skip it; `refused` is why it cannot be had, `nearest` what
    can instead."""

    at: datetime
    start: datetime | None
    refused: str = ""
    nearest: list[datetime] = field(default_factory=list)


class SeriesRefused(errors.Conflict):
    """Some of the times went away meanwhile; nothing was booked. `refused`: words by start."""

    def __init__(self, refused: Mapping[datetime, str]) -> None:
        super().__init__(
            ngettext(
                "%(num)s of the times is not free any more. Nothing was booked: choose again.",
                "%(num)s of the times are not free any more. Nothing was booked: choose again.",
                len(refused),
            )
            % {"num": len(refused)}
        )
        self.refused = refused
        self.extra |= {
            "code": "series", "refused": {f"{at:%Y-%m-%dT%H:%MZ}": text for at, text in refused.items()}
        }  # fmt: skip


async def why_not(booking: Booking, kind: InterviewType, count: int = FEWEST) -> str:
    """Why a held time cannot become a series, for people; '' when it can."""
    if booking.kind != "human" or kind.mode != "instant" or booking.mode != "instant":
        return _("Only sessions that are booked at once can be booked for several weeks.")
    return _must_be_paid() if booking.price_minor and await _package(booking, count) is None else ""


def _must_be_paid() -> str:
    return _("Several weeks in one go need sessions free of charge, or a package with enough sessions left.")


async def _package(booking: Booking, count: int) -> str | None:
    """The package that has so many sessions left for the type."""
    found = await entitlements.credits(booking.candidate_id, booking.type_id)
    return next((credit.key for credit in found if credit.left >= count), None)


def weeks(first: datetime, zone: str, count: int) -> list[tuple[datetime, datetime | None]]:
    """(an instant of that day, the start) of every week: the same wall time in `zone`; None where clocks skip it."""
    wall = zones.wall(first, zone)
    found: list[tuple[datetime, datetime | None]] = [(first, first)]
    for n in range(1, count):
        day = wall.date() + n * _WEEK
        instants = zones.instants(day, wall.time().replace(fold=0), zone)
        found.append((zones.instant(day, time(12), zone), instants[0] if instants else None))
    return found


async def look(booking: Booking, kind: InterviewType, count: int) -> list[Occurrence]:
    """Every week with whether it can be had, by the one availability function; the first is the held time itself."""
    if not FEWEST <= count <= MOST:
        raise errors.Invalid({"weeks": _("Choose 2 to 12 weeks.")})
    kind = as_booked(kind, booking)
    found = [Occurrence(booking.starts_at, booking.starts_at)]
    for at, start in weeks(booking.starts_at, booking.candidate_zone, count)[1:]:
        found.append(await _week(booking, kind, at, start))
    return found


async def _week(booking: Booking, kind: InterviewType, at: datetime, start: datetime | None) -> Occurrence:
    about = start or at
    near: list[datetime] | None = None
    reason = "" if start else "gap"
    for host in (booking.interviewer_id, booking.second_id):
        if host is None:
            continue
        free = await ask(Question(kind, host, booking.candidate_id, None, about=about))
        reason = reason or (free.refusal(start) if start else "")
        times = free.nearest(about)
        near = times if near is None else [t for t in near if t in times]
    if not reason:
        return Occurrence(about, start)
    inside = [t for t in near or [] if abs(t - about) < _WEEK / 2]
    return Occurrence(about, start, words(reason), inside)


async def book(
    booking: Booking, kind: InterviewType, starts: Sequence[datetime], intake: Mapping[str, Any]
) -> list[Booking]:
    """Book the held time and `starts` besides it, all or none. Again: what was booked the first time.

    Raises SeriesRefused with the times that went away, NotBookable for a limit of the candidate's, Gone for a hold
    that ran out, Conflict when it has to be paid.
    """
    others = sorted(set(starts) - {booking.starts_at})
    if booking.series_id is not None:
        return await members(booking.series_id)
    if not FEWEST - 1 <= len(others) <= MOST - 1:
        raise errors.Invalid({"start": _("Choose 2 to 12 weeks.")})
    if problem := await why_not(booking, kind, len(others) + 1):
        raise errors.Conflict(problem)
    kind = as_booked(kind, booking)
    wishes = [await _wish(booking, kind, start) for start in others]
    for wish in wishes:
        await check_wish(wish)
    numbers = await calendar_numbers((booking.candidate_id, *wishes[0].hosts))
    package = await _package(booking, len(others) + 1) if booking.price_minor else None
    try:
        return await retrying(lambda: _book(booking.id, wishes, numbers, package, intake))
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise SeriesRefused(dict.fromkeys(others, words("busy"))) from None


async def _wish(booking: Booking, kind: InterviewType, start: datetime) -> Wish:
    cards = await services.need(Interviewers).cards([i for i in (booking.interviewer_id, booking.second_id) if i])
    card = cards.get(booking.interviewer_id) if booking.interviewer_id else None
    if card is None:
        raise NotBookable("not_offered")
    second = cards.get(booking.second_id) if booking.second_id else None
    return Wish(kind, card, booking.candidate_id, start, booking.candidate_zone, second)


async def _book(
    booking_id: UUID, wishes: Sequence[Wish], numbers: list[int], package: str | None, intake: Mapping[str, Any]
) -> list[Booking]:
    async with unit_of_work():
        await lock_calendars(*numbers)
        first = await own_booking(booking_id, wishes[0].candidate_id)
        if first.series_id is not None:
            return await members(first.series_id)
        at = now()
        if first.status != Status.HELD or overdue(first, at):
            raise errors.Gone(_("The time is not held any more. Choose it again."))
        series_id, made, refused = new_id(), [first], {}
        await _stands(first, series_id, package, intake)  # before the others: it is no hold any more
        for wish in wishes:
            if reason := await why_taken(wish, at):
                refused[wish.start] = words(reason)
                continue
            await within_limits(wish.candidate_id, at)
            row = new_booking(wish, numbers, first.policy)
            await row.save(force_create=True)
            await BookingChange.create(
                booking_id=row.id, before="", after=Status.HELD, actor_id=wish.candidate_id, role="candidate"
            )
            made.append(row)
            await _stands(row, series_id, package, intake)
        if refused:
            raise SeriesRefused(refused)
        return sorted(made, key=lambda row: row.starts_at)


async def _stands(row: Booking, series_id: UUID, package: str | None, intake: Mapping[str, Any]) -> None:
    fields: dict[str, Any] = {"series_id": series_id, "intake": {**intake}}
    if package is not None:
        if not await entitlements.use(package, row.candidate_id, row.id):
            raise errors.Conflict(_("Your package has not enough sessions left."))
        fields |= {"entitlement": package, "price_minor": 0}
        row.price_minor = 0
    elif row.price_minor:  # the held one was free of charge, these are not any more
        raise errors.Conflict(_must_be_paid())
    await accept(row, role="candidate", **fields)


# --- afterwards ---------------------------------------------------------------------------------------------------


async def members(series_id: UUID) -> list[Booking]:
    """All sessions of a series, the earliest first, whatever became of them."""
    return await Booking.filter(series_id=series_id).order_by("starts_at", "id")


async def shared(booking: Booking, role: str) -> list[Booking]:
    """What this party sees of a booking's series: a candidate their sessions, an interviewer those they hold."""
    if booking.series_id is None:
        return []
    rows = await members(booking.series_id)
    if role == "interviewer":
        return [row for row in rows if row.interviewer_id == booking.interviewer_id]
    return [row for row in rows if row.candidate_id == booking.candidate_id]


async def following(booking: Booking, role: str) -> list[Booking]:
    """This session and those after it that can still be called off by this party."""
    return [
        row for row in await shared(booking, role)
        if row.starts_at >= booking.starts_at and row.status == Status.ACCEPTED
        and not why_not_cancelled(row, role, now())
    ]  # fmt: skip


def seal(rows: Sequence[Booking], role: str) -> str:
    """The seal of what calling these off leads to, one by one."""
    return policies.seal(policies.Result(), *[outlook(row, role, now()).seal for row in rows])


def worth(rows: Sequence[Booking], role: str) -> tuple[int, int]:
    """(sessions that count in their package again, strikes for this party) when these are called off now."""
    results = [(row, outlook(row, role, now()).result) for row in rows]
    back = sum(bool(row.entitlement) and result.percent == 100 for row, result in results)
    return back, sum(result.points(role) for _row, result in results)


async def cancel_following(
    booking: Booking, role: str, reason: str, *, code: str = "", seen: str = ""
) -> list[Booking]:
    """Call this session and all that follow off, together. `seen` as for one. Again: nothing is left to call off.

    What had begun, or is past the policy's notice, stays; raises OutcomeChanged when the result is not what was shown.
    """
    actor = current_actor()
    async with unit_of_work():
        rows = await following(booking, role)
        if seen and rows and seen != seal(rows, role):
            raise OutcomeChanged(outlook(booking, role, now()))
        return [
            await cancel(row.id, role, reason, code=code, actor_id=actor.id if actor else None) for row in rows
        ]  # fmt: skip
