"""States of scorecards and reviews, and every way from one to another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from kernel import errors, now
from kernel import gettext as _

DRAFT: Final = "draft"
SUBMITTED: Final = "submitted"
#: Of a submitted review, by a moderator.
SHOWN: Final = "shown"
HIDDEN: Final = "hidden"

#: The one table. A submitted one stays submitted when it is corrected: that makes an edition, not a state.
NEXT: Final[dict[str, frozenset[str]]] = {
    "": frozenset({DRAFT, SUBMITTED}),
    DRAFT: frozenset({DRAFT, SUBMITTED}),
    SUBMITTED: frozenset({SUBMITTED}),
    SHOWN: frozenset({HIDDEN}),
    HIDDEN: frozenset({SHOWN}),
}


def allowed(before: str, after: str) -> bool:
    """Whether the table has this way."""
    return after in NEXT[before]


def check_move(before: str, after: str) -> None:
    """Raise Conflict unless the table has this way."""
    if not allowed(before, after):
        raise errors.Conflict(_("Somebody did this already. Look at the page again."))


def editable_until(submitted_at: datetime | None, hours: int) -> datetime | None:
    """Until when something submitted can be corrected; None when the time is over or it was never submitted."""
    if submitted_at is None:
        return None
    until = submitted_at + timedelta(hours=hours)
    return until if until > now() else None
