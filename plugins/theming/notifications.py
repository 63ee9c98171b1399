"""Messages to people about maintenance."""

from __future__ import annotations

from uuid import UUID

from kernel import N_, Happened, Notice, NotificationType, now

from . import queries, states
from .models import MaintenanceWindow


async def _planned(happened: Happened) -> list[Notice]:
    """Everybody whose session falls into the window; looked up again now, since it may have moved."""
    window = await MaintenanceWindow.get_or_none(id=happened.data["window_id"])
    if window is None or states.state_of(window, now()) in (states.CANCELLED, states.OVER):
        return []
    notices = []
    for booking in await queries.bookings_in(window.starts_at, window.ends_at):
        people: set[UUID | None] = {booking.candidate_id, booking.interviewer_id}
        notices += [
            Notice(
                key=f"theming.maintenance:{window.id}:{window.version}:{booking.id}:{person}",
                account_id=person,
                subject=N_("Maintenance during your session"),
                body=N_(
                    "We will do maintenance from {start} until {end}. Your session “{title}” on {when} falls into"
                    " that time.\n\nMove it to another time if you can."
                ),
                params={
                    "start": window.starts_at,
                    "end": window.ends_at,
                    "title": booking.type_title,
                    "when": booking.starts_at,
                },
                action_label=N_("Open the session"),
                action_url=booking.path,
            )
            for person in people
            if person is not None
        ]
    return notices


TYPES = [
    NotificationType(
        id="theming.maintenance_planned",
        label=N_("Maintenance during a session of yours"),
        event="theming.maintenance_planned.v1",
        compose=_planned,
        critical=True,
    )
]
