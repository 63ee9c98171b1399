"""Pages that some plugin may bring and the kernel links to, without knowing which plugin."""

from __future__ import annotations

from typing import Literal

from ..base.runtime import runtime
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
