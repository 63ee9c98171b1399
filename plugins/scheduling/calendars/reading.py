"""What providers share: asking politely, saying what went wrong in words, and busy periods out of calendar data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from kernel import N_, _, outbound

from ..api import CalendarFailed, CalendarRefused

Span = tuple[datetime, datetime]
#: The most bytes of an answer, and the most busy periods that are kept of one calendar.
LIMIT: Final = 5_000_000
MOST: Final = 5000
TIMEOUT: Final = 15.0
_REFUSED: Final = N_("The calendar does not let us in any more. Connect it again.")


async def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    plain_http: bool = False,
    redirects: int = 3,
) -> outbound.Answer:
    """One request. Raises CalendarRefused for what its owner has to mend, CalendarFailed for what may pass."""
    try:
        answer = await outbound.fetch(
            method, url, headers=headers, body=body, timeout=TIMEOUT, limit=LIMIT, redirects=redirects,
            plain_http=plain_http, purpose="calendar",
        )  # fmt: skip
    except outbound.OutboundRefused as exc:
        raise CalendarRefused(exc.detail) from exc
    except outbound.OutboundFailed as exc:
        raise CalendarFailed(exc.detail) from exc
    if answer.status in (401, 403):
        raise CalendarRefused(_(_REFUSED))
    if answer.status == 404:
        raise CalendarRefused(_("There is no calendar at that address."))
    return answer


def need(answer: outbound.Answer, *statuses: int) -> outbound.Answer:
    """The answer if it has one of these statuses."""
    if answer.status not in statuses:
        raise CalendarFailed(_("The calendar's server answered with an error ({code}).").format(code=answer.status))
    return answer


def as_json(answer: outbound.Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CalendarFailed(_("The calendar's server sent something that cannot be read."))
    return found


async def busy_in(texts: Iterable[bytes], span: Span, zone: str) -> tuple[tuple[Span, ...], str]:
    """Busy periods of calendar data within the span, and the calendar's name. Parsing runs beside the event loop.

    Raises CalendarFailed for data that is none, and for more than MOST periods.
    """
    data = list(texts)
    try:
        async with asyncio.timeout(20):
            return await asyncio.to_thread(_busy_in, data, span, zone)
    except TimeoutError as exc:
        raise CalendarFailed(_("The calendar has too many events.")) from exc
    except _TooMany as exc:
        raise CalendarFailed(_("The calendar has too many events.")) from exc
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError) as exc:
        raise CalendarFailed(_("That is not a calendar: it cannot be read.")) from exc


class _TooMany(Exception):
    pass


def _busy_in(texts: list[bytes], span: Span, zone: str) -> tuple[tuple[Span, ...], str]:
    import icalendar  # here, in the thread: whoever connects no calendar does not pay for loading them
    import recurring_ical_events

    found: list[Span] = []
    name = ""
    for text in texts:
        calendars = icalendar.Calendar.from_ical(text, multiple=True)
        if not calendars:
            raise ValueError("no calendar")
        for calendar in calendars:
            if calendar.name != "VCALENDAR":
                raise ValueError("no calendar")
            _check_size(calendar)
            name = name or str(calendar.get("X-WR-CALNAME", ""))[:120]
            home = _zone(str(calendar.get("X-WR-TIMEZONE", "")), zone)
            query = recurring_ical_events.of(calendar, components=["VEVENT"], skip_bad_series=True)
            for event in query.between(*span):
                if period := _period(event, home):
                    found.append(period)
                if len(found) > MOST:
                    raise _TooMany
    return joined(found, span), name


def _check_size(calendar: Any) -> None:
    """Refuse what would be millions of occurrences before it is expanded: a thread cannot be stopped."""
    events = calendar.walk("VEVENT")
    if len(events) > MOST:
        raise _TooMany
    for event in events:
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            a_day = len(rule.get("BYMINUTE", [0])) * len(rule.get("BYHOUR", [0])) * len(rule.get("BYSECOND", [0]))
            if str((rule.get("FREQ") or [""])[0]).upper() in ("SECONDLY", "MINUTELY") or a_day > 24:
                raise _TooMany


def _zone(named: str, otherwise: str) -> ZoneInfo:
    try:
        return ZoneInfo(named)
    except (ValueError, OSError, KeyError):
        return ZoneInfo(otherwise)


def _period(event: Any, home: ZoneInfo) -> Span | None:
    """When somebody is busy with an event; None for what takes no time or was called off or declined."""
    said = [str(event.get(name, "")).upper() for name in ("TRANSP", "STATUS", "X-MICROSOFT-CDO-BUSYSTATUS")]
    if said[0] == "TRANSPARENT" or said[1] == "CANCELLED" or said[2] == "FREE":
        return None
    start, end = event.start, event.end
    # All-day events and floating times are read in the owner's own zone.
    return instant(start, home), instant(end, home)


def instant(value: date | datetime, home: ZoneInfo) -> datetime:
    """A date as its beginning, a time without zone as wall time, in `home`; the instant in UTC."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=home)
    return (value if value.tzinfo is not None else value.replace(tzinfo=home)).astimezone(UTC)


def joined(periods: Iterable[Span], span: Span) -> tuple[Span, ...]:
    """Periods cut to the span, in order, overlapping ones made one."""
    made: list[Span] = []
    for start, end in sorted((max(s, span[0]), min(e, span[1])) for s, e in periods):
        if start >= end:
            continue
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return tuple(made)


def stamp(at: datetime) -> str:
    """`20261124T093000Z`."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


#: How far a provider that sends only what changed looks ahead anew, when what it knows ends sooner than this.
RENEW: Final = timedelta(days=60)
