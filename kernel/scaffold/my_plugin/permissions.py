"""Rights of this plugin, and which built-in roles hold them in a new tenant."""

from __future__ import annotations

from kernel import N_, Permission

WRITE = "my_plugin.notes.write"
REMOVE = "my_plugin.notes.remove"

PERMISSIONS = [
    Permission(id=WRITE, label=N_("Put notes on the board"), roles=("admin", "member")),
    Permission(id=REMOVE, label=N_("Remove notes of other people")),
]
