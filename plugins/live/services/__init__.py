"""Use cases of rooms; the only writers of sessions.

life        what is due is done, somebody ends it, its booking changes
entering    somebody comes in, waits at the door, is let in or sent out, leaves
media       which connection two people have
"""

from __future__ import annotations

from .entering import (
    Entry,
    Refused,
    admit,
    admit_due,
    beat,
    card,
    cast,
    elsewhere,
    enter,
    greet,
    guest_seat_of,
    leave,
    may_enter,
    remove,
    remove_by_id,
    still_theirs,
)
from .life import (
    BEAT,
    LEFT_BEHIND,
    cancelled,
    end,
    follow,
    hub,
    later,
    meet,
    opened,
    running_late,
    send_away,
    settle,
    sweep,
)
from .media import rebuild

__all__ = [
    "BEAT", "LEFT_BEHIND", "Entry", "Refused", "admit", "admit_due", "beat", "cancelled", "card", "cast", "elsewhere",
    "end", "enter", "follow", "greet", "guest_seat_of", "hub", "later", "leave", "may_enter", "meet", "opened",
    "rebuild", "remove", "remove_by_id", "running_late", "send_away", "settle", "still_theirs", "sweep",
]  # fmt: skip
