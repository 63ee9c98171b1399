"""States of a data request, and which may follow which."""

from __future__ import annotations

from kernel import N_

EXPORT, ERASURE = "export", "erasure"
REQUESTED, RUNNING, READY, PARTIAL, DONE = "requested", "running", "ready", "partial", "done"
DECLINED, CANCELLED, EXPIRED = "declined", "cancelled", "expired"

#: One request of a kind may be in these at a time, per person.
OPEN = (REQUESTED, RUNNING)

#: kind -> state -> states that may follow. `partial` is ready or done with a gap: it can be tried again.
TRANSITIONS: dict[str, dict[str, tuple[str, ...]]] = {
    EXPORT: {
        REQUESTED: (RUNNING, READY, PARTIAL),
        RUNNING: (READY, PARTIAL),
        READY: (EXPIRED,),
        PARTIAL: (EXPIRED,),
    },
    ERASURE: {
        REQUESTED: (RUNNING, DECLINED, CANCELLED),
        RUNNING: (DONE, PARTIAL),
        PARTIAL: (RUNNING,),
    },
}

KINDS = {EXPORT: N_("Copy of the data"), ERASURE: N_("Erasure")}
LABELS = {
    REQUESTED: N_("Requested"),
    RUNNING: N_("In progress"),
    READY: N_("Ready"),
    PARTIAL: N_("Incomplete"),
    DONE: N_("Done"),
    DECLINED: N_("Declined"),
    CANCELLED: N_("Withdrawn"),
    EXPIRED: N_("Expired"),
}
TONES = {REQUESTED: "warn", RUNNING: "info", READY: "ok", PARTIAL: "bad", DONE: "ok"}


def may_become(kind: str, state: str, following: str) -> bool:
    return following in TRANSITIONS[kind].get(state, ())
