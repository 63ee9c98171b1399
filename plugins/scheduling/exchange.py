"""The slots exchange format: `greenroom scheduling slots < query.json > answer.json`, without a database.

Anyone can put the same question to another scheduler and compare. Strict on purpose: an unknown or misspelt
field is an error, not a silently different answer. `id`, `zone` and `rules` are required of an interviewer; the
other fields may be left out and then mean "none" or 0.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from plugins.scheduling.slots import Availability, Limits, Override, Rule, Travel, free_by_start

USAGE = "usage: greenroom scheduling slots < query.json > answer.json"

T = TypeVar("T")
Fields = dict[str, Any]

# Seconds may follow the minutes: a wall time in a zone of a century ago can fall between two UTC minutes.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_MOST_MINUTES = 100 * 366 * 1440
_NO_ZONES = ("localtime", "posixrules", "Factory", "posix/", "right/")  # files of the database, not IANA zones
_OPTIONAL = ("overrides", "time_off", "travel", "busy", "buffer_before", "buffer_after", "minimum_notice", "limits")


class QueryError(ValueError):
    """The query breaks the format; `field` is its path, like `interviewers[0].rules[1].start`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class Query(NamedTuple):
    """A valid query: aware UTC instants, lengths in minutes, interviewers as (id, availability)."""

    start: datetime
    end: datetime
    now: datetime
    duration: int
    step: int
    interviewers: list[tuple[str, Availability]]


def run(argv: Sequence[str]) -> int:
    """Answer the query on standard input; 0, or 2 with one line on standard error that names the field."""
    if argv:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        text = sys.stdin.read()
        found = answer(parse(text))
    except UnicodeDecodeError:
        print("query: not UTF-8", file=sys.stderr)
        return 2
    except QueryError as problem:
        print(problem, file=sys.stderr)
        return 2
    print(json.dumps(found))
    return 0


def answer(query: Query) -> Fields:
    """The answer document: slots sorted by start, ids sorted within one."""
    slots = free_by_start(
        query.interviewers,
        start=query.start,
        end=query.end,
        now=query.now,
        duration=query.duration,
        step=query.step,
    )
    return {"slots": [{"start": write_instant(start), "interviewers": ids} for start, ids in slots.items()]}


def write_instant(instant: datetime) -> str:
    """An aware UTC datetime as the format writes it; seconds only where there are any."""
    unit = "seconds" if instant.second else "minutes"
    return instant.replace(tzinfo=None).isoformat(timespec=unit) + "Z"


def parse(text: str) -> Query:
    """The query of a JSON text; QueryError if it breaks the format."""
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise QueryError("query", f"not JSON: {problem}".replace("\n", " ")) from None
    except RecursionError:
        raise QueryError("query", "nested too deep") from None
    fields = _object(document, "", required=("from", "to", "now", "duration", "step", "interviewers"))
    start, end = _instant(fields["from"], "from"), _instant(fields["to"], "to")
    if end < start:
        raise QueryError("to", "before from")
    people = _list(fields["interviewers"], "interviewers", _interviewer)
    seen: set[str] = set()
    for i, (name, _) in enumerate(people):
        if name in seen:
            raise QueryError(f"interviewers[{i}].id", f"{_shown(name)} is used twice")
        seen.add(name)
    return Query(
        start=start,
        end=end,
        now=_instant(fields["now"], "now"),
        duration=_minutes(fields["duration"], "duration", least=1),
        step=_minutes(fields["step"], "step", least=1),
        interviewers=people,
    )


def _interviewer(value: object, path: str) -> tuple[str, Availability]:
    fields = _object(value, path, required=("id", "zone", "rules"), optional=_OPTIONAL)
    name = fields["id"]
    if not isinstance(name, str) or not name:
        raise QueryError(f"{path}.id", f"a string expected, found {_shown(name)}")
    return name, Availability(
        zone=_zone(fields["zone"], f"{path}.zone"),
        rules=tuple(_list(fields["rules"], f"{path}.rules", _rule)),
        overrides=tuple(_list(fields.get("overrides", []), f"{path}.overrides", _override)),
        time_off=tuple(_list(fields.get("time_off", []), f"{path}.time_off", _period)),
        travel=tuple(_list(fields.get("travel", []), f"{path}.travel", _travel)),
        busy=tuple(_list(fields.get("busy", []), f"{path}.busy", _period)),
        buffer_before=_minutes(fields.get("buffer_before", 0), f"{path}.buffer_before"),
        buffer_after=_minutes(fields.get("buffer_after", 0), f"{path}.buffer_after"),
        minimum_notice=_minutes(fields.get("minimum_notice", 0), f"{path}.minimum_notice"),
        limits=_limits(fields.get("limits", {}), f"{path}.limits"),
    )


def _rule(value: object, path: str) -> Rule:
    fields = _object(value, path, required=("days", "start", "end"))
    return Rule(
        days=tuple(_list(fields["days"], f"{path}.days", _weekday)),
        start=_time(fields["start"], f"{path}.start"),
        end=_end_time(fields["end"], f"{path}.end"),
    )


def _override(value: object, path: str) -> Override:
    fields = _object(value, path, required=("date", "ranges"))
    return Override(_date(fields["date"], f"{path}.date"), tuple(_list(fields["ranges"], f"{path}.ranges", _range)))


def _range(value: object, path: str) -> tuple[int, int]:
    start, end = _pair(value, path)
    return _time(start, f"{path}[0]"), _end_time(end, f"{path}[1]")


def _travel(value: object, path: str) -> Travel:
    fields = _object(value, path, required=("from", "to", "zone"))
    first, last = _date(fields["from"], f"{path}.from"), _date(fields["to"], f"{path}.to")
    if last < first:
        raise QueryError(f"{path}.to", "before from")
    return Travel(first, last, _zone(fields["zone"], f"{path}.zone"))


def _period(value: object, path: str) -> tuple[datetime, datetime]:
    pair = _pair(value, path)
    start, end = _instant(pair[0], f"{path}[0]"), _instant(pair[1], f"{path}[1]")
    if end < start:
        raise QueryError(f"{path}[1]", "before its start")
    return start, end


def _limits(value: object, path: str) -> Limits:
    fields = _object(value, path, required=(), optional=("per_day", "per_week"))
    caps = {
        name: None if cap is None else _whole(cap, f"{path}.{name}", 0, _MOST_MINUTES) for name, cap in fields.items()
    }
    return Limits(per_day=caps.get("per_day"), per_week=caps.get("per_week"))


def _object(value: object, path: str, required: Sequence[str], optional: Sequence[str] = ()) -> Fields:
    """An object with all the required fields and no unknown one."""
    if not isinstance(value, dict):
        raise QueryError(path or "query", f"an object expected, found {_shown(value)}")
    prefix = f"{path}." if path else ""
    for name in required:
        if name not in value:
            raise QueryError(prefix + name, "missing")
    for name in value:
        if name not in required and name not in optional:
            raise QueryError(prefix + _shown(name).strip("'\""), "unknown field")
    return value


def _list(value: object, path: str, item: Callable[[object, str], T]) -> list[T]:
    if not isinstance(value, list):
        raise QueryError(path, f"a list expected, found {_shown(value)}")
    return [item(entry, f"{path}[{i}]") for i, entry in enumerate(value)]


def _pair(value: object, path: str) -> tuple[object, object]:
    if not isinstance(value, list) or len(value) != 2:
        raise QueryError(path, f"a pair [start, end] expected, found {_shown(value)}")
    return value[0], value[1]


def _whole(value: object, path: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise QueryError(path, f"a whole number from {least} to {most} expected, found {_shown(value)}")
    return value


def _minutes(value: object, path: str, least: int = 0) -> int:
    return _whole(value, path, least, _MOST_MINUTES)


def _weekday(value: object, path: str) -> int:
    return _whole(value, path, 1, 7)


def _time(value: object, path: str) -> int:
    """Wall minutes of "HH:MM"."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise QueryError(path, f'a wall time "HH:MM" expected, found {_shown(value)}')
    return int(match[1]) * 60 + int(match[2])


def _end_time(value: object, path: str) -> int:
    return 1440 if value == "24:00" else _time(value, path)


def _date(value: object, path: str) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise QueryError(path, f'a date "YYYY-MM-DD" expected, found {_shown(value)}')


def _instant(value: object, path: str) -> datetime:
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is not None:
            return datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise QueryError(path, f'an instant "YYYY-MM-DDTHH:MMZ" expected, found {_shown(value)}')


def _zone(value: object, path: str) -> str:
    try:
        if isinstance(value, str) and not value.startswith(_NO_ZONES):
            ZoneInfo(value)
            return value
    except (KeyError, ValueError, OSError):  # unknown; not a relative path, not TZif; a directory, too long
        pass
    raise QueryError(path, f"an IANA time zone expected, found {_shown(value)}")


def _shown(value: object) -> str:
    """A value for a one-line message."""
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
