"""Rights of this plugin."""

from __future__ import annotations

from kernel import N_, Permission

BRANDING = "theming.branding.manage"
TEXTS = "theming.texts.manage"
MAINTENANCE = "theming.maintenance.manage"
BYPASS = "theming.maintenance.bypass"

PERMISSIONS = [
    Permission(id=BRANDING, label=N_("Change name, colours and logo")),
    Permission(id=TEXTS, label=N_("Change wording, error pages and languages")),
    Permission(id=MAINTENANCE, label=N_("Plan and start maintenance")),
    Permission(id=BYPASS, label=N_("Use the site during maintenance")),
]
