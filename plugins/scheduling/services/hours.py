"""An interviewer's weekly hours: several named schedules, what they are for, and the limits of the person.

Existing bookings stay untouched, whatever is saved here. Single days, time off and travel: days.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import _, compare_and_set, errors, get_or_404, now, publish, unit_of_work, zones

from ..availability import wall_minutes
from ..events import AvailabilityChanged
from ..holidays import countries
from ..models import InterviewType, Offer, Schedule
from ..slots.spans import merge

Weekly = dict[str, list[list[str]]]
MAX_RANGES = 8
MAX_SCHEDULES = 10
_WEEK = 7 * 1440


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of a person: sessions and minutes; None is no limit. After `consecutive` sessions they rest."""

    per_day: int | None = None
    per_week: int | None = None
    per_month: int | None = None
    minutes_per_day: int | None = None
    minutes_per_week: int | None = None
    consecutive: int | None = None
    rest_minutes: int = 15


@dataclass(frozen=True, slots=True)
class HoursInput:
    """What the editor sends. `version` is the schedule's when it was read, 0 for the first time.

    `schedule`: another than the usual one; its `types` are then booked by it. `caps` None: as they were.
    `moving` answers what another zone means: "wall" keeps the times on the clock, "instant" the moments.
    """

    zone: str
    weekly: Weekly
    types: tuple[UUID, ...]
    per_day: int | None
    per_week: int | None
    version: int
    schedule: UUID | None = None
    caps: Caps | None = None
    moving: str = "wall"


def check_ranges(ranges: Collection[Collection[str]]) -> str:
    """Why these ranges of one date cannot be, for people; '' when they can. An end before its start is overnight."""
    if len(ranges) > MAX_RANGES:
        return _("Use at most %(n)s ranges a day.") % {"n": MAX_RANGES}
    for start_text, end_text in ranges:
        try:
            start, end = wall_minutes(start_text), wall_minutes(end_text)
        except ValueError:
            return _("Enter times such as 09:00 and 17:30.")
        if not (0 <= start < 1440 and 0 <= end <= 1440):
            return _("Enter times such as 09:00 and 17:30.")
        if start == end:
            return _("A range needs some length: let it end later than it starts.")
    return ""


def check_weekly(weekly: Mapping[str, Collection[Collection[str]]]) -> dict[str, str]:
    """Problems by weekday ("1" Monday)."""
    return {day: problem for day, ranges in weekly.items() if (problem := check_ranges(ranges))}


def joined(ranges: Collection[Collection[str]]) -> list[list[str]]:
    """The same ranges in order, with what overlaps or touches made one; a night keeps running over midnight."""
    spans = []
    for start_text, end_text in ranges:
        start, end = wall_minutes(start_text), wall_minutes(end_text)
        spans.append((start, end if end > start else end + 1440))
    # More than a day round the clock is the whole day.
    return [[_clock(a), _clock(b if b <= 1440 else min(b - 1440, a - 1) if a else 1440)] for a, b in merge(spans)]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def moved(weekly: Mapping[str, Collection[Collection[str]]], before: str, after: str, at: datetime) -> Weekly:
    """Weekly hours of one zone as the clock of another shows the same moments in the week of `at`."""
    shift = _offset(after, at) - _offset(before, at)
    found: Weekly = {}
    for day, ranges in weekly.items():
        for start_text, end_text in ranges:
            start, end = wall_minutes(start_text), wall_minutes(end_text)
            length = end - start if end > start else end + 1440 - start
            begin = ((int(day) - 1) * 1440 + start + shift) % _WEEK
            while length > 0:
                midnight = begin // 1440 * 1440
                piece = min(length, midnight + 1440 - begin)
                where = found.setdefault(str(begin // 1440 + 1), [])
                where.append([_clock(begin - midnight), _clock(begin - midnight + piece)])
                begin, length = (begin + piece) % _WEEK, length - piece
    return {day: joined(ranges) for day, ranges in sorted(found.items())}


def _offset(zone: str, at: datetime) -> int:
    offset = zones.wall(at, zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


async def save_hours(account_id: UUID, sent: HoursInput) -> Schedule:
    """Store weekly hours, zone, limits and offered types. Raises Invalid, or Conflict when it was saved elsewhere."""
    problems = {f"d{day}": problem for day, problem in check_weekly(sent.weekly).items()}
    if not zones.is_zone(sent.zone):
        problems["zone"] = _("Choose a time zone from the list.")
    if problems:
        raise errors.Invalid(problems)
    weekly = {day: joined(ranges) for day, ranges in sorted(sent.weekly.items()) if ranges}
    caps = sent.caps or Caps(sent.per_day, sent.per_week)
    values = {name: getattr(caps, name) for name in Caps.__slots__} if sent.caps else {
        "per_day": sent.per_day, "per_week": sent.per_week
    }  # fmt: skip
    async with unit_of_work():
        row = await _wanted(account_id, sent.schedule)
        if row is None:
            row = await Schedule.create(account_id=account_id, zone=sent.zone, weekly=weekly, **values)
        else:
            if row.version != sent.version and _is(row, sent.zone, weekly, values):
                return row  # a second click
            row.version = sent.version
            if row.zone != sent.zone and sent.moving == "instant":
                weekly = moved(weekly, row.zone, sent.zone, now())
            await compare_and_set(row, zone=sent.zone, weekly=weekly, **({} if row.name else values))
        await _offer(account_id, sent.types, row)
        await publish(AvailabilityChanged(account_id))
    return row


def _is(row: Schedule, zone: str, weekly: Weekly, values: Mapping[str, object]) -> bool:
    """Whether this is stored already."""
    same = row.zone == zone and row.weekly == weekly
    return same and (bool(row.name) or all(getattr(row, name) == value for name, value in values.items()))


async def _wanted(account_id: UUID, schedule_id: UUID | None) -> Schedule | None:
    """The schedule, locked; the usual one for None, which need not be there yet."""
    query = Schedule.filter(account_id=account_id).select_for_update()
    if schedule_id is None:
        return await query.filter(name="").first()
    return await get_or_404(query, schedule_id)


async def _offer(account_id: UUID, types: Collection[UUID], row: Schedule) -> None:
    """The usual schedule says what is offered at all; another takes types over, or gives them back."""
    known = set(await InterviewType.filter(id__in=list(types), kind="human").values_list("id", flat=True))
    offers = {offer.type_id: offer for offer in await Offer.filter(account_id=account_id)}
    fresh = [
        Offer(account_id=account_id, type_id=type_id, schedule_id=row.id if row.name else None)
        for type_id in known - set(offers)
    ]
    await Offer.bulk_create(fresh)
    if row.name:
        await (
            Offer.filter(account_id=account_id, schedule_id=row.id)
            .exclude(type_id__in=list(known))
            .update(schedule_id=None)
        )
        await Offer.filter(account_id=account_id, type_id__in=list(known)).update(schedule_id=row.id)
    else:
        gone = [offer.id for type_id, offer in offers.items() if type_id not in known]
        await Offer.filter(id__in=gone).delete()


async def usual(account_id: UUID) -> Schedule:
    """The usual schedule, locked. Raises Conflict before there is one."""
    row = await _wanted(account_id, None)
    if row is None:
        raise errors.Conflict(_("Save your weekly hours first."))
    return row


async def add_schedule(account_id: UUID, name: str) -> Schedule:
    """Another set of hours, a copy of the usual ones to begin with."""
    name = " ".join(name.split())[:60]
    if not name:
        raise errors.Invalid({"name": _("Enter a name")})
    async with unit_of_work():
        first = await usual(account_id)
        names = await Schedule.filter(account_id=account_id).values_list("name", flat=True)
        if name.casefold() in {str(other).casefold() for other in names}:
            raise errors.Invalid({"name": _("You have hours of this name already.")})
        if len(names) >= MAX_SCHEDULES:
            raise errors.Invalid({"name": _("You have as many schedules as one can have. Delete one first.")})
        return await Schedule.create(account_id=account_id, name=name, zone=first.zone, weekly=first.weekly)


async def delete_schedule(account_id: UUID, schedule_id: str) -> None:
    """What was booked by these hours is booked by the usual ones from now on."""
    async with unit_of_work():
        row = await get_or_404(Schedule, schedule_id, account_id=account_id)
        if not row.name:
            raise errors.Conflict(_("Your usual hours cannot be deleted. Close the days instead."))
        await Offer.filter(account_id=account_id, schedule_id=row.id).update(schedule_id=None)
        await row.delete()
        await publish(AvailabilityChanged(account_id))


async def set_holidays(account_id: UUID, chosen: Collection[str] | None) -> None:
    """Which countries' public holidays are days off: None as the tenant says, nothing for none."""
    if chosen is not None and (unknown := [code for code in chosen if code not in countries()]):
        raise errors.Invalid({"countries": _("%(code)s is not in the list.") % {"code": unknown[0][:5]}})
    async with unit_of_work():
        row = await usual(account_id)
        row.holidays = None if chosen is None else sorted(set(chosen))  # type: ignore[assignment]
        await row.save(update_fields=["holidays"])
        await publish(AvailabilityChanged(account_id))
