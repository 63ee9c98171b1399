"""Plugins as the kernel's pages speak of them: their titles, and pages that any of them may bring."""

from __future__ import annotations

from typing import Literal

from ..base.i18n import _
from ..base.runtime import runtime
from ..plugging.manifest import KERNEL
from ..tenancy.snapshots import current_snapshot
from ..web.routing import url

#: A plugin that offers one of these names its GET page `<plugin>.<landmark>`: joining, a forgotten password,
#: a new confirmation mail, one's own profile.
Landmark = Literal["sign_up", "forgot_password", "resend_confirmation", "profile"]


def landmark(name: Landmark) -> str | None:
    """Path of the first such page that is on for this tenant, or None."""
    effective = current_snapshot().effective
    for plugin, routes in runtime().registry.routes.items():
        if plugin not in effective:
            continue
        for route in routes:
            fits = route.method == "GET" and route.name == f"{plugin}.{name}" and "{" not in route.path
            if fits and (route.feature is None or route.feature in effective):
                return url(route.name)
    return None


def plugin_title(plugin: str) -> str:
    """What people call a plugin; the kernel's own part is the general one."""
    return _("General") if plugin == KERNEL else _(runtime().registry.plugins[plugin].title)
