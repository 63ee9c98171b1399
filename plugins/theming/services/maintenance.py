"""Planning, ending and prolonging maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import (
    audit,
    compare_and_set,
    current_actor,
    errors,
    get_or_404,
    now,
    publish,
    touch_tenant,
    unit_of_work,
)
from kernel import gettext as _

from .. import states
from ..events import MaintenanceCancelled, MaintenancePlanned
from ..models import MaintenanceWindow

LONGEST = timedelta(days=7)
FURTHEST = timedelta(days=365)


async def plan(
    starts_at: datetime | None, ends_at: datetime, messages: dict[str, str], reason: str = ""
) -> MaintenanceWindow:
    """A new window; without `starts_at` it begins now. Raises Invalid, and Conflict beside another window."""
    at = now()
    begin = starts_at or at
    if starts_at is not None and starts_at < at:
        raise errors.Invalid({"starts": _("Choose a start in the future, or start now.")})
    if ends_at <= begin:
        raise errors.Invalid({"ends": _("Choose an end after the start.")})
    if ends_at - begin > LONGEST:
        raise errors.Invalid({"ends": _("Maintenance can take seven days at most.")})
    if begin - at > FURTHEST:
        raise errors.Invalid({"starts": _("Choose a start within the next year.")})
    actor = current_actor()
    async with unit_of_work():
        await touch_tenant()  # first: its lock puts two administrators in order
        await _free(begin, ends_at)
        window = await MaintenanceWindow.create(
            starts_at=begin, ends_at=ends_at, messages={k: v for k, v in messages.items() if v},
            reason=reason, created_by=actor.id if actor else None,
        )  # fmt: skip
        name = "theming.maintenance_planned" if starts_at else "theming.maintenance_started"
        await _note(name, window, after=_told(window), reason=reason)
        await publish(MaintenancePlanned(window_id=window.id, starts_at=begin, ends_at=ends_at))
    return window


async def _free(start: datetime, end: datetime, *, but: UUID | None = None) -> None:
    rows = await MaintenanceWindow.filter(cancelled_at=None, starts_at__lt=end, ends_at__gt=start)
    if any(row.id != but for row in rows):
        raise errors.Conflict(_("There is a maintenance window at this time already. Cancel or change that one."))


async def stop(window_id: UUID | str, version: int) -> str:
    """Call a planned window off, or end a running one now; which of the two. Raises Conflict when it is over."""
    async with unit_of_work():
        await touch_tenant()
        window, state = await _open(window_id, version)
        before = _told(window)
        if state == states.PLANNED:
            await compare_and_set(window, cancelled_at=now())
            await _note("theming.maintenance_cancelled", window, before=before)
        else:
            await compare_and_set(window, ends_at=now())
            await _note("theming.maintenance_ended", window, before=before, after=_told(window))
        await publish(MaintenanceCancelled(window_id=window.id))
    return state


async def prolong(window_id: UUID | str, version: int, by: timedelta) -> MaintenanceWindow:
    """Move the end of an open window. Raises Conflict when it is over or would run into another one."""
    async with unit_of_work():
        await touch_tenant()
        window, _state = await _open(window_id, version)
        ends_at = window.ends_at + by
        if ends_at - window.starts_at > LONGEST:
            raise errors.Conflict(_("Maintenance can take seven days at most."))
        await _free(window.starts_at, ends_at, but=window.id)
        before = _told(window)
        await compare_and_set(window, ends_at=ends_at)
        await _note("theming.maintenance_prolonged", window, before=before, after=_told(window))
        await publish(MaintenancePlanned(window_id=window.id, starts_at=window.starts_at, ends_at=ends_at))
    return window


async def _open(window_id: UUID | str, version: int) -> tuple[MaintenanceWindow, str]:
    window = await get_or_404(MaintenanceWindow, window_id)
    state = states.state_of(window, now())
    if state in (states.OVER, states.CANCELLED):
        raise errors.Conflict(_("This maintenance is over already."))
    if window.version != version:
        raise errors.Conflict(_("Somebody else has changed this window. Look at it again."))
    return window, state


def _told(window: MaintenanceWindow) -> dict[str, Any]:
    return {"starts_at": window.starts_at.isoformat(), "ends_at": window.ends_at.isoformat()}


async def _note(action: str, window: MaintenanceWindow, **what: Any) -> None:
    await audit.record(action, subject="maintenance window", subject_id=str(window.id), **what)
