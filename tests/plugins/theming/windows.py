"""Windows of maintenance for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import now
from kernel.testing.people import TenantKit
from plugins.theming.models import MaintenanceWindow
from plugins.theming.services import maintenance

HOUR = timedelta(hours=1)


async def planned(tenant: TenantKit, start: timedelta, length: timedelta = HOUR, **more: Any) -> MaintenanceWindow:
    with tenant.scope():
        begin = now() + start
        return await maintenance.plan(begin, begin + length, more.get("messages", {}), more.get("reason", ""))
