"""Rights of this plugin."""

from __future__ import annotations

from kernel import N_, Permission

JOIN = "live.room.join"
MANAGE_QUESTIONS = "live.questions.manage"

PERMISSIONS = [
    Permission(id=JOIN, label=N_("Enter the rooms of one's own sessions"), roles=("member",)),
    Permission(id=MANAGE_QUESTIONS, label=N_("Edit the question bank"), roles=("admin",)),
]
