"""States of a maintenance window, by the clock."""

from __future__ import annotations

from datetime import datetime

from kernel import N_

from .models import MaintenanceWindow

PLANNED, ACTIVE, OVER, CANCELLED = "planned", "active", "over", "cancelled"
LABELS = {PLANNED: N_("Planned"), ACTIVE: N_("Going on"), OVER: N_("Over"), CANCELLED: N_("Cancelled")}
TONES = {PLANNED: "info", ACTIVE: "warn", OVER: "", CANCELLED: ""}


def state_of(window: MaintenanceWindow, at: datetime) -> str:
    if window.cancelled_at is not None:
        return CANCELLED
    if at < window.starts_at:
        return PLANNED
    return ACTIVE if at < window.ends_at else OVER
