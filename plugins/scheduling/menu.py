"""Where the pages stand in the menu, and which styles and scripts they load."""

from __future__ import annotations

from kernel import N_, SIGNED_IN, Asset, MenuItem

from .permissions import HOURS, MANAGE, POLICIES, TYPES, VIEW

MENU = [
    MenuItem(section="workspace", label=N_("My sessions"), route="scheduling.bookings", icon="calendar", order=10,
             permission=SIGNED_IN),
    MenuItem(section="workspace", label=N_("Find an interviewer"), route="scheduling.directory", icon="search",
             order=20),
    MenuItem(section="workspace", label=N_("AI practice"), route="scheduling.practice", icon="spark", order=30,
             permission=SIGNED_IN),
    MenuItem(section="workspace", label=N_("Availability"), route="scheduling.availability", icon="clock",
             order=40, permission=HOURS, role="interviewer"),
    MenuItem(section="workspace", label=N_("Calendars and reminders"), route="scheduling.calendars", icon="bell",
             order=45, permission=SIGNED_IN),
    MenuItem(section="operations", label=N_("Bookings"), route="scheduling.admin_bookings", icon="calendar",
             order=10, permission=VIEW),
    MenuItem(section="operations", label=N_("Strikes"), route="scheduling.strikes", icon="alert", order=15,
             permission=MANAGE),
    MenuItem(section="operations", label=N_("Interviewer load"), route="scheduling.load", icon="bars", order=12,
             permission=VIEW),
    MenuItem(section="settings", label=N_("Booking rules"), route="scheduling.rules", icon="sliders", order=39,
             permission=POLICIES),
    MenuItem(section="settings", label=N_("Interview types"), route="scheduling.types", icon="list", order=40,
             permission=TYPES),
    MenuItem(section="settings", label=N_("Cancellation policies"), route="scheduling.policies", icon="shield",
             order=41, permission=POLICIES),
]  # fmt: skip

ASSETS = [
    Asset(kind="style", path="admin.css", routes=("scheduling.admin*", "scheduling.load", "scheduling.holidays")),
    Asset(kind="module", path="narrow.js", routes=("scheduling.holidays",)),
    Asset(kind="style", path="scheduling.css", routes=("scheduling.*", "kernel.landing")),
    Asset(kind="style", path="booking.css", routes=("scheduling.*",)),
    Asset(
        kind="module",
        path="book.js",
        routes=(
            "scheduling.book*",
            "scheduling.reschedule*",
            "scheduling.hold",
            "scheduling.link*",
            "scheduling.now*",
            "scheduling.any*",
        ),
    ),
    Asset(kind="style", path="hours.css", routes=("scheduling.availability*", "scheduling.schedule*")),
    Asset(kind="module", path="hours.js", routes=("scheduling.availability*", "scheduling.schedule*")),
]
