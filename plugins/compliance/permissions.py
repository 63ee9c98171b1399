"""Rights of this plugin."""

from __future__ import annotations

from kernel import N_, Permission

AUDIT = "compliance.audit.view"
REQUESTS = "compliance.requests.manage"

PERMISSIONS = [
    Permission(id=AUDIT, label=N_("Read and check the audit log")),
    Permission(id=REQUESTS, label=N_("Handle requests about personal data")),
]
