"""Rights and the role of this plugin."""

from __future__ import annotations

from kernel import N_, Permission, Role

WORK = "helpdesk.tickets.work"
AGENT = "agent"

ROLES = [Role(id=AGENT, label=N_("Support agent"))]
PERMISSIONS = [Permission(id=WORK, label=N_("Work on support tickets"), roles=("agent", "admin"))]
