"""Candidates say when they could; interviewers' free times within are proposed, best first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from kernel import _, errors, now, unit_of_work, zones

from .. import free
from ..availability import own_times, wall_minutes
from ..models import InterviewType, Window
from . import demand
from .assignment import shares, suitable, turns
from .days import DayHours
from .hours import check_ranges, joined

MAX_DAYS = 30
_AHEAD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A time at which both could, and with whom."""

    start: datetime
    interviewer_id: UUID


async def windows_of(account_id: UUID) -> list[Window]:
    """What a candidate said, from yesterday on."""
    return await Window.filter(account_id=account_id, date__gte=now().date() - timedelta(days=1)).order_by("date")


async def set_windows(account_id: UUID, zone: str, days: Iterable[DayHours]) -> None:
    """Say when one could, instead of what was said before. Raises Invalid with `zone`, `ranges` or `date`."""
    wanted = {day.date: day.ranges for day in days if day.ranges}
    if not zones.is_zone(zone):
        raise errors.Invalid({"zone": _("Choose a time zone from the list.")})
    today = zones.wall(now(), zone).date()
    if any(not today <= day <= today + _AHEAD for day in wanted):
        raise errors.Invalid({"date": _("Choose days from today on, within three months.")})
    if len(wanted) > MAX_DAYS:
        raise errors.Invalid({"date": _("Use at most {n} days.").format(n=MAX_DAYS)})
    for ranges in wanted.values():
        if problem := check_ranges(ranges):
            raise errors.Invalid({"ranges": problem})
    async with unit_of_work():
        await Window.filter(account_id=account_id).delete()
        rows = [Window(account_id=account_id, date=day, zone=zone, ranges=joined(r)) for day, r in wanted.items()]
        await Window.bulk_create(rows)
    await demand.note({demand.hour_of(at) for low, high in spans(rows) for at in _hours(low, high)})


def spans(rows: Iterable[Window]) -> list[tuple[datetime, datetime]]:
    """Windows as instants."""
    found = []
    for row in rows:
        for start_text, end_text in row.ranges:
            start, end = wall_minutes(start_text), wall_minutes(end_text)
            until = row.date + timedelta(days=1) if end <= start or end == 1440 else row.date
            found.append((_instant(row.date, start, row.zone), _instant(until, end % 1440, row.zone)))
    return sorted(found)


def _instant(day: date, minutes: int, zone: str) -> datetime:
    return zones.instant(day, time(minutes // 60, minutes % 60), zone)


def _hours(low: datetime, high: datetime) -> Iterable[datetime]:
    while low < high:
        yield low
        low += timedelta(hours=1)


async def propose(
    kind: InterviewType, account_id: UUID, count: int = 3, among: Collection[UUID] | None = None
) -> list[Proposal]:
    """The best times within what the candidate said: soon, on different days, shared fairly among interviewers."""
    windows = spans(await windows_of(account_id))
    people = await suitable(kind, among=among, leaving_out=[account_id])
    if not windows or not people:
        return []
    at = now()
    low, high = max(at, windows[0][0]), windows[-1][1]
    if low >= high:
        return []
    own = await own_times(account_id, low, high, at)
    table = await free.table(kind, list(people), low, high, own=own, at=at)
    length = timedelta(minutes=kind.duration_minutes)
    allowed = 0
    for start, end in windows:
        if end - length >= start:
            allowed |= table.between(start, end - length + timedelta(seconds=1))
    order = {who: place for place, who in enumerate(turns(list((await shares(kind.id, people)).values())))}
    options = sorted(
        (start, order.get(who, len(order)), who)
        for who, row in table.rows.items()
        for start in table.times(row & allowed)
    )
    return _spread(options, count)


def _spread(options: list[tuple[datetime, int, UUID]], count: int) -> list[Proposal]:
    """The first of each day; when there are too few days, the next ones, never two at one time."""
    found: list[Proposal] = []
    for new_days in (True, False):
        for start, _place, who in options:
            known = {proposal.start for proposal in found}
            if len(found) >= count:
                break
            if start in known or (new_days and start.date() in {s.date() for s in known}):
                continue
            found.append(Proposal(start, who))
    return sorted(found, key=lambda proposal: proposal.start)
