"""The life of an application, in one table."""

from __future__ import annotations

from collections.abc import Mapping

from kernel import N_

DRAFT, SUBMITTED, CHANGES, APPROVED, REJECTED, WITHDRAWN = (
    "draft", "submitted", "changes_requested", "approved", "rejected", "withdrawn",
)  # fmt: skip

#: state -> states that may follow. Back to draft means applying anew, after the waiting time or a lost role.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    DRAFT: frozenset({SUBMITTED, WITHDRAWN}),
    SUBMITTED: frozenset({APPROVED, REJECTED, CHANGES, WITHDRAWN}),
    CHANGES: frozenset({SUBMITTED, WITHDRAWN}),
    REJECTED: frozenset({DRAFT}),
    WITHDRAWN: frozenset({DRAFT}),
    APPROVED: frozenset({DRAFT}),
}

#: The applicant may change answers in these.
EDITABLE = frozenset({DRAFT, CHANGES})
DECISIONS = (APPROVED, CHANGES, REJECTED)

LABELS: Mapping[str, str] = {
    DRAFT: N_("Draft"),
    SUBMITTED: N_("Waiting for review"),
    CHANGES: N_("Changes requested"),
    APPROVED: N_("Approved"),
    REJECTED: N_("Rejected"),
    WITHDRAWN: N_("Withdrawn"),
}
TONES: Mapping[str, str] = {
    DRAFT: "", SUBMITTED: "info", CHANGES: "warn", APPROVED: "ok", REJECTED: "bad", WITHDRAWN: "",
}  # fmt: skip


def allowed(before: str, after: str) -> bool:
    return after in TRANSITIONS.get(before, frozenset())
