"""What this plugin holds about a person: who planned which maintenance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider
from kernel import gettext as _

from .models import MaintenanceWindow


async def export(account_id: UUID) -> dict[str, Any]:
    rows = await MaintenanceWindow.filter(created_by=account_id).order_by("starts_at")
    if not rows:
        return {}
    return {
        "maintenance windows": [
            {"starts": r.starts_at.isoformat(), "ends": r.ends_at.isoformat(), "reason": r.reason} for r in rows
        ]
    }


async def erase(account_id: UUID) -> list[str]:
    """The windows stay without the person."""
    count = await MaintenanceWindow.filter(created_by=account_id).update(created_by=None, reason="")
    return [_("Maintenance windows, without who planned them.")] if count else []


PROVIDER = PrivacyProvider(
    title=N_("Maintenance that you planned"), models=("MaintenanceWindow",), export=export, erase=erase
)
