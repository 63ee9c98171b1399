"""The slot rules read out loud, instant by instant; slow and obviously right. Shares no code with the engine.

Time is cut into units of `unit` seconds (60, or 1 for zones with sub-minute offsets, or 300 for sweeps on inputs
that are all multiples of five minutes). Each unit is judged on its own by what the wall clock reads at its start.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from plugins.scheduling.slots import Availability

ONE_DAY = timedelta(days=1)


def zone_of(who: Availability, day: date) -> str:
    zone = who.zone
    for trip in who.travel:
        if trip.first <= day <= trip.last:
            zone = trip.zone
    return zone


def ranges_of(who: Availability, day: date) -> list[tuple[int, int]]:
    found = [(rule.start, rule.end) for rule in who.rules if day.isoweekday() in rule.days]
    for override in who.overrides:
        if override.date == day:
            found = list(override.ranges)
    return found


class Reference:
    """Answers for one interviewer."""

    def __init__(self, who: Availability) -> None:
        self.who = who
        self.zones = sorted({who.zone, *(trip.zone for trip in who.travel)})
        self.by_day: dict[tuple[str, date], list[tuple[int, int]]] = {}

    def in_hours(self, reading: datetime, zone: str) -> bool:
        """Does this wall reading (naive) lie in a range of its date or of the date before, read in this zone?"""
        for back in (0, 1):
            day = reading.date() - back * ONE_DAY
            if (zone, day) not in self.by_day:
                mine = zone_of(self.who, day) == zone
                self.by_day[zone, day] = ranges_of(self.who, day) if mine else []
            minute = reading.hour * 60 + reading.minute + back * 1440
            for start, end in self.by_day[zone, day]:
                if start <= minute < (end if end > start else end + 1440):
                    return True
        return False

    def judge(self, instant: datetime, step: int, offset: int = 0) -> tuple[bool, bool]:
        """(is it within hours, and is it on the grid of a clock by which it is)."""
        covered = grid = False
        for zone in self.zones:
            reading = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            if self.in_hours(reading, zone):
                covered = True
                grid = grid or (reading.second == 0 and (reading.hour * 60 + reading.minute - offset) % step == 0)
        return covered, grid

    def limit_reached(self, instant: datetime, duration: int) -> bool:
        home = ZoneInfo(self.who.zone)
        day = instant.astimezone(home).date()
        held = self.who.busy if self.who.sessions is None else self.who.sessions
        lengths = [(start.astimezone(home).date(), (end - start).total_seconds() / 60) for start, end in held]
        limits = self.who.limits
        for count, minutes, same in (
            (limits.per_day, limits.minutes_day, lambda other: other == day),
            (limits.per_week, limits.minutes_week, lambda other: other.isocalendar()[:2] == day.isocalendar()[:2]),
            (limits.per_month, limits.minutes_month, lambda other: (other.year, other.month) == (day.year, day.month)),
        ):
            inside = [length for other, length in lengths if same(other)]
            if count is not None and len(inside) >= count:
                return True
            if minutes is not None and sum(inside) + duration > minutes:
                return True
        return self.in_a_row(instant, duration, held)

    def in_a_row(self, instant: datetime, duration: int, held: tuple[tuple[datetime, datetime], ...]) -> bool:
        """Would this session be one too many without a rest?"""
        most, rest = self.who.limits.consecutive, timedelta(minutes=self.who.limits.rest)
        if most is None:
            return False
        everything = sorted([*held, (instant, instant + timedelta(minutes=duration))])
        runs: list[list[tuple[datetime, datetime]]] = []
        for session in everything:
            if runs and session[0] - max(end for _, end in runs[-1]) < rest:
                runs[-1].append(session)
            else:
                runs.append([session])
        return any(len(run) > most and (instant, instant + timedelta(minutes=duration)) in run for run in runs)

    def in_window(self, instant: datetime, now: datetime) -> bool:
        home, who = ZoneInfo(self.who.zone), self.who
        day, today = instant.astimezone(home).date(), now.astimezone(home).date()
        if who.rolling_days is not None and day > today + who.rolling_days * ONE_DAY:
            return False
        return (who.first_date is None or day >= who.first_date) and (who.last_date is None or day <= who.last_date)

    def touches(self, low: datetime, high: datetime) -> bool:
        periods = (*self.who.busy, *self.who.time_off)
        return any(start < end and start < high and low < end for start, end in periods)

    def slots(
        self, start: datetime, end: datetime, now: datetime, duration: int, step: int, unit: int = 60, offset: int = 0
    ) -> list[datetime]:
        who, tick = self.who, timedelta(seconds=unit)
        judged = []
        instant = start
        while instant < end:
            judged.append(self.judge(instant, step, offset))
            instant += tick
        needed = duration * 60 // unit
        run, found = 0, []  # run = units available from here on
        for i in range(len(judged) - 1, -1, -1):
            covered, grid = judged[i]
            run = run + 1 if covered else 0
            at = start + i * tick
            if at < now + timedelta(minutes=who.minimum_notice) or not self.in_window(at, now):
                continue
            if (at, at + timedelta(minutes=duration)) in who.joinable and at + timedelta(minutes=duration) <= end:
                found.append(at)
                continue
            if not grid or run < needed:
                continue
            before, after = timedelta(minutes=who.buffer_before), timedelta(minutes=duration + who.buffer_after)
            if not self.touches(at - before, at + after) and not self.limit_reached(at, duration):
                found.append(at)
        return found[::-1]


def utc(text: str) -> datetime:
    """ "2026-10-23T09:00" as an aware UTC datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
