"""Rights and the role of this plugin. Writing about one's own sessions needs none but being signed in."""

from __future__ import annotations

from kernel import N_, Permission, Role

MODERATE = "feedback.reviews.moderate"
RUBRICS = "feedback.rubrics.edit"

ROLES = [Role(id="moderator", label=N_("Moderator"))]

PERMISSIONS = [
    Permission(id=MODERATE, label=N_("Read and hide reviews of other people"), roles=("admin", "moderator")),
    Permission(id=RUBRICS, label=N_("Edit the rubrics of scorecards")),
]
