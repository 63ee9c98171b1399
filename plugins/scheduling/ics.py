"""Calendar files (RFC 5545, 5546): one UID per booking for life, a rising sequence, times in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from kernel import current_tenant, now

CONTENT_TYPE = "text/calendar; charset=utf-8"
#: Minutes before the start at which calendars ring; the room is open by then.
ALARM = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One session as a calendar shows it. `cancelled` takes it out again."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    url: str
    organizer: tuple[str, str]
    attendee: tuple[str, str]
    cancelled: bool = False

    @property
    def method(self) -> str:
        return "CANCEL" if self.cancelled else "REQUEST"


def write(entry: Entry) -> bytes:
    """The file of one mail, with CRLF and folded lines."""
    return _file([f"METHOD:{entry.method}", *_event(entry, now())])


def write_feed(name: str, entries: Iterable[tuple[Entry, datetime]], *, minutes: int = 30) -> bytes:
    """A calendar to subscribe to: entries, each with when it last changed. Equal input gives equal bytes.

    No method, organiser or attendee: nobody is invited by it. `minutes`: how often to look again.
    """
    lines = [
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        f"NAME:{_text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:PT{minutes}M",
        f"X-PUBLISHED-TTL:PT{minutes}M",
    ]
    for entry, changed in entries:
        lines += _event(entry, changed, invites=False)
    return _file(lines)


def _file(lines: Iterable[str]) -> bytes:
    whole = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Greenroom//Scheduling//EN", "CALSCALE:GREGORIAN",
        *lines, "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(fold(line) + "\r\n" for line in whole).encode()


def _event(entry: Entry, stamp: datetime, *, invites: bool = True) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{_text(entry.uid)}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_instant(stamp)}",
        f"DTSTART:{_instant(entry.starts_at)}",
        f"DTEND:{_instant(entry.ends_at)}",
        f"SUMMARY:{_text(entry.summary)}",
        f"DESCRIPTION:{_text(entry.description)}",
        f"URL:{entry.url}",
        f"LOCATION:{_text(entry.url)}",
    ]
    if invites:
        lines += [
            f"ORGANIZER;CN={_parameter(entry.organizer[0])}:mailto:{entry.organizer[1]}",
            f"ATTENDEE;CN={_parameter(entry.attendee[0])};ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE"
            f":mailto:{entry.attendee[1]}",
        ]
    lines += [f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}", "TRANSP:OPAQUE"]
    if not entry.cancelled:
        lines += [
            "BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(entry.summary)}",
            f"TRIGGER:-PT{ALARM}M", "END:VALARM",
        ]  # fmt: skip
    return [*lines, "END:VEVENT"]


def content_type(entry: Entry) -> str:
    """The type of an attachment, which names the method too."""
    return f"{CONTENT_TYPE}; method={entry.method}"


def organizer() -> tuple[str, str]:
    """The house itself invites: the two people do not learn each other's addresses."""
    tenant = current_tenant()
    return tenant.name, f"sessions@{tenant.slug}.invalid"


def _instant(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A TEXT value: backslash, semicolon, comma and line ends escaped, other control characters dropped."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(c for c in escaped if c >= " " and c != "\x7f")


def _parameter(value: str) -> str:
    """A quoted parameter value; it knows no escapes, so quotes and controls go."""
    return '"' + "".join(c for c in value if c >= " " and c not in '"\x7f') + '"'


def fold(line: str) -> str:
    """At most 75 octets a line; what follows begins with a space. Characters are not cut apart."""
    parts: list[str] = []
    current, room = "", 75
    for char in line:
        size = len(char.encode())
        if size > room:
            parts.append(current)
            current, room = "", 74
        current += char
        room -= size
    return "\r\n ".join([*parts, current])
