"""An interviewer's week as candidates could book it, and bookings that no longer lie within the hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import _, format_date, format_duration, format_time, now, url, url_with, weekday_names, zones

from . import queries
from .api import BookingInfo
from .availability import Hours, availability, hours_of, wall_minutes, weekly_rules
from .models import InterviewType, Schedule
from .slots import Availability, Limits, clock_changes, free_slots, is_bookable

_QUARTER: Final = 15
_RAW: Final = {"buffer_before": 0, "buffer_after": 0, "minimum_notice_minutes": 0, "window_days": 800}


@dataclass(frozen=True, slots=True)
class Week:
    """Ready for the week grid; `agenda` says the same as a list. `change` tells of clocks that go forward or back."""

    title: str
    days: list[dict[str, Any]]
    hours: list[str]
    agenda: list[tuple[str, list[str]]]
    prev: str | None
    next: str
    change: str


def _bare(hours: Hours) -> Availability:
    """The hours alone: nothing taken, no notice, no window."""
    return availability(InterviewType(**_RAW), replace(hours, limits=Limits()))


async def week(account_id: UUID, schedule: Schedule, asked: str) -> Week | None:
    """Seven days from the asked date on, or from today."""
    at = now()
    today = zones.wall(at, schedule.zone).date()
    first = _first_day(asked, today)
    low = zones.instant(first, time(), schedule.zone)
    high = zones.instant(first + timedelta(days=7), time(), schedule.zone)
    found = (await hours_of([account_id], min(low, at))).get(account_id)
    if found is None:
        return None
    quarters = free_slots(_bare(found), start=low, end=high, now=low, duration=_QUARTER, step=_QUARTER)
    booked = [
        info for info in await queries.BOOKINGS.for_period(low, high)
        if info.interviewer_id == account_id and info.status != "cancelled"
    ]  # fmt: skip
    spans = _spans(quarters, schedule.zone)
    hour_from, hour_to = _reach(spans, booked, schedule.zone)
    days, agenda = [], []
    for n in range(7):
        day = first + timedelta(days=n)
        free = [(a, b) for d, a, b in spans if d == day]
        days.append(_column(day, today, free, booked, schedule.zone, hour_from))
        agenda.append((format_date(day, "day"), [f"{_clock(a)} – {_clock(b)}" for a, b in free]))
    return Week(
        title=_("Seven days from {date}").format(date=format_date(first, "medium")),
        days=days,
        hours=[_clock(h * 60) for h in range(hour_from, hour_to)],
        agenda=agenda,
        prev=_link(max(first - timedelta(days=7), today)) if first > today else None,
        next=_link(first + timedelta(days=7)),
        change=_change(schedule.zone, first),
    )


def _first_day(asked: str, today: date) -> date:
    try:
        day = date.fromisoformat(asked) if len(asked) == 10 else today
    except ValueError:
        day = today
    if abs((day - today).days) > 700:
        day = today
    return day


def _link(day: date) -> str:
    return url_with("scheduling.availability", {}, {"week": day.isoformat()}) + "#preview"


def _spans(quarters: list[datetime], zone: str) -> list[tuple[date, int, int]]:
    """Quarter hours joined: (date, from, to) in wall minutes; a night is cut at midnight."""
    found: list[tuple[date, int, int]] = []
    for start in quarters:
        wall = zones.wall(start, zone)
        minutes = wall.hour * 60 + wall.minute
        if found and found[-1][0] == wall.date() and found[-1][2] == minutes:
            found[-1] = (wall.date(), found[-1][1], minutes + _QUARTER)
        else:
            found.append((wall.date(), minutes, minutes + _QUARTER))
    return found


def _reach(spans: list[tuple[date, int, int]], booked: list[BookingInfo], zone: str) -> tuple[int, int]:
    """The hours of the day that the grid shows."""
    low = [a for _d, a, _b in spans] + [_minutes(b.starts_at, zone) for b in booked]
    high = [b for _d, _a, b in spans] + [min(_minutes(b.starts_at, zone) + b.duration_minutes, 1440) for b in booked]
    return (min(low, default=540) // 60, max(-(-max(high, default=1020) // 60), min(low, default=540) // 60 + 4))


def _minutes(when: datetime, zone: str) -> int:
    wall = zones.wall(when, zone)
    return wall.hour * 60 + wall.minute


def _clock(minutes: int) -> str:
    return format_time(time(minutes // 60 % 24, minutes % 60))


def _column(
    day: date, today: date, free: list[tuple[int, int]], booked: list[BookingInfo], zone: str, hour_from: int
) -> dict[str, Any]:
    base = hour_from * 4
    events: list[dict[str, Any]] = []
    for info in booked:
        if zones.wall(info.starts_at, zone).date() != day:
            continue
        start = _minutes(info.starts_at, zone)
        end = min(start + info.duration_minutes, 1440)
        free = [piece for a, b in free for piece in ((a, min(b, start)), (max(a, end), b)) if piece[0] < piece[1]]
        title = info.candidate_name or info.type_title
        path = url("scheduling.booking", id=info.id)
        events.append(_event(start, end, base, title, _clock(start), tone="s1", href=path))
    events += [event for a, b in free if (event := _free_event(a, b, base)) is not None]
    return {
        "label": weekday_names("abbreviated")[day.weekday()],
        "num": str(day.day),
        "today": day == today,
        "words": format_date(day),
        "events": sorted(events, key=lambda event: event["start"]),
    }


def _free_event(start: int, end: int, base: int) -> dict[str, Any] | None:
    """A free stretch in the whole rows that it fills; a short one has no room for both words and times."""
    first, stop = -(-start // _QUARTER), end // _QUARTER
    if first >= stop:
        return None
    times = f"{_clock(start)} – {_clock(end)}"
    title, clock = (_("Free"), times) if stop - first > 2 else (times if stop - first == 2 else "", "")
    words = _("Free, {times}").format(times=times)
    return {
        "start": first - base,
        "length": stop - first,
        "title": title,
        "time": clock,
        "tone": "free",
        "words": words,
    }


def _event(start: int, end: int, base: int, title: str, clock: str, *, tone: str, href: str = "") -> dict[str, Any]:
    first = start // _QUARTER
    length = max(1, -(-end // _QUARTER) - first)
    return {"start": first - base, "length": length, "title": title, "time": clock, "tone": tone, "href": href}


def _change(zone: str, first: date) -> str:
    """When clocks change in this week or the three after it."""
    start = zones.instant(first, time(), zone)
    changes = clock_changes(zone, start, start + timedelta(days=28))
    if not changes:
        return ""
    change, before, after = changes[0]
    words = {"date": format_date(change, zone=zone)}
    if after > before:
        return _("Clocks go forward on {date}. Your hours keep their wall time.").format(**words)
    return _("Clocks go back on {date}. Your hours keep their wall time.").format(**words)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A date on which a zone's clocks jump, and what that does to the hours of that date; `text` is for people."""

    date: date
    text: str
    effect: str


def clock_strip(schedule: Schedule) -> list[ClockChange]:
    """The clock changes of the next thirteen months, and what each does to these weekly hours."""
    at = now()
    found = []
    for change, before, after in clock_changes(schedule.zone, at, at + timedelta(days=395))[:4]:
        wall = zones.wall(change, schedule.zone)
        there, gone = wall.hour * 60 + wall.minute, (after - before) // 60
        low, high = (there - gone, there) if gone > 0 else (there, there - gone)
        words = {
            "date": format_date(change, "day", zone=schedule.zone),
            "a": _clock(low % 1440),
            "b": _clock(high % 1440),
        }
        text = (
            _("On {date} your {a}–{b} does not exist: clocks go forward.")
            if gone > 0
            else _("On {date} your {a}–{b} comes twice: clocks go back.")
        ).format(**words)
        found.append(ClockChange(wall.date(), text, _effect(schedule, wall.date(), low, high, gone > 0)))
    return found


def _effect(schedule: Schedule, day: date, low: int, high: int, skipped: bool) -> str:
    """How many minutes of the weekly hours lie in what is skipped or repeated."""
    spans = [
        (wall_minutes(a), wall_minutes(b) if wall_minutes(b) > wall_minutes(a) else wall_minutes(b) + 1440)
        for a, b in schedule.weekly.get(str(day.isoweekday()), [])
    ]
    eve = schedule.weekly.get(str((day.isoweekday() - 2) % 7 + 1), [])
    spans += [(0, wall_minutes(b)) for a, b in eve if wall_minutes(b) < wall_minutes(a)]
    touched = sum(max(0, min(b, high) - max(a, low)) for a, b in spans)
    if not touched:
        return _("Your hours are not touched.")
    length = format_duration(touched)
    if skipped:
        return _("Your hours are {length} shorter that day; nothing is offered in the gap.").format(length=length)
    return _("Your hours are {length} longer that day; both times can be booked.").format(length=length)


def sample(weekly: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """The first open day of weekly hours, in words: what a choice would lead to."""
    for day in range(1, 8):
        if ranges := weekly.get(str(day)):
            times = ", ".join(f"{_clock(wall_minutes(a))} – {_clock(wall_minutes(b))}" for a, b in ranges)
            return f"{weekday_names('wide')[day - 1]} {times}"
    return _("No hours")


async def conflicts(
    account_id: UUID, zone: str = "", weekly: Mapping[str, Sequence[Sequence[str]]] | None = None
) -> list[BookingInfo]:
    """Upcoming sessions that lie outside the hours as they are now; they stand until somebody acts.

    With `zone` and `weekly`: as they would be, were these the hours.
    """
    at = now()
    upcoming = [
        info for info in await queries.BOOKINGS.upcoming(account_id, 100)
        if info.interviewer_id == account_id and info.starts_at > at
    ]  # fmt: skip
    found: list[BookingInfo] = []
    for type_id in {info.type_id for info in upcoming}:
        hours = (await hours_of([account_id], at, type_id)).get(account_id)
        if hours is None:
            continue
        if weekly is not None:
            hours = replace(hours, zone=zone, rules=weekly_rules(weekly))
        who = _bare(hours)
        found += [
            info for info in upcoming
            if info.type_id == type_id
            and is_bookable(who, info.starts_at, now=at, duration=info.duration_minutes, step=1) is not None
        ]  # fmt: skip
    return sorted(found, key=lambda info: info.starts_at)
