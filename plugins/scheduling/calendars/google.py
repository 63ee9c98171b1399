"""Google Calendar, API v3: all events of the primary calendar once, then only what changed (`syncToken`).

https://developers.google.com/workspace/calendar/api/guides/sync
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kernel import N_, _

from ..api import CalendarFailed, Reading
from .oauth import Client, bearer
from .reading import MOST, RENEW, Span, as_json, ask, instant, iso, joined, need


class Google:
    """Knows each busy event by its id, so that a change of one replaces just that one."""

    id = "google"
    label = N_("Google Calendar")
    help = N_("You allow it at Google. We read when you are busy, never write, and keep no titles.")
    fields: tuple[str, ...] = ()

    def __init__(self, api: str = "https://www.googleapis.com/calendar/v3", client: Client | None = None) -> None:
        self.api = api
        self.client = client or Client(
            authorize="https://accounts.google.com/o/oauth2/v2/auth",
            token="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
            scope="https://www.googleapis.com/auth/calendar.events.readonly",
            id_setting="scheduling.google_client_id",
            secret_setting="scheduling.google_client_secret",  # noqa: S106 - a name
            extra=(("access_type", "offline"), ("prompt", "consent")),
        )

    def offered(self) -> bool:
        return self.client.ready()

    def sign_in_url(self, back: str, state: str, challenge: str) -> str:
        return self.client.url(back, state, challenge)

    async def redeem(self, back: str, code: str, verifier: str) -> Mapping[str, str]:
        return await self.client.redeem(back, code, verifier)

    async def read(self, access: Mapping[str, str], memory: Mapping[str, Any], span: Span, zone: str) -> Reading:
        access = await self.client.fresh(access)
        known = dict(memory.get("events", {}))
        token = str(memory.get("token", ""))
        if token and datetime.fromisoformat(memory["end"]) < span[1] - RENEW:
            token = ""  # what it covers ends too soon: begin anew, further ahead
        query = {"syncToken": token} if token else {"timeMin": iso(span[0]), "timeMax": iso(span[1])}
        end = memory["end"] if token else span[1].isoformat()
        if not token:
            known = {}
        page, pages, name = "", 0, ""
        while True:
            asked = {"singleEvents": "true", "maxResults": "2500", **query, **({"pageToken": page} if page else {})}
            answer = await ask("GET", f"{self.api}/calendars/primary/events?{urlencode(asked)}", headers=bearer(access))
            if answer.status == 410:  # the token is too old
                if not token:
                    need(answer, 200)
                return await self.read(access, {}, span, zone)
            found = as_json(need(answer, 200))
            name = name or str(found.get("summary", ""))[:120]
            for event in found.get("items", ()):
                _take(known, event, ZoneInfo(zone))
            if len(known) > MOST or pages > 20:
                raise CalendarFailed(_("The calendar has too many events."))
            page, pages = str(found.get("nextPageToken", "")), pages + 1
            if not page:
                break
        busy = joined(((datetime.fromisoformat(s), datetime.fromisoformat(e)) for s, e in known.values()), span)
        remembered = {"token": str(found.get("nextSyncToken", "")), "end": end, "events": known}
        return Reading(busy, remembered, access, name=name)


def _take(known: dict[str, list[str]], event: Mapping[str, Any], home: ZoneInfo) -> None:
    """Put an event among those that are known, or out of them."""
    declined = any(a.get("self") and a.get("responseStatus") == "declined" for a in event.get("attendees", ()))
    free = event.get("status") == "cancelled" or event.get("transparency") == "transparent" or declined
    if free or event.get("eventType") == "workingLocation" or "start" not in event:
        known.pop(event["id"], None)
        return
    known[event["id"]] = [_instant(event["start"], home), _instant(event["end"], home)]


def _instant(value: Mapping[str, str], home: ZoneInfo) -> str:
    return instant(datetime.fromisoformat(value.get("dateTime") or value["date"]), home).isoformat()


GOOGLE = Google()
