"""From one event to its increments. A pure function of the event and the zone, whatever came before.

That is what makes counting indifferent to order and a recount equal to counting live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from kernel import Happened, get_logger, zones

log = get_logger(__name__)

BOOKINGS, CANCELLATIONS, SESSIONS, NO_SHOWS = "bookings", "cancellations", "sessions", "no_shows"
SECONDS = "session_seconds"
PAID, REFUNDED = "paid", "refunded"
RATINGS, RATING_SUM = "ratings", "rating_sum"
SIGN_UPS = "sign_ups"
#: The same per interviewer: `dimension` is the account id.
BY_INTERVIEWER: Final = "interviewer_"
#: Ratings are added up in hundredths, so that sums of integers do not depend on their order.
RATING_SCALE: Final = 100

HUMAN, AI = "human", "ai"


@dataclass(frozen=True, slots=True, order=True)
class Increment:
    """`value` more of `metric` on `day`."""

    day: date
    metric: str
    dimension: str
    currency: str
    value: int


Counts = list[tuple[str, str, str, int]]  # metric, dimension, currency, value


def increments(event: Happened, zone: str) -> list[Increment]:
    """What an event adds. An event that cannot be read adds nothing, live and in a recount alike."""
    count = _COUNTERS.get(event.name)
    if count is None:
        return []
    try:
        instant, counts = count(event)
        day = zones.wall(instant, zone).date()
    except (KeyError, TypeError, ValueError) as exc:
        log.warning("the event %s (%s) cannot be counted: %s", event.id, event.name, exc)
        return []
    return sorted(Increment(day, *found) for found in counts if found[3])


def _kind(data: Mapping[str, Any]) -> str:
    return AI if data.get("kind") == AI else HUMAN


def _confirmed(event: Happened) -> tuple[datetime, Counts]:
    return event.occurred_at, [(BOOKINGS, _kind(event.data), "", 1)]


def _cancelled(event: Happened) -> tuple[datetime, Counts]:
    by = event.data.get("by")
    who = by if by in ("candidate", "interviewer", "admin") else "system"
    return event.occurred_at, [(CANCELLATIONS, str(who), "", 1)]


def _completed(event: Happened) -> tuple[datetime, Counts]:
    """Counted on the day on which the session began, however late it was closed."""
    data = event.data
    instant = datetime.fromisoformat(data["starts_at"])
    outcome, whose = str(data["outcome"]), data.get("interviewer_id")
    if outcome == "completed":
        counts: Counts = [(SESSIONS, _kind(data), "", 1)]
        if whose:
            counts.append((BY_INTERVIEWER + SESSIONS, str(whose), "", 1))
    elif outcome.startswith("no_show_"):
        counts = [(NO_SHOWS, outcome.removeprefix("no_show_"), "", 1)]
        if whose and outcome in ("no_show_interviewer", "no_show_both"):
            counts.append((BY_INTERVIEWER + NO_SHOWS, str(whose), "", 1))
    else:
        counts = []
    return instant, counts


def _ended(event: Happened) -> tuple[datetime, Counts]:
    return event.occurred_at, [(SECONDS, _kind(event.data), "", max(0, int(event.data["seconds"])))]


def _money(event: Happened, metric: str, amount: int) -> Counts:
    currency, payee = str(event.data["currency"])[:3], event.data.get("payee_id")
    counts: Counts = [(metric, "", currency, amount)]
    if payee:
        counts.append((BY_INTERVIEWER + metric, str(payee), currency, amount))
    return counts


def _paid(event: Happened) -> tuple[datetime, Counts]:
    return event.occurred_at, _money(event, PAID, int(event.data["amount_minor"]))


def _refunded(event: Happened) -> tuple[datetime, Counts]:
    return event.occurred_at, _money(event, REFUNDED, int(event.data["refund_minor"]))


def _reviewed(event: Happened) -> tuple[datetime, Counts]:
    rating, whose = round(float(event.data["rating"]) * RATING_SCALE), str(event.data["subject_id"])
    return event.occurred_at, [
        (RATINGS, "", "", 1),
        (RATING_SUM, "", "", rating),
        (BY_INTERVIEWER + RATINGS, whose, "", 1),
        (BY_INTERVIEWER + RATING_SUM, whose, "", rating),
    ]


def _signed_up(event: Happened) -> tuple[datetime, Counts]:
    return event.occurred_at, [(SIGN_UPS, "", "", 1)]


_COUNTERS: Final[dict[str, Callable[[Happened], tuple[datetime, Counts]]]] = {
    "scheduling.booking_confirmed.v1": _confirmed,
    "scheduling.booking_cancelled.v1": _cancelled,
    "scheduling.booking_completed.v1": _completed,
    "live.session_ended.v1": _ended,
    "payments.payment_succeeded.v1": _paid,
    "payments.payment_refunded.v1": _refunded,
    "feedback.review_submitted.v1": _reviewed,
    "users.signed_up.v1": _signed_up,
}

#: Names of the events that are counted.
EVENTS: Final = tuple(_COUNTERS)
