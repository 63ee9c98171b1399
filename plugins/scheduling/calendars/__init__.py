"""Calendars elsewhere: one file per kind, behind `CalendarProvider` of api.py; kept by services/calendars.py.

reading     what providers share: asking, refusals in words, busy periods out of calendar data
ics_feed    an address of a calendar file
caldav      a server that speaks CalDAV
oauth       signing in at Google or Microsoft
google      events of Google Calendar, only what changed
microsoft   events of Microsoft 365, only what changed
"""

from __future__ import annotations

from kernel import services

from ..api import CalendarProvider
from .caldav import CALDAV
from .google import GOOGLE
from .ics_feed import ICS_FEED
from .microsoft import MICROSOFT

BUILT_IN: tuple[CalendarProvider, ...] = (ICS_FEED, CALDAV, GOOGLE, MICROSOFT)


def provider(name: str) -> CalendarProvider | None:
    """The provider of this id: one of ours, or of another plugin that is on."""
    return next((p for p in (*BUILT_IN, *services.every(CalendarProvider)) if p.id == name), None)


def offered() -> list[CalendarProvider]:
    """Those that can be connected here."""
    return [p for p in (*BUILT_IN, *services.every(CalendarProvider)) if p.offered()]
