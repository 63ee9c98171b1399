"""Routes around the time of a session: getting ready, personal links, calendars and reminders."""

from __future__ import annotations

from kernel import SIGNED_IN

from ..permissions import HOURS
from . import calendars, joining, preparing
from .declaring import get, post

_TOKEN = "[A-Za-z0-9_-]{40,80}"  # noqa: S105 - the shape of one
_ONE = "/calendars/{id}"

ROUTES = [
    post("/bookings/{id}/ready", preparing.tick, "ready", SIGNED_IN, rate="60/60"),
    post("/bookings/{id}/resume", preparing.add_resume, "resume_post", SIGNED_IN, rate="20/60", body=6 * 1024 * 1024),
    get("/bookings/{id}/resume", preparing.resume, "resume", SIGNED_IN),
    post("/bookings/{id}/late", preparing.late, "late", SIGNED_IN, rate="20/60"),
    # Whoever holds a personal link may look; it acts on nothing.
    get(f"/join/{{token:{_TOKEN}}}", joining.show, "join"),
    get("/calendars", calendars.show, "calendars", SIGNED_IN),
    post(
        "/calendars/connect/{provider:[a-z]{2,20}}",
        calendars.connect,
        "calendar_connect",
        HOURS,
        rate="20/60",
    ),
    post("/calendars/sign-in/{provider:[a-z]{2,20}}", calendars.sign_in, "calendar_sign_in", HOURS, rate="20/60"),
    get("/calendars/signed-in", calendars.callback, "calendar_callback", HOURS),
    post(f"{_ONE}/refresh", calendars.refresh, "calendar_refresh", HOURS, rate="20/60"),
    post(f"{_ONE}/disconnect", calendars.disconnect, "calendar_disconnect", HOURS),
    post("/calendars/feed", calendars.make_feed, "feed_make", SIGNED_IN, rate="20/60"),
    post("/calendars/feed/revoke", calendars.drop_feed, "feed_drop", SIGNED_IN),
    post("/calendars/reminders", calendars.save_reminders, "own_reminders", SIGNED_IN),
    # Calendar programs send no session; the secret in the address is all there is.
    get(f"/calendar-feed/{{token:{_TOKEN}}}.ics", calendars.feed, "feed"),
]
