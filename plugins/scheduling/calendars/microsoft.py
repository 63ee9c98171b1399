"""Microsoft 365 and Outlook.com through Graph: a calendar view once, then only what changed (`deltaLink`).

https://learn.microsoft.com/graph/delta-query-events
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kernel import N_, _

from ..api import CalendarFailed, Reading
from .oauth import Client, bearer
from .reading import MOST, RENEW, Span, as_json, ask, instant, iso, joined, need

#: Graph is asked for times in UTC.
_PREFER = 'outlook.timezone="UTC", odata.maxpagesize=200'


class Microsoft:
    """Knows each busy event by its id, so that a change of one replaces just that one."""

    id = "microsoft"
    label = N_("Outlook or Microsoft 365")
    help = N_("You allow it at Microsoft. We read when you are busy, never write, and keep no titles.")
    fields: tuple[str, ...] = ()

    def __init__(self, api: str = "https://graph.microsoft.com/v1.0", client: Client | None = None) -> None:
        self.api = api
        self.client = client or Client(
            authorize="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            token="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106 - an address
            scope="offline_access Calendars.ReadBasic",
            id_setting="scheduling.microsoft_client_id",
            secret_setting="scheduling.microsoft_client_secret",  # noqa: S106 - a name
            extra=(("response_mode", "query"),),
        )

    def offered(self) -> bool:
        return self.client.ready()

    def sign_in_url(self, back: str, state: str, challenge: str) -> str:
        return self.client.url(back, state, challenge)

    async def redeem(self, back: str, code: str, verifier: str) -> Mapping[str, str]:
        return await self.client.redeem(back, code, verifier)

    async def read(self, access: Mapping[str, str], memory: Mapping[str, Any], span: Span, zone: str) -> Reading:
        access = await self.client.fresh(access)
        link = str(memory.get("link", ""))
        if not link.startswith(self.api + "/") or datetime.fromisoformat(memory["end"]) < span[1] - RENEW:
            link = ""
        known: dict[str, list[str]] = dict(memory.get("events", {})) if link else {}
        end = memory["end"] if link else span[1].isoformat()
        view = urlencode({"startDateTime": iso(span[0]), "endDateTime": iso(span[1])})
        address, pages = link or f"{self.api}/me/calendarView/delta?{view}", 0
        while True:
            answer = await ask("GET", address, headers={**bearer(access), "Prefer": _PREFER})
            if answer.status == 410 or (answer.status == 400 and link):  # what it remembered is too old
                if not link:
                    need(answer, 200)
                return await self.read(access, {}, span, zone)
            found = as_json(need(answer, 200))
            for event in found.get("value", ()):
                _take(known, event, ZoneInfo(zone))
            pages += 1
            if len(known) > MOST or pages > 60:
                raise CalendarFailed(_("The calendar has too many events."))
            address = str(found.get("@odata.nextLink", ""))
            if not address:
                break
            if not address.startswith(self.api + "/"):
                raise CalendarFailed(_("The calendar's server sent something that cannot be read."))
        busy = joined(((datetime.fromisoformat(s), datetime.fromisoformat(e)) for s, e in known.values()), span)
        return Reading(busy, {"link": str(found.get("@odata.deltaLink", "")), "end": end, "events": known}, access)


def _take(known: dict[str, list[str]], event: Mapping[str, Any], home: ZoneInfo) -> None:
    """Put an event among those that are known, or out of them."""
    said = event.get("responseStatus") or {}
    free = "@removed" in event or event.get("isCancelled") or said.get("response") == "declined"
    if free or event.get("showAs") in ("free", "workingElsewhere") or "start" not in event:
        known.pop(event["id"], None)
        return
    whole = bool(event.get("isAllDay"))
    known[event["id"]] = [_instant(event[side], home if whole else None) for side in ("start", "end")]


def _instant(value: Mapping[str, str], home: ZoneInfo | None) -> str:
    """Times are in UTC as asked; the dates of all-day events are read in the owner's zone."""
    at = datetime.fromisoformat(value["dateTime"].partition(".")[0]).replace(tzinfo=None)
    return (at.replace(tzinfo=UTC) if home is None else instant(at.date(), home)).isoformat()


MICROSOFT = Microsoft()
