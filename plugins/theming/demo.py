"""What the demo tenants show: own words on a page, and maintenance that was and will be."""

from __future__ import annotations

from datetime import timedelta

from kernel import accounts, now, set_setting, touch_tenant, unit_of_work

from .models import MaintenanceWindow
from .settings import error_key

_LOST = {
    "acme": {
        "en": {
            "title": "This page has left the room",
            "body": "The link may be old. **Nothing of yours is lost.** Start again from the front page,"
            " or search for what you need.",
        }
    },
    "fern": {
        "de": {
            "title": "Hier wächst nichts",
            "body": "Diese Seite gibt es nicht (mehr). **Deine Daten sind sicher.** Auf der Startseite geht es weiter.",
        }
    },
}


async def seed(slug: str) -> None:
    await set_setting(error_key("404"), _LOST.get(slug, {}), reason="demo")
    admins = await accounts.accounts_with_role("admin")
    by = admins[0].id if admins else None
    at = now().replace(minute=0, second=0, microsecond=0)
    async with unit_of_work():
        await touch_tenant()
        for days, minutes, reason in ((-32, 40, "New mail server"), (-11, 20, "Database upgrade"), (6, 30, "Upgrade")):
            start = at.replace(hour=2) + timedelta(days=days)
            end = start + timedelta(minutes=minutes)
            await MaintenanceWindow.create(starts_at=start, ends_at=end, reason=reason, created_by=by)
