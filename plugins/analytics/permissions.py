"""Rights of this plugin."""

from __future__ import annotations

from kernel import N_, Permission

VIEW = "analytics.view"
REBUILD = "analytics.rebuild"

PERMISSIONS = [
    Permission(id=VIEW, label=N_("See the analytics dashboard")),
    Permission(id=REBUILD, label=N_("Have all figures counted anew")),
]
