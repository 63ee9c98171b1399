"""A plugin that keeps failing is switched off for the tenant it fails for, and tried again after a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ...auth import audit
from ...base.context import TenantRef, acting_as, current_tenant, tenant_scope
from ...base.errors import Conflict
from ...base.i18n import N_, _
from ...base.log import get_logger
from ...base.runtime import runtime
from ...engines.connection import unit_of_work
from ...plugging.manifest import KERNEL
from ...tenancy.settings import setting
from ...tenancy.snapshots import Snapshot
from ...tenancy.toggles import switch
from ...work.jobs import enqueue

log = get_logger(__name__)

RESUME: Final = "kernel.resume_plugin"
#: How the reason of such a switch begins: by it a pause is told from an admin's decision.
MARK: Final = "Paused by itself: "
N_("Paused by itself: ")


def paused(snapshot: Snapshot) -> dict[str, str]:
    """Plugins that are paused for this tenant -> the reason."""
    return {
        key: choice.reason
        for key, choice in snapshot.choices.items()
        if not choice.is_on and choice.reason.startswith(MARK)
    }


async def pause(tenant: TenantRef, plugin: str, error: str) -> bool:
    """Switch a failing plugin off for this tenant. The kernel and locked plugins never go; False then."""
    info = runtime().registry.plugins.get(plugin)
    snapshot = runtime().snapshots.of(tenant.id)
    if info is None or info.locked or plugin == KERNEL or snapshot is None or plugin not in snapshot.effective:
        return False
    with tenant_scope(tenant), acting_as(None):
        if not setting("kernel.pause_failing"):
            return False
        minutes = int(setting("kernel.pause_minutes"))
        reason = f"{MARK}{error}"[:500]
        try:
            async with unit_of_work():
                await switch(tenant, plugin, False, reason=reason, cascade=True)
                await audit.record("kernel.plugin_paused", subject="plugin", subject_id=plugin, reason=reason)
                if minutes:
                    await enqueue(RESUME, {"plugin": plugin}, delay=timedelta(minutes=minutes), key=f"resume:{plugin}")
        except Conflict as exc:
            log.warning("%s keeps failing and cannot be paused: %s", plugin, exc)
            return False
    log.error("%s is paused for tenant %s: %s", plugin, tenant.slug, error)
    return True


async def resume(plugin: str) -> None:
    """Try a paused plugin again, unless somebody decided about it meanwhile."""
    tenant = current_tenant()
    snapshot = runtime().snapshots.of(tenant.id)
    if snapshot is None or plugin not in paused(snapshot):
        return
    async with unit_of_work():
        await switch(tenant, plugin, True, reason=_("Tried again after a pause"))
        await audit.record("kernel.plugin_resumed", subject="plugin", subject_id=plugin)
