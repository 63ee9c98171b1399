"""What this plugin tells the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import event


@event("theming.maintenance_planned.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenancePlanned:
    """A window was planned, or begun at once."""

    window_id: UUID
    starts_at: datetime
    ends_at: datetime


@event("theming.maintenance_cancelled.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceCancelled:
    """A planned window was called off, or a running one ended early."""

    window_id: UUID


ALL: list[type] = [MaintenancePlanned, MaintenanceCancelled]
