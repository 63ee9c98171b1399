"""What each figure means, in words and as a formula: shown to whoever asks how it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kernel import N_


@dataclass(frozen=True, slots=True)
class Definition:
    """`source` is the plugin whose events feed it; `events` are their names. Texts are marked, not translated."""

    key: str
    label: str
    meaning: str
    formula: str
    day: str
    source: str
    events: tuple[str, ...]


_WHEN = N_("the day on which it happened")

DEFINITIONS: Final = (
    Definition(
        "bookings", N_("Bookings"),
        N_("Times that became a candidate's for good: paid for, or free of charge. Holds that ran out do not count."),
        N_("number of confirmed bookings"), _WHEN, "scheduling", ("scheduling.booking_confirmed.v1",),
    ),
    Definition(
        "sessions", N_("Sessions held"),
        N_("Sessions that took place, with a person or with the AI interviewer."),
        N_("number of bookings that ended with the outcome “completed”"),
        N_("the day on which the session began"), "scheduling", ("scheduling.booking_completed.v1",),
    ),
    Definition(
        "revenue", N_("Revenue"),
        N_("What candidates paid, less what went back to them. It includes the interviewers' shares, taxes and fees;"
           " each currency is counted on its own and nothing is converted. The ledger is what counts for accounting."),
        N_("payments received − refunds"), _WHEN, "payments",
        ("payments.payment_succeeded.v1", "payments.payment_refunded.v1"),
    ),
    Definition(
        "lost", N_("Cancelled or missed"),
        N_("The share of bookings that came to an end without a session: called off by anybody, or somebody did not"
           " appear."),
        N_("(cancellations + no-shows) ÷ (cancellations + no-shows + sessions held)"),
        N_("cancellations: the day of cancelling; no-shows and sessions: the day of the start"), "scheduling",
        ("scheduling.booking_cancelled.v1", "scheduling.booking_completed.v1"),
    ),
    Definition(
        "rating", N_("Average rating"),
        N_("What candidates gave in their reviews, from 1 to 5. Reviews that a moderator hid later are part of it."
           " With too few reviews no average is shown."),
        N_("sum of ratings ÷ number of reviews"), N_("the day on which the review was handed in"), "feedback",
        ("feedback.review_submitted.v1",),
    ),
    Definition(
        "sign_ups", N_("Sign-ups"),
        N_("New accounts that people made themselves, whether they confirmed their address or not."),
        N_("number of sign-ups"), _WHEN, "users", ("users.signed_up.v1",),
    ),
    Definition(
        "minutes", N_("Time in sessions"),
        N_("How long people were together in rooms. It is part of the daily figures and their CSV."),
        N_("sum of the length of ended sessions"), _WHEN, "live", ("live.session_ended.v1",),
    ),
)  # fmt: skip
