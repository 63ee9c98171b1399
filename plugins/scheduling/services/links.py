"""Acting from a mail without signing in. A link shows a page and changes nothing; only its forms do.

Each link is one person's, for one state of one booking: any change of time, interviewer or validity makes all links
of before useless, and so does the start of the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel import _, absolute_url, errors, now, one_time

from ..models import Booking
from ..states import Status

PURPOSE: Final = "scheduling.manage"


@dataclass(frozen=True, slots=True)
class Door:
    """What a link opens: the booking, and whose part its holder has."""

    booking: Booking
    account_id: UUID
    role: str
    token: str


async def link_for(booking: Booking, account_id: UUID) -> str:
    """The address for somebody's mail; '' when there is nothing left to manage."""
    if booking.status != Status.ACCEPTED or booking.starts_at <= now():
        return ""
    data = {"booking_id": str(booking.id), "sequence": booking.ical_sequence}
    token = await one_time.issue(PURPOSE, account_id, data=data, ttl=booking.starts_at - now())
    return absolute_url("scheduling.link", token=token)


async def opened(token: str) -> Door:
    """What is behind a link. NotFound for one that never worked, Gone for one that was overtaken."""
    if not 20 <= len(token) <= 80:
        raise errors.NotFound()
    found = await one_time.peek(PURPOSE, token)
    if found is None or found.account_id is None:
        raise errors.Gone(_("This link does not work any more. Sign in to see the session."))
    booking = await Booking.filter(id=UUID(found.data["booking_id"])).first()
    if booking is None:
        raise errors.NotFound()
    role = "candidate" if found.account_id in (booking.candidate_id, booking.booked_by) else ""
    role = role or ("interviewer" if found.account_id in (booking.interviewer_id, booking.second_id) else "")
    if not role or found.data["sequence"] != booking.ical_sequence or booking.status != Status.ACCEPTED:
        raise errors.Gone(_("The session was changed since this mail was sent. Use the latest mail, or sign in."))
    return Door(booking, found.account_id, role, token)
