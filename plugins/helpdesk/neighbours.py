"""What other plugins can tell, if they are there: sessions and pictures. Handles their absence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import now, services, setting

from .settings import URGENT_MINUTES
from .states import NORMAL, URGENT

#: Sessions in these states are still to come or running.
_AHEAD = ("accepted", "in_progress")


async def own_booking(booking_id: UUID, account_id: UUID) -> Any | None:
    """The booking if this person takes part in it; None when not, or when there is no scheduling."""
    bookings = services.get("scheduling.Bookings")
    info = await bookings.get(booking_id) if bookings is not None else None
    return info if info is not None and account_id in (info.candidate_id, info.interviewer_id) else None


async def choices(account_id: UUID) -> list[Any]:
    """Bookings that somebody may want to ask about: the next ones, then the latest past ones."""
    bookings = services.get("scheduling.Bookings")
    if bookings is None:
        return []
    return [*await bookings.upcoming(account_id, 5), *await bookings.past(account_id, 5)]


async def upcoming(account_id: UUID, limit: int = 3) -> list[Any]:
    bookings = services.get("scheduling.Bookings")
    return list(await bookings.upcoming(account_id, limit)) if bookings is not None else []


async def booking(booking_id: UUID | None) -> Any | None:
    """A booking for agents, whoever's it is."""
    bookings = services.get("scheduling.Bookings")
    return await bookings.get(booking_id) if bookings is not None and booking_id is not None else None


async def many(booking_ids: Iterable[UUID]) -> dict[UUID, Any]:
    bookings = services.get("scheduling.Bookings")
    wanted = list(booking_ids)
    return dict(await bookings.many(wanted)) if bookings is not None and wanted else {}


def priority_for(info: Any | None) -> str:
    """Urgent when the session runs, or starts within the set time."""
    if info is None or info.status not in _AHEAD:
        return NORMAL
    soon = info.starts_at - now() <= timedelta(minutes=int(setting(URGENT_MINUTES)))
    return URGENT if soon and info.ends_at > now() else NORMAL


async def pictures(ids: Iterable[UUID]) -> dict[UUID, str]:
    people = services.get("users.People")
    wanted = list(set(ids))
    return dict(await people.picture_urls(wanted)) if people is not None and wanted else {}
