"""Messages to people about rooms."""

from __future__ import annotations

from uuid import UUID

from kernel import N_, Happened, Notice, NotificationType, url


async def waiting(happened: Happened) -> list[Notice]:
    """Tell whoever is missing that the other one is there."""
    data = happened.data
    return [
        Notice(
            key=f"live.waiting:{data['booking_id']}:{data['missing_id']}",
            account_id=UUID(data["missing_id"]),
            subject=N_("{name} is waiting for you in the room"),
            body=N_("{name} has joined your session “{title}”. The room is open."),
            params={"name": data["waiting_name"], "title": data["title"]},
            action_label=N_("Join the room"),
            action_url=url("live.room", booking_id=data["booking_id"]),
        )
    ]


async def no_show(happened: Happened) -> list[Notice]:
    """Tell both sides what was recorded, so that nobody learns it from an invoice."""
    data = happened.data
    words = {
        "candidate": N_("The candidate did not come to the room."),
        "interviewer": N_("The interviewer did not come to the room."),
        "both": N_("Nobody came to the room at the same time."),
    }
    people = [data["candidate_id"], data["interviewer_id"]]
    return [
        Notice(
            key=f"live.no_show:{data['booking_id']}:{person}",
            account_id=UUID(person),
            subject=N_("Your session did not take place"),
            body=words[data["missing"]],
            action_label=N_("Open the booking"),
            action_url=f"/bookings/{data['booking_id']}",
        )
        for person in people
        if person
    ]


NOTIFICATION_TYPES = [
    NotificationType(
        id="live.waiting",
        label=N_("Somebody waits for me in a room"),
        event="live.participant_waiting.v1",
        compose=waiting,
    ),
    NotificationType(
        id="live.no_show",
        label=N_("A session did not take place"),
        event="live.no_show.v1",
        compose=no_show,
    ),
]
