"""CalDAV (RFC 4791): Nextcloud, iCloud, Fastmail and others. What repeats is expanded by us."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from kernel import N_, _, outbound

from ..api import CalendarFailed, CalendarRefused, Reading
from .reading import Span, ask, busy_in, need, stamp

_DAV, _CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_HEAD: Final = '<?xml version="1.0" encoding="utf-8"?>'
_NS: Final = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
_FIND: Final = (
    f"{_HEAD}<d:propfind {_NS}><d:prop><d:resourcetype/><d:displayname/><d:current-user-principal/>"
    "<c:calendar-home-set/><c:supported-calendar-component-set/></d:prop></d:propfind>"
)
_QUERY: Final = (
    f"{_HEAD}<c:calendar-query {_NS}><d:prop><d:getetag/><c:calendar-data/></d:prop>"
    '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
    '<c:time-range start="{start}" end="{end}"/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>'
)
#: The most calendars of one account that are read.
_MOST: Final = 20


class CalDav:
    """Finds all calendars of an account from any address of its server, and asks each for the events in the span."""

    id = "caldav"
    label = N_("CalDAV account")
    help = N_("Nextcloud, iCloud, Fastmail and others. Use an app password where the provider has such.")
    fields: tuple[str, ...] = ("address", "user", "password")

    def offered(self) -> bool:
        return True

    async def read(self, access: Mapping[str, str], memory: Mapping[str, Any], span: Span, zone: str) -> Reading:
        calendars = list(memory.get("calendars", ())) or await self._discover(access)
        data: list[bytes] = []
        for address in calendars:
            try:
                data += await self._events(access, address, span)
            except CalendarRefused:
                if not memory.get("calendars"):
                    raise
                # Calendars come and go: look for them anew before giving up.
                return await self.read(access, {}, span, zone)
        busy, name = await busy_in(data, span, zone)
        return Reading(busy, {"calendars": calendars}, name=name or urlsplit(access["address"]).hostname or "")

    async def _events(self, access: Mapping[str, str], address: str, span: Span) -> list[bytes]:
        body = _QUERY.format(start=stamp(span[0]), end=stamp(span[1]))
        answer = await self._ask("REPORT", address, access, body, "1")
        found = []
        for response in _responses(answer):
            text = response.findtext(f".//{_CAL}calendar-data")
            if text and text.strip():
                found.append(text.encode())
        return found

    async def _discover(self, access: Mapping[str, str]) -> list[str]:
        """From whatever address was entered: itself, its principal, the well-known one (RFC 6764)."""
        base = access["address"]
        tried: list[str] = []
        queue = [base, urljoin(base, "/.well-known/caldav")]
        while queue and len(tried) < 6:
            address = queue.pop(0)
            if address in tried:
                continue
            tried.append(address)
            try:
                responses = list(_responses(await self._ask("PROPFIND", address, access, _FIND, "1")))
            except (CalendarRefused, CalendarFailed):
                if not queue:
                    raise
                continue
            found = [urljoin(address, href) for r in responses if _is_calendar(r) and (href := _href(r))]
            if found:
                return [_same_server(base, address) for address in found[:_MOST]]
            for path in (f"{_CAL}calendar-home-set", f"{_DAV}current-user-principal"):
                queue[:0] = [
                    urljoin(address, href)
                    for r in responses
                    if (href := (r.findtext(f".//{path}/{_DAV}href") or "").strip())
                ]
        raise CalendarRefused(_("No calendar was found at that address."))

    async def _ask(
        self, method: str, address: str, access: Mapping[str, str], body: str, depth: str
    ) -> outbound.Answer:
        _same_server(access["address"], address)
        secret = base64.b64encode(f"{access['user']}:{access['password']}".encode()).decode()
        headers = {
            "Authorization": f"Basic {secret}", "Depth": depth, "Content-Type": "application/xml; charset=utf-8",
        }  # fmt: skip
        return need(await ask(method, address, headers=headers, body=body.encode()), 207)


def _same_server(base: str, address: str) -> str:
    """The password goes to the site that it was entered for and to nowhere else, whatever an answer says."""
    one, other = urlsplit(base), urlsplit(address)
    mine, theirs = (one.hostname or "").split("."), (other.hostname or "").split(".")
    # iCloud answers from p42-caldav.icloud.com: a sibling of the same domain is the same site.
    same = mine == theirs or (len(mine) > 2 and len(theirs) > 2 and mine[-2:] == theirs[-2:] and not mine[-1].isdigit())
    if not same or one.scheme != other.scheme:
        raise CalendarRefused(_("The server sends us on to another site. Enter that site's address instead."))
    return address


def _responses(answer: outbound.Answer) -> Iterator[ElementTree.Element]:
    """The parts of a multistatus. A document that declares entities is refused unread."""
    if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
        raise CalendarFailed(_("The calendar's server sent something that cannot be read."))
    try:
        root = ElementTree.fromstring(answer.body)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError) as exc:
        raise CalendarFailed(_("The calendar's server sent something that cannot be read.")) from exc
    return root.iter(f"{_DAV}response")


def _is_calendar(response: ElementTree.Element) -> bool:
    if response.find(f".//{_DAV}resourcetype/{_CAL}calendar") is None:
        return False
    parts = [c.get("name") for c in response.iter(f"{_CAL}comp")]
    return not parts or "VEVENT" in parts


def _href(response: ElementTree.Element) -> str:
    return (response.findtext(f"{_DAV}href") or "").strip()


CALDAV = CalDav()
