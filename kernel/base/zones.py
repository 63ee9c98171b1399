"""The one module that converts between instants (UTC) and wall time in a zone (X3).

Rules recur in wall time + IANA zone; instants are stored in UTC. Zones come from the `tzdata` package where
the system has none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

#: Names that the zone list of forms shows first; every other zone stays selectable.
COMMON = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Helsinki", "Europe/Istanbul",
    "Africa/Cairo", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata",
    "Asia/Dhaka", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
    "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
)  # fmt: skip

#: First parts of old names whose second part is no city: `US/Central`, `Canada/Central`.
_COUNTRIES = frozenset({"Brazil", "Canada", "Chile", "Mexico", "US"})


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """All IANA zones a person may choose, sorted: UTC and one for each place.

    Other names of a place stay valid (`is_zone`), but a list with both would show `Kolkata` and `Calcutta`, and a
    `Central` of three countries.
    """
    places = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8").splitlines()
    return tuple(sorted({"UTC", *(line.split("\t")[2] for line in places if line and line[0] != "#")} & _known()))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Is `name` an IANA zone? Safe for anything that arrives from outside."""
    return name in _known()


def zone(name: str) -> ZoneInfo:
    """The zone called `name`. Raises ValueError when there is none."""
    if not is_zone(name):
        raise ValueError(f"unknown time zone {name!r}")
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as exc:  # listed but unreadable: a broken installation
        raise ValueError(f"time zone {name!r} cannot be read") from exc


def wall(instant: datetime, name: str) -> datetime:
    """What clocks in the zone show at `instant` (aware)."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime is not an instant")
    return instant.astimezone(zone(name))


def instants(day: date, clock: time, name: str) -> tuple[datetime, ...]:
    """The instants (UTC) at which clocks in the zone read `day` `clock`: none in a gap, two in an overlap."""
    tz = zone(name)
    naive = datetime.combine(day, clock)
    found: list[datetime] = []
    for fold in (0, 1):
        instant = naive.replace(tzinfo=tz, fold=fold).astimezone(UTC)
        if instant.astimezone(tz).replace(tzinfo=None) == naive and instant not in found:
            found.append(instant)
    return tuple(sorted(found))


def instant(day: date, clock: time, name: str) -> datetime:
    """The instant of a wall time; the first of two in an overlap, the end of the gap in a gap."""
    found = instants(day, clock, name)
    if found:
        return found[0]
    # In a gap the two readings bracket it: fold=0 uses the offset from before, giving an instant after the gap.
    after = datetime.combine(day, clock, tzinfo=zone(name)).astimezone(UTC)
    low, high = after - timedelta(hours=26), after
    before_offset = low.astimezone(zone(name)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone(name)).utcoffset() == before_offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def day_bounds(day: date, name: str) -> tuple[datetime, datetime]:
    """First instant of the local date, and of the next one."""
    return instant(day, time(), name), instant(day + timedelta(days=1), time(), name)


def offset_label(name: str, at: datetime) -> str:
    """`UTC+01:00`, for the zone at that instant."""
    offset = wall(at, name).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def city(name: str) -> str:
    """`Berlin` for `Europe/Berlin`, `Knox, Indiana` for `America/Indiana/Knox`, `US Central` for `US/Central`."""
    region, *area, place = name.replace("_", " ").split("/") if "/" in name else ("", name)
    if region in _COUNTRIES:
        return f"{region} {place}"
    return f"{place}, {area[0]}" if area else place
