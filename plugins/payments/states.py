"""What may follow what: the one table of a payment's states, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kernel import N_, _, errors

CREATED, ACTION, UNKNOWN = "created", "requires_action", "unknown"
PAID, PARTLY, REFUNDED = "succeeded", "partially_refunded", "refunded"
FAILED, CANCELLED, EXPIRED = "failed", "cancelled", "expired"

OPEN: Final = frozenset({CREATED, ACTION, UNKNOWN})
#: Open, and nothing of it is out of our hands yet.
CLOSABLE: Final = frozenset({CREATED, ACTION})
CAPTURED: Final = frozenset({PAID, PARTLY, REFUNDED})

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    CREATED: frozenset({ACTION, UNKNOWN, PAID, FAILED, CANCELLED, EXPIRED}),
    ACTION: frozenset({UNKNOWN, PAID, FAILED, CANCELLED, EXPIRED}),
    # The provider has it and does not tell: only its answer ends this, never a clock or a click.
    UNKNOWN: frozenset({PAID, FAILED}),
    PAID: frozenset({PARTLY, REFUNDED}),
    PARTLY: frozenset({PARTLY, REFUNDED}),
    REFUNDED: frozenset(),
    FAILED: frozenset(),
    CANCELLED: frozenset(),
    EXPIRED: frozenset(),
}

#: Word and tone for people.
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    CREATED: (N_("Waiting for payment"), "warn"),
    ACTION: (N_("Confirmation needed"), "warn"),
    UNKNOWN: (N_("Waiting for the bank"), "info"),
    PAID: (N_("Paid"), "ok"),
    PARTLY: (N_("Partly refunded"), "info"),
    REFUNDED: (N_("Refunded"), "info"),
    FAILED: (N_("Declined"), "bad"),
    CANCELLED: (N_("Cancelled"), ""),
    EXPIRED: (N_("Expired"), ""),
}

REFUND_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "created": (N_("On its way"), "warn"),
    "done": (N_("Done"), "ok"),
    "failed": (N_("Refused by the provider"), "bad"),
}

#: Why no money came, by code.
REASONS: Final[Mapping[str, str]] = {
    "insufficient_funds": N_("There is not enough money on the card."),
    "card_declined": N_("The bank declined the card without giving a reason."),
    "expired_card": N_("The card has expired."),
    "incorrect_cvc": N_("The security code is wrong."),
    "authentication_failed": N_("The payment was not confirmed with the bank."),
    "abandoned": N_("The payment was cancelled before it was made."),
    "closed": N_("What was to be paid for is not available any more."),
}

#: Reasons of refunds that nobody typed; everything else is shown as it was written.
SESSION_CANCELLED: Final = N_("The session was cancelled.")
SESSION_NOT_HELD: Final = N_("The session did not take place.")
CHEAPER_TIME: Final = N_("The session was moved to a cheaper time.")
OWN_REASONS: Final = frozenset({SESSION_CANCELLED, SESSION_NOT_HELD, CHEAPER_TIME})

#: Why a payee's share is released.
RELEASE_WHY: Final[Mapping[str, str]] = {
    "session_held": N_("The session took place."),
    "candidate_absent": N_("The candidate did not come to the session."),
    "late_cancellation": N_("The session was cancelled late, and this part was not refunded."),
}


def check(before: str, after: str) -> None:
    """Raises Conflict for a step that there is not."""
    if after not in ALLOWED[before]:
        raise errors.Conflict(_("This payment is not open any more. Reload the page to see how it stands."))


def label(state: str) -> tuple[str, str]:
    """Translated word and tone of a payment's state."""
    word, tone = LABELS.get(state, (state, ""))
    return _(word), tone


def reason_text(code: str) -> str:
    """Why no money came, translated; the bare code when a provider says something new."""
    return _(REASONS[code]) if code in REASONS else code.replace("_", " ")


def refund_reason(text: str) -> str:
    """Why money went back, for people."""
    return _(text) if text in OWN_REASONS else text
