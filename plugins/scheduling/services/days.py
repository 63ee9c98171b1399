"""Single days, time off and travel of an interviewer: entered one by one, in bulk, or from a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from kernel import _, errors, get_logger, get_or_404, now, publish, unit_of_work, zones

from ..events import AvailabilityChanged
from ..models import Ask, DateOverride, Schedule, TimeOff, Travel
from .hours import check_ranges, joined, usual

MAX_ENTRIES = 400
MAX_LINES = 1000
_YEARS = timedelta(days=730)
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date instead of the weekly ones; none: closed."""

    date: date
    ranges: list[list[str]]


async def _of(account_id: UUID, schedule_id: str | UUID | None) -> Schedule:
    if not schedule_id:
        return await usual(account_id)
    return await get_or_404(Schedule.filter(account_id=account_id).select_for_update(), schedule_id)


async def set_days(account_id: UUID, days: Iterable[DayHours], schedule_id: str | UUID | None = None) -> int:
    """Other hours for these dates; the later of two entries of one date counts. All or nothing; how many there were.

    Raises Invalid with `ranges` or `date`.
    """
    wanted = {day.date: day.ranges for day in days}
    for ranges in wanted.values():
        if problem := check_ranges(ranges):
            raise errors.Invalid({"ranges": problem})
    async with unit_of_work():
        schedule = await _of(account_id, schedule_id)
        today = zones.wall(now(), schedule.zone).date()
        if any(not today <= day <= today + _YEARS for day in wanted):
            raise errors.Invalid({"date": _("Choose a date from today on, within two years.")})
        there = {row.date: row for row in await DateOverride.filter(schedule_id=schedule.id, date__gte=today)}
        if len({*there, *wanted}) > MAX_ENTRIES:
            raise errors.Invalid({"date": _("There are too many special days. Remove old ones first.")})
        for day, ranges in wanted.items():
            if day in there:
                there[day].ranges = joined(ranges)
                await there[day].save(update_fields=["ranges"])
        fresh = [
            DateOverride(schedule_id=schedule.id, date=d, ranges=joined(r)) for d, r in wanted.items() if d not in there
        ]
        await DateOverride.bulk_create(fresh)
        await publish(AvailabilityChanged(account_id))
    return len(wanted)


def repeated(first: date, last: date, weekdays: Iterable[int], ranges: list[list[str]]) -> list[DayHours]:
    """The same hours on these weekdays (ISO) from one date to another, both included. Raises Invalid."""
    if last < first:
        raise errors.Invalid({"last": _("Let it end on the first day or later.")})
    if last - first > _YEARS:
        raise errors.Invalid({"last": _("Choose days within the next two years.")})
    chosen = set(weekdays)
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    found = [DayHours(day, ranges) for day in every if day.isoweekday() in chosen]
    if not found:
        raise errors.Invalid({"weekdays": _("None of these weekdays lies between the two dates.")})
    return found


def parse_days(text: str) -> list[DayHours]:
    """Lines of `date,from,to`; several lines of a date are several ranges, one without times closes it.

    Raises Invalid that names the line.
    """
    found: dict[date, list[list[str]]] = {}
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";" if ";" in text.split("\n", 1)[0] else ",")
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if number > MAX_LINES:
            raise errors.Invalid({"days": _("Use at most {n} lines.").format(n=MAX_LINES)})
        if not any(cells) or (number == 1 and cells[0].casefold() == "date"):
            continue
        try:
            day = date.fromisoformat(cells[0])
        except ValueError:
            raise errors.Invalid({"days": _line(number, _("Begin it with a date such as 2026-12-31."))}) from None
        times = [cell for cell in cells[1:3] if cell]
        if len(times) == 1 or len([cell for cell in cells if cell]) > 3:
            raise errors.Invalid(
                {"days": _line(number, _("Give a date, a start and an end; or only a date to close it."))}
            )
        ranges = found.setdefault(day, [])
        if times:
            ranges.append(times)
        if problem := check_ranges(ranges):
            raise errors.Invalid({"days": _line(number, problem)})
    if not found:
        raise errors.Invalid({"days": _("Enter at least one line.")})
    return [DayHours(day, ranges) for day, ranges in found.items()]


def _line(number: int, problem: str) -> str:
    return _("Line {number}: {problem}").format(number=number, problem=problem)


def write_days(rows: Iterable[DateOverride]) -> str:
    """Special days as the lines that parse_days reads."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["date", "from", "to"])
    for row in rows:
        for start, end in row.ranges or [["", ""]]:
            writer.writerow([row.date.isoformat(), start, end])
    return out.getvalue()


async def set_override(account_id: UUID, day: date, ranges: list[list[str]]) -> None:
    """Other hours for one date; none closes it."""
    await set_days(account_id, [DayHours(day, ranges)])


async def remove_override(account_id: UUID, override_id: str) -> None:
    """Back to the weekly hours on that date."""
    async with unit_of_work():
        mine = await Schedule.filter(account_id=account_id).values_list("id", flat=True)
        row = await get_or_404(DateOverride.filter(schedule_id__in=list(mine)), override_id)
        await row.delete()
        await publish(AvailabilityChanged(account_id))


async def add_time_off(
    account_id: UUID, starts_at: datetime, ends_at: datetime, note: str, redirect_id: UUID | None = None
) -> int:
    """Be away from one instant to another; requests that wait for an answer in it are declined. How many were.

    Candidates are sent to `redirect_id` meanwhile. Booked sessions stay.
    """
    if ends_at <= starts_at:
        raise errors.Invalid({"last": _("Let it end on the first day or later.")})
    if ends_at <= now():
        raise errors.Invalid({"last": _("Choose days that are not over yet.")})
    if redirect_id == account_id:
        raise errors.Invalid({"redirect": _("Choose a colleague.")})
    async with unit_of_work():
        if await TimeOff.filter(account_id=account_id, ends_at__gt=now()).count() >= MAX_ENTRIES:
            raise errors.Invalid({"first": _("There are too many entries. Remove some first.")})
        await TimeOff.create(
            account_id=account_id, starts_at=starts_at, ends_at=ends_at, note=note, redirect_id=redirect_id
        )
        await publish(AvailabilityChanged(account_id))
    return await _decline(account_id, starts_at, ends_at)


async def _decline(account_id: UUID, starts_at: datetime, ends_at: datetime) -> int:
    """Say no to what was asked for in that time; a request that somebody answers at this moment is left alone."""
    from . import requests

    asked = await Ask.filter(
        interviewer_id=account_id, state="asked", booking__starts_at__lt=ends_at, booking__ends_at__gt=starts_at
    ).values_list("booking_id", flat=True)
    declined = 0
    for booking_id in asked:
        try:
            await requests.decline_request(booking_id, account_id, _("Away at this time"))  # type: ignore[arg-type]
            declined += 1
        except errors.Problem as exc:
            log.info("request %s was not declined: %s", booking_id, exc)
    return declined


async def remove_time_off(account_id: UUID, entry_id: str) -> None:
    async with unit_of_work():
        row = await get_or_404(TimeOff, entry_id, account_id=account_id)
        await row.delete()
        await publish(AvailabilityChanged(account_id))


async def add_travel(account_id: UUID, first: date, last: date, zone: str, note: str) -> None:
    """Keep the hours on the clock of another place for a while. Two journeys at once are refused."""
    if last < first:
        raise errors.Invalid({"last": _("Let it end on the first day or later.")})
    if not zones.is_zone(zone):
        raise errors.Invalid({"zone": _("Choose a time zone from the list.")})
    today = now().date()
    if last < today - timedelta(days=1) or last > today + _YEARS or (last - first).days > 366:
        raise errors.Invalid({"last": _("Choose days within the next two years, at most a year in all.")})
    async with unit_of_work():
        await usual(account_id)
        if await Travel.filter(account_id=account_id, starts_on__lte=last, ends_on__gte=first).exists():
            raise errors.Invalid({"first": _("You are away on some of these days already.")})
        if await Travel.filter(account_id=account_id, ends_on__gte=today).count() >= 50:
            raise errors.Invalid({"first": _("There are too many entries. Remove some first.")})
        await Travel.create(account_id=account_id, starts_on=first, ends_on=last, zone=zone, note=note)
        await publish(AvailabilityChanged(account_id))


async def remove_travel(account_id: UUID, entry_id: str) -> None:
    async with unit_of_work():
        row = await get_or_404(Travel, entry_id, account_id=account_id)
        await row.delete()
        await publish(AvailabilityChanged(account_id))


async def colleague_for(account_id: UUID, at: datetime) -> tuple[datetime, UUID | None] | None:
    """Until when somebody who is away at `at` is away, and to whom they send people; None when they are there."""
    row = await TimeOff.filter(account_id=account_id, starts_at__lte=at, ends_at__gt=at).order_by("-ends_at").first()
    return None if row is None else (row.ends_at, row.redirect_id)
