"""Reading maintenance windows: for pages from the table, for every request from memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import current_locale, current_snapshot, get_logger, now, services, setting

from .models import MaintenanceWindow
from .settings import error_key

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """A window that has not been called off."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    messages: dict[str, str]

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.starts_at < end and start < self.ends_at


#: Per tenant: the snapshot for which windows were read, and those windows. Whoever changes a window touches the tenant.
_kept: dict[UUID, tuple[object, tuple[Window, ...]]] = {}


async def coming() -> tuple[Window, ...]:
    """Windows that were not over when this process last looked, by time. One query per change, not per request."""
    snapshot = current_snapshot()
    found = _kept.get(snapshot.tenant.id)
    if found is None or found[0] is not snapshot:
        rows = await MaintenanceWindow.filter(cancelled_at=None, ends_at__gt=now()).order_by("starts_at").limit(200)
        windows = tuple(Window(r.id, r.starts_at, r.ends_at, r.messages) for r in rows)
        found = _kept[snapshot.tenant.id] = (snapshot, windows)
    return found[1]


async def active() -> Window | None:
    """The window that is going on."""
    at = now()
    return next((w for w in await coming() if w.starts_at <= at < w.ends_at), None)


async def next_window() -> Window | None:
    """The next one that has not begun."""
    at = now()
    return next((w for w in await coming() if w.starts_at > at), None)


async def overlapping(start: datetime, end: datetime) -> Window | None:
    """A window, going on or planned, that has a moment in common with [start, end)."""
    at = now()
    return next((w for w in await coming() if w.ends_at > at and w.overlaps(start, end)), None)


async def listed(limit: int, offset: int = 0) -> tuple[list[MaintenanceWindow], int]:
    """All windows, the latest first, and how many there are."""
    rows = await MaintenanceWindow.all().order_by("-starts_at", "-id").limit(limit).offset(offset)
    return rows, await MaintenanceWindow.all().count()


async def bookings_in(start: datetime, end: datetime) -> Sequence[Any]:
    """Sessions of [start, end) that are still to come; none when scheduling is off. Never raises."""
    bookings = services.get("scheduling.Bookings")
    if bookings is None:
        return ()
    try:
        found = await bookings.for_period(start, end)
    except Exception:
        log.exception("the sessions of a maintenance window could not be read")
        return ()
    return [b for b in found if b.status in ("pending", "accepted", "in_progress")]


def message_of(window: Window) -> str:
    """What the window says to this reader: in their language, else in the tenant's, else nothing."""
    return window.messages.get(current_locale()) or window.messages.get(current_snapshot().locale, "")


def page_words(page: str, locale: str) -> dict[str, str] | None:
    """The tenant's own title and body of a page in one language. No I/O."""
    words: dict[str, str] | None = setting(error_key(page)).get(locale)
    return words
