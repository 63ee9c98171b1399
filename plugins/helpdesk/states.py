"""States of a ticket and every way from one to another; priorities; categories; their words.

new      nobody has answered yet
open     support has to act
pending  support waits for the requester
solved   answered for good, as far as support knows; a reply of the requester opens it again for some days
closed   over; whoever has more to say begins a new ticket
"""

from __future__ import annotations

from typing import Final

from kernel import N_

NEW, OPEN, PENDING, SOLVED, CLOSED = "new", "open", "pending", "solved", "closed"

#: The one table.
NEXT: Final[dict[str, frozenset[str]]] = {
    NEW: frozenset({OPEN, PENDING, SOLVED, CLOSED}),
    OPEN: frozenset({PENDING, SOLVED, CLOSED}),
    PENDING: frozenset({OPEN, SOLVED, CLOSED}),
    SOLVED: frozenset({OPEN, PENDING, CLOSED}),
    CLOSED: frozenset(),
}
#: Somebody still has to do something.
LIVE: Final = (NEW, OPEN, PENDING)
OVER: Final = (SOLVED, CLOSED)

#: Word and tone of a badge, as agents see them.
STATES: Final = {
    NEW: (N_("New"), "accent"),
    OPEN: (N_("Needs an answer"), "info"),
    PENDING: (N_("Waiting for requester"), "warn"),
    SOLVED: (N_("Solved"), "ok"),
    CLOSED: (N_("Closed"), ""),
}
#: The same for the requester.
FOR_REQUESTER: Final = {
    NEW: (N_("Received"), "info"),
    OPEN: (N_("In progress"), "info"),
    PENDING: (N_("Waiting for you"), "warn"),
    SOLVED: (N_("Solved"), "ok"),
    CLOSED: (N_("Closed"), ""),
}

LOW, NORMAL, HIGH, URGENT = "low", "normal", "high", "urgent"
PRIORITIES: Final = {
    LOW: (N_("Low"), ""),
    NORMAL: (N_("Normal"), ""),
    HIGH: (N_("High"), "warn"),
    URGENT: (N_("Urgent"), "bad"),
}
#: For sorting; PostgreSQL is given the same order.
RANK: Final = {LOW: 0, NORMAL: 1, HIGH: 2, URGENT: 3}

CATEGORIES: Final = {
    "session": N_("A session or its time"),
    "technical": N_("Sound, video or another technical problem"),
    "payment": N_("Payment or refund"),
    "account": N_("My account"),
    "feedback": N_("Feedback or a review"),
    "other": N_("Something else"),
}

#: Reasons of changes that rules make; other reasons are people's own words.
BY_REPLY = N_("By the reply")
SESSION_SOON = N_("The session starts soon")
BY_AGE = N_("Nothing was added after the solution")
RULES: Final = (BY_REPLY, SESSION_SOON, BY_AGE)


def may_become(before: str, after: str) -> bool:
    return after in NEXT.get(before, frozenset())
