"""An interviewer's hours, days that differ, time off, and the types they offer. Existing bookings stay untouched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from uuid import UUID

from kernel import _, compare_and_set, errors, get_or_404, now, publish, unit_of_work, zones

from ..availability import wall_minutes
from ..events import AvailabilityChanged
from ..models import DateOverride, InterviewType, Offer, Schedule, TimeOff

Weekly = dict[str, list[list[str]]]
MAX_RANGES = 8
MAX_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class HoursInput:
    """What the editor sends. `version` is the schedule's when it was read, 0 for the first time."""

    zone: str
    weekly: Weekly
    types: tuple[UUID, ...]
    per_day: int | None
    per_week: int | None
    version: int


def check_ranges(ranges: Collection[Collection[str]]) -> str:
    """Why these ranges of one date cannot be, for people; '' when they can. An end before its start is overnight."""
    if len(ranges) > MAX_RANGES:
        return _("Use at most %(n)s ranges a day.") % {"n": MAX_RANGES}
    spans: list[tuple[int, int]] = []
    for start_text, end_text in ranges:
        try:
            start, end = wall_minutes(start_text), wall_minutes(end_text)
        except ValueError:
            return _("Enter times such as 09:00 and 17:30.")
        if not (0 <= start < 1440 and 0 <= end <= 1440):
            return _("Enter times such as 09:00 and 17:30.")
        if start == end:
            return _("A range needs some length: let it end later than it starts.")
        spans.append((start, end if end > start else end + 1440))
    spans.sort()
    if any(b > c for (_a, b), (c, _d) in pairwise(spans)):
        return _("Two ranges overlap. Join them, or move one.")
    return ""


def check_weekly(weekly: Mapping[str, Collection[Collection[str]]]) -> dict[str, str]:
    """Problems by weekday ("1" Monday); nights that run into the next morning's hours are named too."""
    found = {day: problem for day, ranges in weekly.items() if (problem := check_ranges(ranges))}
    if found:
        return found
    for day, ranges in weekly.items():
        late = max((wall_minutes(b) for a, b in ranges if wall_minutes(b) < wall_minutes(a)), default=0)
        after = str(int(day) % 7 + 1)
        first = min((wall_minutes(a) for a, _b in weekly.get(after, ())), default=1440)
        if late > first:
            found[day] = _("The night runs into the next day's hours. End it earlier.")
    return found


async def save_hours(account_id: UUID, sent: HoursInput) -> Schedule:
    """Store weekly hours, zone, caps and offered types. Raises Invalid, or Conflict when saved elsewhere meanwhile."""
    problems = {f"d{day}": problem for day, problem in check_weekly(sent.weekly).items()}
    if not zones.is_zone(sent.zone):
        problems["zone"] = _("Choose a time zone from the list.")
    if problems:
        raise errors.Invalid(problems)
    weekly = {day: sorted(ranges) for day, ranges in sorted(sent.weekly.items()) if ranges}
    async with unit_of_work():
        row = await Schedule.filter(account_id=account_id, name="").select_for_update().first()
        if row is None:
            row = await Schedule.create(
                account_id=account_id, zone=sent.zone, weekly=weekly, per_day=sent.per_day, per_week=sent.per_week
            )
        else:
            row.version = sent.version
            await compare_and_set(row, zone=sent.zone, weekly=weekly, per_day=sent.per_day, per_week=sent.per_week)
        await _offer(account_id, sent.types)
        await publish(AvailabilityChanged(account_id))
    return row


async def _offer(account_id: UUID, types: Collection[UUID]) -> None:
    known = set(await InterviewType.filter(id__in=list(types), kind="human").values_list("id", flat=True))
    offered = set(await Offer.filter(account_id=account_id).values_list("type_id", flat=True))
    await Offer.filter(account_id=account_id, type_id__in=list(offered - known)).delete()
    await Offer.bulk_create([Offer(account_id=account_id, type_id=type_id) for type_id in known - offered])


async def _schedule(account_id: UUID) -> Schedule:
    row = await Schedule.filter(account_id=account_id, name="").select_for_update().first()
    if row is None:
        raise errors.Conflict(_("Save your weekly hours first."))
    return row


async def set_override(account_id: UUID, day: date, ranges: list[list[str]]) -> None:
    """Other hours for one date; none closes it."""
    if problem := check_ranges(ranges):
        raise errors.Invalid({"ranges": problem})
    async with unit_of_work():
        schedule = await _schedule(account_id)
        row = await DateOverride.filter(schedule_id=schedule.id, date=day).first()
        if row is None:
            if await DateOverride.filter(schedule_id=schedule.id).count() >= MAX_ENTRIES:
                raise errors.Invalid({"date": _("There are too many special days. Remove old ones first.")})
            await DateOverride.create(schedule_id=schedule.id, date=day, ranges=sorted(ranges))
        else:
            row.ranges = sorted(ranges)
            await row.save(update_fields=["ranges"])
        await publish(AvailabilityChanged(account_id))


async def remove_override(account_id: UUID, override_id: str) -> None:
    """Back to the weekly hours on that date."""
    async with unit_of_work():
        schedule = await _schedule(account_id)
        row = await get_or_404(DateOverride, override_id, schedule_id=schedule.id)
        await row.delete()
        await publish(AvailabilityChanged(account_id))


async def add_time_off(account_id: UUID, starts_at: datetime, ends_at: datetime, note: str) -> None:
    """Be away from one instant to another."""
    if ends_at <= starts_at:
        raise errors.Invalid({"last": _("Let it end on the first day or later.")})
    if ends_at <= now():
        raise errors.Invalid({"last": _("Choose days that are not over yet.")})
    async with unit_of_work():
        if await TimeOff.filter(account_id=account_id, ends_at__gt=now()).count() >= MAX_ENTRIES:
            raise errors.Invalid({"first": _("There are too many entries. Remove some first.")})
        await TimeOff.create(account_id=account_id, starts_at=starts_at, ends_at=ends_at, note=note)
        await publish(AvailabilityChanged(account_id))


async def remove_time_off(account_id: UUID, entry_id: str) -> None:
    async with unit_of_work():
        row = await get_or_404(TimeOff, entry_id, account_id=account_id)
        await row.delete()
        await publish(AvailabilityChanged(account_id))
